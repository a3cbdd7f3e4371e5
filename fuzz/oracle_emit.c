#include "fuzz/oracle_emit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/oracle_math.h"

/* The past after a step, while it is written. */
typedef struct {
    assay_sheet *sheet;
    int64_t step;
    const assay_oracle_model *model;
    const assay_oracle_history *history;
    const assay_oracle_followed *followed;
    const assay_oracle_plan *plan;
    int64_t batch, heads, d;
    int64_t *columns; /* of the part that is written: local ones, or those in memory */
    int64_t count;
} writer;

assay_status assay_oracle_put(assay_sheet *sheet, int64_t step, assay_stage stage, assay_tensor owned,
                              assay_error *err) {
    const assay_place place = {step, -1, -1, stage};
    return assay_sheet_put(sheet, &place, owned, err);
}

assay_status assay_oracle_put_schedule(assay_sheet *sheet, int64_t step, const int64_t *windows, int64_t count,
                                       assay_error *err) {
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, ASSAY_I64, 2, (int64_t[]){count, 2}, "a schedule", err);
    if (st) return st;
    memcpy(t.data, windows, (size_t)(2 * count) * sizeof *windows);
    return assay_oracle_put(sheet, step, ASSAY_STAGE_SCHEDULE, t, err);
}

static assay_status put_layer(const writer *w, int64_t layer, assay_stage stage, assay_tensor owned, assay_error *err) {
    const assay_place place = {w->step, -1, layer, stage};
    return assay_sheet_put(w->sheet, &place, owned, err);
}

/* ---- keys and values ---- */

/* Number i of a (B, H, count, D) tensor, from keys or values (columns, B, C). */
static double value_at(const writer *w, const double *of_layer, int64_t i) {
    int64_t part = i % w->d, n = i / w->d % w->count, h = i / w->d / w->count % w->heads;
    int64_t b = i / w->d / w->count / w->heads;
    return of_layer[(w->columns[n] * w->batch + b) * w->history->hidden + h * w->d + part];
}

static assay_status alloc(const writer *w, assay_dtype dtype, assay_tensor *out, assay_error *err) {
    return assay_tensor_alloc(out, dtype, 4, (int64_t[]){w->batch, w->heads, w->count, w->d}, "a past", err);
}

static assay_status put_local(const writer *w, int64_t layer, assay_stage stage, const double *of_layer,
                              assay_error *err) {
    assay_tensor t;
    assay_status st = alloc(w, ASSAY_F64, &t, err);
    if (st) return st;
    for (int64_t i = 0, n = assay_tensor_count(&t); i < n; i++) ((double *)t.data)[i] = value_at(w, of_layer, i);
    return put_layer(w, layer, stage, t, err);
}

/* Float32 memory of a float64 run: near a tie, within the noise of a few operations, the other run's rounding is as good. */
static double settled(const writer *w, double x, const assay_tensor *other, const assay_tensor *t, int64_t i) {
    const assay_oracle_model *m = w->model;
    double own = assay_oracle_stored(x, m->run, m->config->mem_dtype);
    bool may_differ = m->run == ASSAY_F64 && m->config->mem_dtype == ASSAY_F32 && other;
    if (!may_differ || !assay_tensor_same_shape(other, t)) return own;
    double theirs = assay_load_f64(other->data, other->dtype, (size_t)i), slack = 1e-12 * fabs(x);
    bool is_rounding = theirs == (double)(float)(x - slack) || theirs == (double)(float)(x + slack);
    return is_rounding ? theirs : own;
}

/* The values before the cast, where a half type makes them worth showing. */
static assay_status make_unrounded(const writer *w, const double *of_layer, assay_tensor *out, assay_error *err) {
    const assay_oracle_model *m = w->model;
    if (!assay_dtype_is_half(m->config->mem_dtype)) return ASSAY_OK;
    assay_status st = alloc(w, ASSAY_F64, out, err);
    for (int64_t i = 0, n = st ? 0 : assay_tensor_count(out); i < n; i++)
        ((double *)out->data)[i] = assay_oracle_unrounded(value_at(w, of_layer, i), m->run, m->config->mem_dtype);
    return st;
}

static assay_status put_memory(const writer *w, int64_t layer, assay_stage stage, const double *of_layer,
                               const assay_tensor *other, assay_error *err) {
    assay_dtype dtype = w->model->config->mem_dtype;
    const assay_place place = {w->step, -1, layer, stage};
    assay_tensor stored, unrounded = {.data = NULL};
    assay_status st = make_unrounded(w, of_layer, &unrounded, err);
    if (!st) st = alloc(w, dtype, &stored, err);
    if (st) {
        assay_tensor_free(&unrounded);
        return st;
    }
    for (int64_t i = 0, n = assay_tensor_count(&stored); i < n; i++) {
        double x = settled(w, value_at(w, of_layer, i), other, &stored, i);
        assay_convert((char *)stored.data + (size_t)i * assay_dtype_size(dtype), dtype, &x, ASSAY_F64, 1);
    }
    return assay_sheet_put_stored(w->sheet, &place, stored, unrounded, err);
}

/* ---- positions and masks ---- */

static assay_status put_positions(const writer *w, int64_t layer, assay_error *err) {
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, ASSAY_I64, 2, (int64_t[]){w->batch, w->count}, "positions", err);
    if (st) return st;
    for (int64_t b = 0; b < w->batch; b++)
        for (int64_t n = 0; n < w->count; n++)
            ((int64_t *)t.data)[b * w->count + n] = w->history->positions[w->columns[n] * w->batch + b];
    return put_layer(w, layer, ASSAY_STAGE_PAST_POSITION, t, err);
}

static assay_status put_masks(const writer *w, int64_t layer, assay_error *err) {
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, ASSAY_F64, 2, (int64_t[]){w->batch, w->count}, "memory masks", err);
    if (st) return st;
    for (int64_t b = 0; b < w->batch; b++)
        for (int64_t n = 0; n < w->count; n++) {
            int64_t g = w->columns[n];
            const assay_oracle_call *call = &w->history->calls[w->plan->columns[g].let_go_by];
            ((double *)t.data)[b * w->count + n] = assay_oracle_keeps(call, w->batch, g, b) ? 0 : -DBL_MAX;
        }
    return put_layer(w, layer, ASSAY_STAGE_PAST_MEM_MASK, t, err);
}

/* ---- layers ---- */

static assay_status put_local_layer(const writer *w, int64_t layer, assay_error *err) {
    assay_status st = put_local(w, layer, ASSAY_STAGE_PAST_KEY, w->history->keys[layer], err);
    if (!st) st = put_local(w, layer, ASSAY_STAGE_PAST_VALUE, w->history->values[layer], err);
    return st ? st : put_positions(w, layer, err);
}

static assay_status put_memory_layer(const writer *w, int64_t layer, assay_error *err) {
    const assay_oracle_followed none = {NULL, NULL};
    const assay_oracle_followed *f = w->followed ? &w->followed[layer] : &none;
    assay_status st = put_memory(w, layer, ASSAY_STAGE_PAST_MEM_KEY, w->history->keys[layer], f->key, err);
    if (!st) st = put_memory(w, layer, ASSAY_STAGE_PAST_MEM_VALUE, w->history->values[layer], f->value, err);
    return st ? st : put_masks(w, layer, err);
}

static assay_status put_layers(writer *w, assay_error *err) {
    const assay_config *c = w->model->config;
    assay_status st = ASSAY_OK;
    w->count = assay_oracle_local_columns(w->plan, w->plan->window_count, w->columns);
    for (int64_t i = 0; !st && w->count > 0 && i < c->num_hidden_layers; i++) st = put_local_layer(w, i, err);
    w->count = assay_oracle_memory_columns(w->plan, w->plan->window_count, w->columns);
    for (int64_t i = 0; !st && w->count > 0 && i < c->num_hidden_layers; i++)
        if (c->is_memory_layer[i]) st = put_memory_layer(w, i, err);
    return st;
}

assay_status assay_oracle_put_past(assay_sheet *sheet, int64_t step, const assay_oracle_model *model,
                                   const assay_oracle_history *history, const assay_oracle_followed *followed,
                                   assay_error *err) {
    const assay_config *c = model->config;
    assay_oracle_plan plan;
    writer w = {
        sheet, step, model, history, followed, &plan, history->batch, c->num_attention_heads, assay_config_head_dim(c),
        NULL,  0};
    assay_status st = assay_oracle_history_plan(history, NULL, c->max_position_embeddings, &plan, err);
    if (st) return st;
    w.columns = malloc(((size_t)history->columns + 1) * sizeof *w.columns);
    st = w.columns ? put_layers(&w, err) : assay_fail_nomem(err, "the oracle's past");
    free(w.columns);
    assay_oracle_plan_free(&plan);
    return st;
}
