/*
 * A command that runs beside Assay, kept so that nothing of it outlives its use.
 *
 * Between Assay and the command stands a small process of its own, the keeper. Everything that the command starts and leaves
 * behind, daemons with sessions of their own included, becomes a child of the keeper (PR_SET_CHILD_SUBREAPER). When the command ends, when it
 * is told to be ended, or when Assay itself is gone for whatever reason, the keeper kills all of them, and sees by waiting that none is left.
 * So nothing of Assay's own process is changed: neither its signal handlers nor the children that it waits for.
 *
 * Linux only. The command is run by /bin/sh -c in a session of its own; keys pressed in a terminal (Ctrl-C) do not reach it.
 */
#ifndef ASSAY_FUZZ_PORT_KEEPER_H
#define ASSAY_FUZZ_PORT_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A command that was started. All descriptors close on exec; reads and writes of the three pipes do not block. */
typedef struct {
    pid_t pid;        /* of the keeper; 0: nothing is kept, and no descriptor is open */
    int in, out, err; /* the other ends of the command's stdin, stdout and stderr; -1 when closed */
    int control;      /* readable when the command ended: assay_port_keeper_report */
} assay_port_keeper;

/* How a command ended. Then nothing that it started is left. */
typedef struct {
    int start_errno; /* not 0: it could not be started, and why */
    int wait_status; /* of its shell, as waitpid has it; 0 when it was ended by assay_port_keeper_end */
} assay_port_report;

/* Starts a command. ASSAY_EINTERNAL: the system has no processes or descriptors left. End with assay_port_keeper_end. */
assay_status assay_port_keeper_start(assay_port_keeper *out, const char *command, assay_error *err);

/* Waits at most `seconds` for the command to end by itself. False when it runs on. */
bool assay_port_keeper_report(const assay_port_keeper *keeper, double seconds, assay_port_report *out);

/* Closes the command's stdin, so that it reads an end of file. */
void assay_port_keeper_close_in(assay_port_keeper *keeper);

/* Kills what is left of the command, and waits until it is gone. What it wrote can still be read. */
void assay_port_keeper_kill(assay_port_keeper *keeper);

/* The same; then closes all descriptors and clears *keeper. Safe on a cleared one. */
void assay_port_keeper_end(assay_port_keeper *keeper);

#ifdef __cplusplus
}
#endif

#endif
