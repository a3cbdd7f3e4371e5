/* A scorecard as JSON, "assay-scorecard/1" (docs/result-json.md). */
#ifndef ASSAY_REPORTS_SCORECARD_JSON_H
#define ASSAY_REPORTS_SCORECARD_JSON_H

#include "core/status.h"
#include "run/scorecard.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the file, which appears whole or not at all. */
assay_status assay_report_scorecard_json(const char *path, const assay_scorecard *card, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
