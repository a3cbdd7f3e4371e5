#include "engine/plan.h"

#include <stdlib.h>
#include <string.h>

#include "engine/positions.h"

static const assay_tensor *present(const assay_tensor *t) { return t && t->data ? t : NULL; }

/* "(2, 3)" of a tensor, for one message. */
#define SHAPE(t) assay_tensor_shape_text((t), (char[96]){0}, 96), assay_dtype_name((t)->dtype)

static assay_status check_ids(const assay_plan *plan, const assay_tensor *ids, int64_t vocab_size, assay_error *err) {
    const int64_t *id = ids->data;
    for (int64_t i = 0; i < plan->batch * plan->tokens; i++)
        if (id[i] < 0 || id[i] >= vocab_size)
            return assay_fail(err, ASSAY_EINPUT, "ERR-1 EMB-1",
                              "input_ids[%lld][%lld] is %lld; the vocabulary has ids 0 to %lld (ERR-1)",
                              (long long)(i / plan->tokens), (long long)(i % plan->tokens), (long long)id[i],
                              (long long)vocab_size - 1);
    return ASSAY_OK;
}

static assay_status check_input(assay_plan *plan, const assay_config *c, const assay_call *call, assay_error *err) {
    const assay_tensor *ids = present(call->input_ids), *embeds = present(call->inputs_embeds);
    if (!ids == !embeds)
        return assay_fail(err, ASSAY_EINPUT, "EMB-1",
                          "the call has %s of input_ids and inputs_embeds; give exactly one (EMB-1)",
                          ids ? "both" : "neither");
    const assay_tensor *input = ids ? ids : embeds;
    bool fits = ids ? ids->rank == 2 && ids->dtype == ASSAY_I64
                    : embeds->rank == 3 && embeds->shape[2] == c->hidden_size && assay_dtype_is_float(embeds->dtype);
    if (!fits)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 EMB-1", "%s has the shape %s and type %s; it must be %s (EMB-1)",
                          ids ? "input_ids" : "inputs_embeds", SHAPE(input),
                          ids ? "(batch, tokens) of int64" : "(batch, tokens, hidden_size) of a floating type");
    plan->batch = input->shape[0];
    plan->tokens = input->shape[1];
    if (plan->batch < 1 || plan->tokens < 1)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 SCHED-4",
                          "the call has the shape %s of %s: no tokens (T = 0); give at least one (ERR-1)",
                          SHAPE(input));
    return ids ? check_ids(plan, ids, c->vocab_size, err) : ASSAY_OK;
}

static assay_status check_past(assay_plan *plan, const assay_past *past, assay_error *err) {
    int64_t batch = assay_past_batch(past);
    if (batch != 0 && batch != plan->batch)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 CACHE-5",
                          "the past has a batch of %lld and the call one of %lld; they must be equal (CACHE-5)",
                          (long long)batch, (long long)plan->batch);
    plan->cached = past->local_length;
    plan->gone = past->gone;
    return ASSAY_OK;
}

/* SCHED-6. The comparison is made in the dtype of the run, as the original's is. */
static bool entry_keeps(double entry, const assay_model *model) {
    if (model->dtype != ASSAY_F64) entry = (double)assay_round_half((float)entry, model->dtype);
    return model->semantics.mask_entry == ASSAY_MASK_NONZERO_KEEPS ? entry != 0 : entry == 1;
}

/* CACHE-8: without a mask all columns are kept. */
static void keep_all(assay_plan *plan, const assay_past *past, bool remembers) {
    int64_t columns = plan->cached + plan->tokens;
    memset(plan->keep, 1, (size_t)(plan->batch * columns));
    for (int64_t b = 0; remembers && plan->cached > 0 && b < plan->batch; b++)
        memcpy(plan->keep + b * columns, past->keep + b * past->local_capacity, (size_t)plan->cached);
}

static void fill_keep(assay_plan *plan, const assay_tensor *mask, const assay_past *past) {
    const assay_semantics *s = &past->model->semantics;
    if (!mask || s->mask_use == ASSAY_MASK_IGNORED) {
        keep_all(plan, past, !mask && s->cached_pads == ASSAY_PADS_REMEMBERED);
        return;
    }
    int64_t columns = plan->cached + plan->tokens;
    int64_t cut = s->mask_cut == ASSAY_MASK_FIRST_COLUMNS ? 0 : mask->shape[1] - columns;
    for (int64_t b = 0; b < plan->batch; b++) {
        const double *row = (const double *)mask->data + b * mask->shape[1];
        for (int64_t j = 0; j < columns; j++)
            plan->keep[b * columns + j] =
                j + cut < 0 || j + cut >= mask->shape[1] || entry_keeps(row[j + cut], past->model);
    }
}

static assay_status plan_mask(assay_plan *plan, const assay_past *past, const assay_call *call, assay_error *err) {
    const assay_tensor *mask = present(call->attention_mask);
    int64_t columns = plan->cached + plan->tokens;
    bool fits = !mask || (mask->rank == 2 && mask->dtype == ASSAY_F64 && mask->shape[0] == plan->batch &&
                          mask->shape[1] >= columns - plan->gone);
    if (!fits)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 SCHED-6",
                          "attention_mask has the shape %s and type %s; it must cover the local cache and the input: "
                          "(%lld, %lld) or longer, float64 "
                          "(SCHED-6)",
                          SHAPE(mask), (long long)plan->batch, (long long)columns);
    plan->keep = malloc((size_t)(plan->batch * columns));
    if (!plan->keep) return assay_fail_nomem(err, "an attention mask");
    fill_keep(plan, mask, past);
    return ASSAY_OK;
}

/* POS-1 for the new tokens of row b, behind the positions of the cached ones. */
static void default_positions(const assay_plan *plan, const assay_past *past, int64_t b, int64_t *row) {
    int64_t *out = row + plan->cached, columns = plan->cached + plan->tokens, last = plan->cached - 1;
    switch (past->model->semantics.next_position) {
    case ASSAY_NEXT_AFTER_LARGEST: break;
    case ASSAY_NEXT_FROM_ZERO: assay_positions_default(out, plan->tokens, NULL, 0); return;
    case ASSAY_NEXT_AFTER_CACHED: assay_positions_default(out, plan->tokens, &last, 1); return;
    case ASSAY_NEXT_WITHOUT_PADS: assay_positions_of_kept(out, plan->tokens, plan->keep + b * columns, columns); return;
    case ASSAY_NEXT_AFTER_MEMORY:
        if (plan->cached > 0) break;
        last = past->memory_length - 1;
        assay_positions_default(out, plan->tokens, &last, 1);
        return;
    }
    assay_positions_default(out, plan->tokens, row, plan->cached);
}

/* POS-5 with ASSAY_WINDOW_POSITIONS_RESET: each window counts by itself, from 0 or on after what it has in the local cache. */
static void reset_positions(assay_plan *plan) {
    int64_t columns = plan->cached + plan->tokens;
    for (size_t k = 0; k < plan->window_count; k++) {
        const assay_window *w = &plan->windows[k];
        assay_columns local = assay_plan_local(plan, w, true);
        int64_t tokens = w->end - w->begin, before = local.count - tokens;
        for (int64_t b = 0; b < plan->batch; b++) {
            int64_t *context = plan->positions + b * columns + local.first;
            assay_positions_default(context + before, tokens, context, before);
        }
    }
}

static assay_status plan_positions(assay_plan *plan, const assay_past *past, const assay_call *call, assay_error *err) {
    const assay_tensor *given = present(call->position_ids);
    int64_t columns = plan->cached + plan->tokens;
    bool fits = !given || (given->rank == 2 && given->dtype == ASSAY_I64 && given->shape[0] == plan->batch &&
                           given->shape[1] == plan->tokens);
    if (!fits)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 POS-5",
                          "position_ids has the shape %s and type %s; it must be (%lld, %lld), int64 (POS-5)",
                          SHAPE(given), (long long)plan->batch, (long long)plan->tokens);
    plan->positions = malloc((size_t)(plan->batch * columns) * sizeof *plan->positions);
    if (!plan->positions) return assay_fail_nomem(err, "position ids");
    for (int64_t b = 0; b < plan->batch; b++) {
        int64_t *row = plan->positions + b * columns;
        if (plan->cached > 0)
            memcpy(row, past->position + b * past->local_capacity, (size_t)plan->cached * sizeof *row);
        if (given)
            memcpy(row + plan->cached, (const int64_t *)given->data + b * plan->tokens,
                   (size_t)plan->tokens * sizeof *row);
        else default_positions(plan, past, b, row);
    }
    if (past->model->semantics.window_positions == ASSAY_WINDOW_POSITIONS_RESET) reset_positions(plan);
    return ASSAY_OK;
}

static assay_status plan_windows(assay_plan *plan, const assay_model *model, const assay_call *call, assay_error *err) {
    const assay_config *c = &model->config;
    bool own_context = call->has_last_context_length && model->semantics.context_source == ASSAY_CONTEXT_OF_CALL;
    assay_schedule_input input = {
        .tokens = plan->tokens,
        .cached = plan->cached,
        .gone = plan->gone,
        .window = c->max_position_embeddings,
        .last_context_length = own_context ? call->last_context_length : c->last_context_length,
        .use_cache = call->use_cache,
        .config_use_cache = c->use_cache,
        .has_memory = assay_config_has_memory(c),
        .semantics = model->semantics,
    };
    return assay_schedule_plan(&input, &plan->windows, &plan->window_count, err);
}

assay_columns assay_plan_local(const assay_plan *plan, const assay_window *w, bool flips) {
    int64_t before = flips ? w->cached - w->gone - w->dropped : w->cached;
    return (assay_columns){plan->cached + w->begin - before, before + w->end - w->begin};
}

int64_t assay_plan_longest(const assay_plan *plan) {
    int64_t longest = 0;
    for (size_t k = 0; k < plan->window_count; k++) {
        int64_t tokens = plan->windows[k].end - plan->windows[k].begin;
        if (tokens > longest) longest = tokens;
    }
    return longest;
}

int64_t assay_plan_most_local(const assay_plan *plan) {
    int64_t most = 0;
    for (size_t k = 0; k < plan->window_count; k++) {
        assay_columns local = assay_plan_local(plan, &plan->windows[k], plan->all_flip);
        if (local.count > most) most = local.count;
    }
    return most;
}

/* MEM-7: without positions in memory layers, a model may use no rotary embedding at all. */
static bool uses_rotary(const assay_config *c) {
    for (int64_t i = 0; i < c->num_hidden_layers; i++)
        if (!c->is_memory_layer[i] || c->mem_positionals) return true;
    return false;
}

/* POS-3 for one row of one window. */
static assay_status check_gap(const int64_t *positions, int64_t count, int64_t row, assay_error *err) {
    int64_t base = assay_positions_base(positions, count);
    for (int64_t i = 0; i < count; i++) {
        /* Unsigned: positions may be as far apart as int64 allows. */
        if ((uint64_t)positions[i] - (uint64_t)base < (uint64_t)count) continue;
        return assay_fail(
            err, ASSAY_EINPUT, "ERR-1 POS-3",
            "row %lld: position %lld is %llu after the smallest of a context of %lld keys; positions of one context "
            "must lie within its length (POS-3)",
            (long long)row, (long long)positions[i], (unsigned long long)((uint64_t)positions[i] - (uint64_t)base),
            (long long)count);
    }
    return ASSAY_OK;
}

static assay_status check_gaps(const assay_plan *plan, const assay_model *model, assay_error *err) {
    if (!uses_rotary(&model->config) || model->semantics.position_gap == ASSAY_GAP_ACCEPTED) return ASSAY_OK;
    int64_t columns = plan->cached + plan->tokens;
    for (size_t k = 0; k < plan->window_count; k++) {
        assay_columns local = assay_plan_local(plan, &plan->windows[k], true);
        for (int64_t b = 0; b < plan->batch; b++) {
            assay_status st = check_gap(plan->positions + b * columns + local.first, local.count, b, err);
            if (st) return st;
        }
    }
    return ASSAY_OK;
}

/* MEM-10: read only where a memory layer runs. */
static assay_status check_grouping(const assay_config *c, assay_error *err) {
    if (!c->has_attention_grouping || !assay_config_has_memory(c)) return ASSAY_OK;
    if (c->attention_grouping[0] > 0 && c->attention_grouping[1] > 0) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, "ERR-1 MEM-10",
                      "mem_attention_grouping is [%lld, %lld]; both must be positive (MEM-10)",
                      (long long)c->attention_grouping[0], (long long)c->attention_grouping[1]);
}

assay_status assay_plan_make(assay_plan *out, const assay_past *past, const assay_call *call, assay_error *err) {
    const assay_config *c = &past->model->config;
    assay_plan plan = {.all_flip = past->model->semantics.flip_layers == ASSAY_FLIP_EVERY_LAYER};
    assay_status st = check_input(&plan, c, call, err);
    if (!st) st = check_past(&plan, past, err);
    if (!st) st = plan_windows(&plan, past->model, call, err);
    if (!st) st = plan_mask(&plan, past, call, err);
    if (!st) st = plan_positions(&plan, past, call, err);
    if (!st) st = check_gaps(&plan, past->model, err);
    if (!st) st = check_grouping(c, err);
    if (st) assay_plan_free(&plan);
    else *out = plan;
    return st;
}

void assay_plan_free(assay_plan *plan) {
    free(plan->positions);
    free(plan->keep);
    free(plan->windows);
    *plan = (assay_plan){0};
}
