/*
 * The result folded by stage: for each stage how often it was judged, and the worst of all its places.
 */
#ifndef ASSAY_REPORTS_STAGE_TABLE_H
#define ASSAY_REPORTS_STAGE_TABLE_H

#include <stdio.h>

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes one line a stage that was judged, in execution order: places judged and failed, and of the worst place (by deviation
 * over tolerance) the largest difference, noise floor, tolerance, ratio, verdict, case and path. */
void assay_report_stage_table(FILE *out, const assay_result *result);

#ifdef __cplusplus
}
#endif

#endif
