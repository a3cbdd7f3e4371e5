/*
 * The history: the records of runs (reports/run_record.h) in an SQLite database, which many processes may write to at once.
 *
 * A run is stored in one transaction: after a crash, a kill or a full disk it is there as a whole or not at all, and earlier runs are as
 * they were. docs/history.md has the tables. All failures are ASSAY_EINPUT but those of memory: one line, with the path of the file.
 */
#ifndef ASSAY_REPORTS_HISTORY_H
#define ASSAY_REPORTS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/stages.h"
#include "core/status.h"
#include "reports/run_record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct assay_history assay_history;

/* Opens the database at `path`; to write, it is made where there is none. ASSAY_EINPUT: no database, that of another program or of a
 * later version, damaged, or a place that cannot be written. Close with assay_history_close. */
assay_status assay_history_open(assay_history **out, const char *path, bool writes, assay_error *err);

/* NULL is fine. */
void assay_history_close(assay_history *history);

/* Stores a run. *added becomes false, and nothing changes, when it is there already. id may be NULL; else it becomes the run's. */
assay_status assay_history_add(assay_history *history, const assay_run_record *record, char *id, bool *added,
                               assay_error *err);

/* How many runs an import stored, and how many were there already. */
typedef struct {
    size_t added, known;
} assay_history_counts;

/* Stores the records of a file, one a line; all of them or, where one cannot be read, none. `where` names the file for messages. */
assay_status assay_history_import(assay_history *history, FILE *in, const char *where, assay_history_counts *counts,
                                  assay_error *err);

/* Reads a file as assay_history_import does, and stores nothing: ASSAY_EINPUT where that would be. */
assay_status assay_history_check(FILE *in, const char *where, assay_error *err);

/* A stored run. The texts end with the call that has it. */
typedef struct {
    int64_t number; /* in this database: the key of its tables */
    const char *id, *time;
    bool passed;
    int64_t cases, failed, drifts; /* cases; those that do not pass; drifts that fail the run */
    const char *record;            /* its line of JSON (assay_run_record_print) */
} assay_history_run;

typedef assay_status (*assay_history_visit)(void *context, const assay_history_run *run, assay_error *err);

/* Which runs are meant: those with all these labels (NULL: any), and of them the latest `last` (0: all). */
typedef struct {
    const assay_facts *labels;
    size_t last;
} assay_history_filter;

/* Visits the runs in order of their time. Ends with the first visit that fails, with its status. */
assay_status assay_history_each(assay_history *history, const assay_history_filter *filter, assay_history_visit visit,
                                void *context, assay_error *err);

/* Reads the run whose id begins with `id`. ASSAY_EINPUT: there is none, or there are several. Release with assay_run_record_free. */
assay_status assay_history_get(assay_history *history, const char *id, assay_run_record *out, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
