/*
 * The model of a case: configuration and weights from a Hugging Face folder, from the case's own recipe, or from a golden.
 */
#ifndef ASSAY_RUN_LOAD_MODEL_H
#define ASSAY_RUN_LOAD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"
#include "engine/engine.h"
#include "golden/case.h"
#include "golden/golden_file.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    bool refused; /* the original refuses to build it; `refusal` says why and there is no model */
    assay_error refusal;
    assay_dtype dtype;   /* what the model computes in */
    assay_config config; /* valid unless refused */
    char *config_text;   /* the config.json, or the case's "model"; NULL where there is no text of it */
    size_t config_nbytes;
    char weights_xxh128[33]; /* digest of the weights; "" when refused */
    assay_tensor_map *weights;
    assay_model *model;
    char *mistakes; /* NULL, or the list that the model was varied by */
} assay_loaded_model;

/* Loads what a case runs on. The case's "model" is the configuration where it has one, else the folder's config.json. Weights
 * come from the folder, or from the case's recipe when model_dir is NULL. Release with assay_loaded_model_free. */
assay_status assay_load_case_model(assay_loaded_model *out, const assay_case *c, const char *model_dir,
                                   assay_dtype dtype, assay_error *err);

/* The same for a golden or dump, whose weights may also lie in the file; checked against its digest. */
assay_status assay_load_golden_model(assay_loaded_model *out, const assay_golden *g, const char *model_dir,
                                     assay_dtype dtype, assay_error *err);

/* Replaces the model by one that makes mistakes on purpose, named in `list` with commas between them (engine/variants.h).
 * ASSAY_EINPUT: an unknown name. A refused model stays refused. */
assay_status assay_loaded_model_vary(assay_loaded_model *m, const char *list, assay_error *err);

/* Moves every weight of a float32 model by one unit in the last place, up or down at random: what another correct program's rounding
 * amounts to. The digest stays that of the weights before. */
void assay_loaded_model_move_weights(assay_loaded_model *m, uint64_t seed);

/* The golden's configuration with the weights of a folder, which need not be those that the golden was made with. Errors: as
 * assay_load_golden_model. */
assay_status assay_load_other_weights(assay_loaded_model *out, const assay_golden *g, const char *weights_dir,
                                      assay_dtype dtype, assay_error *err);

void assay_loaded_model_free(assay_loaded_model *m);

#ifdef __cplusplus
}
#endif

#endif
