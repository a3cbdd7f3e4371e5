/* Writes HTML pages that no golden makes, for ci/html-check, and says how long that took. Usage: bench-html big|nasty FILE */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "reports/html_fixture.h"
#include "reports/html_report.h"

#define NASTY \
    "\"><script>document.title = 'owned'</script><img src=x onerror=alert(1)> \xff\x01 ]]> <!-- &lt; \xe2\x80\xae"

/* 26 layers and 5 windows of 2048 tokens. */
static assay_case_result big(void) {
    const html_fixture_size size = {26, 5, 2048, 32, 9, 7};
    return html_fixture_case("long-context-3b", &size);
}

/* Whatever a file may name, named so as to break out of the page; and one of each verdict. */
static assay_case_result nasty(void) {
    const html_fixture_size size = {3, 3, 16, 2, 1, 5};
    assay_case_result c = html_fixture_case(NASTY, &size);
    for (int v = 0; v < ASSAY_VERDICT_COUNT; v++) {
        assay_entry e = c.entries[c.entry_count - 1];
        e.detail = NULL;
        e.verdict = (assay_verdict)v;
        e.place.step = 1;
        e.has_metrics = v == ASSAY_VERDICT_PASS || v == ASSAY_VERDICT_FAIL || v == ASSAY_VERDICT_WAIVED;
        if (v == ASSAY_VERDICT_FAIL) e.metrics.class_mismatches = 1, e.worst.candidate = NAN;
        snprintf(e.path, sizeof e.path, "%s", NASTY);
        snprintf(e.reason, sizeof e.reason, "%s", NASTY);
        if (assay_case_result_add(&c, &e, NULL)) abort();
    }
    if (assay_case_result_add_finding(&c, NASTY, NASTY, NASTY, NULL) ||
        assay_finding_add(&c.findings[0], NASTY, NASTY, NASTY, NASTY, NULL) ||
        assay_facts_set(&c.facts, NASTY, NASTY, NULL))
        abort();
    assay_case_result_finish(&c);
    return c;
}

static int write_page(const assay_result *result, const char *path) {
    assay_error err;
    FILE *out = fopen(path, "w");
    if (!out) return perror(path), 2;
    double begin = assay_clock_seconds();
    assay_status st = assay_report_html(out, result, &err);
    double seconds = assay_clock_seconds() - begin;
    if (st) fprintf(stderr, "bench-html: %s\n", err.message);
    else printf("%s: %ld bytes, written in %.1f ms\n", path, ftell(out), 1e3 * seconds);
    fclose(out);
    return (int)st;
}

int main(int argc, char **argv) {
    assay_result result = {0};
    if (argc != 3) return fputs("usage: bench-html big|nasty FILE\n", stderr), 2;
    assay_case_result c = strcmp(argv[1], "big") == 0 ? big() : nasty();
    if (assay_result_add_case(&result, &c, NULL) || assay_result_set_fact(&result, "command", NASTY, NULL)) return 3;
    int code = write_page(&result, argv[2]);
    assay_result_free(&result);
    return code;
}
