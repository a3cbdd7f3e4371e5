/* The waivers of a policy and what they did, as JSON (docs/result-json.md). */
#ifndef ASSAY_REPORTS_WAIVER_JSON_H
#define ASSAY_REPORTS_WAIVER_JSON_H

#include "compare/result.h"
#include "reports/json_builder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds the list "waivers" to an object; nothing when there is none. */
void json_add_waivers(json_builder *b, cJSON *object, const assay_waiver_uses *uses);

#ifdef __cplusplus
}
#endif

#endif
