#include "fuzz/oracle_generate.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/oracle_math.h"

/* A generation at work. */
typedef struct {
    assay_oracle_model *model;
    assay_oracle_history *history;
    const assay_step *step;
    const assay_oracle_other *other;
    int64_t batch, n, s;    /* rows, tokens so far, mask columns so far */
    int64_t n_room, s_room; /* sizes of a row of each */
    int64_t *tokens;
    double *mask;
    bool *finished; /* (B) */
    assay_oracle_generation result;
} generator;

static void check_step(assay_oracle_refusal *r, const assay_step *s) {
    const assay_tensor *ids = &s->input_ids, *mask = &s->attention_mask;
    if (!ids->data || ids->rank != 2 || assay_tensor_count(ids) == 0) {
        assay_oracle_refuse(r, "ERR-1 SCHED-4 EMB-1", "generation needs a prompt");
        return;
    }
    if (s->max_new_tokens < 1) assay_oracle_refuse(r, "", "max_new_tokens is not positive");
    if (mask->data && (mask->rank != 2 || mask->shape[0] != ids->shape[0] || mask->shape[1] < 1))
        assay_oracle_refuse(r, "ERR-1 SCHED-6", "attention_mask has another batch than the prompt");
}

/* GEN-2: without a mask, pads of the prompt are masked where the pad token is not the end token. */
static double first_mask(const generator *g, int64_t b, int64_t j) {
    const assay_step *s = g->step;
    if (s->attention_mask.data) return ((const double *)s->attention_mask.data)[b * g->s + j];
    int64_t pad = g->model->config->pad_token_id;
    bool is_end = s->has_eos_token_id && s->eos_token_id == pad;
    return pad != ASSAY_NO_TOKEN && !is_end && g->tokens[b * g->n_room + j] == pad ? 0 : 1;
}

static assay_status start(generator *g, assay_error *err) {
    const assay_step *s = g->step;
    g->batch = s->input_ids.shape[0];
    g->n = s->input_ids.shape[1];
    g->s = s->attention_mask.data ? s->attention_mask.shape[1] : g->n;
    g->n_room = g->n + s->max_new_tokens;
    g->s_room = g->s + s->max_new_tokens;
    g->result.prompt = g->n;
    g->tokens = malloc((size_t)(g->batch * g->n_room) * sizeof *g->tokens);
    g->mask = malloc((size_t)(g->batch * g->s_room) * sizeof *g->mask);
    g->finished = calloc((size_t)g->batch, sizeof *g->finished);
    g->result.choices = calloc((size_t)s->max_new_tokens, sizeof *g->result.choices);
    if (!g->tokens || !g->mask || !g->finished || !g->result.choices)
        return assay_fail_nomem(err, "the oracle's generation");
    for (int64_t b = 0; b < g->batch; b++) {
        for (int64_t j = 0; j < g->n; j++)
            g->tokens[b * g->n_room + j] = ((const int64_t *)s->input_ids.data)[b * g->n + j];
        for (int64_t j = 0; j < g->s; j++) g->mask[b * g->s_room + j] = first_mask(g, b, j);
    }
    return ASSAY_OK;
}

static void release(generator *g) {
    free(g->tokens);
    free(g->mask);
    free(g->finished);
}

/* ---- one call ---- */

/* What torch's .long() makes of a mask entry. */
static uint64_t whole(double x) { return (uint64_t)(x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN); }

/* POS-4: cumsum(mask) - 1 of one row; the last `count` of them. */
static void positions_of(const generator *g, int64_t b, int64_t count, int64_t *out) {
    uint64_t sum = 0;
    for (int64_t j = 0; j < g->s; j++) {
        sum += whole(g->mask[b * g->s_room + j]);
        if (j >= g->s - count) out[j - (g->s - count)] = (int64_t)(sum - 1);
    }
}

/* GEN-1, GEN-3, GEN-4: the last token alone where there is a local cache, else everything so far. */
static assay_status build_request(const generator *g, assay_oracle_request *q, assay_error *err) {
    assay_oracle_reach reach;
    assay_status st = assay_oracle_reach_of(g->history, g->model->config, &reach, err);
    if (st) return st;
    int64_t t = reach.local > 0 ? 1 : g->n, p = reach.local > 0 ? 1 : g->s;
    st = assay_tensor_alloc(&q->ids, ASSAY_I64, 2, (int64_t[]){g->batch, t}, "ids", err);
    if (!st) st = assay_tensor_alloc(&q->positions, ASSAY_I64, 2, (int64_t[]){g->batch, p}, "positions", err);
    if (!st) st = assay_tensor_alloc(&q->mask, ASSAY_F64, 2, (int64_t[]){g->batch, g->s}, "a mask", err);
    for (int64_t b = 0; !st && b < g->batch; b++) {
        memcpy((int64_t *)q->ids.data + b * t, g->tokens + b * g->n_room + g->n - t, (size_t)t * sizeof(int64_t));
        memcpy((double *)q->mask.data + b * g->s, g->mask + b * g->s_room, (size_t)g->s * sizeof(double));
        positions_of(g, b, p, (int64_t *)q->positions.data + b * p);
    }
    q->use_cache = g->model->config->use_cache;
    q->context =
        g->step->has_last_context_length ? g->step->last_context_length : g->model->config->last_context_length;
    return st;
}

static assay_status call_model(generator *g, assay_oracle_output *out, assay_oracle_refusal *r, assay_error *err) {
    assay_oracle_request q = {.use_cache = 0};
    assay_status st = build_request(g, &q, err);
    const assay_oracle_followed *memory = g->other ? g->other->memory : NULL;
    if (!st) st = assay_oracle_run_call(out, g->model, g->history, &q, memory, r, err);
    assay_tensor_free(&q.ids);
    assay_tensor_free(&q.positions);
    assay_tensor_free(&q.mask);
    return st;
}

/* ---- one token ---- */

/* The other run's token of row b, where it has one that the vocabulary has too. */
static bool other_token(const generator *g, int64_t b, int64_t vocab, int64_t *out) {
    const assay_tensor *t = g->other ? g->other->tokens : NULL;
    bool fits = t && t->rank == 2 && t->dtype == ASSAY_I64 && t->shape[0] == g->batch && g->n < t->shape[1];
    if (!fits) return false;
    *out = ((const int64_t *)t->data)[b * t->shape[1] + g->n];
    return *out >= 0 && *out < vocab;
}

/* A finished row gets the pad token, or the end token where there is none. */
static int64_t choose(const generator *g, const assay_oracle_choice *choice, int64_t b) {
    int64_t pad = g->model->config->pad_token_id, other;
    if (g->finished[b]) return pad == ASSAY_NO_TOKEN ? g->step->eos_token_id : pad;
    return other_token(g, b, choice->vocab, &other) ? other : choice->own[b];
}

static assay_status note_choice(generator *g, const assay_oracle_output *out, assay_error *err) {
    assay_oracle_choice *choice = &g->result.choices[g->result.choice_count++];
    size_t count = (size_t)(out->batch * out->outputs);
    *choice = (assay_oracle_choice){.batch = out->batch, .vocab = out->outputs};
    choice->logits = malloc(count * sizeof *choice->logits);
    choice->own = malloc((size_t)out->batch * sizeof *choice->own);
    if (!choice->logits || !choice->own) return assay_fail_nomem(err, "the oracle's logits");
    memcpy(choice->logits, out->logits + (size_t)(out->tokens - 1) * count, count * sizeof *choice->logits);
    for (int64_t b = 0; b < out->batch; b++)
        choice->own[b] = g->finished[b] ? -1 : assay_oracle_argmax(choice->logits + b * out->outputs, out->outputs);
    return ASSAY_OK;
}

/* Appends a token to each row. True when all rows have met the end token. */
static bool append(generator *g, const assay_oracle_choice *choice) {
    bool all = g->step->has_eos_token_id;
    for (int64_t b = 0; b < g->batch; b++) {
        int64_t token = choose(g, choice, b);
        g->tokens[b * g->n_room + g->n] = token;
        g->mask[b * g->s_room + g->s] = 1;
        if (g->step->has_eos_token_id && token == g->step->eos_token_id) g->finished[b] = true;
        all = all && g->finished[b];
    }
    g->n++;
    g->s++;
    return all;
}

static assay_status all_tokens(generator *g, assay_oracle_refusal *r, assay_error *err) {
    bool done = false;
    for (int64_t i = 0; i < g->step->max_new_tokens && !done; i++) {
        assay_oracle_output out = {0};
        assay_status st = call_model(g, &out, r, err);
        if (!st && !r->refused) st = note_choice(g, &out, err);
        if (!st && !r->refused) done = append(g, &g->result.choices[i]);
        if (i == 0) {
            g->result.windows = out.windows;
            g->result.window_count = out.window_count;
            out.windows = NULL;
        }
        assay_oracle_output_free(&out);
        if (st || r->refused) return st;
    }
    return ASSAY_OK;
}

static assay_status take_tokens(generator *g, assay_error *err) {
    assay_tensor *t = &g->result.tokens;
    assay_status st = assay_tensor_alloc(t, ASSAY_I64, 2, (int64_t[]){g->batch, g->n}, "generated tokens", err);
    for (int64_t b = 0; !st && b < g->batch; b++)
        memcpy((int64_t *)t->data + b * g->n, g->tokens + b * g->n_room, (size_t)g->n * sizeof(int64_t));
    return st;
}

assay_status assay_oracle_generate(assay_oracle_generation *out, assay_oracle_model *model,
                                   assay_oracle_history *history, const assay_step *step,
                                   const assay_oracle_other *other, assay_oracle_refusal *refusal, assay_error *err) {
    generator g = {.model = model, .history = history, .step = step, .other = other};
    *out = (assay_oracle_generation){0};
    check_step(refusal, step);
    if (refusal->refused) return ASSAY_OK;
    assay_status st = start(&g, err);
    if (!st) st = all_tokens(&g, refusal, err);
    if (!st && !refusal->refused) st = take_tokens(&g, err);
    release(&g);
    *out = g.result;
    if (st || refusal->refused) assay_oracle_generation_free(out);
    return st;
}

void assay_oracle_choice_free(assay_oracle_choice *choice) {
    free(choice->logits);
    free(choice->own);
    *choice = (assay_oracle_choice){0};
}

void assay_oracle_generation_free(assay_oracle_generation *g) {
    assay_tensor_free(&g->tokens);
    for (size_t i = 0; i < g->choice_count; i++) assay_oracle_choice_free(&g->choices[i]);
    free(g->windows);
    free(g->choices);
    *g = (assay_oracle_generation){0};
}
