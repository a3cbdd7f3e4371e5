/* Where in a tensor the distances lie, as part of a result in JSON (docs/result-json.md). */
#ifndef ASSAY_REPORTS_DETAIL_JSON_H
#define ASSAY_REPORTS_DETAIL_JSON_H

#include <cJSON.h>

#include "compare/result.h"
#include "core/status.h"
#include "reports/json_builder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds `detail` of an entry, which is not NULL. */
void json_add_detail(json_builder *b, cJSON *object, const assay_entry *entry);

/* Reads it back; `where` begins every message. The caller frees *out with assay_detail_free. ASSAY_EINPUT: it is none. */
assay_status json_read_detail(assay_detail **out, const cJSON *value, const char *where, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
