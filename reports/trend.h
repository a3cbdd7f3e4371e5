/* Runs of the history as a trend: of each run and each stage the worst ratio to the tolerance. */
#ifndef ASSAY_REPORTS_TREND_H
#define ASSAY_REPORTS_TREND_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/history.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One stage in one run, over all cases. */
typedef struct {
    bool judged, has_ratio; /* exact stages have no ratio */
    int64_t failed, drifts; /* places that fail; drifts that fail the run */
    double ratio;           /* largest deviation / tolerance; infinite where no distance says it */
    char *test_case;        /* where that was */
} assay_trend_point;

typedef struct {
    char id[ASSAY_RUN_ID_TEXT], time[ASSAY_TIME_TEXT];
    bool passed;
    int64_t cases, failed, drifts;
    char *labels; /* "commit=abc, job=gcc"; "" without any */
    char *mark;   /* what a chart calls the run: the label "commit", or the id, cut */
    char *kernel; /* the fact "blas_kernel"; "" without */
    assay_trend_point points[ASSAY_STAGE_COUNT];
} assay_trend_run;

typedef struct {
    assay_trend_run *runs; /* (count) in order of time */
    size_t count, capacity;
} assay_trend;

/* Reads the runs that the filter means. ASSAY_EINPUT: the database cannot be read. Release with assay_trend_free. */
assay_status assay_trend_read(assay_trend *out, assay_history *history, const assay_history_filter *filter,
                              assay_error *err);

/* The stage whose ratio is the largest in a run; ASSAY_STAGE_COUNT when none has one. */
assay_stage assay_trend_worst(const assay_trend_run *run);

void assay_trend_free(assay_trend *trend);

#ifdef __cplusplus
}
#endif

#endif
