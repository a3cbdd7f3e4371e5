/*
 * The lines of assay-port-protocol/1 (docs/fuzz-protocol.md): the port's greeting, a request, the port's answer.
 */
#ifndef ASSAY_FUZZ_PORT_MESSAGE_H
#define ASSAY_FUZZ_PORT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_PORT_PROTOCOL "assay-port-protocol/1"

/* What a port is asked to do. Paths are best absolute; they must be UTF-8. */
typedef struct {
    const char *case_path;    /* a case file (docs/case-format.md) */
    const char *model_folder; /* config.json and model.safetensors */
    const char *dump; /* where the dump goes, without suffix: the port adds that of its format. Nothing is there yet */
} assay_port_request;

/* The kinds of answer that the protocol has. */
typedef enum { ASSAY_PORT_SAYS_OK, ASSAY_PORT_SAYS_UNSUPPORTED, ASSAY_PORT_SAYS_ERROR } assay_port_says;

/* The room of a text of the port's that is kept; what is longer is cut. */
#define ASSAY_PORT_TEXT 512

/* The line of a request, with its newline. The caller frees it; NULL when out of memory. */
char *assay_port_request_line(const assay_port_request *request, int64_t id);

/* Reads a greeting, {"protocol": "assay-port-protocol/1", "name": "my port 1.2"}; the name is optional ("" without one), other keys are
 * ignored. ASSAY_EINPUT: it is something else, or of another version. */
assay_status assay_port_read_greeting(const char *line, size_t nbytes, char name[ASSAY_PORT_TEXT], assay_error *err);

/* Reads the answer to the request `id`; `text` is the port's reason, "" with ok. ASSAY_EINPUT: it is no JSON, has other keys, another id,
 * or not just one of ok (true), unsupported and error (texts that are not empty). */
assay_status assay_port_read_answer(const char *line, size_t nbytes, int64_t id, assay_port_says *says,
                                    char text[ASSAY_PORT_TEXT], assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
