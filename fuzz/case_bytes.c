#include "fuzz/case_bytes.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "fuzz/case_config_bytes.h"
#include "fuzz/case_step_bytes.h"

const assay_fuzz_bounds assay_fuzz_bounds_default = {.layers = 4,
                                                     .heads = 4,
                                                     .head_dim = 16,
                                                     .intermediate = 32,
                                                     .vocab = 64,
                                                     .window = 16,
                                                     .batch = 3,
                                                     .tokens = 70,
                                                     .steps = 5,
                                                     .refusals = true,
                                                     .dtype = ASSAY_F32};

const assay_fuzz_bounds assay_fuzz_bounds_tiny = {.layers = 2,
                                                  .heads = 2,
                                                  .head_dim = 4,
                                                  .intermediate = 8,
                                                  .vocab = 11,
                                                  .window = 5,
                                                  .batch = 2,
                                                  .tokens = 14,
                                                  .steps = 3,
                                                  .refusals = true,
                                                  .dtype = ASSAY_F32};

static assay_status choose_steps(assay_case *c, assay_choices *choices, const assay_fuzz_bounds *bounds,
                                 assay_error *err) {
    size_t count = (size_t)assay_choose(choices, 1, bounds->steps);
    c->steps = calloc(count, sizeof *c->steps);
    if (!c->steps) return assay_fail_nomem(err, "the steps of a case");
    assay_fuzz_step_maker maker = {.choices = choices, .bounds = bounds, .config = &c->config};
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < count; i++) {
        st = assay_fuzz_step_choose(&maker, &c->steps[i], err);
        c->step_count++; /* a step that failed is freed with the case */
    }
    return st;
}

/* Without a name when out of memory. */
static assay_case empty_case(assay_dtype dtype) {
    return (assay_case){.name = strdup("fuzz"), .has_config = true, .has_weights = true, .dtype = dtype};
}

assay_status assay_fuzz_case_decode(assay_case *out, const uint8_t *bytes, size_t nbytes,
                                    const assay_fuzz_bounds *bounds, assay_error *err) {
    static const int64_t gains_in_halves[] = {3, 2, 4, 8};
    assay_choices choices = {bytes, nbytes, 0};
    assay_case c = empty_case(bounds->dtype);
    if (!c.name) return assay_fail_nomem(err, "a case's name");
    assay_fuzz_config_choose(&c.config, &choices, bounds);
    c.weights_seed = (uint64_t)assay_choose(&choices, 0, 255);
    c.weights_gain = 0.5 * (double)assay_choose_of(&choices, gains_in_halves, 4);
    assay_status st = choose_steps(&c, &choices, bounds, err);
    if (st) assay_case_free(&c);
    else *out = c;
    return st;
}

static void fill_random(uint8_t bytes[ASSAY_FUZZ_CASE_NBYTES], uint64_t seed, uint64_t index) {
    uint64_t key = assay_random_at(assay_random_key(seed, "assay-fuzz-case/1"), index);
    for (size_t i = 0; i < ASSAY_FUZZ_CASE_NBYTES; i++) bytes[i] = (uint8_t)(assay_random_at(key, i) >> 56);
}

assay_status assay_fuzz_case_random(assay_case *out, uint64_t seed, uint64_t index, const assay_fuzz_bounds *bounds,
                                    assay_error *err) {
    uint8_t bytes[ASSAY_FUZZ_CASE_NBYTES];
    fill_random(bytes, seed, index);
    return assay_fuzz_case_decode(out, bytes, sizeof bytes, bounds, err);
}

assay_status assay_fuzz_case_random_calls(assay_case *out, const assay_case *of, uint64_t seed, uint64_t index,
                                          const assay_fuzz_bounds *bounds, assay_error *err) {
    uint8_t bytes[ASSAY_FUZZ_CASE_NBYTES];
    fill_random(bytes, seed, index);
    assay_choices choices = {bytes, sizeof bytes, 0};
    assay_case c = empty_case(bounds->dtype);
    if (!c.name) return assay_fail_nomem(err, "a case's name");
    c.config = of->config;
    c.weights_seed = of->weights_seed;
    c.weights_gain = of->weights_gain;
    assay_status st = choose_steps(&c, &choices, bounds, err);
    if (st) assay_case_free(&c);
    else *out = c;
    return st;
}
