/* What each tensor of a case is held to, "assay-tolerances/1" (docs/conformance.md). */
#ifndef ASSAY_REPORTS_SUITE_TOLERANCES_H
#define ASSAY_REPORTS_SUITE_TOLERANCES_H

#include "core/status.h"
#include "run/suite_case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the file, which appears whole or not at all. */
assay_status assay_report_suite_tolerances(const char *path, const assay_suite_case *c, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
