#include "engine/layer_attention.h"

#include <string.h>

#include "engine/attention.h"
#include "engine/layer_taps.h"
#include "engine/memory_write.h"
#include "engine/real.h"

/* (B,T,H,D) -> the cache's (B*H, capacity, D), from token `first` on. */
static void append_local(REAL(assay_window_run) * run, int64_t layer, int64_t first) {
    const assay_config *c = &run->model->config;
    assay_local_cache *local = &run->past->local[layer];
    int64_t heads = c->num_attention_heads, d = assay_config_head_dim(c), capacity = run->past->local_capacity;
    for (int64_t b = 0; b < run->plan->batch; b++)
        for (int64_t t = 0; t < run->tokens; t++)
            for (int64_t h = 0; h < heads; h++) {
                int64_t from = ((b * run->tokens + t) * heads + h) * d;
                int64_t to = ((b * heads + h) * capacity + first + t) * d;
                memcpy((real *)local->key + to, run->key + from, (size_t)d * sizeof(real));
                memcpy((real *)local->value + to, run->value + from, (size_t)d * sizeof(real));
            }
}

/* Moves the last `kept` of the cached keys and values to the front, over `dropped` that have left (CACHE-1: none stay, in the
 * original). */
static void close_gap(REAL(assay_window_run) * run, int64_t layer, int64_t dropped, int64_t kept) {
    const assay_config *c = &run->model->config;
    assay_local_cache *local = &run->past->local[layer];
    int64_t d = assay_config_head_dim(c), stride = run->past->local_capacity * d;
    for (int64_t row = 0; row < run->plan->batch * c->num_attention_heads; row++) {
        real *key = (real *)local->key + row * stride, *value = (real *)local->value + row * stride;
        memmove(key, key + dropped * d, (size_t)(kept * d) * sizeof(real));
        memmove(value, value + dropped * d, (size_t)(kept * d) * sizeof(real));
    }
}

/* POS-6: index among the local keys whose relative position query t takes; -1: position 0. */
static int64_t query_key(const REAL(assay_window_run) * run, int64_t t) {
    switch (run->model->semantics.query_position) {
    case ASSAY_QUERY_LAST_POSITIONS: break;
    case ASSAY_QUERY_FIRST_POSITIONS: return t;
    case ASSAY_QUERY_POSITION_ZERO: return -1;
    }
    return run->local.count - run->tokens + t;
}

/* run->rotated (B,H,T,D) from run->query (B,T,H,D): rotated with the last T of rel (POS-6), or as it is without rotary. */
static void rotate_queries(REAL(assay_window_run) * run, bool rotary) {
    const assay_config *c = &run->model->config;
    int64_t heads = c->num_attention_heads, d = assay_config_head_dim(c);
#pragma omp parallel for schedule(static) if (run->plan->batch * run->tokens * c->hidden_size > 65536)
    for (int64_t row = 0; row < run->plan->batch * heads; row++)
        for (int64_t t = 0; t < run->tokens; t++) {
            int64_t b = row / heads, h = row % heads;
            const real *from = run->query + ((b * run->tokens + t) * heads + h) * d;
            real *to = run->rotated + (row * run->tokens + t) * d;
            int64_t key = query_key(run, t);
            if (!rotary || key < 0) memcpy(to, from, (size_t)d * sizeof(real));
            else REAL(assay_rope_rotate)(to, from, &run->past->rope, run->rel[b * run->local.count + key]);
            if (run->unrotated) memcpy(run->unrotated + (row * run->tokens + t) * d, from, (size_t)d * sizeof(real));
        }
}

/* ROPE-4 with ASSAY_CACHED_ROTATED: keys from the cache are rotated already, and new ones are cached as they were rotated. */
static void cache_rotated(REAL(assay_window_run) * run, int64_t layer) {
    const assay_config *c = &run->model->config;
    assay_local_cache *local = &run->past->local[layer];
    int64_t d = assay_config_head_dim(c), stride = run->past->local_capacity * d;
    int64_t cached = run->local.count - run->tokens;
    for (int64_t row = 0; row < run->plan->batch * c->num_attention_heads; row++) {
        real *key = (real *)local->key + row * stride, *rotated = (real *)local->key_rotated + row * stride;
        memcpy(rotated, key, (size_t)(cached * d) * sizeof(real));
        if (run->window->keeps_local)
            memcpy(key + cached * d, rotated + cached * d, (size_t)(run->tokens * d) * sizeof(real));
    }
}

/* ROPE-4: rotates the local keys that are not yet rotated for the present base. */
static void rotate_keys(REAL(assay_window_run) * run, int64_t layer) {
    const assay_config *c = &run->model->config;
    assay_local_cache *local = &run->past->local[layer];
    int64_t heads = c->num_attention_heads, d = assay_config_head_dim(c), capacity = run->past->local_capacity;
    int64_t count = run->local.count, first = local->rotated;
#pragma omp parallel for schedule(static) if (run->plan->batch * (count - first) * c->hidden_size > 65536)
    for (int64_t row = 0; row < run->plan->batch * heads; row++)
        for (int64_t j = first; j < count; j++) {
            int64_t at = (row * capacity + j) * d;
            REAL(assay_rope_rotate)
            ((real *)local->key_rotated + at, (const real *)local->key + at, &run->past->rope,
             run->rel[row / heads * count + j]);
        }
    local->rotated = count;
    if (run->model->semantics.cached_keys == ASSAY_CACHED_ROTATED) cache_rotated(run, layer);
}

/* ATT-1, ATT-4: whether masked scores stay as they are. */
static bool is_unclamped(const assay_model *model) {
    if (!model->config.torch_attention) return model->semantics.score_clamp == ASSAY_SCORES_UNCLAMPED;
    return model->semantics.torch_attention == ASSAY_TORCH_ATTENTION_UNCLAMPED;
}

/* CACHE-4: the mask of the local keys, without the dropped columns. */
static const uint8_t *local_mask(const REAL(assay_window_run) * run, int64_t layer) {
    bool uncut = run->model->semantics.flip_mask == ASSAY_MASK_UNCUT_AT_FLIP && assay_layer_flips(run->model, layer);
    return run->plan->keep + run->local.first - (uncut ? run->window->dropped : 0);
}

static assay_status attend(REAL(assay_window_run) * run, int64_t layer, bool rotary, assay_error *err) {
    const assay_config *c = &run->model->config;
    const assay_past *past = run->past;
    const assay_memory *memory =
        c->is_memory_layer[layer] && past->memory[layer].length > 0 ? &past->memory[layer] : NULL;
    REAL(assay_attention)
    a = {.batch = run->plan->batch,
         .heads = c->num_attention_heads,
         .queries = run->tokens,
         .local = run->local.count,
         .head_dim = assay_config_head_dim(c),
         .query = run->rotated,
         .memory_query = rotary ? run->unrotated : NULL,
         .key = rotary ? past->local[layer].key_rotated : past->local[layer].key,
         .value = past->local[layer].value,
         .local_capacity = past->local_capacity,
         .keep = local_mask(run, layer),
         .keep_stride = run->plan->cached + run->plan->tokens,
         .memory = memory,
         .memory_mask = memory ? past->memory_mask : NULL,
         .memory_mask_stride = past->memory_mask_capacity,
         .unclamped = is_unclamped(run->model),
         .fused = c->torch_attention,
         .run = run->model->dtype,
         .semantics = run->model->semantics,
         .out = run->mixed};
    assay_tensor scores = {0}, probs = {0};
    assay_status st = REAL(assay_tap_attention_begin)(run, &a, &scores, &probs, err);
    if (!st) REAL(assay_attend)(&a, run->scratch, run->threads);
    if (!st && scores.data) st = REAL(assay_window_tap)(run, ASSAY_STAGE_ATTN_SCORES, layer, &scores, err);
    if (!st && probs.data) st = REAL(assay_window_tap)(run, ASSAY_STAGE_ATTN_PROBS, layer, &probs, err);
    assay_tensor_free(&scores);
    assay_tensor_free(&probs);
    return st;
}

/* What a drop does to the layer's cache before new keys are appended (CACHE-1). */
static assay_status flip(REAL(assay_window_run) * run, int64_t layer, assay_error *err) {
    const assay_window *w = run->window;
    assay_status st = REAL(assay_memory_write_local)(run, layer, false, err);
    int64_t kept = run->local.count - run->tokens;
    if (!st && w->dropped > 0 && kept > 0 && assay_layer_flips(run->model, layer))
        close_gap(run, layer, w->dropped, kept);
    return st;
}

assay_status REAL(assay_layer_attention)(REAL(assay_window_run) * run, int64_t layer, assay_error *err) {
    const assay_config *c = &run->model->config;
    bool rotary = !c->is_memory_layer[layer] || c->mem_positionals;              /* MEM-7 */
    bool at_once = run->model->semantics.own_window == ASSAY_OWN_WINDOW_AT_ONCE; /* MEM-2 */
    assay_status st = flip(run, layer, err);
    if (st) return st;
    append_local(run, layer, run->local.count - run->tokens);
    rotate_queries(run, rotary);
    if (rotary) rotate_keys(run, layer);
    st = REAL(assay_tap_rotary)(run, layer, rotary, err);
    if (!st && at_once) st = REAL(assay_memory_write_local)(run, layer, true, err);
    if (!st) st = REAL(assay_tap_memory_read)(run, layer, err);
    if (!st) st = attend(run, layer, rotary, err);
    if (st || at_once) return st;
    return REAL(assay_memory_write_local)(run, layer, true, err);
}
