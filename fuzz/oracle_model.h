/*
 * The oracle's model: the configuration, and all weights in float64, found by their Hugging Face names.
 */
#ifndef ASSAY_FUZZ_ORACLE_MODEL_H
#define ASSAY_FUZZ_ORACLE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Weights of one layer. Projections are (outputs, inputs), norms (C). */
typedef struct {
    const double *input_norm, *q, *k, *v, *o, *post_norm, *gate, *up, *down;
} assay_oracle_layer_weights;

/* A move of every number that goes in, and of every operation's result, by one unit in the last place of `unit`, up or down at random:
 * what another correct program's rounding amounts to. */
typedef struct {
    bool moves;
    assay_dtype unit; /* float32 or float64 */
    uint64_t seed;
} assay_oracle_noise;

typedef struct {
    const assay_config *config;
    assay_dtype run; /* of the model that this is held against: float32 or float64 */
    assay_oracle_noise noise;
    uint64_t shaken; /* numbers that were moved on the way, so far */
    double *values;  /* all weights */
    const double *embedding, *norm, *head;
    assay_oracle_layer_weights *layers; /* (layers) */
    double *cosines, *sines;            /* (turns, D/2): the rotary table, as far as it was needed */
    int64_t turns;
} assay_oracle_model;

/* Copies the weights, moved by `noise`. `config` must outlive the model; it is one that a model can be built of. ASSAY_EINPUT: a weight
 * is missing or has another shape. Release with assay_oracle_model_free. */
assay_status assay_oracle_model_make(assay_oracle_model *out, const assay_config *config, assay_dtype run,
                                     const assay_oracle_noise *noise, const assay_tensor_map *weights,
                                     assay_error *err);
void assay_oracle_model_free(assay_oracle_model *model);

/* x moved as `noise` says; `key` and `n` choose the direction. */
double assay_oracle_moved(const assay_oracle_noise *noise, double x, uint64_t key, uint64_t n);

/* Moves n results of an operation, each by a unit in the last place, when the model has noise. */
void assay_oracle_shake(assay_oracle_model *model, double *x, int64_t n);

/* Scales n results that were all divided by one sum of `terms` numbers, as an error of that sum does, when the model has noise: by an
 * eighth of a unit a term, up or down. A plain sum in float32 may be off by half a unit a term, and where the terms are alike (a token that
 * is repeated) its errors do not cancel. */
void assay_oracle_lean(assay_oracle_model *model, double *x, int64_t n, int64_t terms);

/* Computes cosines and sines of the relative positions below `count`, where they are not there yet. */
assay_status assay_oracle_model_turns(assay_oracle_model *model, int64_t count, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
