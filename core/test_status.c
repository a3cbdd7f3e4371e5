/* Errors: one line whatever the input was, rule ids as whole words. */
#include "core/status.h"

#include <criterion/criterion.h>
#include <string.h>

Test(status, fail_fills_and_returns) {
    assay_error err;
    memset(&err, 0x5a, sizeof err);
    cr_assert_eq(assay_fail(&err, ASSAY_EINPUT, "ERR-1 POS-3", "row %d of %s", 3, "x"), ASSAY_EINPUT);
    cr_assert_eq(err.status, ASSAY_EINPUT);
    cr_assert_str_eq(err.rules, "ERR-1 POS-3");
    cr_assert_str_eq(err.message, "row 3 of x");
    cr_assert_eq(assay_fail(&err, ASSAY_EINTERNAL, NULL, "y"), ASSAY_EINTERNAL);
    cr_assert_str_eq(err.rules, "");
}

Test(status, no_error_to_fill_is_fine) {
    cr_assert_eq(assay_fail(NULL, ASSAY_EINPUT, "ERR-1", "x"), ASSAY_EINPUT);
    cr_assert_eq(assay_fail_nomem(NULL, "x"), ASSAY_EINTERNAL);
    cr_assert_neq(assay_error_context(ASSAY_EINTERNAL, NULL, "x"), ASSAY_OK);
}

Test(status, control_characters_do_not_reach_a_terminal) {
    assay_error err = {0};
    assay_fail(&err, ASSAY_EINPUT, NULL, "a\nb\x1b[2Jc\td\x7f%s", "\r");
    cr_assert_str_eq(err.message, "a?b?[2Jc?d??");
    assay_error_context(ASSAY_EINTERNAL, &err, "file\n%s", "x");
    cr_assert_str_eq(err.message, "file?x: a?b?[2Jc?d??");
    assay_fail(&err, ASSAY_EINPUT, NULL, "\xc2\x9b\xe2\x80\xae\xff");
    cr_assert_str_eq(err.message, "???");
    assay_fail(&err, ASSAY_EINPUT, NULL, "\xc3\xa9"); /* UTF-8 stays */
    cr_assert_str_eq(err.message, "\xc3\xa9");
}

Test(status, long_messages_are_cut) {
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assay_error err = {0};
    assay_fail(&err, ASSAY_EINPUT, text, "%s", text);
    cr_assert_eq(strlen(err.message), sizeof err.message - 1);
    cr_assert_eq(strlen(err.rules), sizeof err.rules - 1);
    assay_error_context(ASSAY_EINTERNAL, &err, "%s", text);
    cr_assert_eq(strlen(err.message), sizeof err.message - 1);
}

Test(status, context_goes_before_and_keeps_the_rest) {
    assay_error err = {0};
    assay_fail(&err, ASSAY_EINPUT, "POS-3", "inner");
    cr_assert_eq(assay_error_context(ASSAY_EINPUT, &err, "step %d", 2), ASSAY_EINPUT);
    cr_assert_eq(assay_error_context(ASSAY_EINPUT, &err, "case"), ASSAY_EINPUT);
    cr_assert_str_eq(err.message, "case: step 2: inner");
    cr_assert_str_eq(err.rules, "POS-3");
    assay_fail_nomem(&err, "a thing");
    cr_assert_eq(assay_error_context(ASSAY_EINTERNAL, &err, "c"), ASSAY_EINTERNAL);
    cr_assert_str_eq(err.message, "c: out of memory while allocating a thing");
}

Test(status, rules_are_found_as_whole_words) {
    assay_error err = {0};
    assay_fail(&err, ASSAY_EINPUT, "MEM-10 CACHE-5", "x");
    cr_assert(assay_error_has_rule(&err, "MEM-10"));
    cr_assert(assay_error_has_rule(&err, "CACHE-5"));
    cr_assert(assay_error_has_rule(&err, "ERR-1"));
    cr_assert_not(assay_error_has_rule(&err, "MEM-1"));
    cr_assert_not(assay_error_has_rule(&err, "EM-10"));
    cr_assert_not(assay_error_has_rule(&err, "CACHE"));
    cr_assert_not(assay_error_has_rule(&err, "POS-3"));
    assay_fail(&err, ASSAY_EINPUT, "MEM-10 MEM-1", "x"); /* a longer id before the one that is asked for */
    cr_assert(assay_error_has_rule(&err, "MEM-1"));
    assay_fail(&err, ASSAY_EINPUT, NULL, "x");
    cr_assert_not(assay_error_has_rule(&err, "ERR-1"), "an error without a rule is none of ERR-1's");
}
