#include "reports/baseline_file.h"

#include <stdlib.h>
#include <unistd.h>

#include "reports/drift_text.h"
#include "reports/report_fixture.h"
#include "reports/result_json.h"
#include "reports/result_load.h"
#include "reports/text.h"

static char folder[] = "/tmp/assay-test-XXXXXX";
static char path[64];

static void make_folder(void) {
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/b.json", folder);
}

static void remove_folder(void) {
    unlink(path);
    cr_assert_eq(rmdir(folder), 0, "nothing else was left in the folder");
}

TestSuite(baseline_file, .init = make_folder, .fini = remove_folder);

static assay_baseline example(void) {
    assay_baseline b = {.cases = calloc(2, sizeof *b.cases), .count = 2};
    b.cases[0] = (assay_baseline_case){.name = strdup("a \"case\""), .has_dtype = true, .dtype = ASSAY_BF16};
    b.cases[0].stages[ASSAY_STAGE_SCHEDULE] = (assay_baseline_stage){.places = 2};
    b.cases[0].stages[ASSAY_STAGE_PAST_KEY] = (assay_baseline_stage){4, true, false, 0.125, 0};
    b.cases[0].stages[ASSAY_STAGE_LOGITS] = (assay_baseline_stage){1, true, true, 1.25, 3.5e-07};
    b.cases[1] = (assay_baseline_case){.name = strdup("überall"), .refusals = 2};
    return b;
}

static const char example_text[] =
    "{\n  \"format\": \"assay-baseline/1\",\n  \"cases\": {\n"
    "    \"a \\\"case\\\"\": {\"dtype\": \"bfloat16\", \"stages\": {\n"
    "      \"schedule\": {\"places\": 2},\n"
    "      \"logits\": {\"places\": 1, \"worst\": 1.25, \"rms\": 3.5e-07},\n"
    "      \"past/key\": {\"places\": 4, \"worst\": 0.125}}},\n"
    "    \"überall\": {\"stages\": {\n"
    "      \"refusals\": {\"places\": 2}}}\n  }\n}\n";

static void put_text(const char *text) {
    FILE *out = fopen(path, "w");
    cr_assert_not_null(out);
    fputs(text, out);
    fclose(out);
}

Test(baseline_file, is_text_with_a_line_for_each_stage) {
    char text[2000] = "";
    assay_baseline b = example();
    cr_assert_eq(assay_baseline_write(path, &b, NULL), ASSAY_OK);
    FILE *in = fopen(path, "r");
    cr_assert_not_null(in);
    cr_assert_gt(fread(text, 1, sizeof text - 1, in), 0);
    fclose(in);
    cr_assert_str_eq(text, example_text);
    assay_baseline_free(&b);
}

Test(baseline_file, reads_back) {
    assay_error err = {0};
    assay_baseline b = example(), back;
    put_text(example_text);
    cr_assert_eq(assay_baseline_read(&back, path, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(back.count, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_str_eq(back.cases[i].name, b.cases[i].name);
        cr_assert_eq(back.cases[i].has_dtype, b.cases[i].has_dtype);
        cr_assert_eq(back.cases[i].dtype, b.cases[i].dtype);
        cr_assert_eq(back.cases[i].refusals, b.cases[i].refusals);
        cr_assert_eq(memcmp(back.cases[i].stages, b.cases[i].stages, sizeof b.cases[i].stages), 0);
    }
    cr_assert_not_null(assay_baseline_find(&back, "überall"));
    cr_assert_null(assay_baseline_find(&back, "b"));
    assay_baseline_free(&b);
    assay_baseline_free(&back);
}

static void refuses(const char *text, const char *why) {
    assay_error err = {0};
    assay_baseline b = {0};
    put_text(text);
    cr_assert_eq(assay_baseline_read(&b, path, &err), ASSAY_EINPUT, "%s", text);
    cr_assert_not_null(strstr(err.message, why), "%s", err.message);
    cr_assert_null(b.cases);
}

#define HEAD "{\"format\": \"assay-baseline/1\", \"cases\": "

Test(baseline_file, refuses_what_is_none) {
    refuses("{}", "format");
    refuses("[1", "");
    refuses("{\"format\": \"assay-result/1\"}", "the format is 'assay-result/1'; a baseline is 'assay-baseline/1'");
    refuses(HEAD "{}, \"more\": 1}", "more");
    refuses(HEAD "[]}", "");
    refuses(HEAD "{\"a\": {}}}", "case 'a'");
    refuses(HEAD "{\"a\": {\"stages\": {\"logit\": {\"places\": 1}}}}}",
            "case 'a': stage 'logit': there is no such stage");
    refuses(HEAD "{\"a\": {\"stages\": {\"logits\": {\"places\": 0}}}}}", "at least 1");
    refuses(HEAD "{\"a\": {\"stages\": {\"logits\": {\"places\": 1, \"worst\": -1}}}}}", "'worst' must be");
    refuses(HEAD "{\"a\": {\"stages\": {\"logits\": {\"places\": 1, \"rms\": \"NaN\"}}}}}", "rms");
    refuses(HEAD "{\"a\": {\"stages\": {\"refusals\": {\"places\": 1, \"worst\": 1}}}}}",
            "case 'a': stage 'refusals': refusals have 'places' alone");
    refuses(HEAD "{\"a\": {\"stages\": {\"norm\": {\"places\": 1, \"rms\": 1}}}}}",
            "b.json: case 'a': stage 'norm': 'worst' is missing; accept the run again");
    refuses(HEAD "{\"a\": {\"stages\": {\"schedule\": {\"places\": 1, \"worst\": 0}}}}}",
            "case 'a': stage 'schedule': the stage is exact");
    refuses(HEAD "{\"a\": {\"stages\": {\"past/mem_key\": {\"places\": 1, \"worst\": 0, \"rms\": 0}}}}}",
            "case 'a': stage 'past/mem_key': stored memory has no 'rms'");
    refuses(HEAD "{\"a\": {\"dtype\": \"int64\", \"stages\": {}}}}", "'dtype' is 'int64'");
    put_text("");
}

Test(baseline_file, drift_is_a_table) {
    char *text = NULL;
    size_t nbytes;
    assay_result r = {.drifts.baseline = strdup("b.json")};
    FILE *out = open_memstream(&text, &nbytes);
    cr_assert_not_null(out);
    put_text("");
    assay_report_drifts(out, &r.drifts, 1);
    const assay_drift drifts[] = {
        {"flip", "norm", ASSAY_DRIFT_NEW, ASSAY_MEASURE_PLACES, 1, 2, 0},
        {"flip", "steps/0/logits", ASSAY_DRIFT_MOVED, ASSAY_MEASURE_RMS, 0.25, 1, 0.75},
        {"flip", "steps/1/logits", ASSAY_DRIFT_MOVED, ASSAY_MEASURE_WORST, 0, INFINITY, 1.5},
        {"gone", "", ASSAY_DRIFT_VANISHED, ASSAY_MEASURE_PLACES, 12, 0, 0},
    };
    for (int i = 0; i < 4; i++) cr_assert_eq(assay_drifts_add(&r.drifts, &drifts[i], NULL), ASSAY_OK);
    assay_report_drifts(out, &r.drifts, 1);
    fclose(out);
    cr_assert_str_eq(
        text,
        "\nbaseline b.json: nothing moved beyond noise\n"
        "\nbaseline b.json: 2 moved, 1 vanished, 1 new, 0 better (docs/baselines.md)\n"
        "  drift     case  measure    before       now    factor     limit  where it is worst now, or the stage\n"
        "  moved     flip  rms          0.25         1         4      0.75  steps/0/logits\n"
        "      ... and 1 more\n"
        "  vanished  gone  places         12         0         -         -  (the whole case)\n"
        "  new       flip  places          1         2         -         -  norm\n");
    free(text);
    assay_result_free(&r);
}

Test(baseline_file, drift_alone_is_no_mismatch) {
    char *text = NULL;
    size_t nbytes;
    assay_result r = report_fixture();
    assay_case_result_free(&r.cases[1]);
    assay_case_result_free(&r.cases[2]);
    r.case_count = 1;
    r.drifts.baseline = strdup("b.json");
    const assay_drift drift = {"right", "norm", ASSAY_DRIFT_VANISHED, ASSAY_MEASURE_PLACES, 1, 0, 0};
    cr_assert_eq(assay_drifts_add(&r.drifts, &drift, NULL), ASSAY_OK);
    FILE *out = open_memstream(&text, &nbytes);
    cr_assert_eq(assay_report_text(out, &r, NULL, NULL), ASSAY_OK);
    fclose(out);
    cr_assert_not_null(strstr(text, "\nDRIFT: 1 of 1 case matches"), "%s", text);
    put_text("");
    free(text);
    assay_result_free(&r);
}

Test(baseline_file, drifts_go_through_the_json_of_a_result) {
    char *text = NULL;
    assay_error err = {0};
    assay_result r = report_fixture(), back;
    r.drifts.baseline = strdup("b.json");
    const assay_drift drift = {"right", "steps/0/logits", ASSAY_DRIFT_MOVED, ASSAY_MEASURE_RMS, 0.25, INFINITY, 0.75};
    cr_assert_eq(assay_drifts_add(&r.drifts, &drift, NULL), ASSAY_OK);
    cr_assert_eq(assay_report_json_text(&text, &r, NULL), ASSAY_OK);
    cr_assert_eq(assay_result_parse(&back, text, strlen(text), "r", &err), ASSAY_OK, "%s", err.message);
    cr_assert_str_eq(back.drifts.baseline, "b.json");
    cr_assert_eq(back.drifts.count, 1);
    cr_assert_str_eq(back.drifts.items[0].test_case, "right");
    cr_assert_str_eq(back.drifts.items[0].path, "steps/0/logits");
    cr_assert_eq(back.drifts.items[0].kind, ASSAY_DRIFT_MOVED);
    cr_assert_eq(back.drifts.items[0].measure, ASSAY_MEASURE_RMS);
    cr_assert_eq(back.drifts.items[0].before, 0.25);
    cr_assert(isinf(back.drifts.items[0].now));
    cr_assert_eq(back.drifts.items[0].limit, 0.75);
    put_text("");
    free(text);
    assay_result_free(&r);
    assay_result_free(&back);
}
