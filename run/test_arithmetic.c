/* Candidates that compute in half precision or with weights of their own, and what they are held to. */
#include "run/arithmetic.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/atomic_folder.h"
#include "golden/safetensors_writer.h"
#include "run/run_fixture.h"

static run_fixture f;
static assay_loaded_model other;
static assay_case_result result;
static assay_error why;

static void stop(void) {
    assay_case_result_free(&result);
    run_fixture_close(&f);
    assay_loaded_model_free(&other);
}
TestSuite(arithmetic, .fini = stop);

/* Runs a shipped case in `dtype`, with mistakes ("": none): f.trace is the candidate. */
static void candidate(const char *name, assay_dtype dtype, const char *mistakes) {
    f = run_fixture_open(name);
    if (dtype != f.model.dtype) {
        assay_loaded_model_free(&f.model);
        cr_assert_eq(assay_load_golden_model(&f.model, &f.golden, NULL, dtype, NULL), ASSAY_OK);
    }
    run_fixture_golden(&f);
    run_fixture_run(&f, mistakes);
}

static assay_status hold(const assay_arithmetic *asked) {
    const assay_compare_options options = {.name = "case"};
    assay_case_result_free(&result);
    result = (assay_case_result){0};
    return assay_compare_arithmetic(&result, &f.golden, &f.source, &f.trace.source, asked, &options, &why);
}

static void expect(assay_case_verdict verdict) {
    cr_assert_eq(hold(&(assay_arithmetic){0}), ASSAY_OK, "%s", why.message);
    cr_expect_eq(result.verdict, verdict);
}

Test(arithmetic, a_half_run_matches_in_its_arithmetic) {
    static const assay_dtype halves[] = {ASSAY_BF16, ASSAY_F16};
    for (int i = 0; i < 2; i++) {
        candidate("windows-3-all", halves[i], "");
        expect(ASSAY_CASE_PASS);
        cr_expect(result.is_half && result.is_as_good);
        cr_expect_eq(result.arithmetic, halves[i]);
        cr_expect_float_eq(result.goodness, 1, 0.05);
        cr_expect_gt(result.goodness_count, 50);
        cr_expect(strstr(result.reference, assay_dtype_name(halves[i])), "%s", result.reference);
        run_fixture_close(&f);
    }
    f = (run_fixture){0};
}

/* The floors are those of float32 where the candidate says so. */
Test(arithmetic, a_float32_candidate_is_never_given_half_floors) {
    candidate("windows-3-all", ASSAY_F32, "softmax-in-bf16");
    expect(ASSAY_CASE_FAIL);
    cr_expect_not(result.is_half);
    cr_expect_str_eq(result.reference, "");
    cr_expect_eq(hold(&(assay_arithmetic){.has_dtype = true, .dtype = ASSAY_BF16}), ASSAY_EINPUT);
    cr_expect(strstr(why.message, "--dtype bfloat16"), "%s", why.message);
    f.trace.source.info.has_dtype = false; /* its values are no bfloat16 numbers */
    expect(ASSAY_CASE_FAIL);
    cr_expect_not(result.is_half);
}

Test(arithmetic, a_half_run_is_recognised_by_its_values) {
    candidate("windows-3-all", ASSAY_F16, "");
    f.trace.source.info.has_dtype = false;
    assay_dtype found;
    cr_assert_eq(assay_detect_dtype(&found, &f.trace.source, NULL), ASSAY_OK);
    cr_expect_eq(found, ASSAY_F16);
    expect(ASSAY_CASE_PASS);
    cr_expect_eq(result.arithmetic, ASSAY_F16);
    f.trace.source.info.weights_xxh128 = ""; /* of the weights after their cast */
    cr_assert_eq(hold(&(assay_arithmetic){.has_dtype = true, .dtype = ASSAY_F32}), ASSAY_OK);
    cr_expect_eq(result.verdict, ASSAY_CASE_FAIL, "as a float32 run it is none");
}

Test(arithmetic, few_numbers_show_nothing) {
    candidate("windows-3-all", ASSAY_BF16, "");
    assay_source few = f.trace.source;
    few.item_count = 0;
    assay_dtype found;
    cr_assert_eq(assay_detect_dtype(&found, &few, NULL), ASSAY_OK);
    cr_expect_eq(found, ASSAY_F32);
}

Test(arithmetic, a_mistake_shows_in_half_precision) {
    candidate("windows-3-all", ASSAY_BF16, "memory-keys-at-position-ids");
    expect(ASSAY_CASE_FAIL);
    cr_expect(result.is_half && !result.is_as_good);
}

/* Within the floors, and yet farther from exact results than its arithmetic has to be. */
Test(arithmetic, a_worse_run_is_not_as_good) {
    candidate("windows-3-all", ASSAY_BF16, "");
    assay_tensor *logits = (assay_tensor *)(uintptr_t)assay_tensor_map_get(f.trace.tensors, "steps/0/logits");
    uint16_t *bits = logits->data;
    for (int64_t i = 0; i < assay_tensor_count(logits); i++) bits[i] = (uint16_t)(bits[i] + 5); /* units */
    run_fixture_pick(&f, "steps/0/logits");
    const assay_compare_options options = {.name = "case"};
    cr_assert_eq(
        assay_compare_arithmetic(&result, &f.golden, &f.source, &f.dump, &(assay_arithmetic){0}, &options, &why),
        ASSAY_OK);
    cr_expect_eq(result.verdict, ASSAY_CASE_PASS);
    cr_expect_not(result.is_as_good, "%g", result.goodness);
}

Test(arithmetic, a_golden_in_half_precision_is_the_reference_itself) {
    candidate("half-bf16-windows", ASSAY_BF16, "");
    expect(ASSAY_CASE_PASS);
    cr_expect(result.is_half && result.is_as_good);
    cr_expect(strstr(result.reference, "original's own"), "%s", result.reference);
    cr_expect_eq(result.goodness_count, 2, "logits and loss, which it has in float64");
    f.trace.source.info.dtype = ASSAY_F16;
    cr_expect_eq(hold(&(assay_arithmetic){0}), ASSAY_EINPUT);
}

Test(arithmetic, other_tokens_are_excused_where_the_engine_chooses_them_too) {
    candidate("generate", ASSAY_F16, "");
    expect(ASSAY_CASE_PASS);
}

/* ---- weights of its own ---- */

static char folder[] = "/tmp/assay-arithmetic-XXXXXX";

/* A folder of the golden's weights, rounded to bfloat16. */
static void write_weights(void) {
    char path[64];
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    cr_assert_eq(assay_load_golden_model(&other, &f.golden, NULL, ASSAY_BF16, NULL), ASSAY_OK);
    cr_assert_eq(assay_safetensors_write(path, other.weights, NULL, 0, NULL), ASSAY_OK);
    assay_loaded_model_free(&other);
}

static void remove_weights(void) {
    char path[64];
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    unlink(path);
    rmdir(folder);
}

Test(arithmetic, rounded_weights_are_judged_as_they_are) {
    candidate("windows-3-all", ASSAY_F32, "");
    write_weights();
    assay_loaded_model_free(&f.model);
    cr_assert_eq(assay_load_other_weights(&f.model, &f.golden, folder, ASSAY_F32, &why), ASSAY_OK, "%s", why.message);
    run_fixture_run(&f, "");
    f.trace.source.info.weights_xxh128 = "";
    expect(ASSAY_CASE_FAIL);
    cr_assert_eq(hold(&(assay_arithmetic){.weights_dir = folder}), ASSAY_OK, "%s", why.message);
    cr_expect_eq(result.verdict, ASSAY_CASE_PASS);
    cr_expect(strstr(result.reference, "given weights"), "%s", result.reference);
    run_fixture_run(&f, "cos-sin-in-bf16");
    cr_assert_eq(hold(&(assay_arithmetic){.weights_dir = folder}), ASSAY_OK, "%s", why.message);
    cr_expect_eq(result.verdict, ASSAY_CASE_FAIL, "its floors are those of float32");
    remove_weights();
    cr_expect_eq(hold(&(assay_arithmetic){.weights_dir = folder}), ASSAY_EINPUT);
}
