/* What moved since a baseline, as lines of a report. */
#ifndef ASSAY_REPORTS_DRIFT_TEXT_H
#define ASSAY_REPORTS_DRIFT_TEXT_H

#include <stddef.h>
#include <stdio.h>

#include "compare/drift.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a line that counts, and a table: what moved and what vanished first, at most `limit` of each kind and how many more. Nothing
 * for a result that was held against no baseline. */
void assay_report_drifts(FILE *out, const assay_drifts *drifts, size_t limit);

#ifdef __cplusplus
}
#endif

#endif
