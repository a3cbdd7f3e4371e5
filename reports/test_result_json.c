#include "reports/result_json.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "golden/json_strict.h"
#include "reports/report_fixture.h"

static cJSON *parsed(const assay_result *r) {
    char *text;
    assay_error err = {0};
    cr_assert_eq(assay_report_json_text(&text, r, NULL), ASSAY_OK);
    cr_assert_eq(text[strlen(text) - 1], '\n');
    cJSON *root;
    cr_assert_eq(assay_json_parse(&root, text, strlen(text), "result", &err), ASSAY_OK, "%s", err.message);
    free(text);
    return root;
}

/* The value at a path of keys and array indices, "cases/1/entries/0/metrics". */
static const cJSON *at(const cJSON *root, const char *path) {
    char copy[200];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *save, *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
        root =
            cJSON_IsArray(root) ? cJSON_GetArrayItem(root, atoi(part)) : cJSON_GetObjectItemCaseSensitive(root, part);
        cr_assert_not_null(root, "%s: no %s", path, part);
    }
    return root;
}

static const char *text_at(const cJSON *root, const char *path) {
    const char *text = cJSON_GetStringValue(at(root, path));
    cr_assert_not_null(text, "%s", path);
    return text;
}

Test(result_json, holds_the_whole_result) {
    assay_result r = report_fixture();
    cJSON *root = parsed(&r);
    cr_assert_str_eq(text_at(root, "format"), "assay-result/1");
    cr_assert_str_eq(text_at(root, "verdict"), "fail");
    cr_assert_str_eq(text_at(root, "facts/blas_kernel"), "Haswell");
    cr_assert_eq(cJSON_GetArraySize(at(root, "cases")), 3);
    cr_assert_str_eq(text_at(root, "cases/0/verdict"), "pass");
    cr_assert_str_eq(text_at(root, "cases/1/entries/0/path"), REPORT_NORM);
    cr_assert_str_eq(text_at(root, "cases/1/entries/0/verdict"), "fail");
    cr_assert_str_eq(text_at(root, "cases/1/entries/0/rules/1"), "OUT-1");
    cr_assert_str_eq(text_at(root, "cases/1/entries/0/worst/axes/1"), "token");
    cr_assert_eq(at(root, "cases/1/entries/0/worst/at/1")->valuedouble, 1);
    cr_assert_eq(at(root, "cases/1/entries/0/tolerance/value")->valuedouble, r.cases[1].entries[0].tolerance);
    cr_assert_eq(at(root, "cases/1/entries/0/golden/shape/1")->valuedouble, 2);
    cr_assert_eq(at(root, "cases/1/counts/fail")->valuedouble, 3);
    cr_assert_eq(at(root, "cases/1/first_divergence")->valuedouble, 0);
    cr_assert_str_eq(text_at(root, "cases/2/error"), "broken.h5 is truncated");
    cJSON_Delete(root);
    assay_result_free(&r);
}

Test(result_json, numbers_read_back_and_what_json_lacks_is_text) {
    assay_result r = report_fixture();
    assay_entry *e = &r.cases[1].entries[0];
    e->metrics.rms = 0.1 + 0x1p-56;
    e->metrics.nmse = double_of_bits(1);
    e->metrics.cosine = NAN;
    e->worst.golden = -INFINITY;
    e->worst.candidate = INFINITY;
    e->worst.index = INT64_MAX;
    cJSON *root = parsed(&r);
    cr_assert_eq(at(root, "cases/1/entries/0/metrics/rms")->valuedouble, e->metrics.rms);
    cr_assert_eq(at(root, "cases/1/entries/0/metrics/nmse")->valuedouble, double_of_bits(1));
    cr_assert_str_eq(text_at(root, "cases/1/entries/0/metrics/cosine"), "NaN");
    cr_assert_str_eq(text_at(root, "cases/1/entries/0/worst/golden"), "-Infinity");
    cr_assert_str_eq(text_at(root, "cases/1/entries/0/worst/candidate"), "Infinity");
    cJSON_Delete(root);
    assay_result_free(&r);
}

Test(result_json, bytes_that_are_no_utf8_do_not_break_it) {
    assay_result r = report_fixture();
    free(r.cases[0].name);
    r.cases[0].name =
        strdup("a\xff\xc3z\xe2\x82 \xed\xa0\x80 \xe0\x9f\xbf \xf0\x8f\xbf\xbf \xf4\x90\x80\x80 \xf0\x9f\x98\x80");
    cJSON *root = parsed(&r);
    cr_assert_str_eq(text_at(root, "cases/0/name"), "a??z?? ??? ??? ???? ???? \xf0\x9f\x98\x80");
    cr_assert_str_eq(text_at(root, "cases/1/name"), "überall-falsch");
    cJSON_Delete(root);
    assay_result_free(&r);
}
