/*
 * A result with one of everything, for the tests of the report writers.
 */
#ifndef ASSAY_REPORTS_REPORT_FIXTURE_H
#define ASSAY_REPORTS_REPORT_FIXTURE_H

#include <criterion/criterion.h>

#include "compare/compare_fixture.h"
#include "compare/result.h"

#define REPORT_NORM "steps/0/windows/0/norm"

/* A case that passes, one that fails in every way, one that could not be compared; a fact. */
static inline assay_result report_fixture(void) {
    assay_result r = {0};
    for (int failing = 0; failing < 2; failing++) {
        fixture g = fixture_new("golden.h5", true), c = fixture_new("port.h5", false);
        fixture_put_f32(&g, REPORT_NORM, 3, (int64_t[]){1, 2, 1}, (float[]){3, 4});
        fixture_put_f32(&c, REPORT_NORM, 3, (int64_t[]){1, 2, 1}, (float[]){3, failing ? 4.5f : 4});
        fixture_put_f32(&g, "steps/0/logits", 3, (int64_t[]){1, 1, 2}, (float[]){1, 2});
        fixture_put_f32(&c, "steps/0/logits", 3, (int64_t[]){1, 1, 2}, (float[]){1, failing ? NAN : 2});
        if (failing) {
            fixture_put_f32(&g, "steps/0/loss", 0, NULL, (float[]){1});
            fixture_put_f32(&c, "steps/0/past/0/key", 4, (int64_t[]){1, 1, 1, 1}, (float[]){1});
            fixture_put_f32(&c, "steps/0/stray\n", 0, NULL, (float[]){1});
            fixture_put_i64(&g, "steps/1/schedule", 2, (int64_t[]){1, 2}, (int64_t[]){0, 9});
            fixture_put_i64(&c, "steps/1/schedule", 2, (int64_t[]){2, 2}, (int64_t[]){0, 8, 8, 9});
            fixture_put_f32(&g, "steps/1/logits", 3, (int64_t[]){1, 1, 2}, (float[]){1, 2});
            fixture_refuse(&g, 2, "POS-3", "a gap");
            fixture_refuse(&c, 2, "POS-3", "a gap");
        }
        fixture_open(&g), fixture_open(&c);
        fixture_set_floor(&g, REPORT_NORM, 0.01);
        assay_case_result one = compare_fixtures(&g, &c, NULL, false);
        free(one.name);
        one.name = strdup(failing ? "überall-falsch" : "right");
        cr_assert_eq(assay_result_add_case(&r, &one, NULL), ASSAY_OK);
        fixture_free(&g);
        fixture_free(&c);
    }
    assay_error why = {0};
    assay_case_result broken;
    assay_fail(&why, ASSAY_EINPUT, NULL, "broken.h5 is truncated");
    cr_assert_eq(assay_case_result_error(&broken, "broken", "broken.h5", &why, NULL), ASSAY_OK);
    cr_assert_eq(assay_result_add_case(&r, &broken, NULL), ASSAY_OK);
    cr_assert_eq(assay_result_set_fact(&r, "blas_kernel", "Haswell", NULL), ASSAY_OK);
    return r;
}

/* Holds the result against a baseline: one measure moved, one stage is new. */
static inline void report_fixture_drift(assay_result *r) {
    assay_drift moved = {"right", REPORT_NORM, ASSAY_DRIFT_MOVED, ASSAY_MEASURE_RMS, 0.5, INFINITY, 1.25};
    assay_drift fresh = {"right", "", ASSAY_DRIFT_NEW, ASSAY_MEASURE_PLACES, 0, 2, 0};
    r->drifts.baseline = strdup("baseline|.json");
    cr_assert_eq(assay_drifts_add(&r->drifts, &fresh, NULL), ASSAY_OK);
    cr_assert_eq(assay_drifts_add(&r->drifts, &moved, NULL), ASSAY_OK);
}

#endif
