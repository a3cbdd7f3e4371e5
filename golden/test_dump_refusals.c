#include "golden/dump_refusals.h"

#include <criterion/criterion.h>
#include <string.h>

#include "golden/test_scratch.h"

Test(dump_refusals, are_sorted_by_step) {
    assay_dump_refusals r;
    EXPECT_OK(assay_dump_refusals_parse(&r,
                                        "[{\"step\": 12, \"rules\": \"ERR-1 POS-3\", \"message\": \"a gap\"},"
                                        " {\"step\": 3}]",
                                        "where", &expect_err));
    cr_assert_eq(r.count, 2);
    cr_expect_eq(r.items[0].step, 3);
    cr_expect_str_eq(r.items[0].rules, "");
    cr_expect_str_eq(r.items[0].message, "");
    cr_expect_eq(r.items[1].step, 12);
    cr_expect_str_eq(r.items[1].rules, "ERR-1 POS-3");
    cr_expect_str_eq(r.items[1].message, "a gap");
    cr_expect(assay_dump_refusals_have(&r, 3) && assay_dump_refusals_have(&r, 12));
    cr_expect(!assay_dump_refusals_have(&r, 4));
    assay_dump_refusals_free(&r);
    assay_dump_refusals_free(&r);
    cr_expect_eq(r.count, 0);
}

static void expect_bad(const char *text, const char *part) {
    assay_dump_refusals r;
    EXPECT_REFUSED(assay_dump_refusals_parse(&r, text, "where", &expect_err), part);
    EXPECT_REFUSED(assay_dump_refusals_parse(&r, text, "where", &expect_err), "where");
}

Test(dump_refusals, refuses_what_is_no_list_of_steps) {
    expect_bad("", "line 1");
    expect_bad("{}", "must be a list");
    expect_bad("[3]", "entry 0: must be an object");
    expect_bad("[{\"step\": 1}, {\"rules\": \"POS-3\"}]", "entry 1: the key 'step' is missing");
    expect_bad("[{\"step\": -1}]", "the step is -1; steps count from 0");
    expect_bad("[{\"step\": 1.5}]", "entry 0");
    expect_bad("[{\"step\": 1, \"rules\": [\"POS-3\"]}]", "rules: must be a string");
    expect_bad("[{\"step\": 1, \"rule\": \"POS-3\"}]", "unknown key 'rule'");
    expect_bad("[{\"step\": 1}, {\"step\": 0}, {\"step\": 1}]", "step 1 occurs twice");
}
