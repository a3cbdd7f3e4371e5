/*
 * Every report of every situation is the one in reports/expected, byte by byte. ASSAY_ACCEPT=1, which `make expected` sets, writes them
 * instead: what changed then shows as a diff.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/report_format.h"
#include "reports/report_situations_fixture.h"
#include "reports/result_load.h"

#define FOLDER "reports/expected"

/* The report as it is kept. JSON is one line: it is kept with an object a line, so that a diff is short. Of HTML the body is kept: the
 * style and the script are files of their own, and test_html_report.c looks at the rest. */
static char *kept_report(const assay_report_format *format, const assay_result *r) {
    char *text = NULL, *kept = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    cr_assert_eq(format->write(out, r, NULL), ASSAY_OK, "%s", format->name);
    fclose(out);
    bool json = strcmp(format->name, "json") == 0;
    out = open_memstream(&kept, &nbytes);
    const char *body = strcmp(format->name, "html") == 0 ? strstr(text, "<body>") : text;
    for (const char *at = body; *at; at++) {
        fputc(*at, out);
        if (json && *at == ',' && at[1] == '{') fputc('\n', out);
    }
    fclose(out);
    free(text);
    return kept;
}

static void write_file(const char *path, const char *text) {
    FILE *out = fopen(path, "w");
    cr_assert_not_null(out, "%s: %s", path, strerror(errno));
    fputs(text, out);
    cr_assert_eq(fclose(out), 0);
}

/* NULL when there is no such file. */
static char *read_file(const char *path) {
    char *text = NULL;
    size_t nbytes = 0;
    FILE *in = fopen(path, "r");
    if (!in) return NULL;
    if (getdelim(&text, &nbytes, '\0', in) < 0) cr_assert_fail("%s is empty", path);
    fclose(in);
    return text;
}

static void show_difference(const char *path, const char *text) {
    char found[] = "/tmp/assay-report-XXXXXX", command[600];
    int fd = mkstemp(found);
    cr_assert_geq(fd, 0);
    close(fd);
    write_file(found, text);
    snprintf(command, sizeof command, "diff -u --label %s --label found %s %s | cut -c1-300 | head -n 60 >&2", path,
             access(path, R_OK) == 0 ? path : "/dev/null", found);
    cr_expect_eq(system(command), 0);
    unlink(found);
}

static void check(const assay_report_format *format, situation which, const assay_result *r) {
    char path[200];
    snprintf(path, sizeof path, FOLDER "/%s%s", situation_name(which), format->extension);
    char *text = kept_report(format, r);
    if (getenv("ASSAY_ACCEPT")) write_file(path, text);
    char *expected = read_file(path);
    bool same = expected && strcmp(expected, text) == 0;
    if (!same) show_difference(path, text);
    cr_expect(same, "%s is another; 'make expected' writes it anew, then look at the difference before you commit it",
              path);
    free(expected);
    free(text);
}

static void check_all(situation which) {
    assay_result r = situation_result(which);
    for (size_t i = 0; i < assay_report_format_count(); i++) check(assay_report_format_at(i), which, &r);
    assay_result_free(&r);
}

Test(expected_reports, of_a_pass) { check_all(SITUATION_PASS); }
Test(expected_reports, of_a_failure_at_a_window_border) { check_all(SITUATION_WINDOW_BORDER); }
Test(expected_reports, of_a_nan) { check_all(SITUATION_NAN); }
Test(expected_reports, of_a_missing_required_stage) { check_all(SITUATION_MISSING); }

/* What is kept as JSON is enough to render every report again. */
Test(expected_reports, are_the_same_of_a_stored_result) {
    for (situation which = 0; which < SITUATION_COUNT; which++) {
        assay_result fresh = situation_result(which), stored;
        assay_error err = {0};
        char *json = kept_report(assay_report_format_find("json"), &fresh);
        cr_assert_eq(assay_result_parse(&stored, json, strlen(json), "stored", &err), ASSAY_OK, "%s", err.message);
        for (size_t i = 0; i < assay_report_format_count(); i++) {
            char *before = kept_report(assay_report_format_at(i), &fresh),
                 *after = kept_report(assay_report_format_at(i), &stored);
            cr_expect_eq(strcmp(before, after), 0, "%s as %s", situation_name(which), assay_report_format_at(i)->name);
            free(before), free(after);
        }
        free(json);
        assay_result_free(&fresh), assay_result_free(&stored);
    }
}

/* The situations are what they are called: an accepted file proves nothing of that. */
Test(expected_reports, situations_are_what_they_are_called) {
    for (situation which = 0; which < SITUATION_COUNT; which++) {
        assay_result r = situation_result(which);
        const assay_case_result *c = &r.cases[0];
        const assay_entry *first = c->first_divergence < 0 ? NULL : &c->entries[c->first_divergence];
        cr_expect_eq(assay_result_passed(&r), which == SITUATION_PASS);
        cr_expect_eq(first == NULL, which == SITUATION_PASS);
        if (which == SITUATION_WINDOW_BORDER)
            cr_expect_str_eq(first->path, "steps/0/windows/1/layers/1/self_attn.mem_read.key");
        if (which == SITUATION_NAN) cr_expect_gt(first->metrics.candidate_nan, 0);
        if (which == SITUATION_MISSING) cr_expect_eq(first->verdict, ASSAY_VERDICT_MISSING_REQUIRED);
        if (which == SITUATION_MISSING) cr_expect_eq(c->counts[ASSAY_VERDICT_WAIVED], 1);
        assay_result_free(&r);
    }
}
