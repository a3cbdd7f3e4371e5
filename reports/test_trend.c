#include "reports/trend.h"

#include "reports/history_fixture.h"
#include "reports/trend_html.h"

TestSuite(trend, .init = make_folder, .fini = remove_folder);

Test(trend, a_trend_has_the_worst_of_each_stage) {
    assay_trend trend;
    assay_error err = {0};
    assay_history *h = open_at(path, true);
    add(h, 5, TIME);
    cr_assert_eq(assay_trend_read(&trend, h, &(assay_history_filter){0}, &err), ASSAY_OK, "%s", err.message);
    assay_history_close(h);
    cr_assert_eq(trend.count, 1);
    const assay_trend_run *run = &trend.runs[0];
    cr_assert_str_eq(run->labels, "n=5, parity=odd");
    cr_assert_str_eq(run->kernel, "Haswell");
    cr_assert_eq(strncmp(run->mark, run->id, 7), 0);
    cr_assert_eq(run->failed, 2);
    const assay_trend_point *norm = &run->points[ASSAY_STAGE_NORM], *logits = &run->points[ASSAY_STAGE_LOGITS];
    cr_assert_float_eq(norm->ratio, 0.5 / 0.08, 0.01);
    cr_assert_eq(norm->failed, 1);
    cr_assert_eq(norm->drifts, 1);
    cr_assert_str_eq(norm->test_case, "überall-falsch");
    cr_assert(isinf(logits->ratio), "a NaN is infinitely far");
    cr_assert(run->points[ASSAY_STAGE_SCHEDULE].judged && !run->points[ASSAY_STAGE_SCHEDULE].has_ratio);
    cr_assert_eq(assay_trend_worst(run), ASSAY_STAGE_LOGITS);
    assay_trend_free(&trend);
}

static char *page_of(const assay_trend *trend) {
    char *text = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    cr_assert_eq(assay_report_trend_html(out, trend, "a<b.db", NULL), ASSAY_OK);
    fclose(out);
    return text;
}

Test(trend, a_page_of_a_trend_escapes_what_it_was_told) {
    assay_trend trend = {0};
    char *empty = page_of(&trend);
    cr_assert_not_null(strstr(empty, "There is no run in a&lt;b.db"));
    free(empty);
    assay_history *h = open_at(path, true);
    assay_run_record record = record_of(1, TIME);
    bool added;
    cr_assert_eq(assay_facts_set(&record.labels, "commit", "<script>", NULL), ASSAY_OK);
    cr_assert_eq(assay_history_add(h, &record, NULL, &added, NULL), ASSAY_OK);
    for (int i = 2; i < 5; i++) add(h, i, TIME);
    cr_assert_eq(assay_trend_read(&trend, h, &(assay_history_filter){0}, NULL), ASSAY_OK);
    assay_history_close(h);
    char *page = page_of(&trend);
    cr_assert_not_null(strstr(page, "commit=&lt;script&gt;"));
    cr_assert_null(strstr(page, "=<script>"));
    cr_assert_not_null(strstr(page, "<svg class=\"chart\" role=\"img\""));
    cr_assert_not_null(strstr(page, "<span class=\"badge\">fail</span>"));
    cr_assert_not_null(strstr(page, "2 of 3 cases fail"));
    free(page);
    assay_run_record_free(&record);
    assay_trend_free(&trend);
}

/* In the order given. */
static void expect_in(const char *page, const char *const *texts, size_t count) {
    for (size_t i = 0; i < count; i++) {
        page = strstr(page, texts[i]);
        cr_assert_not_null(page, "%s", texts[i]);
    }
}

Test(trend, a_page_has_a_main_part_and_counts_one_as_one) {
    assay_trend_run run = {.id = "0123456789abcdef", .time = TIME, .mark = "0123456", .passed = true, .cases = 1};
    const assay_trend trend = {.runs = &run, .count = 1};
    const char *const matches[] = {"<body>", "<main>", "none of 1 case fails", ">1 run,", "</main>", "<footer>"};
    run.kernel = run.labels = "";
    char *page = page_of(&trend);
    expect_in(page, matches, sizeof matches / sizeof *matches);
    cr_assert_null(strstr(page, "1 runs"));
    free(page);
    run.passed = false;
    run.failed = 1;
    page = page_of(&trend);
    cr_assert_not_null(strstr(page, "1 of 1 case fails"));
    free(page);
}
