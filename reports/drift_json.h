/* What moved since a baseline, as JSON and back (docs/result-json.md). */
#ifndef ASSAY_REPORTS_DRIFT_JSON_H
#define ASSAY_REPORTS_DRIFT_JSON_H

#include "compare/drift.h"
#include "core/status.h"
#include "reports/json_builder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds "baseline", its name and the list of drifts, to an object; nothing for a result that was held against none. */
void json_add_baseline(json_builder *b, cJSON *object, const assay_drifts *drifts);

/* Reads that back; nothing where there is none. `where` begins every message. Free *out on every outcome. */
assay_status json_read_baseline(assay_drifts *out, const cJSON *object, const char *where, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
