/* The waivers of a policy and what they did, as JSON and back (docs/result-json.md). */
#ifndef ASSAY_REPORTS_WAIVER_JSON_H
#define ASSAY_REPORTS_WAIVER_JSON_H

#include "compare/result.h"
#include "core/status.h"
#include "reports/json_builder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds the list "waivers" to an object; nothing when there is none. */
void json_add_waivers(json_builder *b, cJSON *object, const assay_waiver_uses *uses);

/* Reads that list back; none where there is none. `where` begins every message. Free *out on every outcome. */
assay_status json_read_waivers(assay_waiver_uses *out, const cJSON *object, const char *where, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
