#include "fuzz/shrink.h"

#include "fuzz/case_copy.h"
#include "fuzz/case_edit.h"
#include "fuzz/shrink_edits.h"

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

/* So that most random cases have fewer tokens than the best one. */
static assay_fuzz_bounds bounds_below(const shrinker *s, int64_t tokens) {
    assay_fuzz_bounds bounds = *s->options->bounds;
    bounds.dtype = s->best->dtype;
    if (bounds.tokens >= tokens) bounds.tokens = tokens - 1;
    if (bounds.window > tokens + 1) bounds.window = tokens + 1;
    if (bounds.steps > tokens + 1) bounds.steps = tokens + 1;
    return bounds;
}

static assay_status make_random(const shrinker *s, assay_case *out, uint64_t index, const assay_fuzz_bounds *bounds) {
    uint64_t seed = (uint64_t)assay_fuzz_case_tokens(s->best);
    return index % 2 ? assay_fuzz_case_random_calls(out, s->best, seed, index, bounds, s->err)
                     : assay_fuzz_case_random(out, seed, index, bounds, s->err);
}

static assay_status search_below(shrinker *s, bool *helped) {
    int64_t tokens = assay_fuzz_case_tokens(s->best);
    assay_fuzz_bounds bounds = bounds_below(s, tokens);
    *helped = false;
    if (tokens < 2) return ASSAY_OK;
    for (uint64_t i = 0, tried = 0; !*helped && tried < s->options->searched && may_go_on(s); i++) {
        if (i > 20 * s->options->searched) break; /* hardly any is that small */
        assay_case candidate;
        assay_status st = make_random(s, &candidate, i, &bounds);
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
