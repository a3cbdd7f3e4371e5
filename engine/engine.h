/*
 * The reference engine: LongLLaMA in C, every rule of docs/semantics.md. This is the header that a program embeds.
 *
 *     assay_engine_init(threads);
 *     assay_model_create(&model, &config, ASSAY_F32, weights, &err);   // weights: a map by Hugging Face names
 *     assay_past_create(&past, model, &err);                           // past_key_values: empty
 *     assay_forward(model, past, &call, NULL, &output, &err);          // reads and updates the past
 *     assay_output_free(&output); assay_past_destroy(past); assay_model_destroy(model);
 *
 * A model is immutable once made: any number of threads may share it. A past belongs to one sequence batch and one caller at
 * a time. Every call checks its input first: a refused call (ASSAY_EINPUT, with the rule ids in the error) leaves the past as it
 * was. After ASSAY_EINTERNAL (out of memory, a tap that failed) the past is empty.
 */
#ifndef ASSAY_ENGINE_ENGINE_H
#define ASSAY_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/status.h"
#include "core/tensor.h"
#include "engine/schedule.h"
#include "engine/semantics.h"
#include "engine/taps.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Switches OpenBLAS's own threads off and sets the number of OpenMP threads (0: leave OpenMP's default). Process-wide, as
 * both libraries are; call it once before anything else. Results do not depend on the number of threads. */
void assay_engine_init(int threads);

typedef struct assay_model assay_model;
typedef struct assay_past assay_past;

/* Makes a model that computes in `dtype`, a floating type. In half precision (ASSAY_BF16, ASSAY_F16) every operation's result is rounded to it,
 * with float32 sums, as PyTorch's CPU does (PREC-3). Float32 and float64 weights whose dtype is `dtype` are used where they are:
 * the map must outlive the model; others are converted. Checks config (assay_config_check), that every weight is there, and
 * its shape. Release with assay_model_destroy. */
assay_status assay_model_create(assay_model **out, const assay_config *config, assay_dtype dtype,
                                const assay_tensor_map *weights, assay_error *err);
void assay_model_destroy(assay_model *model);

/* The same, with mistakes made on purpose (engine/semantics.h). */
assay_status assay_model_create_variant(assay_model **out, const assay_config *config, const assay_semantics *semantics,
                                        assay_dtype dtype, const assay_tensor_map *weights, assay_error *err);

const assay_config *assay_model_config(const assay_model *model);
assay_dtype assay_model_dtype(const assay_model *model);

/* An empty past for the model, which must outlive it. */
assay_status assay_past_create(assay_past **out, const assay_model *model, assay_error *err);
void assay_past_destroy(assay_past *past);

/* Makes it empty again. */
void assay_past_clear(assay_past *past);

/* Tokens in the local cache and in memory, and the batch (0 when both are empty). */
int64_t assay_past_local_length(const assay_past *past);
int64_t assay_past_memory_length(const assay_past *past);
int64_t assay_past_batch(const assay_past *past);

/* The six tensors of one layer (CACHE-5). position is (B,t) and mem_mask (B,m): the original's without its sizes of 1. */
typedef struct {
    assay_tensor key, value;         /* (B,H,t,D) in the model's dtype, unrotated (ROPE-4) */
    assay_tensor position;           /* (B,t) int64 */
    assay_tensor mem_key, mem_value; /* (B,H,m,D) in mem_dtype; m = 0 in a layer without memory */
    assay_tensor mem_mask;           /* (B,m) additive, in the model's dtype */
} assay_past_layer;

/* Copies one layer out; release with assay_past_layer_free. */
assay_status assay_past_export(const assay_past *past, int64_t layer, assay_past_layer *out, assay_error *err);
void assay_past_layer_free(assay_past_layer *layer);

/* Replaces the whole past by `layers` (one for each layer of the model; absent parts have data NULL or a size of 0). All
 * layers must agree in lengths, positions and memory masks, as every past that the original makes does. ASSAY_EINPUT:
 * parts that do not fit or agree (CACHE-5), memory for a layer outside M (MEM-11). */
assay_status assay_past_import(assay_past *past, const assay_past_layer *layers, assay_error *err);

/* A past of its own with the same contents. Release with assay_past_destroy. */
assay_status assay_past_copy(assay_past **out, const assay_past *past, assay_error *err);

/* Beam search (CACHE-7): row i of the new past is row beam_idx[i] of the old, in all six tensors. n may differ from the
 * batch. ASSAY_EINPUT: an empty past, an index outside the batch. */
assay_status assay_past_reorder(assay_past *past, const int64_t *beam_idx, int64_t n, assay_error *err);

/* One call of the model's forward. A tensor that is NULL, or whose data is NULL, is absent. */
typedef struct {
    const assay_tensor *input_ids;      /* (B,T) int64; either this or inputs_embeds (EMB-1) */
    const assay_tensor *inputs_embeds;  /* (B,T,C), any floating dtype */
    const assay_tensor *attention_mask; /* (B,S) float64, S >= local cache + T: exactly 1 keeps (SCHED-6) */
    const assay_tensor *position_ids;   /* (B,T) int64 (POS-5) */
    const assay_tensor *labels;         /* causal: (B,T) int64 (LOSS-1); classification: CLS-1, int64 or float64 */
    int use_cache;                      /* -1: the config's; 0; 1 */
    bool has_last_context_length;
    int64_t last_context_length;
    bool last_logits_only; /* saves work: logits of the last token alone, as (B,1,V). Not with labels */
    assay_problem
        *problem; /* classification: the problem type that labels are judged by (CLS-1). Starts as the config's,
                               may be set by the first labels, refused or not, and sticks for as long as the caller
                               keeps it. NULL: the config's, forgotten after the call */
} assay_call;

typedef struct {
    assay_window *windows; /* the schedule */
    size_t window_count;
    assay_tensor logits; /* (B,T,V), or (B,labels) of a classification head; in the model's dtype */
    bool has_loss;
    double loss; /* rounded to the model's dtype; may be NaN (LOSS-1) */
} assay_output;

/* Runs one call. `past` is read and then holds the past after the call. taps may be NULL. Release the output with
 * assay_output_free. */
assay_status assay_forward(const assay_model *model, assay_past *past, const assay_call *call, const assay_taps *taps,
                           assay_output *out, assay_error *err);
void assay_output_free(assay_output *out);

#ifdef __cplusplus
}
#endif

#endif
