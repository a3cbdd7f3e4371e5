/*
 * A Hugging Face model folder: config.json, and weights in model.safetensors or in shards with an index.
 */
#ifndef ASSAY_GOLDEN_CHECKPOINT_H
#define ASSAY_GOLDEN_CHECKPOINT_H

#include <stddef.h>

#include "core/config.h"
#include "core/dtype.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads dir/config.json. *text (the caller frees it; may be NULL when not wanted) is the file byte for byte. Errors as
 * assay_hf_config_from_json; when a rule refuses the configuration *text is set all the same. */
assay_status assay_checkpoint_config(assay_config *out, char **text, size_t *text_nbytes, const char *dir,
                                     assay_error *err);

/* Loads exactly the weights that `config` names, as `dtype`. Each must be there with its shape; names may lack the
 * prefix "model." (a bare LongLlamaModel); other tensors of the folder are ignored, a tied model's lm_head.weight too.
 * Names, shapes and file sizes are checked before memory is taken. The caller destroys *out. */
assay_status assay_checkpoint_load(assay_tensor_map **out, const char *dir, const assay_config *config,
                                   assay_dtype dtype, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
