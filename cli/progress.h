/*
 * What a command says on stderr while it works: notes, which --verbose asks for, and a line of progress on a terminal. --quiet has neither.
 */
#ifndef ASSAY_CLI_PROGRESS_H
#define ASSAY_CLI_PROGRESS_H

#include <stddef.h>

#include "cli/options.h"

/* --verbose: "assay: <text>" on stderr, a line. */
void cli_note(const cli_args *args, const char *format, ...) ASSAY_PRINTF(2, 3);

/* A line on the terminal that overwrites itself: how much is done of how much, of what, for how long, and how long it may still take.
 * It comes after a second and is redrawn by a thread, so that it lives while a step takes long. Under --verbose there are lines instead,
 * one for each new `what` and else one in half a minute; those go to pipes and files too. */
typedef struct cli_progress cli_progress;

/* NULL where nothing is to be shown: no terminal, --quiet, or no memory for it. The other functions accept that. End with
 * cli_progress_end. Where a command forks, begin afterwards. */
cli_progress *cli_progress_begin(const cli_args *args);

/* `done` of `count` are done, and `what` is begun: "golden/data/x.h5". count 0: nobody knows. Calls come from one thread at a time. */
void cli_progress_step(cli_progress *progress, size_t done, size_t count, const char *what);

/* What stands behind `what` until that changes, such as a rate. */
void cli_progress_detail(cli_progress *progress, const char *format, ...) ASSAY_PRINTF(2, 3);

/* The work ends after so many seconds from its beginning, whatever is done by then. */
void cli_progress_budget(cli_progress *progress, double seconds);

/* Clears the line. Before anything else is printed. */
void cli_progress_end(cli_progress *progress);

#endif
