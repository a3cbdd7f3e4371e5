#include "compare/baseline.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A place that was judged: `times` noise floors away at most, `rms` on the whole. */
static assay_entry entry(const char *path, double times, double rms) {
    assay_entry e = {.verdict = ASSAY_VERDICT_PASS, .has_metrics = true, .has_floor = true};
    cr_assert(assay_place_parse(path, &e.place));
    snprintf(e.path, sizeof e.path, "%s", path);
    e.origin = ASSAY_TOLERANCE_FLOOR;
    e.floor = 0.25;
    e.tolerance = 8 * e.floor;
    e.deviation = e.metrics.max_abs = times * e.floor;
    e.ratio_tolerance = times / 8;
    e.metrics.rms = rms * e.floor;
    e.metrics.count = e.metrics.finite = 100;
    return e;
}

static assay_case_result new_case(const char *name) {
    return (assay_case_result){.name = strdup(name),
                               .golden_name = strdup(""),
                               .candidate_name = strdup(""),
                               .has_dtypes = true,
                               .golden_dtype = ASSAY_F32,
                               .candidate_dtype = ASSAY_F32};
}

static void add(assay_case_result *c, assay_entry e) { cr_assert_eq(assay_case_result_add(c, &e, NULL), ASSAY_OK); }

static void take(assay_result *r, assay_case_result *c) {
    assay_case_result_finish(c);
    cr_assert_eq(assay_result_add_case(r, c, NULL), ASSAY_OK);
}

#define NORM_0 "steps/0/windows/0/norm"
#define NORM_1 "steps/0/windows/1/norm"

/* One case with logits and two norms, of which the second is `times` and `rms` away. */
static assay_result result_of(double times, double rms) {
    assay_result r = {0};
    assay_case_result c = new_case("a");
    add(&c, entry(NORM_0, 0.1, 0.01));
    add(&c, entry(NORM_1, times, rms));
    add(&c, entry("steps/0/logits", 0.5, 0.125));
    take(&r, &c);
    return r;
}

static assay_baseline accept_run(const assay_result *r) {
    assay_baseline b;
    size_t left_out;
    cr_assert_eq(assay_baseline_of(&b, r, &left_out, NULL), ASSAY_OK);
    return b;
}

/* Holds the result against a baseline of `before`, and frees that. */
static void hold(assay_result *now, assay_result before) {
    assay_error err = {0};
    assay_baseline b = accept_run(&before);
    cr_assert_eq(assay_baseline_hold(now, &b, "b.json", true, &err), ASSAY_OK, "%s", err.message);
    assay_baseline_free(&b);
    assay_result_free(&before);
}

static void check(const assay_drift *d, assay_drift_kind kind, assay_drift_measure measure, const char *path) {
    cr_assert_eq(d->kind, kind);
    cr_assert_eq(d->measure, measure);
    cr_assert_str_eq(d->path, path);
    cr_assert_str_eq(d->test_case, "a");
}

Test(baseline, what_stays_within_the_band_is_no_drift) {
    static const double times[][2] = {{1, 0.2}, {2.99, 0.2}, {1, 0.59}, {0.34, 0.2}, {1, 0.067}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assay_result now = result_of(times[i][0], times[i][1]);
        hold(&now, result_of(1, 0.2));
        cr_assert_eq(now.drifts.count, 0, "%zu", i);
        cr_assert(assay_result_passed(&now));
        cr_assert_str_eq(now.drifts.baseline, "b.json");
        assay_result_free(&now);
    }
}

Test(baseline, below_its_unit_a_measure_is_noise) {
    assay_result now = result_of(1.5, 0.375);
    hold(&now, result_of(0, 0));
    cr_assert_eq(now.drifts.count, 0);
    assay_result_free(&now);
    now = result_of(1.51, 0.375);
    hold(&now, result_of(0, 0));
    cr_assert_eq(now.drifts.count, 1);
    assay_result_free(&now);
}

Test(baseline, what_moves_beyond_the_band_fails_inside_the_tolerance) {
    assay_result now = result_of(3.1, 0.2);
    cr_assert(assay_result_passed(&now));
    hold(&now, result_of(1, 0.2));
    cr_assert_eq(now.drifts.count, 1);
    check(&now.drifts.items[0], ASSAY_DRIFT_MOVED, ASSAY_MEASURE_WORST, NORM_1);
    cr_assert_float_eq(now.drifts.items[0].now, 3.1, 1e-9);
    cr_assert_float_eq(now.drifts.items[0].before, 1, 1e-9);
    cr_assert_float_eq(now.drifts.items[0].limit, 3, 1e-9);
    cr_assert_not(assay_result_passed(&now));
    assay_result_free(&now);
}

Test(baseline, of_two_measures_the_one_that_is_farther_counts) {
    assay_result now = result_of(3.1, 2);
    hold(&now, result_of(1, 0.2));
    cr_assert_eq(now.drifts.count, 1);
    check(&now.drifts.items[0], ASSAY_DRIFT_MOVED, ASSAY_MEASURE_RMS, NORM_1);
    assay_result_free(&now);
}

Test(baseline, what_is_better_is_told_and_does_not_fail) {
    assay_result now = result_of(1, 0.2);
    hold(&now, result_of(3.1, 0.2));
    cr_assert_eq(now.drifts.count, 1);
    check(&now.drifts.items[0], ASSAY_DRIFT_BETTER, ASSAY_MEASURE_WORST, NORM_1);
    cr_assert(assay_result_passed(&now));
    assay_result_free(&now);
}

Test(baseline, a_nan_or_a_failure_is_beyond_every_band) {
    assay_result now = result_of(1, 0.2);
    now.cases[0].entries[1].verdict = ASSAY_VERDICT_FAIL;
    now.cases[0].entries[1].metrics.class_mismatches = 1;
    hold(&now, result_of(1, 0.2));
    cr_assert_eq(now.drifts.count, 1);
    check(&now.drifts.items[0], ASSAY_DRIFT_MOVED, ASSAY_MEASURE_WORST, NORM_1);
    cr_assert(isinf(now.drifts.items[0].now));
    assay_baseline b;
    size_t left_out;
    cr_assert_eq(assay_baseline_of(&b, &now, &left_out, NULL), ASSAY_OK);
    cr_assert_eq(left_out, 1, "the norm is not accepted");
    cr_assert_eq(b.cases[0].stages[ASSAY_STAGE_NORM].places, 0);
    cr_assert_eq(b.cases[0].stages[ASSAY_STAGE_LOGITS].places, 1);
    assay_baseline_free(&b);
    assay_result_free(&now);
}

Test(baseline, places_that_vanish_fail_and_new_ones_are_told) {
    assay_result now = result_of(1, 0.2), more = result_of(1, 0.2);
    now.cases[0].entries[1].verdict = ASSAY_VERDICT_MISSING;
    now.cases[0].entries[2].verdict = ASSAY_VERDICT_NOT_COMPARED;
    hold(&now, result_of(1, 0.2));
    cr_assert_eq(now.drifts.count, 2);
    check(&now.drifts.items[0], ASSAY_DRIFT_VANISHED, ASSAY_MEASURE_PLACES, "norm");
    check(&now.drifts.items[1], ASSAY_DRIFT_VANISHED, ASSAY_MEASURE_PLACES, "logits");
    cr_assert_eq(now.drifts.items[0].before, 2);
    cr_assert_eq(now.drifts.items[0].now, 1);
    cr_assert_not(assay_result_passed(&now));
    hold(&more, now);
    cr_assert_eq(more.drifts.count, 2);
    check(&more.drifts.items[0], ASSAY_DRIFT_NEW, ASSAY_MEASURE_PLACES, "norm");
    cr_assert(assay_result_passed(&more));
    assay_result_free(&more);
}

Test(baseline, a_case_vanishes_where_all_were_to_be_run) {
    for (int whole = 0; whole < 2; whole++) {
        assay_result before = result_of(1, 0.2), now = {0};
        assay_case_result c = new_case("b");
        add(&c, entry(NORM_0, 1, 0.2));
        take(&now, &c);
        assay_baseline b = accept_run(&before);
        cr_assert_eq(assay_baseline_hold(&now, &b, "b.json", whole, NULL), ASSAY_OK);
        cr_assert_eq(now.drifts.count, whole ? 2 : 1);
        cr_assert_eq(now.drifts.items[0].kind, ASSAY_DRIFT_NEW);
        cr_assert_str_eq(now.drifts.items[0].test_case, "b");
        if (whole) check(&now.drifts.items[1], ASSAY_DRIFT_VANISHED, ASSAY_MEASURE_PLACES, "");
        cr_assert_eq(assay_result_passed(&now), !whole);
        assay_baseline_free(&b);
        assay_result_free(&before);
        assay_result_free(&now);
    }
}

Test(baseline, a_root_mean_square_comes_and_goes) {
    assay_result now = result_of(1, 0.2), more = result_of(1, 0.2), few = result_of(1, 0.2);
    for (int i = 0; i < 2; i++) now.cases[0].entries[i].metrics.finite = few.cases[0].entries[i].metrics.finite = 7;
    hold(&now, result_of(1, 0.2));
    cr_assert_eq(now.drifts.count, 1);
    check(&now.drifts.items[0], ASSAY_DRIFT_VANISHED, ASSAY_MEASURE_RMS, "norm");
    hold(&more, few);
    cr_assert_eq(more.drifts.count, 1);
    check(&more.drifts.items[0], ASSAY_DRIFT_NEW, ASSAY_MEASURE_RMS, "norm");
    assay_result_free(&now);
    assay_result_free(&more);
}

/* A case of one step that both refuse. */
static assay_result refusal(assay_verdict verdict) {
    assay_result r = {0};
    assay_case_result c = new_case("a");
    assay_entry e = {.kind = ASSAY_ENTRY_STEP, .verdict = verdict, .path = "steps/0"};
    e.place.stage = ASSAY_STAGE_SCHEDULE;
    add(&c, e);
    take(&r, &c);
    return r;
}

Test(baseline, refusals_that_vanish_fail) {
    static const assay_verdict gone[] = {ASSAY_VERDICT_MISSING, ASSAY_VERDICT_NOT_COMPARED};
    assay_result same = refusal(ASSAY_VERDICT_PASS);
    hold(&same, refusal(ASSAY_VERDICT_PASS));
    cr_assert_eq(same.drifts.count, 0);
    for (size_t i = 0; i < 2; i++) {
        assay_result now = refusal(gone[i]), whole = result_of(1, 0.2);
        hold(&now, refusal(ASSAY_VERDICT_PASS));
        cr_assert_eq(now.drifts.count, 1);
        check(&now.drifts.items[0], ASSAY_DRIFT_VANISHED, ASSAY_MEASURE_PLACES, "");
        assay_result_free(&now);
        now = result_of(1, 0.2);
        add(&whole.cases[0], same.cases[0].entries[0]);
        add(&now.cases[0], (assay_entry){.kind = ASSAY_ENTRY_STEP, .verdict = gone[i], .path = "steps/0"});
        hold(&now, whole);
        cr_assert_eq(now.drifts.count, 1);
        check(&now.drifts.items[0], ASSAY_DRIFT_VANISHED, ASSAY_MEASURE_PLACES, "refusals");
        assay_result_free(&now);
    }
    assay_result_free(&same);
}

Test(baseline, a_case_that_becomes_unsupported_vanishes) {
    assay_result now = {0};
    assay_case_result c;
    cr_assert_eq(assay_case_result_unsupported(&c, "a", "g.h5", "no such thing", NULL), ASSAY_OK);
    cr_assert_eq(assay_result_add_case(&now, &c, NULL), ASSAY_OK);
    hold(&now, refusal(ASSAY_VERDICT_PASS));
    cr_assert_eq(now.drifts.count, 1);
    check(&now.drifts.items[0], ASSAY_DRIFT_VANISHED, ASSAY_MEASURE_PLACES, "");
    assay_result_free(&now);
}

Test(baseline, a_refusal_that_fails_is_not_accepted) {
    assay_result r = refusal(ASSAY_VERDICT_FAIL);
    assay_baseline b;
    size_t left_out;
    cr_assert_eq(assay_baseline_of(&b, &r, &left_out, NULL), ASSAY_OK);
    cr_assert_eq(left_out, 1);
    cr_assert_eq(b.cases[0].refusals, 0);
    assay_baseline_free(&b);
    hold(&r, refusal(ASSAY_VERDICT_PASS));
    cr_assert_eq(r.drifts.count, 0, "it was judged");
    assay_result_free(&r);
}

Test(baseline, another_dtype_and_what_could_not_be_compared_are_refused) {
    assay_error err = {0}, why = {0};
    assay_result before = result_of(1, 0.2), now = result_of(1, 0.2);
    assay_baseline b = accept_run(&before);
    now.cases[0].candidate_dtype = ASSAY_F64;
    cr_assert_eq(assay_baseline_hold(&now, &b, "b.json", true, &err), ASSAY_EINPUT);
    cr_assert_str_eq(err.message,
                     "b.json: case a was accepted in float32, and this run computes in float64; keep a baseline for "
                     "each");
    assay_baseline_free(&b);
    assay_case_result c;
    size_t left_out;
    assay_fail(&why, ASSAY_EINPUT, NULL, "torn");
    cr_assert_eq(assay_case_result_error(&c, "broken", "g.h5", &why, NULL), ASSAY_OK);
    cr_assert_eq(assay_result_add_case(&now, &c, NULL), ASSAY_OK);
    cr_assert_eq(assay_baseline_of(&b, &now, &left_out, &err), ASSAY_EINPUT);
    cr_assert(strstr(err.message, "broken"));
    assay_result_free(&before);
    assay_result_free(&now);
}

Test(baseline, two_cases_of_one_name_are_refused) {
    assay_error err = {0};
    assay_baseline b;
    size_t left_out;
    assay_result r = result_of(1, 0.2), other = result_of(1, 0.2);
    cr_assert_eq(assay_result_add_case(&r, &other.cases[0], NULL), ASSAY_OK);
    cr_assert_eq(assay_baseline_of(&b, &r, &left_out, &err), ASSAY_EINPUT);
    cr_assert_str_eq(err.message, "case a is there twice; accept one result of it");
    assay_result_free(&r);
    assay_result_free(&other);
}

Test(baseline, numbers_that_are_noise_stay_as_they_were) {
    assay_result before = result_of(1, 0.2), now = result_of(2, 0.3), moved = result_of(4, 0.3);
    assay_baseline old = accept_run(&before), kept = accept_run(&now), changed = accept_run(&moved);
    assay_baseline_keep(&kept, &old);
    assay_baseline_keep(&changed, &old);
    cr_assert_eq(kept.cases[0].stages[ASSAY_STAGE_NORM].worst, 1);
    cr_assert_eq(changed.cases[0].stages[ASSAY_STAGE_NORM].worst, 4);
    assay_baseline_free(&old);
    assay_baseline_free(&kept);
    assay_baseline_free(&changed);
    assay_result_free(&before);
    assay_result_free(&now);
    assay_result_free(&moved);
}

Test(stage_fold, takes_the_farthest_place_and_the_mean_of_all) {
    assay_stage_fold folds[ASSAY_STAGE_COUNT];
    assay_case_result c = new_case("a");
    add(&c, entry(NORM_0, 3, 0.3));
    add(&c, entry(NORM_1, 2, 0.4));
    add(&c, entry("steps/0/loss", 1, 1));
    add(&c, entry("steps/0/past/0/mem_key", 1, 1e9));
    c.entries[2].metrics.finite = 1;
    assay_stage_fold_case(&c, folds);
    const assay_stage_fold *norm = &folds[ASSAY_STAGE_NORM];
    cr_assert_eq(norm->places, 2);
    cr_assert_float_eq(norm->worst, 3, 1e-12);
    cr_assert_float_eq(norm->rms, sqrt((0.09 + 0.16) / 2), 1e-12);
    cr_assert_float_eq(norm->ratio, 0.375, 1e-12);
    cr_assert_eq(norm->worst_entry, 0);
    cr_assert_eq(norm->rms_entry, 1);
    cr_assert_not(folds[ASSAY_STAGE_LOSS].has_rms, "one number has no spread");
    cr_assert_not(folds[ASSAY_STAGE_PAST_MEM_KEY].has_rms, "a stored value may be rounded either way");
    cr_assert_eq(folds[ASSAY_STAGE_LOGITS].places, 0);
    assay_case_result_free(&c);
}
