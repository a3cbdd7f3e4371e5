/*
 * Every known mistake that shows in results, made by the engine as if it were a port, is found by random cases, and shrunk to the fewest
 * tokens that its rule allows. The table says how many these are and why; that no case has fewer is tried with random cases as well.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "engine/variants.h"
#include "fuzz/case_bytes.h"
#include "fuzz/case_edit.h"
#include "fuzz/check.h"
#include "fuzz/public_trace.h"
#include "fuzz/shrink.h"
#include "run/own_floors.h"

#if defined(__SANITIZE_ADDRESS__)
enum { every = 8, cases_below = 150 }; /* slow: a part of the table */
#else
enum { every = 1, cases_below = 1500 };
#endif

/* Mistakes whose smallest case is clear from the rule. All tokens of a case count. */
static const struct {
    const char *mistake;
    int64_t tokens;
    const char *why;
} smallest[] = {
    {"split-above-window", 2, "more than C = 1 tokens, and no more than W"},
    {"final-window-of-w", 2, "one token before the last C = 1"},
    {"final-window-is-remainder", 2, "likewise"},
    {"short-window-first", 4, "W + 1 tokens with W = 2 before the last one: windows of two lengths"},
    {"prefix-windows-cached", 2, "a prefix, and a last window"},
    {"context-limited-to-window", 2, "T = C = 2 > W = 1"},
    {"no-split-without-memory-layers", 2, "a prefix that is lost, and a last window"},
    {"mask-nonzero-keeps", 1, "one entry that is neither 0 nor 1"},
    {"mask-ignored", 1, "one pad that goes to memory"},
    {"pads-remembered", 2, "a pad in the cache, and a call without a mask"},
    {"flip-at-window", 2, "cached + new = W = 2"},
    {"flip-overflow-only", 3, "two cached, of which one is more than W = 2 allows with one new"},
    {"flip-discards", 2, "one is dropped by one"},
    {"flip-on-memory-layers-only", 2, "likewise"},
    {"relative-positions-stored", 1, "a position that is not 0"},
    {"memory-lost-between-calls", 2, "one remembered, one more call"},
    {"memory-not-reordered", 2, "two rows"},
    {"positions-from-zero-each-call", 2, "one cached, one new"},
    {"positions-after-memory", 2, "one remembered, one new"},
    {"positions-absolute", 2, "a key in memory, and a query whose position is not 0"},
    {"positions-from-first-key", 3, "two local keys, the second at the smaller position, and a key in memory"},
    {"position-one-after-flip", 2, "one dropped, one new"},
    {"positions-reset-per-window", 1, "a position that is not 0"},
    {"queries-from-first-positions", 2, "one cached, one new"},
    {"queries-at-position-0", 2, "a query at position 1, and a key at 0"},
    {"rotary-interleaved", 2, "likewise"},
    {"rotary-exponent-halved", 2, "likewise"},
    {"rotary-backwards", 2, "likewise"},
    {"cached-keys-rotated", 2, "two cached: the second key is not at position 0"},
    {"theta-1e4", 2, "a query at position 1, and a key at 0"},
    {"memory-keys-at-position-ids", 1, "a key whose position id is not 0"},
    {"memory-keys-at-relative-positions", 2, "a key that is not the first of its window"},
    {"memory-queries-at-position-0", 3, "a key in memory, and a query that is not the first of its window"},
    {"own-window-in-memory", 1, "a prefix window or a call without cache: one key, seen twice, beside itself masked"},
    {"memory-causal", 3, "two keys in memory, of which the first query sees one"},
    {"memory-causal-aligned", 3, "one in memory, two queries"},
    {"memory-mask-missing", 1, "a pad that goes to memory"},
    {"memory-mask-of-first-query", 2, "a key that the first query does not see"},
    {"memory-not-cast", 1, "one key in a half type"},
    {"memory-truncated", 1, "likewise"},
    {"two-softmaxes-added", 2, "a local key, and one in memory"},
    {"two-softmaxes-averaged", 2, "likewise"},
    {"prompt-cut-on-memory", 4, "one in memory, a prompt of two, one new"},
    {"uncached-step-of-one-token", 3, "a prompt of one, and the second of two new tokens"},
    {"scale-missing", 2, "two keys for one query"},
    {"causal-mask-missing", 2, "a later key"},
    {"causal-mask-one-ahead", 2, "likewise"},
    {"masked-rows-zero", 1, "one hidden key"},
    {"loss-over-all", 2, "one label that counts"},
    {"pooled-at-last-column", 2, "a token that is not the last"},
    {"head-always-tied", 1, "any token"},
    {"embeddings-scaled", 1, "any token"},
};
enum { smallest_count = sizeof smallest / sizeof *smallest };

static const assay_variant *variant(size_t i) {
    const assay_variant *v = assay_variant_find(smallest[i].mistake);
    cr_assert(v, "no mistake %s", smallest[i].mistake);
    return v;
}

/* PREC-2: only half precision shows it. */
static bool is_about_half(const assay_variant *v) { return strcmp(v->name, "rotary-frequencies-cast") == 0; }

static assay_status differs(void *context, assay_case *c, bool *fails, assay_error *err) {
    const assay_fuzz_subject *subject = context;
    assay_fuzz_verdict v;
    assay_status st = assay_fuzz_check(&v, c, subject, err);
    if (st) return st;
    cr_assert_neq(v.outcome, ASSAY_FUZZ_ENGINE, "%s", v.message);
    *fails = v.outcome == ASSAY_FUZZ_MISMATCH;
    assay_fuzz_verdict_release(&v, subject);
    return ASSAY_OK;
}

/* The first of the random cases that shows it; false where none of `most` does. */
static bool find(assay_fuzz_subject *subject, assay_case *out, uint64_t most, assay_dtype dtype) {
    assay_fuzz_bounds bounds = assay_fuzz_bounds_tiny;
    bounds.dtype = dtype;
    for (uint64_t i = 0; i < most; i++) {
        bool fails;
        cr_assert_eq(assay_fuzz_case_random(out, 7, i, &bounds, NULL), ASSAY_OK);
        cr_assert_eq(differs(subject, out, &fails, NULL), ASSAY_OK);
        if (fails) return true;
        assay_case_free(out);
    }
    return false;
}

Test(mistakes, every_one_that_shows_in_results_is_found) {
    size_t tried = 0;
    for (size_t i = 0; i < assay_variant_count(); i += every) {
        const assay_variant *v = assay_variant_at(i);
        assay_fuzz_subject subject;
        assay_case c;
        if (v->visibility != ASSAY_SHOWS_IN_RESULTS) continue;
        cr_assert_eq(assay_fuzz_subject_engine(&subject, v->name, NULL), ASSAY_OK);
        bool found = find(&subject, &c, 1500, is_about_half(v) ? ASSAY_BF16 : ASSAY_F32);
        cr_expect(found, "%s", v->name);
        if (found) assay_case_free(&c);
        assay_fuzz_subject_end(&subject);
        tried++;
    }
    cr_expect_geq(tried, 85 / every);
}

Test(mistakes, each_shrinks_to_the_fewest_tokens_that_its_rule_allows) {
    for (size_t i = 0; i < smallest_count; i += every) {
        assay_fuzz_subject subject;
        assay_case c;
        cr_assert_eq(assay_fuzz_subject_engine(&subject, smallest[i].mistake, NULL), ASSAY_OK);
        cr_assert(find(&subject, &c, 1500, ASSAY_F32), "%s", smallest[i].mistake);
        assay_shrink_options options = {.context = &subject,
                                        .check = differs,
                                        .bounds = &assay_fuzz_bounds_tiny,
                                        .most_checks = 2000,
                                        .searched = 200};
        cr_assert_eq(assay_fuzz_shrink(&c, &options, NULL, NULL), ASSAY_OK);
        cr_expect_eq(assay_fuzz_case_tokens(&c), smallest[i].tokens, "%s: %d tokens, but %s", smallest[i].mistake,
                     (int)assay_fuzz_case_tokens(&c), smallest[i].why);
        assay_case_free(&c);
        assay_fuzz_subject_end(&subject);
    }
}

/* ---- no fewer ---- */

static bool is_same(const assay_source *right, const assay_trace *other) {
    assay_case_result r;
    const assay_compare_options options = {.name = "", .require_all = true};
    cr_assert_eq(assay_compare(&r, right, &other->source, &options, NULL), ASSAY_OK);
    bool same = r.verdict == ASSAY_CASE_PASS;
    assay_case_result_free(&r);
    return same;
}

/* No mistake whose smallest case has more tokens shows in this one. A case that is refused on one side is another matter: whether a call must be
 * refused may show before what it computes does. */
static size_t try_below(const assay_case *c) {
    assay_loaded_model m;
    assay_trace right;
    assay_source source;
    size_t tried = 0;
    cr_assert_eq(assay_load_case_model(&m, c, NULL, ASSAY_F32, NULL), ASSAY_OK);
    cr_assert_eq(assay_fuzz_trace(&right, &m, c, NULL, NULL), ASSAY_OK);
    cr_assert_eq(assay_own_floors_begin(&source, &right.source, NULL), ASSAY_OK);
    for (size_t i = 0; i < smallest_count; i++) {
        if (smallest[i].tokens <= assay_fuzz_case_tokens(c)) continue;
        assay_semantics semantics = {0};
        assay_trace other;
        assay_variant_apply(variant(i), &semantics);
        cr_assert_eq(assay_fuzz_trace(&other, &m, c, &semantics, NULL), ASSAY_OK);
        bool refused = false;
        for (size_t k = 0; k < other.step_count; k++)
            refused = refused || other.steps[k].refused || right.steps[k].refused;
        if (!refused)
            cr_expect(is_same(&source, &other), "%s shows with %d tokens", smallest[i].mistake,
                      (int)assay_fuzz_case_tokens(c));
        assay_trace_free(&other);
        tried += !refused;
    }
    assay_own_floors_end(&source);
    assay_trace_free(&right);
    assay_loaded_model_free(&m);
    return tried;
}

Test(mistakes, no_case_with_fewer_tokens_shows_them) {
    assay_fuzz_bounds bounds = assay_fuzz_bounds_tiny;
    size_t tried = 0;
    bounds.tokens = 3;
    bounds.window = 4;
    for (uint64_t i = 0, small = 0; small < cases_below; i++) {
        assay_case c;
        cr_assert_eq(assay_fuzz_case_random(&c, 9, i, &bounds, NULL), ASSAY_OK);
        if (assay_fuzz_case_tokens(&c) < 4) {
            small++;
            tried += try_below(&c);
        }
        assay_case_free(&c);
    }
    cr_expect_gt(tried, 5 * cases_below, "%zu", tried);
}
