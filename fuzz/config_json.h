/* A configuration as the object of a config.json. */
#ifndef ASSAY_FUZZ_CONFIG_JSON_H
#define ASSAY_FUZZ_CONFIG_JSON_H

#include <cJSON.h>

#include "core/config.h"
#include "reports/json_builder.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills `object` with every field that changes what is computed; golden/hf_config.h reads the same configuration back. */
void assay_fuzz_config_json(json_builder *b, cJSON *object, const assay_config *config);

#ifdef __cplusplus
}
#endif

#endif
