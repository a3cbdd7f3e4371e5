#include "engine/generate.h"

#include <stdlib.h>
#include <string.h>

#include "engine/model.h"
#include "engine/positions.h"

/* State of one generation. S is the length of the mask so far, N of the tokens. Both have room for all new tokens. */
typedef struct {
    const assay_model *model;
    assay_past *past;
    const assay_generate_call *call;
    int64_t batch;
    int64_t n, n_room; /* tokens: (B, n_room), n used */
    int64_t s, s_room; /* mask: (B, s_room), s used */
    int64_t *tokens;
    double *mask;
    bool *finished;     /* (B) */
    int64_t fill_token; /* what a finished row gets */
} generator;

static assay_status check_call(const assay_generate_call *call, assay_error *err) {
    const assay_tensor *ids = call->input_ids;
    if (!ids || !ids->data || ids->rank != 2 || ids->dtype != ASSAY_I64 || assay_tensor_count(ids) == 0)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1",
                          "generation needs a prompt: input_ids of shape (batch, tokens), at least one token "
                          "(ERR-1)");
    if (call->max_new_tokens < 1 || call->max_new_tokens > INT32_MAX)
        return assay_fail(err, ASSAY_EINPUT, NULL, "max_new_tokens is %lld; it must be between 1 and 2147483647",
                          (long long)call->max_new_tokens);
    const assay_tensor *mask = call->attention_mask;
    bool fits = !mask || !mask->data ||
                (mask->rank == 2 && mask->dtype == ASSAY_F64 && mask->shape[0] == ids->shape[0] && mask->shape[1] > 0);
    if (!fits)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 SCHED-6",
                          "attention_mask must have one row for each of the prompt's %lld rows (SCHED-6)",
                          (long long)ids->shape[0]);
    return call->sampling ? assay_sampling_check(call->sampling, err) : ASSAY_OK;
}

/* GEN-2: pads in the prompt are masked, unless the pad token is the end token. */
static bool pads_are_masked(const generator *g) {
    if (g->model->semantics.prompt_pads == ASSAY_PROMPT_PADS_KEPT) return false;
    int64_t pad = g->model->config.pad_token_id;
    return pad != ASSAY_NO_TOKEN && !(g->call->has_eos_token_id && g->call->eos_token_id == pad);
}

static void start_mask(generator *g) {
    const assay_tensor *given = g->call->attention_mask;
    bool masked = pads_are_masked(g);
    for (int64_t b = 0; b < g->batch; b++)
        for (int64_t j = 0; j < g->s; j++) {
            double *entry = &g->mask[b * g->s_room + j];
            if (given && given->data) *entry = ((const double *)given->data)[b * g->s + j];
            else *entry = masked && g->tokens[b * g->n_room + j] == g->model->config.pad_token_id ? 0 : 1;
        }
}

static void release(generator *g) {
    free(g->tokens);
    free(g->mask);
    free(g->finished);
}

static assay_status start(generator *g, assay_error *err) {
    const assay_tensor *ids = g->call->input_ids, *mask = g->call->attention_mask;
    g->batch = ids->shape[0];
    g->n = ids->shape[1];
    g->s = mask && mask->data ? mask->shape[1] : g->n;
    g->n_room = g->n + g->call->max_new_tokens;
    g->s_room = g->s + g->call->max_new_tokens;
    int64_t pad = g->model->config.pad_token_id;
    g->fill_token = pad == ASSAY_NO_TOKEN ? g->call->eos_token_id : pad;
    g->tokens = malloc((size_t)(g->batch * g->n_room) * sizeof *g->tokens);
    g->mask = malloc((size_t)(g->batch * g->s_room) * sizeof *g->mask);
    g->finished = calloc((size_t)g->batch, sizeof *g->finished);
    if (!g->tokens || !g->mask || !g->finished) return assay_fail_nomem(err, "the tokens of a generation");
    for (int64_t b = 0; b < g->batch; b++)
        memcpy(g->tokens + b * g->n_room, (const int64_t *)ids->data + b * g->n, (size_t)g->n * sizeof *g->tokens);
    start_mask(g);
    return ASSAY_OK;
}

/* What a step feeds: ids (B,t), positions of the mask's length cut to the last one where there is a local cache (POS-4), and
 * the mask over everything so far. */
typedef struct {
    assay_tensor ids, positions, mask;
} step_input;

static void free_input(step_input *in) {
    assay_tensor_free(&in->ids);
    assay_tensor_free(&in->positions);
    assay_tensor_free(&in->mask);
}

/* GEN-1: on a local cache the last token is fed alone. A past that holds memory alone does not cut the prompt (GEN-3), and a run
 * without a cache feeds everything again (GEN-4). */
static bool feeds_last_token(const generator *g) {
    const assay_semantics *s = &g->model->semantics;
    if (assay_past_local_length(g->past) > 0) return true;
    bool is_prompt = g->n == g->call->input_ids->shape[1];
    if (is_prompt) return s->memory_prompt == ASSAY_PROMPT_LAST_TOKEN && assay_past_memory_length(g->past) > 0;
    return s->uncached_step == ASSAY_UNCACHED_STEP_LAST;
}

/* POS-4 */
static void generation_positions(const generator *g, const double *mask, int64_t *out) {
    assay_positions_from_mask(out, mask, g->s);
    switch (g->model->semantics.generate_positions) {
    case ASSAY_GENERATE_CUMSUM: break;
    case ASSAY_GENERATE_COLUMNS:
        for (int64_t j = 0; j < g->s; j++) out[j] = j;
        break;
    case ASSAY_GENERATE_PADS_AT_1:
        for (int64_t j = 0; j < g->s; j++)
            if (mask[j] == 0) out[j] = 1;
        break;
    }
}

static assay_status build_input(const generator *g, step_input *in, assay_error *err) {
    bool last = feeds_last_token(g);
    int64_t t = last ? 1 : g->n, p = last ? 1 : g->s;
    assay_status st = assay_tensor_alloc(&in->ids, ASSAY_I64, 2, (int64_t[]){g->batch, t}, "a step's ids", err);
    if (!st) st = assay_tensor_alloc(&in->positions, ASSAY_I64, 2, (int64_t[]){g->batch, p}, "a step's positions", err);
    if (!st) st = assay_tensor_alloc(&in->mask, ASSAY_F64, 2, (int64_t[]){g->batch, g->s}, "a step's mask", err);
    int64_t *row_positions = st ? NULL : malloc((size_t)g->s * sizeof *row_positions);
    if (!st && !row_positions) st = assay_fail_nomem(err, "a step's positions");
    for (int64_t b = 0; !st && b < g->batch; b++) {
        const double *mask = g->mask + b * g->s_room;
        generation_positions(g, mask, row_positions);
        memcpy((int64_t *)in->ids.data + b * t, g->tokens + b * g->n_room + g->n - t, (size_t)t * sizeof(int64_t));
        memcpy((int64_t *)in->positions.data + b * p, row_positions + g->s - p, (size_t)p * sizeof(int64_t));
        memcpy((double *)in->mask.data + b * g->s, mask, (size_t)g->s * sizeof *mask);
    }
    free(row_positions);
    return st;
}

static assay_status run_step(const generator *g, const assay_taps *taps, assay_output *out, assay_error *err) {
    step_input in = {0};
    assay_status st = build_input(g, &in, err);
    /* The original passes generation's use_cache explicitly: the config's (CACHE-5). */
    assay_call call = {.input_ids = &in.ids,
                       .attention_mask = &in.mask,
                       .position_ids = &in.positions,
                       .use_cache = g->model->config.use_cache,
                       .has_last_context_length = g->call->has_last_context_length,
                       .last_context_length = g->call->last_context_length,
                       .last_logits_only = true};
    if (!st) st = assay_forward(g->model, g->past, &call, taps, out, err);
    free_input(&in);
    return st;
}

static assay_status choose(const generator *g, const assay_tensor *logits, int64_t b, int64_t step, int64_t *out,
                           assay_error *err) {
    int64_t v = g->model->config.vocab_size;
    if (!g->call->sampling) {
        *out = assay_argmax(logits, b * v, v);
        return ASSAY_OK;
    }
    assay_draw draw = {logits, b * v, v, assay_sampling_uniform(g->call->sampling, b, step)};
    return assay_sample(&draw, g->call->sampling, out, err);
}

/* Appends the next token of each row. *done: every row has met the end token. */
static assay_status append(generator *g, const assay_tensor *logits, int64_t step, bool *done, assay_error *err) {
    *done = g->call->has_eos_token_id;
    for (int64_t b = 0; b < g->batch; b++) {
        int64_t token = g->fill_token;
        assay_status st = g->finished[b] ? ASSAY_OK : choose(g, logits, b, step, &token, err);
        if (st) return st;
        g->tokens[b * g->n_room + g->n] = token;
        g->mask[b * g->s_room + g->s] = 1;
        if (g->call->has_eos_token_id && token == g->call->eos_token_id) g->finished[b] = true;
        *done = *done && g->finished[b];
    }
    g->n++;
    g->s++;
    return ASSAY_OK;
}

static assay_status all_steps(generator *g, const assay_taps *taps, assay_generation *out, assay_error *err) {
    assay_taps counted = taps ? *taps : (assay_taps){0};
    bool done = false;
    for (int64_t step = 0; step < g->call->max_new_tokens && !done; step++) {
        assay_output output = {0};
        assay_status st = run_step(g, taps ? &counted : NULL, &output, err);
        if (!st) st = append(g, &output.logits, step, &done, err);
        counted.first_window += (int64_t)output.window_count;
        if (!st && step == 0) {
            out->windows = output.windows;
            out->window_count = output.window_count;
            output.windows = NULL;
        }
        assay_output_free(&output);
        if (st) return st;
    }
    return ASSAY_OK;
}

static assay_status take_tokens(const generator *g, assay_generation *out, assay_error *err) {
    assay_status st =
        assay_tensor_alloc(&out->tokens, ASSAY_I64, 2, (int64_t[]){g->batch, g->n}, "generated tokens", err);
    for (int64_t b = 0; !st && b < g->batch; b++)
        memcpy((int64_t *)out->tokens.data + b * g->n, g->tokens + b * g->n_room, (size_t)g->n * sizeof(int64_t));
    return st;
}

static bool has_other_than_zero_and_one(const generator *g) {
    for (int64_t b = 0; b < g->batch; b++)
        for (int64_t j = 0; j < g->s; j++)
            if (g->mask[b * g->s_room + j] != 0 && g->mask[b * g->s_room + j] != 1) return true;
    return false;
}

/* What can refuse a step shows at the first one, before the past is touched, but for three: a fill token outside the
 * vocabulary is fed once a row has finished before another; without a cache (GEN-4) the windows are cut anew as tokens are
 * added, so that positions from a mask with other entries than 0 and 1 may get a gap (POS-3); and nothing can be drawn from
 * logits that are not finite. With a mistake made on purpose any step may be refused. */
static bool may_be_refused_late(const generator *g) {
    static const assay_semantics original;
    if (memcmp(&g->model->semantics, &original, sizeof original) != 0) return true;
    bool outside = g->fill_token < 0 || g->fill_token >= g->model->config.vocab_size;
    if (g->call->has_eos_token_id && g->batch > 1 && outside) return true;
    return g->call->sampling || (!g->model->config.use_cache && has_other_than_zero_and_one(g));
}

/* Generates on a copy, which becomes the past only when nothing was refused. */
static assay_status all_steps_on_copy(generator *g, const assay_taps *taps, assay_generation *out, assay_error *err) {
    assay_past *past = g->past, *copy;
    assay_status st = assay_past_copy(&copy, past, err);
    if (st) return st;
    g->past = copy;
    st = all_steps(g, taps, out, err);
    if (!st) {
        assay_past contents = *past;
        *past = *copy;
        *copy = contents;
    }
    assay_past_destroy(copy);
    return st;
}

assay_status assay_generate(const assay_model *model, assay_past *past, const assay_generate_call *call,
                            const assay_taps *taps, assay_generation *out, assay_error *err) {
    assay_status st = check_call(call, err);
    if (st) return st;
    generator g = {.model = model, .past = past, .call = call};
    assay_generation result = {0};
    st = start(&g, err);
    if (!st)
        st = may_be_refused_late(&g) ? all_steps_on_copy(&g, taps, &result, err) : all_steps(&g, taps, &result, err);
    if (!st) st = take_tokens(&g, &result, err);
    release(&g);
    if (st) assay_generation_free(&result);
    else *out = result;
    return st;
}

void assay_generation_free(assay_generation *generation) {
    free(generation->windows);
    assay_tensor_free(&generation->tokens);
    *generation = (assay_generation){0};
}
