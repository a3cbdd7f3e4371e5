/*
 * A port in any language as a child that is asked case after case (docs/fuzz-protocol.md).
 *
 * A port may crash, hang, flood or lie: each of that is an outcome of one request, the port's processes are gone by then, and the next
 * request starts it anew. An error of these functions is Assay's own, or the caller's.
 */
#ifndef ASSAY_FUZZ_PORT_PROCESS_H
#define ASSAY_FUZZ_PORT_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "fuzz/port_message.h"
#include "fuzz/port_output.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_PORT_ANSWERED,    /* there is a dump */
    ASSAY_PORT_UNSUPPORTED, /* the port says that it does not do this */
    ASSAY_PORT_ERROR,       /* the port says that it failed */
    ASSAY_PORT_CRASHED,     /* ended by a signal */
    ASSAY_PORT_EXITED,      /* ended by itself in place of an answer */
    ASSAY_PORT_HUNG,        /* no answer in time */
    ASSAY_PORT_FLOODED,     /* more on stdout than the limit */
    ASSAY_PORT_GARBLED,     /* an answer that is none, or one too many; ok without a dump */
    ASSAY_PORT_INTERRUPTED, /* options.interrupted said so: the port was ended, and this says nothing of it */
    ASSAY_PORT_OUTCOME_COUNT
} assay_port_outcome;

/* "answered", "unsupported", "error", "crashed", "exited", "hung", "flooded", "garbled", "interrupted". */
const char *assay_port_outcome_name(assay_port_outcome outcome);

typedef struct {
    const char *command;                /* run by /bin/sh -c, in Assay's working directory and environment */
    double start_seconds;               /* for the greeting after a start */
    double first_seconds;               /* for the first answer after a start */
    double answer_seconds;              /* for every other answer */
    double stop_seconds;                /* to end by itself after an end of file on its stdin */
    size_t stdout_nbytes;               /* for one request */
    bool (*interrupted)(void *context); /* NULL, or asked some times a second while a port is waited for */
    void *context;
} assay_port_options;

/* 60, 60, 30 and 2 seconds, 1 MiB, no interruption. */
assay_port_options assay_port_options_init(const char *command);

typedef struct {
    assay_port_outcome outcome;
    int code; /* CRASHED: the signal; EXITED: the exit code; else 0 */
    bool
        before_request; /* CRASHED, EXITED, FLOODED, GARBLED: it came to light before this request was made, so after the answer to
                               the one before, or at the start of the port */
    double seconds;                        /* from request to answer, starts of the port not counted */
    char message[ASSAY_PORT_TEXT + 256];   /* one line that says what happened; "" of ANSWERED */
    char dump[PATH_MAX];                   /* of ANSWERED: where the dump is; else "" */
    char stderr_tail[ASSAY_PORT_TAIL + 1]; /* the end of what the port wrote to stderr since the answer before */
} assay_port_answer;

typedef struct assay_port assay_port;

/* Starts a port and waits for its greeting. ASSAY_EINPUT: it does not greet; the message says what it does, and ends with its last line
 * on stderr. ASSAY_EINTERNAL: the system's failure, or an interruption. Nothing of the options is kept but `context`. End with assay_port_stop. */
assay_status assay_port_start(assay_port **out, const assay_port_options *options, assay_error *err);

/* The name that the port greeted with, "" when it has none. */
const char *assay_port_name(const assay_port *port);

/* Asks one case. A port that has ended since the answer before with exit code 0 is started anew without a word. With every outcome but the
 * first three the port and all its processes have ended.
 * ASSAY_EINPUT: something is at the place of the dump already, as a file of an earlier request would count as this one's; or that path
 * is too long. ASSAY_EINTERNAL: the system's failure. The port is then as it was, or ended. */
assay_status assay_port_ask(assay_port *port, const assay_port_request *request, assay_port_answer *answer,
                            assay_error *err);

/* Closes the port's stdin, gives it its time to end, kills what is left of it, and frees. NULL is fine. */
void assay_port_stop(assay_port *port);

#ifdef __cplusplus
}
#endif

#endif
