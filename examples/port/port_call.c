/* A planned call: window after window through all layers, then logits and loss. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "examples/port/port.h"

/* Dumps (B, n) of columns [first, first + n), which lie (n, B). */
static void tap_columns(const assay_tap *at, const char *name, const int64_t *x, int first, int n, int batch) {
    assay_tap_shape shape = assay_tap_strides(assay_tap_2d(batch, n), 1, batch, 0, 0);
    assay_tap_i64(at, name, x + first * batch, shape);
}

/* x (T, B, C) of a window: the embeddings of its tokens, or what was given for them (EMB-1). */
static float *embed(const port_model *m, const port_plan *p, const port_step *s, const port_window *w,
                    const assay_tap *at) {
    int tokens = w->end - w->first, skip = w->first - (p->columns - p->tokens), c = m->hidden;
    float *x = port_alloc((size_t)(tokens * p->batch * c), sizeof(float));
    int64_t *ids = port_alloc((size_t)(tokens * p->batch), sizeof(int64_t));
    for (int t = 0; t < tokens; t++)
        for (int b = 0; b < p->batch; b++) {
            int to = t * p->batch + b, from = b * p->tokens + skip + t;
            if (s->input_ids.data != NULL) ids[to] = (int64_t)s->input_ids.data[from];
            for (int i = 0; i < c; i++)
                x[to * c + i] =
                    s->input_ids.data != NULL ? m->embed[ids[to] * c + i] : (float)s->inputs_embeds.data[from * c + i];
        }
    if (s->input_ids.data != NULL) tap_columns(at, "input_ids", ids, 0, tokens, p->batch);
    assay_tap_shape shape = assay_tap_3d(p->batch, tokens, c);
    assay_tap_f32(at, "embed_tokens", x, assay_tap_strides(shape, c, p->batch * c, 1, 0));
    free(ids);
    return x;
}

/* Runs one window and puts its logits (T, B, V) where they belong. */
static void run_window(const port_model *m, const port_plan *p, const port_step *s, const port_window *w,
                       port_past *past, float *logits, const assay_tap *at) {
    int tokens = w->end - w->first, c = m->hidden, rows = tokens * p->batch;
    tap_columns(at, "attention_mask", p->keep, w->first - w->cached, w->cached + tokens, p->batch);
    tap_columns(at, "position_ids", p->position, w->first, tokens, p->batch);
    float *x = embed(m, p, s, w, at), *normed = port_alloc((size_t)(rows * c), sizeof(float));
    for (int l = 0; l < m->layers; l++) {
        assay_tap layer = assay_tap_layer(at, l);
        port_run_layer(m, l, p, w, past, x, &layer);
    }
    port_norm(normed, x, m->norm, rows, c, m->eps);
    assay_tap_f32(at, "norm", normed, assay_tap_strides(assay_tap_3d(p->batch, tokens, c), c, p->batch * c, 1, 0));
    port_linear(logits, normed, m->head, rows, c, m->vocab); /* HEAD-1 */
    free(x);
    free(normed);
}

/* LOSS-1. */
static float loss(const float *logits, const port_array *labels, const port_plan *p, int vocab) {
    double sum = 0;
    int count = 0;
    for (int b = 0; b < p->batch; b++)
        for (int t = 0; t + 1 < p->tokens; t++) {
            int label = (int)labels->data[b * p->tokens + t + 1];
            const float *row = logits + (t * p->batch + b) * vocab;
            if (label == -100) continue;
            double high = -INFINITY, all = 0;
            for (int i = 0; i < vocab; i++) high = fmax(high, (double)row[i]);
            for (int i = 0; i < vocab; i++) all += exp((double)row[i] - high);
            sum += log(all) + high - (double)row[label];
            count++;
        }
    return count > 0 ? (float)(sum / count) : NAN;
}

void port_tap_schedule(const port_plan *p, const assay_tap *step) {
    int cached = p->columns - p->tokens;
    int64_t *schedule = port_alloc((size_t)p->windows * 2, sizeof(int64_t));
    for (int k = 0; k < p->windows; k++) {
        schedule[2 * k] = p->window[k].first - cached;
        schedule[2 * k + 1] = p->window[k].end - cached;
    }
    assay_tap_i64(step, "schedule", schedule, assay_tap_2d(p->windows, 2));
    free(schedule);
}

/* The positions that go with the local cache after the call. */
static void keep_positions(const port_plan *p, port_past *past) {
    const port_window *last = &p->window[p->windows - 1];
    past->batch = p->batch;
    past->cached = last->keep_local ? last->end - last->first + last->kept : 0;
    free(past->position);
    past->position = port_alloc((size_t)(past->cached * p->batch), sizeof(int64_t));
    memcpy(past->position, p->position + (p->columns - past->cached) * p->batch,
           (size_t)(past->cached * p->batch) * sizeof(int64_t));
}

float *port_run_call(const port_model *m, const port_plan *plan, const port_step *s, port_past *past,
                     const assay_tap *step, int first_window) {
    float *logits = port_alloc((size_t)plan->tokens * (size_t)plan->batch * (size_t)m->vocab, sizeof(float));
    for (int k = 0; k < plan->windows; k++) {
        const port_window *w = &plan->window[k];
        assay_tap at = assay_tap_window(step, first_window + k);
        int row = w->first - (plan->columns - plan->tokens);
        run_window(m, plan, s, w, past, logits + row * plan->batch * m->vocab, &at);
    }
    keep_positions(plan, past);
    return logits;
}

void port_tap_results(const port_model *m, const port_plan *plan, const port_step *s, const float *logits,
                      const assay_tap *step) {
    assay_tap_shape shape = assay_tap_3d(plan->batch, plan->tokens, m->vocab);
    assay_tap_f32(step, "logits", logits, assay_tap_strides(shape, m->vocab, plan->batch * m->vocab, 1, 0));
    if (s->labels.data == NULL) return;
    float value = loss(logits, &s->labels, plan, m->vocab);
    assay_tap_f32(step, "loss", &value, assay_tap_0d());
}
