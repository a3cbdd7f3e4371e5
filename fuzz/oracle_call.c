#include "fuzz/oracle_call.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "core/rounding.h"
#include "fuzz/oracle_math.h"

/* A call before it is part of the history. */
typedef struct {
    const assay_oracle_model *model;
    const assay_oracle_history *history;
    const assay_oracle_request *request;
    int64_t batch, tokens;
    int64_t *local; /* (local_count): columns that are local when it starts */
    int64_t local_count;
    assay_oracle_call call;
    int64_t *positions; /* (T, B) */
} draft;

/* ---- the past ---- */

static int64_t count_memory(const assay_oracle_plan *plan) {
    int64_t n = 0;
    for (int64_t g = 0; g < plan->column_count; g++) n += assay_oracle_is_in_memory(plan, plan->window_count, g);
    return n;
}

assay_status assay_oracle_reach_of(const assay_oracle_history *history, const assay_config *config,
                                   assay_oracle_reach *out, assay_error *err) {
    assay_oracle_plan plan;
    assay_status st = assay_oracle_history_plan(history, NULL, config->max_position_embeddings, &plan, err);
    if (st) return st;
    *out = (assay_oracle_reach){.remembered = assay_config_has_memory(config) ? count_memory(&plan) : 0};
    for (int64_t g = 0; g < plan.column_count; g++) out->local += assay_oracle_is_local(&plan, plan.window_count, g);
    assay_oracle_plan_free(&plan);
    return ASSAY_OK;
}

static assay_status find_local(draft *d, assay_error *err) {
    assay_oracle_plan plan;
    d->local = malloc(((size_t)d->history->columns + 1) * sizeof *d->local);
    if (!d->local) return assay_fail_nomem(err, "the oracle's local columns");
    assay_status st =
        assay_oracle_history_plan(d->history, NULL, d->model->config->max_position_embeddings, &plan, err);
    if (st) return st;
    d->local_count = assay_oracle_local_columns(&plan, plan.window_count, d->local);
    assay_oracle_plan_free(&plan);
    return ASSAY_OK;
}

/* ---- mask and positions ---- */

/* SCHED-6: exactly 1 keeps, as the run's dtype has it; of a mask that is too long the last columns count. CACHE-8: without one, all do. */
static uint8_t keep_at(const draft *d, int64_t b, int64_t column) {
    const assay_tensor *mask = &d->request->mask;
    if (!mask->data) return 1;
    int64_t width = mask->shape[1], at = width - d->call.width + column;
    return assay_round_to(assay_load_f64(mask->data, mask->dtype, (size_t)(b * width + at)), d->model->run) == 1;
}

/* POS-5, or POS-1: on from the largest position in the local cache. */
static int64_t position_at(const draft *d, int64_t b, int64_t t) {
    if (d->request->positions.data) return ((const int64_t *)d->request->positions.data)[b * d->tokens + t];
    int64_t largest = -1;
    for (int64_t n = 0; n < d->local_count; n++) {
        int64_t position = d->history->positions[d->local[n] * d->batch + b];
        if (n == 0 || position > largest) largest = position;
    }
    return (int64_t)((uint64_t)largest + 1 + (uint64_t)t); /* int64 wraps around in torch as well */
}

static assay_status write_draft(draft *d, assay_error *err) {
    const assay_oracle_request *q = d->request;
    bool use_cache = q->use_cache < 0 ? d->model->config->use_cache : q->use_cache == 1;
    d->call = (assay_oracle_call){.cut = {d->tokens, q->context, use_cache},
                                  .end = d->history->columns + d->tokens,
                                  .width = d->local_count + d->tokens};
    d->call.keep = malloc((size_t)(d->call.width * d->batch));
    d->positions = malloc((size_t)(d->tokens * d->batch) * sizeof *d->positions);
    if (!d->call.keep || !d->positions) return assay_fail_nomem(err, "a call of the oracle");
    for (int64_t b = 0; b < d->batch; b++) {
        for (int64_t j = 0; j < d->call.width; j++) d->call.keep[j * d->batch + b] = keep_at(d, b, j);
        for (int64_t t = 0; t < d->tokens; t++) d->positions[t * d->batch + b] = position_at(d, b, t);
    }
    return ASSAY_OK;
}

static void free_draft(draft *d) {
    free(d->local);
    free(d->call.keep);
    free(d->positions);
}

/* ---- gaps ---- */

/* MEM-7: a model may use no rotary embedding at all. */
static bool uses_rotary(const assay_config *c) {
    for (int64_t i = 0; i < c->num_hidden_layers; i++)
        if (!c->is_memory_layer[i] || c->mem_positionals) return true;
    return false;
}

static int64_t column_position(const draft *d, int64_t column, int64_t b) {
    int64_t first = d->history->columns;
    return column < first ? d->history->positions[column * d->batch + b]
                          : d->positions[(column - first) * d->batch + b];
}

/* POS-3 of one row of one window. */
static bool has_gap(const draft *d, const int64_t *columns, int64_t count, int64_t b) {
    int64_t least = column_position(d, columns[0], b);
    for (int64_t n = 1; n < count; n++)
        if (column_position(d, columns[n], b) < least) least = column_position(d, columns[n], b);
    for (int64_t n = 0; n < count; n++)
        if ((uint64_t)column_position(d, columns[n], b) - (uint64_t)least >= (uint64_t)count) return true;
    return false;
}

static assay_status check_gaps(const draft *d, assay_oracle_refusal *r, assay_error *err) {
    assay_oracle_plan plan;
    if (!uses_rotary(d->model->config)) return ASSAY_OK;
    int64_t *columns = malloc((size_t)d->call.end * sizeof *columns);
    if (!columns) return assay_fail_nomem(err, "the oracle's local columns");
    assay_status st =
        assay_oracle_history_plan(d->history, &d->call.cut, d->model->config->max_position_embeddings, &plan, err);
    for (size_t k = 0; !st && k < plan.window_count; k++) {
        if (plan.windows[k].call != d->history->call_count) continue;
        int64_t count = assay_oracle_local_columns(&plan, k, columns);
        for (int64_t b = 0; b < d->batch; b++)
            if (has_gap(d, columns, count, b))
                assay_oracle_refuse(r, "ERR-1 POS-3", "positions of row %lld have a gap", (long long)b);
    }
    free(columns);
    if (!st) assay_oracle_plan_free(&plan);
    return st;
}

/* ---- running ---- */

/* EMB-1: the embeddings of tokens [first, first + rows of hidden) of the call, as (t, B, C). */
static void embed(const assay_oracle_model *m, const assay_oracle_request *q, int64_t first, int64_t tokens,
                  double *hidden) {
    const assay_tensor *input = q->ids.data ? &q->ids : &q->embeds;
    int64_t batch = input->shape[0], all = input->shape[1], c = m->config->hidden_size;
    uint64_t key = assay_random_key(m->noise.seed, "inputs_embeds");
    for (int64_t t = 0; t < tokens; t++)
        for (int64_t b = 0; b < batch; b++) {
            double *out = hidden + (t * batch + b) * c;
            int64_t at = b * all + first + t;
            if (q->ids.data)
                memcpy(out, m->embedding + ((const int64_t *)q->ids.data)[at] * c, (size_t)c * sizeof *out);
            for (int64_t i = 0; !q->ids.data && i < c; i++) {
                double x = assay_load_f64(q->embeds.data, q->embeds.dtype, (size_t)(at * c + i));
                out[i] = assay_oracle_moved(&m->noise, x, key, (uint64_t)(at * c + i));
            }
        }
}

static assay_status reserve_output(assay_oracle_output *out, const assay_config *c, const draft *d, assay_error *err) {
    out->batch = d->batch;
    out->tokens = d->tokens;
    out->outputs = c->head == ASSAY_HEAD_CLASSIFICATION ? c->num_labels : c->vocab_size;
    out->logits = malloc((size_t)(d->tokens * d->batch * out->outputs) * sizeof *out->logits);
    out->windows = malloc((size_t)(2 * d->tokens) * sizeof *out->windows);
    return out->logits && out->windows ? ASSAY_OK : assay_fail_nomem(err, "the oracle's logits");
}

/* The windows of the last call of the history, one after the other (SCHED-3). */
static assay_status run_windows(assay_oracle_output *out, const assay_oracle_context *context,
                                const assay_oracle_request *q, assay_error *err) {
    const assay_oracle_model *m = context->model;
    const int64_t c = m->config->hidden_size, start = context->history->columns - out->tokens;
    double *hidden = malloc((size_t)(out->tokens * out->batch * c) * sizeof *hidden);
    assay_status st = hidden ? ASSAY_OK : assay_fail_nomem(err, "the oracle's hidden states");
    for (size_t k = 0; !st && k < context->plan->window_count; k++) {
        const assay_oracle_window *w = &context->plan->windows[k];
        if (w->begin < start) continue;
        int64_t first = w->begin - start, tokens = w->end - w->begin;
        embed(m, q, first, tokens, hidden);
        st = assay_oracle_run_window(context, k, hidden, err);
        for (int64_t r = 0; !st && r < tokens * out->batch; r++)
            assay_oracle_project(out->logits + (first * out->batch + r) * out->outputs, m->head, hidden + r * c,
                                 out->outputs, c);
        out->windows[2 * out->window_count] = first;
        out->windows[2 * out->window_count++ + 1] = first + tokens;
    }
    free(hidden);
    return st;
}

static assay_status run_draft(assay_oracle_output *out, draft *d, assay_oracle_model *model,
                              assay_oracle_history *history, const assay_oracle_followed *followed, assay_error *err) {
    assay_oracle_plan plan = {0};
    assay_status st = reserve_output(out, model->config, d, err);
    if (!st) st = assay_oracle_history_append(history, &d->call, d->batch, d->positions, err);
    if (st) return st;
    d->call.keep = NULL;
    const assay_oracle_context context = {model, history, &plan, followed};
    st = assay_oracle_history_plan(history, NULL, model->config->max_position_embeddings, &plan, err);
    if (!st) st = run_windows(out, &context, d->request, err);
    assay_oracle_plan_free(&plan);
    return st;
}

assay_status assay_oracle_run_call(assay_oracle_output *out, assay_oracle_model *model, assay_oracle_history *history,
                                   const assay_oracle_request *request, const assay_oracle_followed *followed,
                                   assay_oracle_refusal *refusal, assay_error *err) {
    const assay_tensor *input = request->ids.data ? &request->ids : &request->embeds;
    draft d = {.model = model, .history = history, .request = request};
    assay_oracle_output output = {0};
    assay_status st = find_local(&d, err);
    if (!st) {
        const assay_oracle_base base = {history->batch, d.local_count};
        assay_oracle_check_call(refusal, model->config, request, &base);
    }
    if (!st && !refusal->refused) {
        d.batch = input->shape[0];
        d.tokens = input->shape[1];
        st = write_draft(&d, err);
        if (!st) st = check_gaps(&d, refusal, err);
    }
    if (!st && !refusal->refused) st = run_draft(&output, &d, model, history, followed, err);
    free_draft(&d);
    if (st) assay_oracle_output_free(&output);
    else *out = output;
    return st;
}

void assay_oracle_output_free(assay_oracle_output *out) {
    free(out->logits);
    free(out->windows);
    *out = (assay_oracle_output){0};
}
