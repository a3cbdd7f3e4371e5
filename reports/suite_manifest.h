/* The manifest of an exported suite, "assay-suite/1" (docs/conformance.md). */
#ifndef ASSAY_REPORTS_SUITE_MANIFEST_H
#define ASSAY_REPORTS_SUITE_MANIFEST_H

#include "core/status.h"
#include "run/suite_export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the file, which appears whole or not at all. */
assay_status assay_report_suite_manifest(const char *path, const assay_suite_export *e, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
