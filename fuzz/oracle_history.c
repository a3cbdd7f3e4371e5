#include "fuzz/oracle_history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

assay_status assay_oracle_history_make(assay_oracle_history *out, const assay_config *config, assay_error *err) {
    assay_oracle_history h = {.layers = config->num_hidden_layers, .hidden = config->hidden_size};
    h.keys = calloc((size_t)h.layers, sizeof *h.keys);
    h.values = calloc((size_t)h.layers, sizeof *h.values);
    if (!h.keys || !h.values) {
        assay_oracle_history_free(&h);
        return assay_fail_nomem(err, "the oracle's history");
    }
    *out = h;
    return ASSAY_OK;
}

void assay_oracle_history_free(assay_oracle_history *h) {
    for (int64_t i = 0; i < h->layers; i++) {
        if (h->keys) free(h->keys[i]);
        if (h->values) free(h->values[i]);
    }
    for (size_t i = 0; i < h->call_count; i++) free(h->calls[i].keep);
    free(h->calls);
    free(h->keys);
    free(h->values);
    free(h->positions);
    *h = (assay_oracle_history){0};
}

/* Copies rows of an area of (count, B) elements into a new one of (count, n). NULL when out of memory. */
static void *pick_rows(const void *from, int64_t count, int64_t batch, const int64_t *rows, int64_t n, size_t size) {
    char *out = malloc((size_t)(count * n) * size + 1);
    for (int64_t i = 0; out && i < count; i++)
        for (int64_t b = 0; b < n; b++)
            memcpy(out + (size_t)(i * n + b) * size,
                   (const char *)from + (size_t)(i * batch + (rows ? rows[b] : b)) * size, size);
    return out;
}

static bool pick_calls(assay_oracle_history *out, const assay_oracle_history *from, const int64_t *rows) {
    out->calls = calloc(from->call_count + 1, sizeof *out->calls);
    bool ok = out->calls != NULL;
    for (size_t i = 0; ok && i < from->call_count; i++) {
        const assay_oracle_call *call = &from->calls[i];
        out->calls[i] = *call;
        out->calls[i].keep = pick_rows(call->keep, call->width, from->batch, rows, out->batch, 1);
        out->call_count = i + 1;
        ok = out->calls[i].keep != NULL;
    }
    return ok;
}

assay_status assay_oracle_history_pick(assay_oracle_history *out, const assay_oracle_history *from, const int64_t *rows,
                                       int64_t n, assay_error *err) {
    assay_oracle_history h = *from;
    const size_t row = (size_t)from->hidden * sizeof(double);
    h.batch = rows ? n : from->batch;
    h.call_count = 0;
    h.calls = NULL;
    h.positions = pick_rows(from->positions, from->columns, from->batch, rows, h.batch, sizeof *h.positions);
    h.keys = calloc((size_t)h.layers, sizeof *h.keys);
    h.values = calloc((size_t)h.layers, sizeof *h.values);
    bool ok = h.positions && h.keys && h.values && pick_calls(&h, from, rows);
    for (int64_t i = 0; ok && i < h.layers; i++) {
        h.keys[i] = pick_rows(from->keys[i], from->columns, from->batch, rows, h.batch, row);
        h.values[i] = pick_rows(from->values[i], from->columns, from->batch, rows, h.batch, row);
        ok = h.keys[i] && h.values[i];
    }
    if (!ok) {
        assay_oracle_history_free(&h);
        return assay_fail_nomem(err, "the oracle's history");
    }
    *out = h;
    return ASSAY_OK;
}

/* Makes room for `count` of each. */
static bool grow_positions(int64_t **positions, size_t count) {
    int64_t *grown = realloc(*positions, count * sizeof *grown);
    if (grown) *positions = grown;
    return grown != NULL;
}

static bool grow_reals(double **reals, size_t count) {
    double *grown = realloc(*reals, count * sizeof *grown);
    if (grown) *reals = grown;
    return grown != NULL;
}

static bool grow_calls(assay_oracle_call **calls, size_t count) {
    assay_oracle_call *grown = realloc(*calls, count * sizeof *grown);
    if (grown) *calls = grown;
    return grown != NULL;
}

assay_status assay_oracle_history_append(assay_oracle_history *h, const assay_oracle_call *call, int64_t batch,
                                         const int64_t *positions, assay_error *err) {
    assert(h->call_count == 0 || h->batch == batch);
    size_t rows = (size_t)((h->columns + call->cut.tokens) * batch);
    bool ok = grow_positions(&h->positions, rows) && grow_calls(&h->calls, h->call_count + 1);
    for (int64_t i = 0; ok && i < h->layers; i++)
        ok = grow_reals(&h->keys[i], rows * (size_t)h->hidden) && grow_reals(&h->values[i], rows * (size_t)h->hidden);
    if (!ok) return assay_fail_nomem(err, "the oracle's history");
    memcpy(h->positions + h->columns * batch, positions, (size_t)(call->cut.tokens * batch) * sizeof *positions);
    h->batch = batch;
    h->columns += call->cut.tokens;
    h->calls[h->call_count++] = *call;
    return ASSAY_OK;
}

assay_status assay_oracle_history_plan(const assay_oracle_history *h, const assay_oracle_cut *next, int64_t window,
                                       assay_oracle_plan *out, assay_error *err) {
    size_t count = h->call_count + (next != NULL);
    assay_oracle_cut *cuts = malloc((count + 1) * sizeof *cuts);
    if (!cuts) return assay_fail_nomem(err, "the oracle's plan");
    for (size_t i = 0; i < h->call_count; i++) cuts[i] = h->calls[i].cut;
    if (next) cuts[h->call_count] = *next;
    assay_status st = assay_oracle_plan_make(out, cuts, count, window, err);
    free(cuts);
    return st;
}

bool assay_oracle_keeps(const assay_oracle_call *call, int64_t batch, int64_t column, int64_t b) {
    int64_t at = call->width - (call->end - column);
    assert(at >= 0 && at < call->width);
    return call->keep[at * batch + b] != 0;
}
