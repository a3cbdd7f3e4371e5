#include "engine/window.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/attention.h"
#include "engine/layer.h"
#include "engine/memory_mask.h"
#include "engine/norm.h"
#include "engine/positions.h"
#include "engine/real.h"

bool REAL(assay_window_wants)(const REAL(assay_window_run) * run, assay_stage stage) {
    return run->taps && (!run->taps->wants || run->taps->wants(run->taps->context, stage));
}

assay_status REAL(assay_window_tap)(const REAL(assay_window_run) * run, assay_stage stage, int64_t layer,
                                    const assay_tensor *tensor, assay_error *err) {
    if (!REAL(assay_window_wants)(run, stage)) return ASSAY_OK;
    assay_dtype dtype = run->model->dtype;
    bool stored = assay_stage_get(stage)->judge == ASSAY_JUDGE_STORED; /* has mem_dtype already */
    assay_tensor narrow = {0};
    assay_tap_event event = {stage, run->index, layer, tensor};
    if (assay_dtype_is_half(dtype) && tensor->dtype == REAL_DTYPE && !stored) {
        assay_status st = assay_tensor_copy(&narrow, tensor, dtype, err);
        if (st) return st;
        event.tensor = &narrow;
    }
    assay_status st = run->taps->emit(run->taps->context, &event, err);
    assay_tensor_free(&narrow);
    return st;
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
    run->threads = omp_in_parallel() ? 1 : omp_get_max_threads();
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
    if (run->model->semantics.memory_query == ASSAY_MEMORY_QUERY_AT_0) run->unrotated = reals(width, &ok);
    for (int i = 0; i < (run->plan->all_flip ? 1 : 2); i++) {
        size_t columns = (size_t)(run->plan->batch * (run->plan->cached + run->plan->tokens));
        run->contexts[i].rel = malloc(columns * sizeof *run->contexts[i].rel);
        ok = ok && run->contexts[i].rel;
    }
    return ok ? ASSAY_OK : assay_fail_nomem(err, "the buffers of a call");
}

void REAL(assay_window_run_free)(REAL(assay_window_run) * run) {
    real *buffers[] = {run->hidden,    run->normed, run->query, run->key, run->value,  run->rotated,
                       run->unrotated, run->mixed,  run->gate,  run->up,  run->scratch};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) free(buffers[i]);
    for (int i = 0; i < 2; i++) free(run->contexts[i].rel);
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
            real_round(out, run->tokens * c, run->model->dtype);
            continue;
        }
        const int64_t *ids = (const int64_t *)call->input_ids->data + first;
        for (int64_t t = 0; t < run->tokens; t++)
            memcpy(out + t * c, (const real *)run->model->embed_tokens + ids[t] * c, (size_t)c * sizeof *out);
    }
}

/* EMB-1 with ASSAY_EMBEDDING_SCALED. */
static void scale_embeddings(REAL(assay_window_run) * run) {
    int64_t c = run->model->config.hidden_size;
    real factor = real_sqrt((real)c);
    for (int64_t i = 0; i < run->plan->batch * run->tokens * c; i++) run->hidden[i] *= factor;
    real_round(run->hidden, run->plan->batch * run->tokens * c, run->model->dtype);
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

/* POS-2: relative positions of one context's keys. True when they count from another base than before. */
static bool place_context(const REAL(assay_window_run) * run, assay_context *context, int64_t *bases) {
    const assay_plan *plan = run->plan;
    const assay_semantics *s = &run->model->semantics;
    int64_t count = context->local.count, columns = plan->cached + plan->tokens;
    assay_position_rows rows = {plan->positions + context->local.first, plan->batch, columns};
    int64_t restart = s->flip_position == ASSAY_FLIP_RESTARTS_AT_1 && run->window->dropped > 0;
    bool moved = false;
    for (int64_t b = 0; b < plan->batch; b++) {
        int64_t base = assay_wrapping_sum(assay_positions_origin(&rows, b, count, s->position_origin), -restart);
        assay_positions_relative(context->rel + b * count, rows.ids + b * columns, count, base);
        moved = moved || bases[b] != base;
        bases[b] = base;
    }
    return moved;
}

/* What layers that do not flip have is never shorter (CACHE-1). */
static const assay_context *longest_context(const REAL(assay_window_run) * run) {
    return &run->contexts[run->plan->all_flip ? 0 : 1];
}

/* Which columns of the plan are local keys of the window. */
static void choose_columns(REAL(assay_window_run) * run) {
    for (int i = 0; i < 2; i++) run->contexts[i].local = assay_plan_local(run->plan, run->window, i == 0);
}

/* The contexts of the window's layers. Keys rotated for another base are no longer good (ROPE-4). */
static assay_status prepare_contexts(REAL(assay_window_run) * run, assay_error *err) {
    assay_past *past = run->past;
    bool moved[2] = {false, false};
    for (int i = 0; i < (run->plan->all_flip ? 1 : 2); i++) {
        moved[i] = place_context(run, &run->contexts[i], past->base + i * past->batch);
    }
    moved[0] = moved[0] || run->window->dropped > 0;
    for (int64_t i = 0; i < run->model->config.num_hidden_layers; i++)
        if (moved[assay_layer_flips(run->model, i) ? 0 : 1]) past->local[i].rotated = 0;
    return REAL(assay_rope_grow)(&past->rope, longest_context(run)->local.count, err);
}

static void enter_layer(REAL(assay_window_run) * run, int64_t layer) {
    const assay_context *context = &run->contexts[assay_layer_flips(run->model, layer) ? 0 : 1];
    run->local = context->local;
    run->rel = context->rel;
}

/* Appends the masks of columns [first, first + n) to those in memory (MEM-5). */
static assay_status store_mask(REAL(assay_window_run) * run, int64_t first, int64_t n, assay_error *err) {
    if (n == 0 || !assay_config_has_memory(&run->model->config)) return ASSAY_OK;
    assay_past *past = run->past;
    assay_status st = assay_past_reserve_mask(past, past->memory_length + n, err);
    if (st) return st;
    real *mask = (real *)past->memory_mask + past->memory_length;
    REAL(assay_memory_mask_rows)(run, (assay_columns){first, n}, mask, past->memory_mask_capacity);
    past->memory_length += n;
    return ASSAY_OK;
}

/* MEM-2: a window's own tokens join the memory after its layers. */
static bool joins_at_once(const REAL(assay_window_run) * run) {
    return run->model->semantics.own_window == ASSAY_OWN_WINDOW_AT_ONCE;
}

static assay_status store_own_mask(REAL(assay_window_run) * run, assay_error *err) {
    return store_mask(run, run->contexts[0].local.first, run->window->to_memory_after, err);
}

/* The window's kept local cache: position ids and mask of its columns. */
static void keep_columns(REAL(assay_window_run) * run) {
    const assay_plan *plan = run->plan;
    assay_past *past = run->past;
    const assay_context *longest = longest_context(run);
    int64_t columns = plan->cached + plan->tokens, first = longest->local.first, count = longest->local.count;
    bool relative = run->model->semantics.stored_positions == ASSAY_STORED_RELATIVE; /* CACHE-5 */
    for (int64_t b = 0; b < plan->batch; b++) {
        const int64_t *ids = relative ? longest->rel + b * count : plan->positions + b * columns + first;
        memcpy(past->position + b * past->local_capacity, ids, (size_t)count * sizeof *ids);
        memcpy(past->keep + b * past->local_capacity, plan->keep + b * columns + first, (size_t)count);
    }
    past->local_length = count;
    past->gone = plan->all_flip ? 0 : run->window->gone + run->window->dropped;
}

/* What the window leaves: a local cache, or masks of what went to memory. */
static assay_status finish(REAL(assay_window_run) * run, assay_error *err) {
    if (run->window->keeps_local) {
        keep_columns(run);
        return ASSAY_OK;
    }
    assay_past_drop_local(run->past);
    return joins_at_once(run) ? ASSAY_OK : store_own_mask(run, err);
}

static assay_status run_layers(REAL(assay_window_run) * run, assay_error *err) {
    int64_t dropped = run->window->to_memory_before;
    assay_status st = store_mask(run, run->contexts[0].local.first - dropped, dropped, err);
    if (!st && joins_at_once(run)) st = store_own_mask(run, err);
    for (int64_t i = 0; !st && i < run->model->config.num_hidden_layers; i++) {
        enter_layer(run, i);
        st = REAL(assay_layer_forward)(run, i, err);
    }
    return st;
}

/* HEAD-1: what the head reads. */
static void final_norm(REAL(assay_window_run) * run) {
    int64_t rows = run->plan->batch * run->tokens, c = run->model->config.hidden_size;
    if (run->model->semantics.head_input == ASSAY_HEAD_READS_HIDDEN)
        memcpy(run->normed, run->hidden, (size_t)(rows * c) * sizeof(real));
    else REAL(assay_rms_norm)(run->normed, run->hidden, run->model->norm, rows, c, &run->model->norm_rule);
}

assay_status REAL(assay_window_forward)(REAL(assay_window_run) * run, const assay_call *call, assay_error *err) {
    run->tokens = run->window->end - run->window->begin;
    embed(run, call);
    if (run->model->semantics.embedding_scale == ASSAY_EMBEDDING_SCALED) scale_embeddings(run);
    assay_status st = tap_input(run, call, err);
    choose_columns(run);
    if (!st) st = assay_past_reserve_local(run->past, longest_context(run)->local.count, err);
    if (!st) st = prepare_contexts(run, err);
    if (!st) st = run_layers(run, err);
    if (st) return st;
    final_norm(run);
    st = tap_hidden(run, ASSAY_STAGE_NORM, run->normed, err);
    return st ? st : finish(run, err);
}
