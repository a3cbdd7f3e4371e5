#include "engine/layer_taps.h"

#include <string.h>

#include "engine/memory_mask.h"
#include "engine/real.h"

/* Emits tokens [begin, begin + n) of a layer's memory, keys (which 0) or values (1). */
static assay_status tap_stored(const REAL(assay_window_run) * run, int64_t layer, assay_stage stage, int which,
                               assay_columns range, assay_error *err) {
    if (!REAL(assay_window_wants)(run, stage)) return ASSAY_OK;
    const assay_config *c = &run->model->config;
    const int64_t shape[] = {run->plan->batch, c->num_attention_heads, range.count, assay_config_head_dim(c)};
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, c->mem_dtype, 4, shape, "a tap", err);
    if (st) return st;
    assay_memory_read(&run->past->memory[layer], which, range.first, range.count, t.data);
    st = REAL(assay_window_tap)(run, stage, layer, &t, err);
    assay_tensor_free(&t);
    return st;
}

/* Emits (B,n) memory masks from column `first` on. */
static assay_status tap_mask(const REAL(assay_window_run) * run, int64_t layer, assay_stage stage, assay_columns range,
                             assay_error *err) {
    if (!REAL(assay_window_wants)(run, stage)) return ASSAY_OK;
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, REAL_DTYPE, 2, (int64_t[]){run->plan->batch, range.count}, "a tap", err);
    if (st) return st;
    for (int64_t b = 0; b < run->plan->batch; b++)
        memcpy((real *)t.data + b * range.count,
               (const real *)run->past->memory_mask + b * run->past->memory_mask_capacity + range.first,
               (size_t)range.count * sizeof(real));
    st = REAL(assay_window_tap)(run, stage, layer, &t, err);
    assay_tensor_free(&t);
    return st;
}

/* The mask of a window that moves itself to memory is stored after its last layer, but shown with each layer's keys. */
static assay_status tap_own_mask(const REAL(assay_window_run) * run, int64_t layer, int64_t n, assay_error *err) {
    if (!REAL(assay_window_wants)(run, ASSAY_STAGE_MEM_WRITE_MASK)) return ASSAY_OK;
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, REAL_DTYPE, 2, (int64_t[]){run->plan->batch, n}, "a tap", err);
    if (st) return st;
    REAL(assay_memory_mask_rows)(run, (assay_columns){run->local.first, n}, t.data, n);
    st = REAL(assay_window_tap)(run, ASSAY_STAGE_MEM_WRITE_MASK, layer, &t, err);
    assay_tensor_free(&t);
    return st;
}

static assay_status replay(const REAL(assay_window_run) * run, int64_t layer, int which, assay_columns range,
                           assay_error *err) {
    const assay_config *c = &run->model->config;
    const int64_t shape[] = {run->plan->batch, c->num_attention_heads, range.count, assay_config_head_dim(c)};
    assay_memory *memory = &run->past->memory[layer];
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, c->mem_dtype, 4, shape, "a replay", err);
    if (st) return st;
    assay_memory_read(memory, which, range.first, range.count, t.data);
    if (run->taps->replay_memory(run->taps->context, run->index, layer, which, &t))
        assay_memory_write(memory, which, range.first, range.count, t.data);
    assay_tensor_free(&t);
    return ASSAY_OK;
}

assay_status REAL(assay_tap_memory_write)(REAL(assay_window_run) * run, int64_t layer, bool after, assay_error *err) {
    if (!run->taps) return ASSAY_OK;
    int64_t n = after ? run->window->to_memory_after : run->window->to_memory_before;
    assay_columns range = {run->past->memory[layer].length - n, n};
    assay_status st = tap_stored(run, layer, ASSAY_STAGE_MEM_WRITE_KEY, 0, range, err);
    if (!st) st = tap_stored(run, layer, ASSAY_STAGE_MEM_WRITE_VALUE, 1, range, err);
    if (!st && !after) st = tap_mask(run, layer, ASSAY_STAGE_MEM_WRITE_MASK, range, err);
    else if (!st) st = tap_own_mask(run, layer, n, err);
    for (int which = 0; !st && run->taps->replay_memory && which < 2; which++)
        st = replay(run, layer, which, range, err);
    return st;
}

assay_status REAL(assay_tap_memory_read)(const REAL(assay_window_run) * run, int64_t layer, assay_error *err) {
    int64_t m = run->model->config.is_memory_layer[layer] ? run->past->memory[layer].length : 0;
    if (!run->taps || m == 0) return ASSAY_OK;
    assay_columns range = {0, m};
    assay_status st = tap_stored(run, layer, ASSAY_STAGE_MEM_READ_KEY, 0, range, err);
    if (!st) st = tap_stored(run, layer, ASSAY_STAGE_MEM_READ_VALUE, 1, range, err);
    return st ? st : tap_mask(run, layer, ASSAY_STAGE_MEM_READ_MASK, range, err);
}

/* (L,D): the original's table, in which both elements of a pair have its cosine, from the (rows, D/2) that the engine keeps. */
static assay_status tap_table(const REAL(assay_window_run) * run, int64_t layer, assay_stage stage,
                              const real *half_table, assay_error *err) {
    if (!REAL(assay_window_wants)(run, stage)) return ASSAY_OK;
    int64_t d = run->past->rope.head_dim, half = d / 2;
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, REAL_DTYPE, 2, (int64_t[]){run->local.count, d}, "a tap", err);
    if (st) return st;
    bool split = run->past->rope.pairs == ASSAY_PAIRS_HALF_SPLIT; /* ROPE-1 */
    for (int64_t i = 0; i < run->local.count * d; i++) {
        int64_t pair = split ? i % d % half : i % d / 2;
        ((real *)t.data)[i] = half_table[i / d * half + pair];
    }
    st = REAL(assay_window_tap)(run, stage, layer, &t, err);
    assay_tensor_free(&t);
    return st;
}

static assay_status tap_rotated_keys(const REAL(assay_window_run) * run, int64_t layer, assay_error *err) {
    if (!REAL(assay_window_wants)(run, ASSAY_STAGE_ROTATE_KEY)) return ASSAY_OK;
    const assay_config *c = &run->model->config;
    int64_t heads = c->num_attention_heads, d = assay_config_head_dim(c), count = run->local.count;
    assay_tensor t;
    assay_status st =
        assay_tensor_alloc(&t, REAL_DTYPE, 4, (int64_t[]){run->plan->batch, heads, count, d}, "a tap", err);
    if (st) return st;
    for (int64_t row = 0; row < run->plan->batch * heads; row++)
        memcpy((real *)t.data + row * count * d,
               (const real *)run->past->local[layer].key_rotated + row * run->past->local_capacity * d,
               (size_t)(count * d) * sizeof(real));
    st = REAL(assay_window_tap)(run, ASSAY_STAGE_ROTATE_KEY, layer, &t, err);
    assay_tensor_free(&t);
    return st;
}

assay_status REAL(assay_tap_rotary)(const REAL(assay_window_run) * run, int64_t layer, bool rotary, assay_error *err) {
    if (!run->taps || !rotary) return ASSAY_OK;
    const assay_config *c = &run->model->config;
    const int64_t shape[] = {run->plan->batch, c->num_attention_heads, run->tokens, assay_config_head_dim(c)};
    assay_tensor rel = assay_tensor_view(ASSAY_I64, 2, (int64_t[]){run->plan->batch, run->local.count}, run->rel);
    assay_tensor query = assay_tensor_view(REAL_DTYPE, 4, shape, run->rotated);
    assay_status st = REAL(assay_window_tap)(run, ASSAY_STAGE_REL_POS_IDS, layer, &rel, err);
    if (!st) st = tap_table(run, layer, ASSAY_STAGE_COS, run->past->rope.cos, err);
    if (!st) st = tap_table(run, layer, ASSAY_STAGE_SIN, run->past->rope.sin, err);
    if (!st) st = REAL(assay_window_tap)(run, ASSAY_STAGE_ROTATE_QUERY, layer, &query, err);
    return st ? st : tap_rotated_keys(run, layer, err);
}

assay_status REAL(assay_tap_attention_begin)(const REAL(assay_window_run) * run, REAL(assay_attention) * a,
                                             assay_tensor *scores, assay_tensor *probs, assay_error *err) {
    if (!run->taps || run->model->config.torch_attention) return ASSAY_OK;
    const int64_t shape[] = {a->batch, a->heads, a->queries, a->local + (a->memory ? a->memory->length : 0)};
    assay_status st = ASSAY_OK;
    if (REAL(assay_window_wants)(run, ASSAY_STAGE_ATTN_SCORES))
        st = assay_tensor_alloc(scores, REAL_DTYPE, 4, shape, "a tap", err);
    if (!st && REAL(assay_window_wants)(run, ASSAY_STAGE_ATTN_PROBS))
        st = assay_tensor_alloc(probs, REAL_DTYPE, 4, shape, "a tap", err);
    a->scores = scores->data;
    a->probs = probs->data;
    return st;
}
