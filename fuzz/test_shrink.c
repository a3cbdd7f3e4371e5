#include "fuzz/shrink.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/case_edit.h"
#include "fuzz/case_lengths.h"
#include "fuzz/case_text.h"

/* A stand-in for a subject: a case fails when some call of more than C tokens falls on a cache that it fills to W exactly. */
static assay_status fails_at_full_cache(void *context, assay_case *c, bool *fails, assay_error *err) {
    (void)err;
    assay_fuzz_lengths lengths = {0};
    *fails = false;
    for (size_t i = 0; i < c->step_count; i++) {
        int64_t cached = c->steps[i].past_keep ? lengths.cached : 0, t = assay_fuzz_step_tokens(&c->steps[i]);
        bool full = cached > 0 && cached + t == c->config.max_position_embeddings;
        *fails = *fails || (full && t > assay_fuzz_step_context(&c->config, &c->steps[i]));
        assay_fuzz_lengths_step(&lengths, &c->config, &c->steps[i]);
    }
    ++*(size_t *)context;
    return ASSAY_OK;
}

static assay_case find_failing(uint64_t from) {
    for (uint64_t i = from;; i++) {
        assay_case c;
        bool fails;
        size_t calls = 0;
        cr_assert_eq(assay_fuzz_case_random(&c, 5, i, &assay_fuzz_bounds_default, NULL), ASSAY_OK);
        cr_assert_eq(fails_at_full_cache(&calls, &c, &fails, NULL), ASSAY_OK);
        if (fails) return c;
        assay_case_free(&c);
    }
}

/* One cached token and two new ones with C = 1 and W = 3, on the smallest model: nothing smaller fails. */
Test(shrink, comes_to_the_smallest_case) {
    for (uint64_t start = 0; start < 200; start += 50) {
        assay_case c = find_failing(start);
        size_t calls = 0, checks;
        assay_shrink_options options = {.context = &calls,
                                        .check = fails_at_full_cache,
                                        .bounds = &assay_fuzz_bounds_tiny,
                                        .most_checks = 5000,
                                        .searched = 200};
        cr_assert_eq(assay_fuzz_shrink(&c, &options, &checks, NULL), ASSAY_OK);
        cr_expect_eq(calls, checks);
        cr_expect_eq(assay_fuzz_case_tokens(&c), 3);
        cr_expect_eq(c.step_count, 2);
        cr_expect(c.config.max_position_embeddings == 3 && c.config.num_hidden_layers == 1 &&
                  c.config.hidden_size == 2);
        cr_expect(c.config.intermediate_size == 1 && c.config.vocab_size == 1 && c.weights_seed == 0);
        cr_expect_not(c.steps[0].attention_mask.data || c.steps[1].position_ids.data || c.steps[1].labels.data);
        assay_case_free(&c);
    }
}

Test(shrink, the_same_case_shrinks_to_the_same) {
    char *text[2];
    for (int k = 0; k < 2; k++) {
        assay_case c = find_failing(7);
        size_t calls = 0;
        assay_shrink_options options = {
            .context = &calls, .check = fails_at_full_cache, .bounds = &assay_fuzz_bounds_tiny, .most_checks = 150};
        cr_assert_eq(assay_fuzz_shrink(&c, &options, NULL, NULL), ASSAY_OK);
        cr_expect_leq(calls, 150);
        cr_assert_eq(assay_fuzz_case_text(&text[k], &c, NULL), ASSAY_OK);
        assay_case_free(&c);
    }
    cr_expect_str_eq(text[0], text[1]);
    free(text[0]);
    free(text[1]);
}

static assay_status breaks(void *context, assay_case *c, bool *fails, assay_error *err) {
    (void)context, (void)c, (void)fails;
    return assay_fail(err, ASSAY_EINTERNAL, NULL, "the subject broke");
}

Test(shrink, an_error_ends_it) {
    assay_case c = find_failing(0);
    assay_error err;
    assay_shrink_options options = {.check = breaks, .bounds = &assay_fuzz_bounds_tiny, .most_checks = 10};
    cr_expect_eq(assay_fuzz_shrink(&c, &options, NULL, &err), ASSAY_EINTERNAL);
    cr_expect_str_eq(err.message, "the subject broke");
    assay_case_free(&c);
}
