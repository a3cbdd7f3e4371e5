/* Where a call is cut, what a cache drops, and what a token cannot see. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/case_copy.h"
#include "fuzz/case_lengths.h"
#include "fuzz/relation_compare.h"
#include "fuzz/relation_set.h"
#include "fuzz/relation_steps.h"

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* ---- one call = its windows by hand (SCHED-1, SCHED-2, MEM-2) ---- */

/* One step of the first form and the steps of the second that it is made of. */
typedef struct {
    size_t step, first, count;
    bool split;
    assay_relation_past past; /* before it */
} by_hand;

static bool caches(const assay_relation_form *form, const assay_step *step) {
    return step->use_cache < 0 ? form->c.config.use_cache : step->use_cache;
}

/* A past that is accepted without use_cache, and not returned (CACHE-5), has no like by hand. */
static bool is_split(const assay_relation_form *form, const assay_step *step, const assay_relation_past *past) {
    return step->op == ASSAY_OP_FORWARD && assay_fuzz_step_tokens(step) > assay_relation_context(form, step) &&
           (past->cached == 0 || caches(form, step));
}

/* SCHED-1: windows of W up to token T - C, then one of C. */
static int64_t window_end(const assay_relation_form *form, const assay_step *step, int64_t begin) {
    int64_t tokens = assay_fuzz_step_tokens(step), prefix = tokens - assay_relation_context(form, step);
    return begin >= prefix ? tokens : least(begin + form->c.config.max_position_embeddings, prefix);
}

static size_t count_windows(const assay_relation_form *form, const assay_step *step) {
    size_t n = 0;
    for (int64_t at = 0; at < assay_fuzz_step_tokens(step); at = window_end(form, step, at)) n++;
    return n;
}

/* What follows a split step's cache through its windows. */
typedef struct {
    int64_t cached_before, cached;
    bool keep;
} hand_state;

/* Makes *step, a copy of the whole call, the call of its window [begin, end). */
static void cut_to_window(assay_relation_job *job, assay_step *step, const hand_state *state, int64_t begin,
                          int64_t end) {
    int64_t tokens = assay_fuzz_step_tokens(step), count = end - begin;
    if (!step->position_ids.data && state->cached_before == 0) assay_relation_put_positions(job, step, 0);
    if (step->attention_mask.data) { /* SCHED-6: the columns of its tokens and of the cache then present */
        int64_t input = step->attention_mask.shape[1] - tokens;
        assay_relation_take_columns(job, &step->attention_mask, input + begin - state->cached, state->cached + count);
    }
    assay_relation_take_columns(job, &step->input_ids, begin, count);
    assay_relation_take_columns(job, &step->inputs_embeds, begin, count);
    assay_relation_take_columns(job, &step->position_ids, begin, count);
    assay_relation_set_context(step, count);
    step->past_keep = state->keep;
    if (state->cached_before == 0 && end < tokens) step->use_cache = 0; /* SCHED-2 */
}

/* Appends the windows of a step to the second form. */
static void append_windows(assay_relation_job *job, const by_hand *hand, const assay_step *whole) {
    const assay_config *config = &job->a.c.config;
    int64_t w = config->max_position_embeddings, tokens = assay_fuzz_step_tokens(whole);
    hand_state state = {hand->past.cached, hand->past.cached, whole->past_keep};
    for (int64_t begin = 0; begin < tokens && !job->status;) {
        int64_t end = window_end(&job->a, whole, begin), count = end - begin;
        assay_step *step = &job->b.c.steps[job->b.c.step_count++];
        assay_relation_note(job, assay_fuzz_step_copy(step, whole, job->err));
        cut_to_window(job, step, &state, begin, end);
        if (state.cached_before > 0) state.cached = (state.cached + count > w ? 0 : state.cached) + count; /* CACHE-1 */
        state.keep = state.cached > 0 || assay_config_has_memory(config);
        begin = end;
    }
}

/* Fills `hands` for the first n steps and makes the second form of them. True when something was split. */
static bool take_apart(assay_relation_job *job, by_hand *hands, size_t n) {
    bool any = false;
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        const assay_step *step = &job->a.c.steps[i];
        hands[i] = (by_hand){.step = i, .first = total, .count = 1};
        if (step->past_keep && i > 0) hands[i].past = assay_relation_past_after(&job->a, (int64_t)i - 1);
        hands[i].split = is_split(&job->a, step, &hands[i].past);
        if (hands[i].split) hands[i].count = count_windows(&job->a, step);
        any = any || hands[i].split;
        total += hands[i].count;
    }
    if (!any || !assay_relation_new_steps(job, &job->b, total)) return false;
    job->b.c.step_count = 0;
    for (size_t i = 0; i < n && !job->status; i++) {
        if (hands[i].split) append_windows(job, &hands[i], &job->a.c.steps[i]);
        else
            assay_relation_note(
                job, assay_fuzz_step_copy(&job->b.c.steps[job->b.c.step_count++], &job->a.c.steps[i], job->err));
    }
    return !job->status;
}

static void compare_by_hand(assay_relation_job *job, const by_hand *hand) {
    assay_relation_pasts pasts = {.a_step = hand->step, .b_step = hand->first + hand->count - 1};
    if (!hand->split) {
        assay_relation_same_step(job, &pasts);
        return;
    }
    int64_t at = 0;
    for (size_t k = 0; k < hand->count; k++) {
        int64_t count = assay_fuzz_step_tokens(&job->b.c.steps[hand->first + k]);
        assay_relation_logits logits = {.a_step = hand->step, .b_step = hand->first + k, .a_first = at, .count = count};
        assay_relation_same_logits(job, &logits);
        at += count;
    }
    assay_relation_same_past(job, &pasts);
}

void assay_relation_windows_by_hand(assay_relation_job *job) {
    if (job->a.c.config.head != ASSAY_HEAD_CAUSAL_LM) return;
    assay_relation_drop_labels(&job->a);
    assay_relation_run(job, &job->a);
    size_t n = assay_relation_goes_on(job) ? assay_relation_steps_run(&job->a) : 0;
    by_hand *hands = calloc(n + 1, sizeof *hands);
    if (!hands) assay_relation_note(job, assay_fail_nomem(job->err, "windows"));
    if (hands && take_apart(job, hands, n)) {
        assay_relation_run(job, &job->b);
        for (size_t i = 0; i < n; i++) compare_by_hand(job, &hands[i]);
    }
    free(hands);
}

/* ---- a local cache that is not full, and one that is (CACHE-1) ---- */

/* A forward on the past (where `keep`) of tokens [first, first + count) with a context that splits nothing. */
static void put_call(assay_relation_job *job, assay_step *step, bool keep, int64_t first, int64_t count) {
    const assay_tensor *tokens = assay_relation_tokens(job);
    step->past_keep = keep;
    step->use_cache = 1;
    assay_relation_set_context(step, job->a.c.config.max_position_embeddings);
    assay_relation_put_ids(job, step, tokens, tokens->shape[0], NULL, first, count);
}

/* Hides about a quarter of the columns of a mask in half of the jobs; `first_kept`: but never the first one. Masks of one job are the
 * same where they cover the same columns, first to first + columns. */
static void put_holes(assay_relation_job *job, assay_step *step, int64_t first, int64_t columns, bool first_kept) {
    if (assay_relation_choose(job, 50, 2)) return;
    int64_t rows = assay_fuzz_step_batch(step);
    double *mask = assay_relation_put_mask(job, step, rows, columns);
    for (int64_t i = 0; mask && i < rows * columns; i++) {
        int64_t column = first + i % columns;
        bool hidden = assay_relation_choose(job, (uint64_t)(100 + i / columns + rows * column), 4) == 0;
        if (hidden && !(first_kept && column == 0)) mask[i] = 0;
    }
}

/* CACHE-6: up to min(W, C) tokens. A query that sees nothing would average over later keys too (ATT-3), so each sees the first. */
void assay_relation_decode_partition(assay_relation_job *job) {
    if (!assay_relation_tokens(job)) return;
    int64_t w = job->a.c.config.max_position_embeddings;
    int64_t total = assay_relation_choose(job, 0, 2) ? w : 2 + assay_relation_choose(job, 1, w - 1);
    int64_t ends[3] = {1 + assay_relation_choose(job, 2, total - 1), 0, total};
    ends[1] = ends[0] + assay_relation_choose(job, 3, total - ends[0]) + 1;
    if (ends[1] >= total) ends[1] = total;
    size_t parts = ends[1] == total ? 2 : 3;
    if (!assay_relation_new_steps(job, &job->a, 1) || !assay_relation_new_steps(job, &job->b, parts)) return;
    put_call(job, job->a.c.steps, false, 0, total);
    put_holes(job, job->a.c.steps, 0, total, true);
    for (size_t k = 0; k < parts; k++) {
        int64_t first = k > 0 ? ends[k - 1] : 0;
        put_call(job, &job->b.c.steps[k], k > 0, first, ends[k] - first);
        put_holes(job, &job->b.c.steps[k], 0, ends[k], true);
    }
    assay_relation_run_both(job);
    for (size_t k = 0; k < parts; k++) {
        int64_t first = k > 0 ? ends[k - 1] : 0;
        assay_relation_same_logits(job,
                                   &(assay_relation_logits){.b_step = k, .a_first = first, .count = ends[k] - first});
    }
    assay_relation_same_past(job, &(assay_relation_pasts){.b_step = parts - 1});
}

/* What a flip at W + 1 drops is what a call without use_cache leaves: all of it in memory (MEM-8), nothing without memory layers
 * (CACHE-3). */
void assay_relation_flip(assay_relation_job *job) {
    if (!assay_relation_tokens(job)) return;
    int64_t w = job->a.c.config.max_position_embeddings, before = 1 + assay_relation_choose(job, 0, w);
    int64_t more = w + 1 - before;
    bool remembers = assay_config_has_memory(&job->a.c.config);
    if (!assay_relation_new_steps(job, &job->a, 2) || !assay_relation_new_steps(job, &job->b, 2)) return;
    assay_step *a = job->a.c.steps, *b = job->b.c.steps;
    put_call(job, &a[0], false, 0, before);
    put_call(job, &a[1], true, before, more);
    put_call(job, &b[0], false, 0, before);
    put_call(job, &b[1], remembers, before, more);
    b[0].use_cache = 0;
    put_holes(job, &a[0], 0, before, false);
    put_holes(job, &a[1], 0, w + 1, false);
    put_holes(job, &b[0], 0, before, false);
    put_holes(job, &b[1], before, more, false);
    assay_relation_put_positions(job, &b[1], before);
    assay_relation_run_both(job);
    assay_relation_same_logits(job, &(assay_relation_logits){.count = before});
    assay_relation_same_step(job, &(assay_relation_pasts){.a_step = 1, .b_step = 1});
}

/* ---- what a token cannot see ---- */

/* The last forward with at least two tokens, or -1. */
static int64_t last_forward(const assay_case *c) {
    int64_t n = (int64_t)c->step_count - 1;
    while (n >= 0 && (c->steps[n].op != ASSAY_OP_FORWARD || assay_fuzz_step_tokens(&c->steps[n]) < 2)) n--;
    return n;
}

static void change_tokens(const assay_relation_job *job, assay_step *step, int64_t first) {
    int64_t tokens = assay_fuzz_step_tokens(step), count = assay_fuzz_step_batch(step) * tokens;
    int64_t *ids = step->input_ids.data, size = job->a.c.config.vocab_size, hidden = job->a.c.config.hidden_size;
    double *embeds = step->inputs_embeds.data;
    for (int64_t i = 0; i < count; i++) {
        if (i % tokens < first) continue;
        if (ids) ids[i] = (ids[i] + 1 + assay_relation_choose(job, (uint64_t)(100 + i), size - 1)) % size;
        for (int64_t j = 0; embeds && j < hidden; j++) embeds[i * hidden + j] += 0.5;
    }
}

/* Hidden queries may average over later tokens (ATT-3, ATT-4); no kept one sees them. */
void assay_relation_later_tokens(assay_relation_job *job) {
    int64_t n = last_forward(&job->a.c);
    if (n < 0) return;
    assay_relation_cut(job, (size_t)n + 1);
    assay_step *a = &job->a.c.steps[n], *b = &job->b.c.steps[n];
    assay_tensor_free(&a->labels);
    assay_tensor_free(&b->labels);
    assay_relation_run(job, &job->a);
    if (!assay_relation_all_ran(job, &job->a)) return;
    int64_t first = 1 + assay_relation_choose(job, 0, assay_fuzz_step_tokens(a) - 1);
    change_tokens(job, b, first);
    assay_relation_run(job, &job->b);
    uint8_t *hidden = assay_relation_hidden(job, a);
    if (hidden)
        assay_relation_same_logits(
            job, &(assay_relation_logits){.a_step = (size_t)n, .b_step = (size_t)n, .count = first, .skip = hidden});
    free(hidden);
}

/* The prefix of a call does not depend on what follows it. */
void assay_relation_shared_windows(assay_relation_job *job) {
    const assay_tensor *tokens = assay_relation_tokens(job);
    if (!tokens) return;
    const assay_config *c = &job->a.c.config;
    int64_t shared = c->max_position_embeddings * (1 + assay_relation_choose(job, 0, 2)),
            context = c->last_context_length;
    int64_t extra = 1 + assay_relation_choose(job, 1, c->max_position_embeddings + 1), rows = tokens->shape[0];
    if (!assay_relation_new_steps(job, &job->a, 1) || !assay_relation_new_steps(job, &job->b, 1)) return;
    assay_relation_put_ids(job, job->a.c.steps, tokens, rows, NULL, 0, shared + context);
    assay_relation_put_ids(job, job->b.c.steps, tokens, rows, NULL, 0, shared + context + extra);
    change_tokens(job, job->b.c.steps, shared);
    assay_relation_run_both(job);
    assay_relation_same_logits(job, &(assay_relation_logits){.count = shared});
}
