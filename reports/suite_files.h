/*
 * The files of an exported suite that describe it: manifest.json ("assay-suite/1"), README.md, and each case's tolerances.json
 * (docs/conformance.md).
 */
#ifndef ASSAY_REPORTS_SUITE_FILES_H
#define ASSAY_REPORTS_SUITE_FILES_H

#include "core/status.h"
#include "run/suite_export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes them into the export's temporary folder, after all cases were added. ASSAY_EINPUT: one cannot be written. */
assay_status assay_report_suite_files(const assay_suite_export *e, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
