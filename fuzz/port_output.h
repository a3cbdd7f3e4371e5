/*
 * What a port writes: lines on stdout up to a limit, and the end of its stderr.
 */
#ifndef ASSAY_FUZZ_PORT_OUTPUT_H
#define ASSAY_FUZZ_PORT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of a pipe, kept in order up to a limit. Release with assay_port_lines_free. */
typedef struct {
    char *bytes;
    size_t nbytes, capacity, limit;
    bool over;  /* more came than the limit; what was over is gone */
    bool ended; /* the pipe has no writer any more */
} assay_port_lines;

/* No bytes of a new pipe; `limit` is at least 1. What was allocated stays for use. */
void assay_port_lines_begin(assay_port_lines *lines, size_t limit);

/* Reads what there is, without waiting, up to the limit; without memory it is as if the limit were reached. */
void assay_port_lines_read(assay_port_lines *lines, int fd);

/* Length of the first line, without its newline; false when there is no whole line. */
bool assay_port_lines_first(const assay_port_lines *lines, size_t *nbytes);

void assay_port_lines_free(assay_port_lines *lines);

/* How much of stderr is kept. */
#define ASSAY_PORT_TAIL 4096

/* The last bytes of a pipe. */
typedef struct {
    char ring[ASSAY_PORT_TAIL];
    size_t total; /* bytes that came; the newest is ring[(total - 1) % ASSAY_PORT_TAIL] */
    bool ended;
} assay_port_tail;

/* Reads what there is, without waiting; not for ever, however much comes. */
void assay_port_tail_read(assay_port_tail *tail, int fd);

/* Its text: whole lines where the start is lost, NUL bytes as '?'. */
void assay_port_tail_text(const assay_port_tail *tail, char text[ASSAY_PORT_TAIL + 1]);

#ifdef __cplusplus
}
#endif

#endif
