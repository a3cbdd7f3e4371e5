#include "reports/text.h"

#include <stdlib.h>

#include "core/terminal_text.h"
#include "reports/report_fixture.h"
#include "reports/report_text_fixture.h"

static char *text_of(const assay_result *r, const assay_text_options *options) {
    char *text = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    cr_assert_eq(assay_report_text(out, r, options, NULL), ASSAY_OK);
    fclose(out);
    return text;
}

/* Column, in characters, at which `part` begins in the line that starts with `line`. */
static int column_of(const char *text, const char *line, const char *part) {
    char pattern[128];
    snprintf(pattern, sizeof pattern, "\n%s", line);
    const char *start = strstr(text, pattern);
    cr_assert_not_null(start, "no line '%s'", line);
    const char *at = strstr(start + 1, part);
    cr_assert_not_null(at);
    int column = 0;
    for (const char *c = start + 1; c < at; c++) column += ((unsigned char)*c & 0xc0) != 0x80;
    return column;
}

Test(text, says_all_that_a_reader_needs) {
    assay_result r = report_fixture();
    char *text = text_of(&r, NULL);
    assert_has(text, "blas_kernel: Haswell\n");
    assert_has(
        text, "First divergence: norm of step 0, window 0: max abs 0.5 exceeds the tolerance 0.08 (see NORM-1 OUT-1).");
    assert_has(text, "worst element (batch 0, token 1, dim 0): golden 4, candidate 4.5");
    assert_has(text, "50 times the golden's noise floor 0.01");
    assert_has(text, "NaN where the golden has finite, at 1 of 2 places");
    assert_has(text, "missing in the candidate (1):\n      steps/0/loss\n");
    assert_has(text, "extra in the candidate (2):\n      steps/0/past/0/key\n      steps/0/stray?\n");
    assert_has(text, "another window schedule: expected [0,9), found [0,8) [8,9)");
    assert_has(text, "not compared: 1 from steps/1/logits on: the window schedules differ");
    assert_has(text, "error: broken.h5 is truncated");
    assert_has(text,
               "MISMATCH: 1 of 3 cases match, 1 differ, 1 could not be compared; 6 stages judged, 1 that the goldens "
               "hold was missing, 1 tensor not looked at (no stage has the name)\n");
    cr_assert_null(strchr(text, '\x1b'), "no colour unless asked for");
    free(text);
    assay_result_free(&r);
}

Test(text, a_passing_case_is_one_line) {
    assay_result r = report_fixture();
    char *text = text_of(&r, NULL);
    const char *first = strstr(text, "right");
    cr_assert_not_null(first);
    cr_assert_null(strstr(first + 1, "\nright"));
    cr_assert_null(strstr(text, "  steps/0/windows/0/norm  exact"));
    free(text);
    assay_result_free(&r);
}

Test(text, columns_are_aligned_in_characters) {
    assay_result r = report_fixture();
    char *text = text_of(&r, NULL);
    int column = column_of(text, "right", "pass");
    cr_assert_eq(column_of(text, "überall-falsch", "fail"), column);
    cr_assert_eq(column_of(text, "broken", "error"), column);
    free(text);
    assay_result_free(&r);
}

Test(text, colour_when_asked_for) {
    assay_result r = report_fixture();
    assay_text_options options = {.colour = true};
    char *text = text_of(&r, &options);
    assert_has(text, "\x1b[32mpass\x1b[0m");
    assert_has(text, "\x1b[31mMISMATCH\x1b[0m");
    free(text);
    assay_result_free(&r);
}

Test(text, long_lists_are_cut_and_counted) {
    assay_result r = report_fixture();
    assay_text_options options = {.list_limit = 1};
    char *text = text_of(&r, &options);
    assert_has(text, "steps/0/past/0/key\n      ... and 1 more\n");
    cr_assert_null(strstr(text, "steps/0/stray"));
    free(text);
    assay_result_free(&r);
}

Test(text, passes_are_listed_when_asked_for) {
    assay_result r = report_fixture();
    assay_text_options options = {.list_passes = true};
    char *text = text_of(&r, &options);
    const char *details = strstr(text, "right: golden");
    cr_assert_not_null(details);
    assert_has(details, "steps/0/windows/0/norm");
    assert_has(details, "logits: KL at most 0");
    free(text);
    assay_result_free(&r);
}

/* What the port cannot run is no mismatch; alone it is no match either. */
Test(text, says_what_the_port_cannot_run) {
    assay_result r = {0};
    assay_case_result one;
    cr_assert_eq(assay_case_result_unsupported(&one, "long", "long.h5", "too\nlong", NULL), ASSAY_OK);
    cr_assert_eq(assay_result_add_case(&r, &one, NULL), ASSAY_OK);
    char *text = text_of(&r, NULL);
    assert_has(text, "\nlong  unsupported       0       0");
    assert_has(text, "\nlong: golden long.h5\n  unsupported: too?long\n");
    assert_has(text,
               "\nnothing compared: 0 of 1 case matches, 0 differ, 0 could not be compared, 1 unsupported by the port");
    free(text);
    assay_result others = report_fixture();
    snprintf(others.cases[0].unsupported, sizeof others.cases[0].unsupported, "no masks");
    text = text_of(&others, NULL);
    assert_has(text,
               "the port says that it cannot run this case (no masks), and there is a dump: correct what it says\n");
    free(text);
    assay_result_free(&others);
    assay_result_free(&r);
}

/* Names and reasons of files do nothing to a terminal, wherever they stand. */
Test(text, holds_nothing_that_a_terminal_acts_on) {
    assay_result r = report_fixture();
    make_hostile(&r);
    assay_case_result *c = &r.cases[1];
    snprintf(c->reference, sizeof c->reference, "%s", REPORT_HOSTILE);
    snprintf(c->unsupported, sizeof c->unsupported, "%s", REPORT_HOSTILE);
    snprintf(c->note, sizeof c->note, "%s\xc2\x9b", REPORT_HOSTILE);
    assay_text_options options = {.list_passes = true};
    char *text = text_of(&r, &options);
    for (const char *at = text; *at;) {
        uint32_t character = 0;
        size_t n = assay_utf8_decode(at, &character);
        cr_assert(n > 0 && (character >= 0x20 || character == '\n') && !assay_utf8_is_unfit(character), "'%.80s'", at);
        at += n;
    }
    assert_lacks(text, "\n::error::");
    free(text);
    assay_result_free(&r);
}

Test(text, a_failing_write_is_an_error) {
    assay_result r = report_fixture();
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        cr_assert_eq(assay_report_text(full, &r, NULL, NULL), ASSAY_EINTERNAL);
        fclose(full);
    }
    assay_result_free(&r);
}

/* Neither a terminal nor a CI's log takes what a file says for a command. */
Test(text, no_text_of_a_file_makes_a_line_or_steers_a_terminal) {
    assay_result r = report_fixture();
    make_hostile(&r);
    char *text = text_of(&r, NULL);
    assert_lacks(text, "\x1b");
    assert_lacks(text, "\r");
    assert_lacks(text, "\n::");
    free(text);
    assay_result_free(&r);
}
