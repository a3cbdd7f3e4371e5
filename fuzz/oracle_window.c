#include "fuzz/oracle_window.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "fuzz/oracle_math.h"

/* One window at work. Its tokens are rows (t, b): t * B + b. */
typedef struct {
    const assay_oracle_context *on;
    const assay_oracle_window *window;
    int64_t batch, rows, width, inner, heads, d; /* width: C, inner: I */
    int64_t local, remembered;                   /* numbers of keys; the lists are in ascending order */
    int64_t *local_columns, *memory_columns;
    int64_t *rel; /* (local, B) */
    double *hidden;
    double *normed, *query, *mixed; /* (rows, C) */
    double *gate, *up, *down;       /* (I), (I), (C) */
    double *keys;                   /* (local + remembered, D) of one head of one row of the batch */
    double *values;
    double *turned; /* (D) */
    double *scores; /* (local + remembered) */
    double *area;
} job;

/* ---- memory ---- */

static const double *row_of(const job *j, double *const *of_layers, int64_t layer, int64_t column, int64_t b) {
    return of_layers[layer] + (column * j->batch + b) * j->width;
}

/* What another run stored as number `index` of memory, or NULL. */
static bool read_followed(const job *j, const assay_tensor *t, int64_t b, int64_t h, int64_t index, double *out) {
    bool fits = t && t->rank == 4 && t->shape[0] == j->batch && t->shape[1] == j->heads && index < t->shape[2] &&
                t->shape[3] == j->d;
    if (!fits) return false;
    int64_t at = ((b * j->heads + h) * t->shape[2] + index) * j->d;
    for (int64_t i = 0; i < j->d; i++) out[i] = assay_load_f64(t->data, t->dtype, (size_t)(at + i));
    return true;
}

/* Of a run with noise: a value within this many units of the largest of its key of a tie falls on either side. */
static const double tie_units = 64;

/* MEM-6 with noise. The same value must fall on the same side whenever it is read: its place settles it. */
static void store_shaken(const job *j, const double *raw, uint64_t place, double *out) {
    const assay_oracle_model *m = j->on->model;
    double scale = 0;
    for (int64_t i = 0; i < j->d; i++) scale = fmax(scale, fabs(raw[i]));
    double slack = tie_units * assay_dtype_epsilon(m->noise.unit) * scale;
    for (int64_t i = 0; i < j->d; i++) {
        bool other_side = assay_random_at(m->noise.seed, place + (uint64_t)i) & 1;
        out[i] = assay_oracle_stored_near(raw[i], slack, other_side, m->run, m->config->mem_dtype);
    }
}

/* MEM-1: at position 0 a key stays as it is. MEM-6: and is cast when stored. `raw` is a row of a layer's keys or values. */
static void read_memory(const job *j, const double *raw, const assay_tensor *followed, int64_t b, int64_t h,
                        int64_t index, double *out) {
    const assay_oracle_model *m = j->on->model;
    const double *own = raw + h * j->d;
    if (read_followed(j, followed, b, h, index, out)) return;
    if (m->noise.moves) {
        store_shaken(j, own, (uint64_t)((index * j->batch + b) * j->width + h * j->d), out);
        return;
    }
    for (int64_t i = 0; i < j->d; i++) out[i] = assay_oracle_stored(own[i], m->run, m->config->mem_dtype);
}

static void gather_memory(const job *j, int64_t layer, int64_t b, int64_t h) {
    const assay_oracle_history *history = j->on->history;
    const assay_oracle_followed none = {NULL, NULL};
    const assay_oracle_followed *f = j->on->followed ? &j->on->followed[layer] : &none;
    for (int64_t n = 0; n < j->remembered; n++) {
        int64_t column = j->memory_columns[n], at = (j->local + n) * j->d;
        read_memory(j, row_of(j, history->keys, layer, column, b), f->key, b, h, n, j->keys + at);
        read_memory(j, row_of(j, history->values, layer, column, b), f->value, b, h, n, j->values + at);
    }
}

/* ---- local keys ---- */

static void turn(const job *j, double *out, const double *x, bool rotary, int64_t rel) {
    const assay_oracle_model *m = j->on->model;
    int64_t half = j->d / 2;
    if (rotary) assay_oracle_rotate(out, x, m->cosines + rel * half, m->sines + rel * half, j->d);
    else memcpy(out, x, (size_t)j->d * sizeof *out);
}

/* ROPE-4: raw keys, rotated for this use alone. */
static void gather_local(const job *j, int64_t layer, int64_t b, int64_t h, bool rotary) {
    const assay_oracle_history *history = j->on->history;
    for (int64_t n = 0; n < j->local; n++) {
        int64_t column = j->local_columns[n];
        const double *key = row_of(j, history->keys, layer, column, b) + h * j->d;
        const double *value = row_of(j, history->values, layer, column, b) + h * j->d;
        turn(j, j->keys + n * j->d, key, rotary, j->rel[n * j->batch + b]);
        memcpy(j->values + n * j->d, value, (size_t)j->d * sizeof(double));
    }
}

/* POS-2: positions relative to the smallest of all local keys of the row. */
static void place_keys(const job *j) {
    const int64_t *positions = j->on->history->positions;
    for (int64_t b = 0; b < j->batch; b++) {
        int64_t least = INT64_MAX;
        for (int64_t n = 0; n < j->local; n++) {
            int64_t position = positions[j->local_columns[n] * j->batch + b];
            if (position < least) least = position;
        }
        for (int64_t n = 0; n < j->local; n++)
            j->rel[n * j->batch + b] =
                (int64_t)((uint64_t)positions[j->local_columns[n] * j->batch + b] - (uint64_t)least);
    }
}

/* ---- attention ---- */

/* ATT-1, ATT-4 */
static double masked(const job *j, double score, double mask) {
    double sum = score + mask;
    return j->on->model->config->torch_attention || sum >= -1e6 || isnan(sum) ? sum : -1e6;
}

/* ATT-5, SCHED-6: the mask of local key n for the query that is column `own`. */
static double local_mask(const job *j, int64_t n, int64_t own, int64_t b) {
    const assay_oracle_call *call = &j->on->history->calls[j->window->call];
    double causal = j->local_columns[n] > own ? -DBL_MAX : 0;
    double pad = assay_oracle_keeps(call, j->batch, j->local_columns[n], b) ? 0 : -DBL_MAX;
    return causal + pad;
}

/* MEM-5: the last query's row of the call that let it go; what is older than that query is hidden by pads alone. */
static double memory_mask(const job *j, int64_t n, int64_t b) {
    int64_t column = j->memory_columns[n];
    const assay_oracle_call *call = &j->on->history->calls[j->on->plan->columns[column].let_go_by];
    return assay_oracle_keeps(call, j->batch, column, b) ? 0 : -DBL_MAX;
}

static double product(const double *a, const double *b, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* One query of one head: `seen` keys, those in memory after the local ones (MEM-3, MEM-9). */
static void attend_one(const job *j, int64_t t, int64_t b, int64_t h, int64_t seen) {
    int64_t own = j->window->begin + t;
    double *out = j->mixed + (t * j->batch + b) * j->width + h * j->d;
    for (int64_t n = 0; n < seen; n++) {
        double score = product(j->turned, j->keys + n * j->d, j->d) / sqrt((double)j->d);
        assay_oracle_shake(j->on->model, &score, 1);
        double mask = n < j->local ? local_mask(j, n, own, b) : memory_mask(j, n - j->local, b);
        j->scores[n] = masked(j, score, mask);
    }
    assay_oracle_softmax(j->scores, seen);
    memset(out, 0, (size_t)j->d * sizeof *out);
    for (int64_t n = 0; n < seen; n++)
        for (int64_t i = 0; i < j->d; i++) out[i] += j->scores[n] * j->values[n * j->d + i];
    assay_oracle_lean(j->on->model, out, j->d, seen);
    assay_oracle_shake(j->on->model, out, j->d);
}

static void attend(const job *j, int64_t layer) {
    const assay_config *c = j->on->model->config;
    bool has_memory = c->is_memory_layer[layer];
    bool rotary = !has_memory || c->mem_positionals; /* MEM-7 */
    int64_t seen = j->local + (has_memory ? j->remembered : 0);
    for (int64_t b = 0; b < j->batch; b++)
        for (int64_t h = 0; h < j->heads; h++) {
            gather_local(j, layer, b, h, rotary);
            if (has_memory) gather_memory(j, layer, b, h);
            for (int64_t t = 0; t < j->rows / j->batch; t++) {
                const double *query = j->query + (t * j->batch + b) * j->width + h * j->d;
                int64_t key = j->local - j->rows / j->batch + t; /* POS-6: the query's own key */
                turn(j, j->turned, query, rotary, rotary ? j->rel[key * j->batch + b] : 0);
                attend_one(j, t, b, h, seen);
            }
        }
}

/* ---- layers ---- */

static void mlp(const job *j, const assay_oracle_layer_weights *w, const double *x) {
    assay_oracle_project(j->gate, w->gate, x, j->inner, j->width);
    assay_oracle_project(j->up, w->up, x, j->inner, j->width);
    for (int64_t i = 0; i < j->inner; i++)
        j->gate[i] = assay_oracle_activate(j->gate[i], j->on->model->config->hidden_act) * j->up[i];
    assay_oracle_shake(j->on->model, j->gate, j->inner);
    assay_oracle_project(j->down, w->down, j->gate, j->width, j->inner);
    assay_oracle_shake(j->on->model, j->down, j->width);
}

static void project(const job *j, double *out, const double *weight, const double *x) {
    assay_oracle_project(out, weight, x, j->width, j->width);
    assay_oracle_shake(j->on->model, out, j->width);
}

static void norm(const job *j, const double *x, const double *weight) {
    assay_oracle_norm(j->normed, x, weight, j->width, j->on->model->config->rms_norm_eps);
    assay_oracle_shake(j->on->model, j->normed, j->width);
}

static void add(const job *j, double *x, const double *y) {
    for (int64_t i = 0; i < j->width; i++) x[i] += y[i];
    assay_oracle_shake(j->on->model, x, j->width);
}

static void run_layer(const job *j, int64_t layer) {
    const assay_oracle_model *m = j->on->model;
    const assay_oracle_layer_weights *w = &m->layers[layer];
    double *keys = j->on->history->keys[layer] + j->window->begin * j->batch * j->width;
    double *values = j->on->history->values[layer] + j->window->begin * j->batch * j->width;
    for (int64_t r = 0; r < j->rows; r++) {
        int64_t at = r * j->width;
        norm(j, j->hidden + at, w->input_norm);
        project(j, j->query + at, w->q, j->normed);
        project(j, keys + at, w->k, j->normed);
        project(j, values + at, w->v, j->normed);
    }
    attend(j, layer);
    for (int64_t r = 0; r < j->rows; r++) {
        double *hidden = j->hidden + r * j->width;
        project(j, j->down, w->o, j->mixed + r * j->width);
        add(j, hidden, j->down);
        norm(j, hidden, w->post_norm);
        mlp(j, w, j->normed);
        add(j, hidden, j->down);
    }
}

/* ---- the window ---- */

/* Gives each area its part of one block. */
static assay_status reserve(job *j, assay_error *err) {
    size_t columns = (size_t)j->on->plan->column_count, width = (size_t)j->width, d = (size_t)j->d;
    size_t keys = 2 * columns * d, rows = (size_t)j->rows * width, whole = columns * (2 + (size_t)j->batch);
    size_t reals = width + 2 * rows + 2 * (size_t)j->inner + width + 2 * keys + d + 2 * columns;
    j->area = malloc(reals * sizeof *j->area);
    j->local_columns = malloc((whole + 1) * sizeof *j->local_columns);
    if (!j->area || !j->local_columns) return assay_fail_nomem(err, "a window of the oracle");
    j->memory_columns = j->local_columns + columns;
    j->rel = j->memory_columns + columns;
    j->normed = j->area;
    j->query = j->normed + width;
    j->mixed = j->query + rows;
    j->gate = j->mixed + rows;
    j->up = j->gate + j->inner;
    j->down = j->up + j->inner;
    j->keys = j->down + width;
    j->values = j->keys + keys;
    j->turned = j->values + keys;
    j->scores = j->turned + d;
    return ASSAY_OK;
}

static void run_layers(job *j) {
    const assay_oracle_model *m = j->on->model;
    for (int64_t i = 0; i < m->config->num_hidden_layers; i++) run_layer(j, i);
    for (int64_t r = 0; r < j->rows; r++) {
        double *hidden = j->hidden + r * j->width;
        norm(j, hidden, m->norm);
        memcpy(hidden, j->normed, (size_t)j->width * sizeof *hidden);
    }
}

assay_status assay_oracle_run_window(const assay_oracle_context *context, size_t k, double *hidden, assay_error *err) {
    const assay_config *c = context->model->config;
    const assay_oracle_window *w = &context->plan->windows[k];
    job j = {.on = context, .window = w, .hidden = hidden, .batch = context->history->batch};
    j.rows = (w->end - w->begin) * j.batch;
    j.width = c->hidden_size;
    j.inner = c->intermediate_size;
    j.heads = c->num_attention_heads;
    j.d = assay_config_head_dim(c);
    assay_status st = reserve(&j, err);
    if (!st) {
        j.local = assay_oracle_local_columns(context->plan, k, j.local_columns);
        j.remembered = assay_oracle_memory_columns(context->plan, k, j.memory_columns);
        place_keys(&j);
        st = assay_oracle_model_turns(context->model, j.local, err);
    }
    if (!st) run_layers(&j);
    free(j.area);
    free(j.local_columns);
    return st;
}
