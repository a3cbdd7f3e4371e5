#include "engine/window.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/attention.h"
#include "engine/layer.h"
#include "engine/norm.h"
#include "engine/positions.h"
#include "engine/real.h"

bool REAL(assay_window_wants)(const REAL(assay_window_run) * run, assay_stage stage) {
    return run->taps && (!run->taps->wants || run->taps->wants(run->taps->context, stage));
}

assay_status REAL(assay_window_tap)(const REAL(assay_window_run) * run, assay_stage stage, int64_t layer,
                                    const assay_tensor *tensor, assay_error *err) {
    if (!REAL(assay_window_wants)(run, stage)) return ASSAY_OK;
    assay_tap_event event = {stage, run->index, layer, tensor};
    return run->taps->emit(run->taps->context, &event, err);
}

/* ---- buffers ---- */

/* What one call's attention can need at most: the longest window, the most local keys, and all memory to come. */
static size_t scratch_reals(const REAL(assay_window_run) * run, int64_t tokens) {
    const assay_plan *plan = run->plan;
    int64_t memory = run->past->memory_length + plan->cached + plan->tokens;
    assay_memory longest = {.length = memory};
    REAL(assay_attention)
    a = {.queries = tokens,
         .local = assay_plan_most_local(plan),
         .head_dim = assay_config_head_dim(&run->model->config),
         .memory = &longest};
    return REAL(assay_attention_scratch)(&a);
}

static real *reals(size_t count, bool *ok) {
    real *data = count <= SIZE_MAX / sizeof(real) ? malloc((count ? count : 1) * sizeof(real)) : NULL;
    *ok = *ok && data;
    return data;
}

assay_status REAL(assay_window_run_init)(REAL(assay_window_run) * run, int64_t tokens, assay_error *err) {
    const assay_config *c = &run->model->config;
    size_t rows = (size_t)(run->plan->batch * tokens);
    size_t width = rows * (size_t)c->hidden_size, inner = rows * (size_t)c->intermediate_size;
    bool ok = true;
    run->threads = omp_get_max_threads();
    run->hidden = reals(width, &ok);
    run->normed = reals(width, &ok);
    run->query = reals(width, &ok);
    run->key = reals(width, &ok);
    run->value = reals(width, &ok);
    run->rotated = reals(width, &ok);
    run->mixed = reals(width, &ok);
    run->gate = reals(inner, &ok);
    run->up = reals(inner, &ok);
    run->scratch = reals(scratch_reals(run, tokens) * (size_t)run->threads, &ok);
    run->rel = malloc((size_t)(run->plan->batch * (run->plan->cached + run->plan->tokens)) * sizeof *run->rel);
    return ok && run->rel ? ASSAY_OK : assay_fail_nomem(err, "the buffers of a call");
}

void REAL(assay_window_run_free)(REAL(assay_window_run) * run) {
    real *buffers[] = {run->hidden,  run->normed, run->query, run->key, run->value,
                       run->rotated, run->mixed,  run->gate,  run->up,  run->scratch};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) free(buffers[i]);
    free(run->rel);
}

/* ---- input ---- */

/* EMB-1: hidden (R,C) from the embedding's rows, or from the given embeddings. */
static void embed(REAL(assay_window_run) * run, const assay_call *call) {
    const assay_plan *plan = run->plan;
    int64_t c = run->model->config.hidden_size;
    const assay_tensor *embeds = call->inputs_embeds && call->inputs_embeds->data ? call->inputs_embeds : NULL;
    for (int64_t b = 0; b < plan->batch; b++) {
        int64_t first = b * plan->tokens + run->window->begin;
        real *out = run->hidden + b * run->tokens * c;
        if (embeds) {
            const char *from = (const char *)embeds->data + (size_t)(first * c) * assay_dtype_size(embeds->dtype);
            assay_convert(out, REAL_DTYPE, from, embeds->dtype, (size_t)(run->tokens * c));
            continue;
        }
        const int64_t *ids = (const int64_t *)call->input_ids->data + first;
        for (int64_t t = 0; t < run->tokens; t++)
            memcpy(out + t * c, (const real *)run->model->embed_tokens + ids[t] * c, (size_t)c * sizeof *out);
    }
}

/* Copies `count` columns from `first` of each row of the plan into a new (B,count) int64 tensor for a tap. */
static assay_status tap_columns(const REAL(assay_window_run) * run, assay_stage stage, assay_columns columns,
                                assay_error *err) {
    if (!REAL(assay_window_wants)(run, stage)) return ASSAY_OK;
    const assay_plan *plan = run->plan;
    int64_t all = plan->cached + plan->tokens;
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, ASSAY_I64, 2, (int64_t[]){plan->batch, columns.count}, "a tap", err);
    if (st) return st;
    int64_t *out = t.data;
    for (int64_t b = 0; b < plan->batch; b++)
        for (int64_t j = 0; j < columns.count; j++) {
            int64_t at = b * all + columns.first + j;
            *out++ = stage == ASSAY_STAGE_POSITION_IDS ? plan->positions[at] : plan->keep[at];
        }
    st = REAL(assay_window_tap)(run, stage, -1, &t, err);
    assay_tensor_free(&t);
    return st;
}

static assay_status tap_ids(const REAL(assay_window_run) * run, const assay_call *call, assay_error *err) {
    if (!call->input_ids || !call->input_ids->data || !REAL(assay_window_wants)(run, ASSAY_STAGE_INPUT_IDS))
        return ASSAY_OK;
    const assay_plan *plan = run->plan;
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, ASSAY_I64, 2, (int64_t[]){plan->batch, run->tokens}, "a tap", err);
    if (st) return st;
    for (int64_t b = 0; b < plan->batch; b++)
        memcpy((int64_t *)t.data + b * run->tokens,
               (const int64_t *)call->input_ids->data + b * plan->tokens + run->window->begin,
               (size_t)run->tokens * sizeof(int64_t));
    st = REAL(assay_window_tap)(run, ASSAY_STAGE_INPUT_IDS, -1, &t, err);
    assay_tensor_free(&t);
    return st;
}

static assay_status tap_hidden(const REAL(assay_window_run) * run, assay_stage stage, const real *data,
                               assay_error *err) {
    const int64_t shape[] = {run->plan->batch, run->tokens, run->model->config.hidden_size};
    assay_tensor t = assay_tensor_view(REAL_DTYPE, 3, shape, data);
    return REAL(assay_window_tap)(run, stage, -1, &t, err);
}

static assay_status tap_input(const REAL(assay_window_run) * run, const assay_call *call, assay_error *err) {
    const assay_window *w = run->window;
    assay_columns own = {run->plan->cached + w->begin, run->tokens};
    assay_columns seen = {own.first - w->cached, w->cached + run->tokens};
    assay_status st = tap_ids(run, call, err);
    if (!st) st = tap_columns(run, ASSAY_STAGE_ATTENTION_MASK, seen, err);
    if (!st) st = tap_columns(run, ASSAY_STAGE_POSITION_IDS, own, err);
    return st ? st : tap_hidden(run, ASSAY_STAGE_EMBED_TOKENS, run->hidden, err);
}

/* ---- what the layers share ---- */

/* POS-2: relative positions of the local keys. Keys rotated for another base are no longer good (ROPE-4). */
static assay_status prepare_positions(REAL(assay_window_run) * run, assay_error *err) {
    const assay_plan *plan = run->plan;
    assay_past *past = run->past;
    int64_t columns = plan->cached + plan->tokens;
    bool moved = run->window->dropped > 0;
    for (int64_t b = 0; b < plan->batch; b++) {
        const int64_t *row = plan->positions + b * columns + run->local.first;
        int64_t base = assay_positions_base(row, run->local.count);
        assay_positions_relative(run->rel + b * run->local.count, row, run->local.count, base);
        moved = moved || past->base[b] != base;
        past->base[b] = base;
    }
    for (int64_t i = 0; moved && i < run->model->config.num_hidden_layers; i++) past->local[i].rotated = 0;
    return REAL(assay_rope_grow)(&past->rope, run->local.count, err);
}

/* MEM-5: the stored mask of `n` columns from `first` is the last query's mask row, on which no column is in the future. */
static assay_status store_mask(REAL(assay_window_run) * run, int64_t first, int64_t n, assay_error *err) {
    if (n == 0 || !assay_config_has_memory(&run->model->config)) return ASSAY_OK;
    assay_past *past = run->past;
    int64_t columns = run->plan->cached + run->plan->tokens;
    assay_status st = assay_past_reserve_mask(past, past->memory_length + n, err);
    if (st) return st;
    for (int64_t b = 0; b < run->plan->batch; b++) {
        real *mask = (real *)past->memory_mask + b * past->memory_mask_capacity + past->memory_length;
        const uint8_t *keep = run->plan->keep + b * columns + first;
        for (int64_t j = 0; j < n; j++) mask[j] = keep[j] ? 0 : -(real)assay_dtype_max(REAL_DTYPE);
    }
    past->memory_length += n;
    return ASSAY_OK;
}

/* What the window leaves: positions of a kept local cache, or masks of what went to memory. */
static assay_status finish(REAL(assay_window_run) * run, assay_error *err) {
    const assay_window *w = run->window;
    assay_past *past = run->past;
    int64_t columns = run->plan->cached + run->plan->tokens;
    if (!w->keeps_local) {
        assay_past_drop_local(past);
        return store_mask(run, run->local.first, w->to_memory_after, err);
    }
    for (int64_t b = 0; b < run->plan->batch; b++)
        memcpy(past->position + b * past->local_capacity, run->plan->positions + b * columns + run->local.first,
               (size_t)run->local.count * sizeof *past->position);
    past->local_length = run->local.count;
    return ASSAY_OK;
}

assay_status REAL(assay_window_forward)(REAL(assay_window_run) * run, const assay_call *call, assay_error *err) {
    const assay_config *c = &run->model->config;
    const assay_window *w = run->window;
    run->tokens = w->end - w->begin;
    run->local = assay_plan_local(run->plan, w);
    embed(run, call);
    assay_status st = tap_input(run, call, err);
    if (!st) st = assay_past_reserve_local(run->past, run->local.count, err);
    if (!st) st = prepare_positions(run, err);
    if (!st) st = store_mask(run, run->local.first - w->to_memory_before, w->to_memory_before, err);
    for (int64_t i = 0; !st && i < c->num_hidden_layers; i++) st = REAL(assay_layer_forward)(run, i, err);
    if (st) return st;
    REAL(assay_rms_norm)
    (run->normed, run->hidden, run->model->norm, run->plan->batch * run->tokens, c->hidden_size, c->rms_norm_eps);
    st = tap_hidden(run, ASSAY_STAGE_NORM, run->normed, err);
    return st ? st : finish(run, err);
}
