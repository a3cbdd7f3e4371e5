/* A report as text, for the tests of the writers. */
#ifndef ASSAY_REPORTS_REPORT_TEXT_FIXTURE_H
#define ASSAY_REPORTS_REPORT_TEXT_FIXTURE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/result.h"

typedef assay_status (*report_writer)(FILE *out, const assay_result *result, assay_error *err);

/* What the writer writes; the caller frees it. */
static inline char *report_text(report_writer write, const assay_result *r) {
    char *written = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&written, &nbytes);
    cr_assert_eq(write(out, r, NULL), ASSAY_OK);
    fclose(out);
    cr_assert_eq(strlen(written), nbytes, "a report has no NUL");
    char *text = strdup(written);
    free(written);
    return text;
}

static inline void assert_has(const char *text, const char *part) {
    cr_assert_not_null(strstr(text, part), "'%s' in\n%s", part, text);
}

static inline void assert_lacks(const char *text, const char *part) {
    cr_assert_null(strstr(text, part), "'%s' in\n%s", part, text);
}

/* How often `part` is in text. */
static inline size_t count_of(const char *text, const char *part) {
    size_t n = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) n++;
    return n;
}

/* Writing to a full disk is an error. */
static inline void assert_notices_a_failing_write(report_writer write, const assay_result *r) {
    FILE *full = fopen("/dev/full", "w");
    if (!full) return;
    cr_assert_eq(write(full, r, NULL), ASSAY_EINTERNAL);
    fclose(full);
}

/* Text of a file that is made to break reports: markup, commands, control characters, what is no UTF-8, what no XML may hold. */
#define REPORT_HOSTILE                                                                                 \
    "<b>&\"'|`a`|\\|*_x_*~[l](http://e.x)![i](j)@user #12 :tada: $x$ www.e.x\n::error::x\r##[error]y " \
    "%0A\t\x1b[31m\x7f"                                                                                \
    "\xff\xc3(\xed\xa0\x80\xef\xbf\xbe\xe2\x80\xae\xc0\xaf\xf0\x9f\x98\x80"

/* Puts it everywhere where a result holds text of files. */
static inline void make_hostile(assay_result *r) {
    for (size_t i = 0; i < r->case_count; i++) {
        assay_case_result *c = &r->cases[i];
        free(c->name), free(c->golden_name), free(c->candidate_name);
        c->name = strdup(REPORT_HOSTILE), c->golden_name = strdup(REPORT_HOSTILE),
        c->candidate_name = strdup(REPORT_HOSTILE);
        if (c->error[0]) snprintf(c->error, sizeof c->error, "%s", REPORT_HOSTILE);
        for (size_t k = 0; k < c->entry_count; k++) {
            snprintf(c->entries[k].path, sizeof c->entries[k].path, "%s", REPORT_HOSTILE);
            snprintf(c->entries[k].reason, sizeof c->entries[k].reason, "%s", REPORT_HOSTILE);
            snprintf(c->entries[k].rules, sizeof c->entries[k].rules, "%.60s", REPORT_HOSTILE);
        }
        assay_status st = assay_case_result_add_finding(c, "blame", REPORT_HOSTILE, REPORT_HOSTILE, NULL);
        for (int k = 0; k < 2 && !st; k++)
            st = assay_finding_add(&c->findings[0], REPORT_HOSTILE, REPORT_HOSTILE, REPORT_HOSTILE, REPORT_HOSTILE,
                                   NULL);
        cr_assert_eq(st, ASSAY_OK);
    }
    assay_drift drift = {REPORT_HOSTILE, "", ASSAY_DRIFT_MOVED, ASSAY_MEASURE_RMS, NAN, INFINITY, 1};
    snprintf(drift.path, sizeof drift.path, "%s", REPORT_HOSTILE);
    r->drifts.baseline = strdup(REPORT_HOSTILE);
    cr_assert_eq(assay_drifts_add(&r->drifts, &drift, NULL), ASSAY_OK);
    cr_assert_eq(assay_result_set_fact(r, "hostile", REPORT_HOSTILE, NULL), ASSAY_OK);
    cr_assert_eq(assay_result_set_fact(r, "command", REPORT_HOSTILE, NULL), ASSAY_OK);
}

#endif
