/*
 * The result as workflow commands, which GitHub shows as annotations of a run: docs/reports.md.
 */
#ifndef ASSAY_REPORTS_GITHUB_REPORT_H
#define ASSAY_REPORTS_GITHUB_REPORT_H

#include <stdio.h>

#include "compare/result.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes an ::error for each of the ten worst failures (GitHub shows ten a step) and a ::warning that counts all; a ::notice when the
 * result passed. No text of a file makes a line of its own. ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_github(FILE *out, const assay_result *result, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
