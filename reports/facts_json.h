/* Facts as a JSON object of texts, and back. */
#ifndef ASSAY_REPORTS_FACTS_JSON_H
#define ASSAY_REPORTS_FACTS_JSON_H

#include <cJSON.h>

#include "compare/result.h"
#include "core/status.h"
#include "reports/json_builder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds them under `key`, in their order. */
void json_add_facts(json_builder *b, cJSON *object, const char *key, const assay_facts *facts);

/* Reads such an object (not its parent) back into *out, which may have facts already. `where` begins every message. ASSAY_EINPUT: it is
 * none. */
assay_status json_read_facts(assay_facts *out, const cJSON *list, const char *where, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
