/* Bytes to case, case to text, and back. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "fuzz/case_bytes.h"
#include "fuzz/case_copy.h"
#include "fuzz/case_lengths.h"
#include "fuzz/case_text.h"
#include "golden/hf_config.h"

static char *text_of(const assay_case *c) {
    char *text;
    assay_error err;
    cr_assert_eq(assay_fuzz_case_text(&text, c, &err), ASSAY_OK, "%s", err.message);
    return text;
}

static assay_case random_case(uint64_t index) {
    assay_case c;
    assay_error err;
    const assay_fuzz_bounds *bounds = index % 2 ? &assay_fuzz_bounds_default : &assay_fuzz_bounds_tiny;
    cr_assert_eq(assay_fuzz_case_random(&c, 1, index, bounds, &err), ASSAY_OK, "%s", err.message);
    return c;
}

static void check_same_config(const assay_config *a, const assay_config *b) {
    char *x = assay_config_canonical(a), *y = assay_config_canonical(b);
    cr_assert_str_eq(x, y);
    free(x);
    free(y);
}

Test(case_bytes, a_text_reads_back_as_the_same_case) {
    for (uint64_t i = 0; i < 2000; i++) {
        assay_case c = random_case(i), copy;
        assay_error err;
        cr_assert_eq(assay_fuzz_case_copy(&copy, &c, &err), ASSAY_OK);
        char *before = text_of(&copy);
        cr_assert_eq(assay_fuzz_case_settle(&copy, &err), ASSAY_OK, "case %d: %s\n%s", (int)i, err.message, before);
        char *after = text_of(&copy);
        cr_assert_str_eq(before, after);
        cr_assert_str_eq(copy.text, after);
        check_same_config(&copy.config, &c.config);
        cr_assert_eq(copy.weights_seed, c.weights_seed);
        cr_assert_eq(copy.step_count, c.step_count);
        free(before);
        free(after);
        assay_case_free(&copy);
        assay_case_free(&c);
    }
}

/* Whatever the bytes, and however few: a case whose model can be built. */
Test(case_bytes, any_bytes_are_a_case) {
    for (uint64_t i = 0; i < 2000; i++) {
        uint8_t bytes[64];
        for (size_t n = 0; n < sizeof bytes; n++) bytes[n] = (uint8_t)assay_random_at(i, n);
        assay_case c;
        assay_error err;
        cr_assert_eq(assay_fuzz_case_decode(&c, bytes, i % 65, &assay_fuzz_bounds_default, &err), ASSAY_OK);
        cr_assert_eq(assay_config_check(&c.config, &err), ASSAY_OK, "%s", err.message);
        cr_assert_geq(c.step_count, 1);
        assay_case_free(&c);
    }
}

Test(case_bytes, the_same_seed_makes_the_same_cases) {
    for (uint64_t i = 0; i < 50; i++) {
        assay_case a = random_case(i), b = random_case(i), other = random_case(i + 2);
        char *x = text_of(&a), *y = text_of(&b), *z = text_of(&other);
        cr_assert_str_eq(x, y);
        cr_assert_neq(strcmp(x, z), 0);
        free(x);
        free(y);
        free(z);
        assay_case_free(&a);
        assay_case_free(&b);
        assay_case_free(&other);
    }
}

/* The boundaries that cases are there for do occur: lengths around C, W and kW + C, on caches of 0, 1, W - 1 and W. */
Test(case_bytes, lengths_lean_to_the_boundaries) {
    int hits[8] = {0}, caches[4] = {0}, flips = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        assay_case c = random_case(i);
        assay_fuzz_lengths lengths = {0};
        for (size_t n = 0; n < c.step_count; n++) {
            const assay_step *s = &c.steps[n];
            int64_t w = c.config.max_position_embeddings, context = assay_fuzz_step_context(&c.config, s);
            int64_t t = assay_fuzz_step_tokens(s), cached = s->past_keep ? lengths.cached : 0;
            const int64_t lengths_of[] = {1, context - 1, context, context + 1, w - 1, w, w + 1, w + context + 1};
            for (int k = 0; k < 8; k++) hits[k] += t == lengths_of[k];
            const int64_t caches_of[] = {0, 1, w - 1, w};
            for (int k = 0; k < 4; k++) caches[k] += cached == caches_of[k];
            flips += cached > 0 && cached + t == w + 1;
            assay_fuzz_lengths_step(&lengths, &c.config, s);
        }
        assay_case_free(&c);
    }
    for (int k = 0; k < 8; k++) cr_assert_gt(hits[k], 200, "length %d: %d", k, hits[k]);
    for (int k = 0; k < 4; k++) cr_assert_gt(caches[k], 100, "cache %d: %d", k, caches[k]);
    cr_assert_gt(flips, 200, "%d", flips);
}
