/* Greedy generation: the prompt, then a token at a time (GEN). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "examples/port/port.h"

/* A prompt that grows, and its mask, which has columns for a kept past too. */
typedef struct {
    int batch, count, room;
    double *ids; /* (B, room) */
    int columns, columns_room;
    double *mask, *positions; /* (B, columns_room) */
    bool done[1024];
} sequence;

/* Columns [from, count) of an array (B, room), as an input. */
static port_array columns(const sequence *q, const double *x, int room, int from, int count) {
    int n = count - from;
    port_array a = {.rank = 2, .size = {q->batch, n}, .data = port_alloc((size_t)(q->batch * n), sizeof(double))};
    for (int b = 0; b < q->batch; b++) memcpy(a.data + b * n, x + b * room + from, (size_t)n * sizeof(double));
    return a;
}

/* GEN-2: without a mask the pads of the prompt are hidden, but where the pad is the end token. */
static double keeps(const port_model *m, double id, int end) {
    return m->pad < 0 || m->pad == end || (int)id != m->pad;
}

static void start(sequence *q, const port_model *m, const port_step *s, int count, int end) {
    const double *ids = s->input_ids.data, *mask = s->attention_mask.data;
    q->batch = (int)s->input_ids.size[0], q->count = (int)s->input_ids.size[1], q->room = q->count + count;
    q->columns = mask != NULL ? (int)s->attention_mask.size[1] : q->count, q->columns_room = q->columns + count;
    q->ids = port_alloc((size_t)(q->batch * q->room), sizeof(double));
    q->mask = port_alloc((size_t)(q->batch * q->columns_room), sizeof(double));
    q->positions = port_alloc((size_t)(q->batch * q->columns_room), sizeof(double));
    for (int b = 0; b < q->batch; b++) {
        for (int t = 0; t < q->count; t++) q->ids[b * q->room + t] = ids[b * q->count + t];
        for (int j = 0; j < q->columns; j++)
            q->mask[b * q->columns_room + j] =
                mask != NULL ? mask[b * q->columns + j] : keeps(m, ids[b * q->count + j], end);
    }
}

/* POS-4: whole numbers of the mask count; pads at the left stay at -1. */
static void count_positions(sequence *q) {
    for (int b = 0; b < q->batch; b++) {
        double seen = 0, *mask = q->mask + b * q->columns_room, *positions = q->positions + b * q->columns_room;
        for (int j = 0; j < q->columns; j++) positions[j] = (seen += trunc(mask[j])) - 1;
    }
}

/* Appends each row's likeliest token, or what fills a row that has ended. Returns whether all have ended. */
static bool append(sequence *q, const port_model *m, const float *last, int end) {
    bool all = true;
    for (int b = 0; b < q->batch; b++) {
        int best = 0;
        for (int i = 1; i < m->vocab; i++)
            if (last[b * m->vocab + i] > last[b * m->vocab + best]) best = i;
        if (q->done[b]) best = m->pad >= 0 ? m->pad : end;
        q->ids[b * q->room + q->count] = best;
        q->mask[b * q->columns_room + q->columns] = 1;
        q->done[b] = q->done[b] || best == end;
        all = all && q->done[b];
    }
    q->count++, q->columns++;
    return all;
}

/* One call on the sequence so far: of its last token where a local cache holds the rest, else of all (GEN-3, GEN-4). */
static port_refusal call(const port_model *m, const port_step *prompt, const sequence *q, port_past *past, float **last,
                         const assay_tap *step, int *windows) {
    port_plan plan;
    port_step s = {
        .use_cache = m->use_cache, .has_last_context = prompt->has_last_context, .last_context = prompt->last_context};
    int from = past->cached > 0 ? q->count - 1 : 0;
    s.input_ids = columns(q, q->ids, q->room, from, q->count);
    s.position_ids = columns(q, q->positions, q->columns_room, past->cached > 0 ? q->columns - 1 : 0, q->columns);
    s.attention_mask = columns(q, q->mask, q->columns_room, 0, q->columns);
    port_refusal refused = port_plan_call(&plan, m, &s, past);
    if (refused.rule == NULL) {
        if (*windows == 0) port_tap_schedule(&plan, step);
        *last = port_run_call(m, &plan, &s, past, step, *windows);
        int row = plan.batch * m->vocab;
        memmove(*last, *last + (plan.tokens - 1) * row, (size_t)row * sizeof(float));
        *windows += plan.windows;
    }
    port_plan_free(&plan);
    free(s.input_ids.data);
    free(s.position_ids.data);
    free(s.attention_mask.data);
    return refused;
}

port_refusal port_generate(const port_model *m, port_step *s, int count, int end, port_past *past,
                           const assay_tap *step) {
    const port_array *ids = &s->input_ids, *mask = &s->attention_mask;
    static const port_refusal none = {NULL, NULL};
    if (ids->data == NULL || ids->rank != 2 || ids->size[1] < 1) return (port_refusal){"ERR-1", "there is no prompt"};
    if (mask->data != NULL && (mask->rank != 2 || mask->size[0] != ids->size[0] || mask->size[1] < 1))
        return (port_refusal){"SCHED-6", "attention_mask has another batch than the prompt"};
    if (ids->size[0] > 1024) port_decline("this port generates at most 1024 rows");
    sequence q = {0};
    port_refusal refused = none;
    int windows = 0;
    start(&q, m, s, count, end);
    for (bool all = false; q.count < q.room && !all && refused.rule == NULL;) {
        float *last = NULL;
        count_positions(&q);
        refused = call(m, s, &q, past, &last, step, &windows);
        if (refused.rule == NULL) all = append(&q, m, last, end);
        free(last);
    }
    if (refused.rule == NULL) {
        int64_t *tokens = port_alloc((size_t)(q.batch * q.room), sizeof(int64_t));
        for (int i = 0; i < q.batch * q.room; i++) tokens[i] = (int64_t)q.ids[i];
        assay_tap_i64(step, "tokens", tokens, assay_tap_strides(assay_tap_2d(q.batch, q.count), q.room, 1, 0, 0));
        free(tokens);
    }
    free(q.ids);
    free(q.mask);
    free(q.positions);
    return refused;
}
