/*
 * The children of a process, found in /proc: those that it did not start itself as well.
 */
#ifndef ASSAY_FUZZ_PORT_ORPHANS_H
#define ASSAY_FUZZ_PORT_ORPHANS_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kills all children of `parent` that are there now and have not ended; returns how many. Takes no memory and no lock, so that it may be called
 * after a fork of a process with threads. */
int assay_port_orphans_kill(pid_t parent);

#ifdef __cplusplus
}
#endif

#endif
