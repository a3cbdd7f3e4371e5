#include "reports/worst_failures.h"

#include <stdio.h>

#include "reports/entry_words.h"
#include "reports/report_fixture.h"

static void add(assay_case_result *c, const char *path, double ratio, int64_t class_mismatches) {
    assay_entry e = *entry_of(c, REPORT_NORM);
    snprintf(e.path, sizeof e.path, "%s", path);
    e.verdict = ASSAY_VERDICT_FAIL;
    e.ratio_tolerance = ratio;
    e.metrics.class_mismatches = class_mismatches;
    cr_assert_eq(assay_case_result_add(c, &e, NULL), ASSAY_OK);
    assay_case_result_finish(c);
}

static void check_paths(const assay_failure *worst, size_t count, const char *const *paths) {
    for (size_t i = 0; i < count; i++)
        cr_expect_str_eq(worst[i].entry ? worst[i].entry->path : worst[i].of->name, paths[i], "number %zu", i);
}

Test(worst_failures, are_in_the_order_of_how_much_they_mean) {
    assay_result r = report_fixture();
    add(&r.cases[0], "small", 2, 0);
    add(&r.cases[0], "nan", INFINITY, 3);
    add(&r.cases[0], "unknown", NAN, 0);
    add(&r.cases[0], "large", 1000, 0);
    const char *const paths[] = {"broken",  "nan",   "steps/0/logits", "steps/1/schedule",
                                 "unknown", "large", REPORT_NORM,      "small"};
    assay_failure worst[8];
    cr_assert_eq(assay_worst_failures(&r, worst, 8), 8);
    check_paths(worst, 8, paths);
    for (size_t limit = 0; limit < 8; limit++) {
        cr_assert_eq(assay_worst_failures(&r, worst, limit), 8);
        check_paths(worst, limit, paths);
    }
    assay_result_free(&r);
}

Test(entry_words, name_the_kind_of_a_failure) {
    assay_result r = report_fixture();
    const assay_case_result *c = &r.cases[1];
    cr_expect_str_eq(assay_failure_kind(entry_of(c, REPORT_NORM)), "deviation");
    cr_expect_str_eq(assay_failure_kind(entry_of(c, "steps/0/logits")), "class");
    cr_expect_str_eq(assay_failure_kind(entry_of(c, "steps/1/schedule")), "schedule");
    cr_expect_str_eq(assay_failure_kind(entry_of(c, "steps/2")), "refusal");
    assay_entry e = *entry_of(c, REPORT_NORM);
    e.verdict = ASSAY_VERDICT_MISSING_REQUIRED;
    cr_expect_str_eq(assay_failure_kind(&e), "missing_required");
    e = (assay_entry){
        .place = {0, 0, 0, ASSAY_STAGE_Q_PROJ}, .golden = {ASSAY_F32, 1, {2}}, .candidate = {ASSAY_I64, 1, {2}}};
    cr_expect_str_eq(assay_failure_kind(&e), "type");
    e.candidate.shape[0] = 3;
    cr_expect_str_eq(assay_failure_kind(&e), "shape");
    e = *entry_of(c, REPORT_NORM);
    e.place.stage = ASSAY_STAGE_POSITION_IDS;
    cr_expect_str_eq(assay_failure_kind(&e), "value");
    e.place.stage = ASSAY_STAGE_LOGITS;
    e.metrics.has_logits = true;
    e.metrics.logits.top1_wrong = 1;
    e.deviation = e.tolerance;
    cr_expect_str_eq(assay_failure_kind(&e), "argmax");
    assay_result_free(&r);
}

Test(entry_words, say_numbers_the_same_on_every_machine) {
    char text[ASSAY_REAL_TEXT], worst[40];
    cr_expect_str_eq(assay_real_text(-NAN, 3, text), "NaN");
    cr_expect_str_eq(assay_real_text(-INFINITY, 3, text), "-inf");
    cr_expect_str_eq(assay_real_text(0.123456, 3, text), "0.123");
    assay_entry e = {.has_metrics = true, .worst = {0, 2, {"batch", "token"}, {1, INT64_MAX}, 1, -NAN}};
    cr_expect_str_eq(assay_worst_text(&e, worst, sizeof worst), "(batch 1, token 9223372036854775807): g", "it is cut");
    e.worst.index = -1;
    cr_expect_str_eq(assay_worst_text(&e, worst, sizeof worst), "");
}
