#include "fuzz/shrink.h"

#include "fuzz/case_copy.h"
#include "fuzz/case_edit.h"
#include "fuzz/shrink_edits.h"

/* Random cases that are tried for one with fewer tokens, after each time that edits come to an end. */
enum { SEARCHED = 300 };

typedef struct {
    const assay_shrink_options *options;
    assay_case *best;
    size_t checks;
    assay_error *err;
} shrinker;

static bool may_go_on(const shrinker *s) { return s->checks < s->options->most_checks; }

/* Takes `candidate`, which becomes the best where it fails and is freed where not. */
static assay_status offer(shrinker *s, assay_case *candidate, bool *taken) {
    s->checks++;
    *taken = false;
    assay_status st = s->options->check(s->options->context, candidate, taken, s->err);
    if (!st && *taken) {
        assay_case_free(s->best);
        *s->best = *candidate;
    } else {
        assay_case_free(candidate);
    }
    return st;
}

/* What was expected of a step before an edit may not be what happens after it. */
static void forget_refusals(assay_case *c) {
    for (size_t i = 0; i < c->step_count; i++) c->steps[i].expect_error[0] = '\0';
}

/* Every edit of one kind, each as often as it helps. */
static assay_status try_kind(shrinker *s, assay_shrink_edit edit, bool *helped) {
    for (size_t number = 0; may_go_on(s);) {
        assay_case candidate;
        bool taken = false;
        assay_status st = assay_fuzz_case_copy(&candidate, s->best, s->err);
        if (st) return st;
        forget_refusals(&candidate);
        assay_edit_outcome outcome = edit(&candidate, number);
        if (outcome == ASSAY_EDIT_DONE) st = offer(s, &candidate, &taken);
        else assay_case_free(&candidate);
        if (st || outcome == ASSAY_EDIT_NO_MORE) return st;
        *helped = *helped || taken;
        if (!taken) number++;
    }
    return ASSAY_OK;
}

static assay_status try_edits(shrinker *s) {
    for (bool helped = true; helped && may_go_on(s);) {
        helped = false;
        for (const assay_shrink_edit *edit = assay_shrink_edits; *edit; edit++) {
            assay_status st = try_kind(s, *edit, &helped);
            if (st) return st;
        }
    }
    return ASSAY_OK;
}

static assay_status search_below(shrinker *s, bool *helped) {
    int64_t tokens = assay_fuzz_case_tokens(s->best);
    assay_fuzz_bounds bounds = *s->options->bounds;
    if (bounds.tokens >= tokens) bounds.tokens = tokens - 1;
    if (bounds.window > tokens) bounds.window = tokens > 2 ? tokens : 2;
    if (bounds.steps >= tokens) bounds.steps = tokens - 1;
    *helped = false;
    if (tokens < 2) return ASSAY_OK;
    for (uint64_t i = 0, tried = 0; !*helped && tried < SEARCHED && i < 20 * SEARCHED && may_go_on(s); i++) {
        assay_case candidate;
        assay_status st = assay_fuzz_case_random(&candidate, (uint64_t)tokens, i, &bounds, s->err);
        if (st) return st;
        if (assay_fuzz_case_tokens(&candidate) >= tokens) {
            assay_case_free(&candidate);
            continue;
        }
        tried++;
        st = offer(s, &candidate, helped);
        if (st) return st;
    }
    return ASSAY_OK;
}

assay_status assay_fuzz_shrink(assay_case *c, const assay_shrink_options *options, size_t *checks, assay_error *err) {
    shrinker s = {.options = options, .best = c, .err = err};
    assay_status st = ASSAY_OK;
    for (bool helped = true; !st && helped;) {
        st = try_edits(&s);
        if (!st) st = search_below(&s, &helped);
    }
    if (checks) *checks = s.checks;
    return st;
}
