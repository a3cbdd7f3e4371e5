#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "golden/json_scan.h"
#include "golden/json_strict.h"
#include "golden/json_tensor.h"
#include "golden/test_scratch.h"

#define SCAN(text) assay_json_scan(text, sizeof(text) - 1, "t", &expect_err)

Test(json_scan, accepts_json) {
    EXPECT_OK(SCAN("{}"));
    EXPECT_OK(SCAN(" [ ] \n"));
    EXPECT_OK(SCAN("null"));
    EXPECT_OK(SCAN("\"\""));
    EXPECT_OK(SCAN("-0"));
    EXPECT_OK(SCAN("[0, -1.5e+3, 1E-400, 10, 0.0, 1.7976931348623157e308]"));
    EXPECT_OK(SCAN(
        "{\"a\": [true, false, null, {\"a\": 1}], \"b\\n\": \"\\u00e9 \\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t\"}"));
    EXPECT_OK(SCAN("[\"\xc3\xa9\", \"\xe2\x82\xac\", \"\xf0\x9f\x98\x80\", \"\xf4\x8f\xbf\xbf\", \"\xed\x9f\xbf\"]"));
    EXPECT_OK(SCAN("[{\"a\": 1}, {\"a\": 1}]"));
}

Test(json_scan, refuses_what_is_not_a_value) {
    EXPECT_REFUSED(SCAN(""), "line 1, column 1: expected a JSON value");
    EXPECT_REFUSED(SCAN("nul"), "expected a JSON value");
    EXPECT_REFUSED(SCAN("NaN"), "expected a JSON value");
    EXPECT_REFUSED(SCAN("[Infinity]"), "column 2");
    EXPECT_REFUSED(SCAN("True"), "expected a JSON value");
    EXPECT_REFUSED(SCAN("'a'"), "expected a JSON value");
    EXPECT_REFUSED(SCAN("+1"), "expected a JSON value");
    EXPECT_REFUSED(SCAN(".5"), "expected a JSON value");
    EXPECT_REFUSED(SCAN("[1,]"), "column 4");
    EXPECT_REFUSED(SCAN("[,1]"), "expected a JSON value");
    EXPECT_REFUSED(SCAN("\xef\xbb\xbf{}"), "byte order mark");
}

Test(json_scan, refuses_bad_structure) {
    EXPECT_REFUSED(SCAN("[1 2]"), "expected ',' or ']'");
    EXPECT_REFUSED(SCAN("[1}"), "expected ',' or ']'");
    EXPECT_REFUSED(SCAN("{\"a\": 1]"), "expected ',' or '}'");
    EXPECT_REFUSED(SCAN("{\"a\" 1}"), "expected ':'");
    EXPECT_REFUSED(SCAN("{a: 1}"), "expected a key");
    EXPECT_REFUSED(SCAN("{1: 1}"), "expected a key");
    EXPECT_REFUSED(SCAN("{\"a\": 1,}"), "expected a key");
    EXPECT_REFUSED(SCAN("[1"), "ends where");
    EXPECT_REFUSED(SCAN("{"), "expected a key");
    EXPECT_REFUSED(SCAN("{} {}"), "column 4: unexpected text behind the value");
    EXPECT_REFUSED(SCAN("1 // one"), "unexpected text");
    EXPECT_REFUSED(SCAN("1\0"), "unexpected text");
}

Test(json_scan, refuses_bad_numbers) {
    EXPECT_REFUSED(SCAN("01"), "leading zero");
    EXPECT_REFUSED(SCAN("-01"), "leading zero");
    EXPECT_REFUSED(SCAN("1."), "digits behind its point");
    EXPECT_REFUSED(SCAN("1.e3"), "digits behind its point");
    EXPECT_REFUSED(SCAN("1e"), "exponent");
    EXPECT_REFUSED(SCAN("1e+"), "exponent");
    EXPECT_REFUSED(SCAN("-"), "'-' without a number");
    EXPECT_REFUSED(SCAN("0x10"), "unexpected text");
    EXPECT_REFUSED(SCAN("1e999"), "range of a double");
    EXPECT_REFUSED(SCAN("-1e309"), "range of a double");
    EXPECT_REFUSED(SCAN("1e0000000999"), "range of a double");
    EXPECT_OK(SCAN("1e0000000009"));
    EXPECT_OK(SCAN("0.0000000000000000000000000000000000000000000000000000000000001")); /* 63 characters */
    EXPECT_REFUSED(SCAN("0.00000000000000000000000000000000000000000000000000000000000001"), "more than 63");
}

Test(json_scan, refuses_bad_strings) {
    EXPECT_REFUSED(SCAN("\"a"), "does not end");
    EXPECT_REFUSED(SCAN("\"a\nb\""), "control character (0x0a)");
    EXPECT_REFUSED(SCAN("\"a\tb\""), "control character (0x09)");
    EXPECT_REFUSED(SCAN("\"a\0b\""), "control character (0x00)");
    EXPECT_REFUSED(SCAN("\"a\x1f\""), "control character (0x1f)");
    EXPECT_REFUSED(SCAN("\"\\u0000\""), "\\u0000");
    EXPECT_REFUSED(SCAN("\"\\x41\""), "unknown escape");
    EXPECT_REFUSED(SCAN("\"\\"), "unknown escape");
    EXPECT_REFUSED(SCAN("\"\\u12g4\""), "four hexadecimal digits");
    EXPECT_REFUSED(SCAN("\"\\u12"), "four hexadecimal digits");
    EXPECT_REFUSED(SCAN("\"\\ud800\""), "unpaired surrogate");
    EXPECT_REFUSED(SCAN("\"\\ud800\\u0041\""), "unpaired surrogate");
    EXPECT_REFUSED(SCAN("\"\\udc00\""), "unpaired surrogate");
}

Test(json_scan, refuses_bad_utf8) {
    static const char *const bad[] = {"\"\x80\"",
                                      "\"\xc0\xaf\"",
                                      "\"\xc1\x81\"",
                                      "\"\xc3\"",
                                      "\"\xe0\x80\xaf\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xe2\x82\"",
                                      "\"\xf0\x80\x80\xaf\"",
                                      "\"\xf5\x80\x80\x80\"",
                                      "\"\xf4\x90\x80\x80\"",
                                      "\"\xff\"",
                                      "\"\xc3(\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EXPECT_REFUSED(assay_json_scan(bad[i], strlen(bad[i]), "t", &expect_err), "not valid UTF-8");
}

Test(json_scan, counts_lines_and_characters) {
    EXPECT_REFUSED(SCAN("{\n  \"\xc3\xa9\": 01\n}"), "t: line 2, column 8: a number with a leading zero");
}

Test(json_scan, finds_duplicate_keys) {
    EXPECT_REFUSED(SCAN("{\"a\": 1,\n \"a\": 2}"), "line 2, column 2: the key 'a' occurs twice");
    EXPECT_REFUSED(SCAN("{\"ab\": 1, \"\\u0061b\": 2}"), "the key 'ab' occurs twice");
    EXPECT_REFUSED(SCAN("{\"x\": {\"\": 1, \"\": 2}}"), "the key '' occurs twice");
    EXPECT_REFUSED(SCAN("{\"b\": [{\"c\": 1, \"c\": 1}], \"b\": 2}"), "the key 'c' occurs twice");
    EXPECT_REFUSED(SCAN("{\"\xf0\x9f\x98\x80\": 1, \"\\uD83D\\uDE00\": 2}"), "occurs twice");
    EXPECT_REFUSED(SCAN("{\"\xe2\x82\xac\": 1, \"\\u20aC\": 2}"), "occurs twice");
    EXPECT_REFUSED(SCAN("{\"\xc3\xa9\\n\": 1, \"\\u00e9\\u000a\": 2}"), "occurs twice");
    EXPECT_OK(SCAN("{\"a\": {\"a\": {\"a\": 1}}, \"aa\": 1, \"\": 1, \"A\": 2}"));
}

Test(json_scan, bounds_nesting) {
    char text[2 * ASSAY_JSON_MAX_DEPTH + 2];
    memset(text, '[', ASSAY_JSON_MAX_DEPTH);
    memset(text + ASSAY_JSON_MAX_DEPTH, ']', ASSAY_JSON_MAX_DEPTH);
    EXPECT_OK(assay_json_scan(text, 2 * ASSAY_JSON_MAX_DEPTH, "t", &expect_err));
    size_t n = 100000;
    char *deep = malloc(2 * n);
    memset(deep, '[', n);
    memset(deep + n, ']', n);
    cJSON *value;
    EXPECT_REFUSED(assay_json_parse(&value, deep, 2 * n, "deep.json", &expect_err),
                   "deep.json: line 1, column 65: nested more than 64 deep");
    free(deep);
}

Test(json_scan, every_truncation_is_refused) {
    static const char text[] =
        "{\"a\": [1.5e3, \"x\\u00e9\\n\", {\"b\": null}], \"c\": {\"d\": -0.25, \"e\": [[], {}]}}";
    EXPECT_OK(SCAN(text));
    for (size_t n = 0; n < sizeof text - 1; n++) {
        char *copy = malloc(n ? n : 1); /* exactly n bytes, so that a sanitizer sees any step beyond */
        memcpy(copy, text, n);
        cr_expect_eq(assay_json_scan(copy, n, "t", NULL), ASSAY_EINPUT, "%zu bytes pass", n);
        free(copy);
    }
}

Test(json_scan, finds_the_text_of_a_member) {
    static const char text[] =
        " {\"x\": \"a}\\\"],\", \"m\" : {\"k\": [1, {\"m\": 2}], \"s\": \"]}\"} , \"n\": 0.30000000000000004}";
    const char *span;
    size_t nbytes;
    cr_assert(assay_json_member_span(text, sizeof text - 1, "m", &span, &nbytes));
    cr_expect_eq(nbytes, strlen("{\"k\": [1, {\"m\": 2}], \"s\": \"]}\"}"));
    cr_expect_eq(strncmp(span, "{\"k\": [1, {\"m\": 2}], \"s\": \"]}\"}", nbytes), 0);
    cr_assert(assay_json_member_span(text, sizeof text - 1, "n", &span, &nbytes));
    cr_expect_eq(nbytes, 19u);
    cr_expect(!assay_json_member_span(text, sizeof text - 1, "k", &span, &nbytes));
    cr_expect(!assay_json_member_span("[1]", 3, "m", &span, &nbytes));
    cr_expect(!assay_json_member_span("{}", 2, "m", &span, &nbytes));
    cr_expect(!assay_json_member_span("{ }", 3, "m", &span, &nbytes));
}

static cJSON *parse(const char *text) {
    cJSON *value;
    EXPECT_OK(assay_json_parse(&value, text, strlen(text), "t", &expect_err));
    return value;
}

Test(json_strict, typed_access) {
    cJSON *o = parse(
        "{\"s\": \"x\", \"b\": true, \"i\": -9007199254740991, \"d\": 2.5, \"n\": null, \"big\": 9007199254740992, "
        "\"l\": [1], \"whole\": 1e3}");
    const char *text = NULL;
    bool flag = false;
    int64_t number = 5;
    double real = 0;
    EXPECT_OK(assay_json_get_string(o, "s", "t", &text, &expect_err));
    cr_expect_str_eq(text, "x");
    EXPECT_OK(assay_json_get_bool(o, "b", "t", &flag, &expect_err));
    cr_expect(flag);
    EXPECT_OK(assay_json_get_int(o, "absent", "t", &number, &expect_err));
    cr_expect_eq(number, 5);
    EXPECT_OK(assay_json_get_int(o, "i", "t", &number, &expect_err));
    cr_expect_eq(number, -INT64_C(9007199254740991));
    EXPECT_OK(assay_json_get_int(o, "whole", "t", &number, &expect_err));
    cr_expect_eq(number, 1000);
    EXPECT_OK(assay_json_get_double(o, "d", "t", &real, &expect_err));
    cr_expect_eq(real, 2.5);
    EXPECT_REFUSED(assay_json_get_int(o, "d", "t", &number, &expect_err),
                   "t: d: must be a whole number of at most 2^53 - 1, not 2.5");
    EXPECT_REFUSED(assay_json_get_int(o, "big", "t", &number, &expect_err), "2^53");
    EXPECT_REFUSED(assay_json_get_int(o, "b", "t", &number, &expect_err), "not a boolean");
    EXPECT_REFUSED(assay_json_get_int(o, "n", "t", &number, &expect_err), "not null");
    EXPECT_REFUSED(assay_json_get_bool(o, "i", "t", &flag, &expect_err), "must be true or false, not a number");
    EXPECT_REFUSED(assay_json_get_string(o, "l", "t", &text, &expect_err), "must be a string, not a list");
    EXPECT_REFUSED(assay_json_get_double(o, "s", "t", &real, &expect_err), "must be a number, not a string");
    cJSON_Delete(o);
}

Test(json_strict, known_and_required_keys) {
    static const char *const keys[] = {"op", "past", NULL};
    cJSON *o = parse("{\"op\": 1, \"foo\": 2}");
    const cJSON *member;
    EXPECT_REFUSED(assay_json_known_keys(o, keys, "step 2", &expect_err),
                   "step 2: unknown key 'foo'; known keys: op, past");
    EXPECT_REFUSED(assay_json_require(o, "Op", "step 2", &member, &expect_err), "the key 'Op' is missing");
    EXPECT_OK(assay_json_require(o, "op", "step 2", &member, &expect_err));
    cr_expect_eq(member->valuedouble, 1);
    cJSON_Delete(o);
}

static assay_status tensor(const char *text, int rank, assay_dtype dtype, assay_tensor *t, assay_error *err) {
    cJSON *value = parse(text);
    assay_status st = assay_json_read_tensor(value, rank, dtype, "x", t, err);
    cJSON_Delete(value);
    return st;
}

Test(json_tensor, reads_rectangles) {
    assay_tensor t;
    EXPECT_OK(tensor("[[1, 2, 3], [4, 5, -6]]", 2, ASSAY_I64, &t, &expect_err));
    cr_expect_eq(t.rank, 2);
    cr_expect_eq(t.shape[0], 2);
    cr_expect_eq(t.shape[1], 3);
    cr_expect_eq(((int64_t *)t.data)[5], -6);
    assay_tensor_free(&t);
    EXPECT_OK(tensor("[[[0.5], [1]], [[2], [3e-3]]]", 3, ASSAY_F64, &t, &expect_err));
    cr_expect_eq(t.shape[2], 1);
    cr_expect_eq(((double *)t.data)[3], 3e-3);
    assay_tensor_free(&t);
}

Test(json_tensor, reads_empty_rows) {
    assay_tensor t;
    EXPECT_OK(tensor("[[], []]", 2, ASSAY_I64, &t, &expect_err));
    cr_expect(t.data && t.rank == 2 && t.shape[0] == 2 && t.shape[1] == 0);
    assay_tensor_free(&t);
    EXPECT_OK(tensor("[[]]", 3, ASSAY_F64, &t, &expect_err));
    cr_expect(t.data && t.rank == 3 && t.shape[0] == 1 && t.shape[1] == 0 && t.shape[2] == 0);
    assay_tensor_free(&t);
}

Test(json_tensor, refuses_what_is_no_rectangle) {
    assay_tensor t;
    EXPECT_REFUSED(tensor("[[1, 2], [3]]", 2, ASSAY_I64, &t, &expect_err),
                   "x[1]: has 1 elements where the lists before it have 2");
    EXPECT_REFUSED(tensor("[[1], [2, 3]]", 2, ASSAY_I64, &t, &expect_err), "x[1]: has 2");
    EXPECT_REFUSED(tensor("[[], [2]]", 2, ASSAY_I64, &t, &expect_err), "x[1]: has 1");
    EXPECT_REFUSED(tensor("[[[1]], [[1], [2]]]", 3, ASSAY_F64, &t, &expect_err), "x[1]: has 2");
    EXPECT_REFUSED(tensor("[1, 2]", 2, ASSAY_I64, &t, &expect_err), "x[0]: must be a list, not a number");
    EXPECT_REFUSED(tensor("[[1], 2]", 2, ASSAY_I64, &t, &expect_err), "x[1]: must be a list");
    EXPECT_REFUSED(tensor("[[[1]]]", 2, ASSAY_I64, &t, &expect_err), "x[0][0]: must be a whole number, not a list");
    EXPECT_REFUSED(tensor("[[1.5]]", 2, ASSAY_I64, &t, &expect_err), "x[0][0]");
    EXPECT_REFUSED(tensor("[[1, null]]", 2, ASSAY_F64, &t, &expect_err), "x[0][1]: must be a number, not null");
    EXPECT_REFUSED(tensor("[[true]]", 2, ASSAY_F64, &t, &expect_err), "not a boolean");
    EXPECT_REFUSED(tensor("[[\"1\"]]", 2, ASSAY_I64, &t, &expect_err), "not a string");
    EXPECT_REFUSED(tensor("{}", 1, ASSAY_I64, &t, &expect_err), "x: must be a list, not an object");
    EXPECT_REFUSED(tensor("3", 1, ASSAY_I64, &t, &expect_err), "x: must be a list, not a number");
    EXPECT_REFUSED(tensor("[]", 2, ASSAY_I64, &t, &expect_err), "must not be an empty list");
}

/* If the first row's length were believed before the others are counted, this would ask for 160 GB. */
Test(json_tensor, takes_no_memory_for_ragged_lists) {
    size_t rows = 200000, first = 100000, at = 0;
    char *text = malloc(2 * first + 3 * rows + 16);
    at += (size_t)sprintf(text, "[[1");
    for (size_t i = 1; i < first; i++) at += (size_t)sprintf(text + at, ",1");
    at += (size_t)sprintf(text + at, "]");
    for (size_t i = 0; i < rows; i++) at += (size_t)sprintf(text + at, ",[]");
    sprintf(text + at, "]");
    assay_tensor t;
    EXPECT_REFUSED(tensor(text, 2, ASSAY_I64, &t, &expect_err), "x[1]: has 0 elements");
    free(text);
}

Test(json_strict, reads_millions_of_numbers_in_seconds) {
    size_t count = 2000000, at = 0;
    char *text = malloc(12 * count + 16);
    text[at++] = '[';
    for (size_t i = 0; i < count; i++) at += (size_t)sprintf(text + at, "%s-0.%07zu", i ? "," : "", i);
    at += (size_t)sprintf(text + at, "]");
    clock_t start = clock();
    assay_tensor t;
    EXPECT_OK(tensor(text, 1, ASSAY_F64, &t, &expect_err));
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    cr_expect_eq(t.shape[0], (int64_t)count);
    cr_expect_eq(((double *)t.data)[1999999], -0.1999999);
    cr_expect_lt(seconds, 20, "%g s: is something quadratic?", seconds);
    assay_tensor_free(&t);
    free(text);
}
