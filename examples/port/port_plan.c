/* What a call is about to do, before anything is computed: its windows (SCHED), positions (POS) and mask, or why not (ERR-1). */
#include <stdlib.h>
#include <string.h>

#include "examples/port/port.h"

static port_refusal refuse(const char *rule, const char *why) { return (port_refusal){rule, why}; }
static port_refusal fine(void) { return (port_refusal){NULL, NULL}; }

static bool has_shape(const port_array *a, int64_t rows, int64_t columns) {
    return a->rank == 2 && a->size[0] == rows && a->size[1] == columns;
}

/* EMB-1, and the sizes that all else is held against. */
static port_refusal check_tokens(port_plan *p, const port_model *m, const port_step *s) {
    const port_array *ids = &s->input_ids, *embeds = &s->inputs_embeds;
    if ((ids->data == NULL) == (embeds->data == NULL))
        return refuse("EMB-1", "either input_ids or inputs_embeds must be given");
    const port_array *given = ids->data != NULL ? ids : embeds;
    p->batch = (int)given->size[0], p->tokens = given->rank > 1 ? (int)given->size[1] : 0;
    if (p->batch < 1 || p->tokens < 1) return refuse("ERR-1", "the call has no tokens");
    if (embeds->data != NULL && (embeds->rank != 3 || embeds->size[2] != m->hidden))
        return refuse("EMB-1", "inputs_embeds has another shape than (B, T, hidden)");
    for (int i = 0; ids->data != NULL && i < p->batch * p->tokens; i++)
        if (ids->data[i] < 0 || ids->data[i] >= m->vocab)
            return refuse("EMB-1", "a token id is outside the vocabulary");
    return fine();
}

static port_refusal check_labels(const port_plan *p, const port_model *m, const port_array *labels) {
    if (labels->data == NULL) return fine();
    if (!has_shape(labels, p->batch, p->tokens)) return refuse("LOSS-1", "labels has another shape than (B, T)");
    for (int i = 0; i < p->batch * p->tokens; i++)
        if (labels->data[i] != -100 && (labels->data[i] < 0 || labels->data[i] >= m->vocab))
            return refuse("LOSS-1", "a label is outside the vocabulary");
    return fine();
}

/* Which columns are kept (SCHED-6, CACHE-8). */
static port_refusal plan_mask(port_plan *p, const port_array *mask) {
    bool given = mask->data != NULL;
    if (given && (mask->rank != 2 || mask->size[0] != p->batch || mask->size[1] < p->columns))
        return refuse("SCHED-6", "attention_mask does not cover the cache and the input");
    int skip = given ? (int)mask->size[1] - p->columns : 0;
    for (int column = 0; column < p->columns; column++)
        for (int b = 0; b < p->batch; b++)
            p->keep[column * p->batch + b] = !given || mask->data[b * mask->size[1] + skip + column] == 1;
    return fine();
}

/* The position of each column (POS-1, POS-5). */
static port_refusal plan_positions(port_plan *p, const port_array *given, const port_past *past, int cached) {
    if (given->data != NULL && !has_shape(given, p->batch, p->tokens))
        return refuse("POS-5", "position_ids has another shape than (B, T)");
    for (int b = 0; b < p->batch; b++) {
        int64_t next = 0;
        for (int column = 0; column < p->columns; column++) {
            int64_t *position = &p->position[column * p->batch + b];
            if (column < cached) *position = past->position[column * p->batch + b];
            else if (given->data != NULL) *position = (int64_t)given->data[b * p->tokens + column - cached];
            else *position = next;
            if (column == 0 || *position >= next) next = *position + 1;
        }
    }
    return fine();
}

/* SCHED-1, SCHED-2, CACHE-1, MEM-8. */
static void plan_windows(port_plan *p, const port_model *m, int context, int cached, bool use_cache) {
    int prefix = p->tokens > context ? p->tokens - context : 0, local = cached;
    p->window = port_alloc((size_t)p->tokens, sizeof *p->window);
    for (int done = 0; done < p->tokens;) {
        port_window *w = &p->window[p->windows++];
        int left = done < prefix ? prefix - done : p->tokens - done;
        int n = done < prefix && left > m->window ? m->window : left;
        bool caches = use_cache && (done >= prefix || cached > 0);
        w->first = cached + done, w->end = w->first + n, w->cached = local;
        w->kept = local + n > m->window ? 0 : local;
        w->keep_local = caches;
        w->write_memory = !caches && local == 0;
        w->write_dropped = caches;
        local = caches ? w->kept + n : 0;
        done += n;
    }
}

/* POS-3: the table has as many rows as a window has local keys. */
static port_refusal check_gaps(const port_plan *p, const port_model *m) {
    bool rotary = m->mem_positionals;
    for (int l = 0; l < m->layers; l++) rotary = rotary || !m->layer[l].memory;
    for (int k = 0; rotary && k < p->windows; k++)
        for (int b = 0; b < p->batch; b++) {
            const port_window *w = &p->window[k];
            int64_t low = INT64_MAX, high = INT64_MIN;
            for (int column = w->first - w->kept; column < w->end; column++) {
                int64_t position = p->position[column * p->batch + b];
                if (position < low) low = position;
                if (position > high) high = position;
            }
            if (high - low >= w->end - w->first + w->kept) return refuse("POS-3", "position_ids leave a gap");
        }
    return fine();
}

static port_refusal plan_call(port_plan *p, const port_model *m, const port_step *s, const port_past *past) {
    port_refusal r = check_tokens(p, m, s);
    if (r.rule != NULL) return r;
    int context = s->has_last_context ? s->last_context : m->last_context, cached = past->cached;
    if (context <= 0) return refuse("SCHED-4", "last_context_length is not positive");
    if (past->batch != 0 && past->batch != p->batch) return refuse("CACHE-5", "the past is of another batch");
    if (cached > 0 && s->use_cache == 0) return refuse("CACHE-5", "a local past needs use_cache");
    p->columns = cached + p->tokens;
    p->position = port_alloc((size_t)(p->columns * p->batch), sizeof(int64_t));
    p->keep = port_alloc((size_t)(p->columns * p->batch), sizeof(int64_t));
    if ((r = check_labels(p, m, &s->labels)).rule != NULL) return r;
    if ((r = plan_mask(p, &s->attention_mask)).rule != NULL) return r;
    if ((r = plan_positions(p, &s->position_ids, past, cached)).rule != NULL) return r;
    plan_windows(p, m, context, cached, s->use_cache < 0 ? m->use_cache : s->use_cache == 1);
    return check_gaps(p, m);
}

port_refusal port_plan_call(port_plan *plan, const port_model *m, const port_step *s, const port_past *past) {
    memset(plan, 0, sizeof *plan);
    return plan_call(plan, m, s, past);
}

void port_plan_free(port_plan *plan) {
    free(plan->window);
    free(plan->position);
    free(plan->keep);
    memset(plan, 0, sizeof *plan);
}
