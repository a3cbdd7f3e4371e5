/*
 * Ctrl-C and a request to end, as a question that long work asks between its steps.
 *
 * A signal handler can only note something in a global variable: this is the one place of Assay that has one.
 */
#ifndef ASSAY_FUZZ_INTERRUPT_H
#define ASSAY_FUZZ_INTERRUPT_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* From now on the first SIGINT, SIGTERM or SIGHUP is only noted; a second one of the same kind ends the process as ever. A program calls
 * it once, from its main thread; a library never does. */
void assay_interrupt_watch(void);

/* Whether one has come. The argument is not looked at: this is an assay_port_options.interrupted. */
bool assay_interrupted(void *context);

#ifdef __cplusplus
}
#endif

#endif
