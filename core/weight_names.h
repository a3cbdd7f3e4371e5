/*
 * The weights of a model: their Hugging Face names and shapes, as a function of the configuration.
 */
#ifndef ASSAY_CORE_WEIGHT_NAMES_H
#define ASSAY_CORE_WEIGHT_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "core/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Weights of one layer: input norm, q, k, v, o projections, post norm, gate, up, down projections. */
#define ASSAY_WEIGHTS_PER_LAYER 9

typedef struct {
    char name[80];
    int rank;         /* 1 for the norms, 2 for all others */
    int64_t shape[2]; /* (rows, columns) = (outputs, inputs) of a matrix */
} assay_weight_info;

/* Number of weights. A tied lm_head.weight is not among them: it is model.embed_tokens.weight. */
size_t assay_weight_count(const assay_config *config);

/* The weight number `index`, in the order embedding, layers, final norm, head (lm_head or score). */
assay_weight_info assay_weight_at(const assay_config *config, size_t index);

/* Number of elements of a weight; of all weights. INT64_MAX when it does not fit. */
int64_t assay_weight_elements(const assay_weight_info *info);
int64_t assay_weight_total_elements(const assay_config *config);

#ifdef __cplusplus
}
#endif

#endif
