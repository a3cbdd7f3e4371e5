/* A diagnosis as JSON, "assay-diagnosis/1" (docs/result-json.md). */
#ifndef ASSAY_REPORTS_DIAGNOSIS_JSON_H
#define ASSAY_REPORTS_DIAGNOSIS_JSON_H

#include "core/status.h"
#include "reports/diagnosis_text.h"
#include "run/diagnose.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the file, which appears whole or not at all: verdict, evidence, distance without a mistake, the 20 best of the ranking. */
assay_status assay_report_diagnosis_json(const char *path, const assay_diagnosis *diagnosis,
                                         const assay_diagnosis_names *names, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
