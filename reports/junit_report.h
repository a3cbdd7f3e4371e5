/*
 * The result as JUnit XML, which GitHub's, GitLab's and Jenkins' test reports read: docs/reports.md, reports/junit.xsd.
 */
#ifndef ASSAY_REPORTS_JUNIT_REPORT_H
#define ASSAY_REPORTS_JUNIT_REPORT_H

#include <stdio.h>

#include "compare/result.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a test suite for each case, and in it a test case for each place that was looked at. What fails is a failure, what could not be
 * compared an error, and all that was not judged is skipped with a message: a result that did not pass has at least one failure or
 * error. ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_junit(FILE *out, const assay_result *result, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
