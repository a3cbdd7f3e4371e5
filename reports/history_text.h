/* Runs of the history, as a person reads them in a terminal. */
#ifndef ASSAY_REPORTS_HISTORY_TEXT_H
#define ASSAY_REPORTS_HISTORY_TEXT_H

#include <stdio.h>

#include "reports/run_record.h"
#include "reports/trend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a line for each run: id, time, verdict, cases, failures, drifts, worst ratio and its stage, kernel, labels. */
void assay_report_runs(FILE *out, const assay_trend *trend);

/* Writes what is kept of one run: facts, labels, cases that do not pass, drifts, and a line for each stage, over all cases. */
void assay_report_run(FILE *out, const assay_run_record *record);

#ifdef __cplusplus
}
#endif

#endif
