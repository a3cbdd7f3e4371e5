#include <criterion/criterion.h>
#include <string.h>

#include "compare/baseline.h"
#include "compare/compare.h"
#include "compare/source_file.h"
#include "golden/golden_file.h"
#include "run/load_model.h"
#include "run/trace.h"

#define GOLDEN "golden/data/windows-3-all.h5"

/* Runs the golden's case with one weight matrix scaled. */
static assay_result run_scaled(const char *weight, float factor) {
    assay_golden g = {0};
    assay_loaded_model m = {0};
    assay_source golden = {0};
    assay_trace engine = {0};
    assay_result result = {0};
    assay_case_result one = {0};
    assay_error err = {0};
    cr_assert_eq(assay_golden_open(&g, GOLDEN, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(assay_load_golden_model(&m, &g, NULL, ASSAY_F32, &err), ASSAY_OK, "%s", err.message);
    const assay_tensor *w = assay_tensor_map_get(m.weights, weight);
    cr_assert_not_null(w);
    float *data = (float *)w->data;
    for (int64_t i = 0; i < assay_tensor_count(w); i++) data[i] *= factor;
    cr_assert_eq(assay_source_of_file(&golden, &g, GOLDEN, &err), ASSAY_OK);
    const assay_trace_options trace = {.test_case = &g.test_case, .kept = &golden};
    cr_assert_eq(assay_trace_run(&engine, &m, &trace, &err), ASSAY_OK, "%s", err.message);
    const assay_compare_options options = {.name = g.test_case.name, .require_all = true};
    cr_assert_eq(assay_compare(&one, &golden, &engine.source, &options, &err), ASSAY_OK);
    cr_assert_eq(assay_result_add_case(&result, &one, &err), ASSAY_OK);
    assay_trace_free(&engine);
    assay_source_close(&golden);
    assay_loaded_model_free(&m);
    assay_golden_close(&g);
    return result;
}

static assay_baseline accepted(const assay_result *r) {
    assay_baseline b;
    size_t left_out;
    cr_assert_eq(assay_baseline_of(&b, r, &left_out, NULL), ASSAY_OK);
    cr_assert_eq(left_out, 0);
    return b;
}

/* docs/baselines.md has the factors at which other weights show. */
Test(baseline_run, a_mistake_inside_the_tolerance_is_drift) {
    static const char weight[] = "model.layers.0.self_attn.q_proj.weight";
    assay_result plain = run_scaled(weight, 1), wrong = run_scaled(weight, 1 + 1e-6f);
    assay_baseline b = accepted(&plain);
    cr_assert(assay_result_passed(&plain) && assay_result_passed(&wrong), "both are inside the tolerance");
    cr_assert_eq(assay_baseline_hold(&wrong, &b, "b.json", true, NULL), ASSAY_OK);
    cr_assert_not(assay_result_passed(&wrong));
    cr_assert_gt(wrong.drifts.count, 0);
    const assay_drift *first = &wrong.drifts.items[0];
    cr_assert_eq(first->kind, ASSAY_DRIFT_MOVED);
    cr_assert_str_eq(first->test_case, "windows-3-all");
    cr_assert_str_eq(strrchr(first->path, '/'), "/self_attn.q_proj", "%s", first->path);
    cr_assert_gt(first->now, first->limit);
    cr_assert_eq(assay_baseline_hold(&plain, &b, "b.json", true, NULL), ASSAY_OK);
    cr_assert_eq(plain.drifts.count, 0);
    assay_baseline_free(&b);
    assay_result_free(&plain);
    assay_result_free(&wrong);
}

Test(baseline_run, rounding_is_no_drift) {
    static const char weight[] = "model.layers.0.self_attn.q_proj.weight";
    assay_result plain = run_scaled(weight, 1), rounded = run_scaled(weight, 1 + 0x1p-23f);
    assay_baseline b = accepted(&plain);
    cr_assert_eq(assay_baseline_hold(&rounded, &b, "b.json", true, NULL), ASSAY_OK);
    cr_assert_eq(rounded.drifts.count, 0, "%s", rounded.drifts.count ? rounded.drifts.items[0].path : "");
    assay_baseline_free(&b);
    assay_result_free(&plain);
    assay_result_free(&rounded);
}
