#include "engine/layer_attention.h"

#include <string.h>

#include "engine/attention.h"
#include "engine/layer_taps.h"
#include "engine/real.h"

/* Moves local keys [first, first + n) of the layer to its memory, as they are: unrotated, which is rotated at position 0
 * (MEM-1), cast to mem_dtype (MEM-6). */
static assay_status move_to_memory(REAL(assay_window_run) * run, int64_t layer, int64_t first, int64_t n,
                                   assay_error *err) {
    if (n == 0 || !run->model->config.is_memory_layer[layer]) return ASSAY_OK;
    const assay_local_cache *local = &run->past->local[layer];
    int64_t d = assay_config_head_dim(&run->model->config);
    assay_memory_source source = {.key = (const real *)local->key + first * d,
                                  .value = (const real *)local->value + first * d,
                                  .key_dtype = REAL_DTYPE,
                                  .value_dtype = REAL_DTYPE,
                                  .row_stride = run->past->local_capacity * d,
                                  .n = n};
    assay_status st = assay_memory_append(&run->past->memory[layer], &source, err);
    return st ? st : REAL(assay_tap_memory_write)(run, layer, n, err);
}

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
            if (!rotary) memcpy(to, from, (size_t)d * sizeof(real));
            else REAL(assay_rope_rotate)
            (to, from, &run->past->rope, run->rel[(b + 1) * run->local.count - run->tokens + t]);
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
         .key = rotary ? past->local[layer].key_rotated : past->local[layer].key,
         .value = past->local[layer].value,
         .local_capacity = past->local_capacity,
         .keep = run->plan->keep + run->local.first,
         .keep_stride = run->plan->cached + run->plan->tokens,
         .memory = memory,
         .memory_mask = memory ? past->memory_mask : NULL,
         .memory_mask_stride = past->memory_mask_capacity,
         .unclamped = c->torch_attention,
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

assay_status REAL(assay_layer_attention)(REAL(assay_window_run) * run, int64_t layer, assay_error *err) {
    const assay_config *c = &run->model->config;
    const assay_window *w = run->window;
    bool rotary = !c->is_memory_layer[layer] || c->mem_positionals; /* MEM-7 */
    assay_status st = move_to_memory(run, layer, 0, w->to_memory_before, err);
    if (st) return st;
    append_local(run, layer, run->local.count - run->tokens);
    rotate_queries(run, rotary);
    if (rotary) rotate_keys(run, layer);
    st = REAL(assay_tap_rotary)(run, layer, rotary, err);
    if (!st) st = REAL(assay_tap_memory_read)(run, layer, err);
    if (!st) st = attend(run, layer, rotary, err);
    return st ? st : move_to_memory(run, layer, 0, w->to_memory_after, err);
}
