/* The engine's own view of a model and a past. Not for callers: they use engine/engine.h. */
#ifndef ASSAY_ENGINE_MODEL_H
#define ASSAY_ENGINE_MODEL_H

#include "engine/engine.h"
#include "engine/memory.h"
#include "engine/norm.h"
#include "engine/rope.h"
#include "engine/semantics.h"

/* Weights of one layer, all in the model's real_dtype; (out,in) as torch keeps them. C hidden, I intermediate. */
typedef struct {
    const void *input_layernorm, *post_attention_layernorm; /* (C) */
    const void *q_proj, *k_proj, *v_proj, *o_proj;          /* (C,C) */
    const void *gate_proj, *up_proj;                        /* (I,C) */
    const void *down_proj;                                  /* (C,I) */
} assay_layer_weights;

struct assay_model {
    assay_config config; /* as its semantics have it (assay_semantics_configure) */
    assay_semantics semantics;
    assay_norm norm_rule;   /* NORM-1 */
    assay_dtype dtype;      /* what it computes in */
    assay_dtype real_dtype; /* what its numbers are held in: float32 in half precision (engine/real.h) */
    assay_layer_weights *layers;
    const void *embed_tokens;    /* (V,C) */
    const void *norm;            /* (C) */
    const void *head;            /* (V,C) lm_head, or (labels,C) score */
    assay_tensor_map *converted; /* owns the weights that had another dtype */
};

/* Local cache of one layer. Keys are kept unrotated (ROPE-4); key_rotated holds the same keys rotated at
 * position - base of the past, of which the first `rotated` are good. */
typedef struct {
    void *key, *value, *key_rotated; /* (B*H, local_capacity, D) */
    int64_t rotated;
} assay_local_cache;

struct assay_past {
    const assay_model *model;
    int64_t batch; /* 0 when empty */
    int64_t local_length, local_capacity;
    int64_t gone;      /* tokens at the head of these that layers which flip do not hold: 0 where all flip together */
    int64_t *position; /* (B, local_capacity): the same on every layer */
    uint8_t *keep;     /* (B, local_capacity): what the last call's mask kept of them */
    int64_t *base;     /* (B) twice: position that key_rotated counts from, in layers that flip and in others */
    assay_local_cache *local; /* one a layer */
    assay_memory *memory;     /* one a layer; used in memory layers */
    int64_t memory_length, memory_mask_capacity;
    void *memory_mask; /* (B, memory_mask_capacity), additive, in the model's real_dtype: the same on every layer */
    assay_rope_table rope;
};

/* CACHE-1: whether a layer drops its local cache with the schedule. All do, in the original. */
static inline bool assay_layer_flips(const assay_model *model, int64_t layer) {
    return model->semantics.flip_layers == ASSAY_FLIP_EVERY_LAYER || model->config.is_memory_layer[layer];
}

/* Tokens in a layer's local cache. */
static inline int64_t assay_past_layer_length(const assay_past *past, int64_t layer) {
    return past->local_length - (assay_layer_flips(past->model, layer) ? past->gone : 0);
}

/* Gives an empty past its batch. */
assay_status assay_past_begin(assay_past *past, int64_t batch, assay_error *err);

/* Makes room for `length` tokens in the local cache, keeping what is there. */
assay_status assay_past_reserve_local(assay_past *past, int64_t length, assay_error *err);

/* Makes room for `length` tokens in the memory mask. */
assay_status assay_past_reserve_mask(assay_past *past, int64_t length, assay_error *err);

/* Empties the local cache; the memory stays. */
void assay_past_drop_local(assay_past *past);

/* Empties the memory; the local cache stays. */
void assay_past_drop_memory(assay_past *past);

#endif
