/*
 * A Hugging Face config.json of LongLLaMA, read into assay_config; and the canonical text of a configuration.
 */
#ifndef ASSAY_GOLDEN_HF_CONFIG_H
#define ASSAY_GOLDEN_HF_CONFIG_H

#include <stddef.h>

#include "core/config.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct cJSON;

/* Reads the object of a config.json. Absent fields have the defaults of the original's class, unknown keys are ignored
 * (a config carries torch_dtype, auto_map and the like). `where` starts every message. ASSAY_EINPUT in two kinds:
 * - err->rules empty: malformed (wrong type, impossible size, not a LongLLaMA config);
 * - err->rules set ("ERR-1 ..."): well formed, but the original refuses to build such a model. Found only when nothing
 * is malformed. */
assay_status assay_hf_config_from_json(assay_config *out, const struct cJSON *object, const char *where,
                                       assay_error *err);

/* The same from text. */
assay_status assay_hf_config_parse(assay_config *out, const char *text, size_t nbytes, const char *where,
                                   assay_error *err);

/* The canonical configuration of docs/golden-format.md: "name=value\n" lines. The caller frees it; NULL when out of
 * memory. */
char *assay_config_canonical(const assay_config *config);

/* SHA-256 of the canonical text, in 64 lower-case hexadecimal digits and a NUL. */
assay_status assay_config_sha256(const assay_config *config, char hex[65], assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
