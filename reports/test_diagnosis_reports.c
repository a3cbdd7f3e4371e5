/* Diagnoses as text and JSON, from diagnoses made by hand. */
#include <cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/json_strict.h"
#include "golden/test_scratch.h"
#include "reports/diagnosis_json.h"
#include "reports/diagnosis_text.h"

static const assay_diagnosis_names names = {"g.h5", "port.h5"};

static char *text_of(const assay_diagnosis *d) {
    char *text = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    EXPECT_OK(assay_report_diagnosis_text(out, d, &names, &expect_err));
    fclose(out);
    return text;
}

static void expect_text(const assay_diagnosis *d, const char *expected) {
    char *text = text_of(d);
    cr_assert_str_eq(text, expected, "%s", text);
    free(text);
}

static assay_hypothesis hypothesis(const char *first, const char *second) {
    assay_hypothesis h = {.mistakes = {assay_variant_find(first)}, .mistake_count = second ? 2 : 1};
    if (second) h.mistakes[1] = assay_variant_find(second);
    cr_assert(h.mistakes[0] && (!second || h.mistakes[1]));
    return h;
}

/* 2 of 11 tensors differ from the original, the third hypothesis is somewhat nearer, the fourth is not. */
static assay_hypothesis ranking[4];
static const assay_distance without = {.judged = 11,
                                       .differing = 2,
                                       .worst = 145000,
                                       .badness = 11.2,
                                       .worst_path = "steps/0/logits",
                                       .first_path = "steps/0/past/1/mem_key"};
static assay_diagnosis explained(void) {
    ranking[0] = hypothesis("scale-of-d", NULL);
    ranking[0].explains = true;
    ranking[0].distance =
        (assay_distance){.judged = 11, .worst = 0.0784, .closeness = 0.02, .worst_path = "steps/0/logits"};
    ranking[1] = hypothesis("scale-missing", NULL);
    ranking[1].explains = ranking[1].same_as_best = true;
    ranking[1].distance = ranking[0].distance;
    ranking[2] = hypothesis("theta-1e6", NULL);
    ranking[2].distance = (assay_distance){
        .judged = 11, .differing = 1, .worst = 250, .badness = 3.4, .closeness = 90, .first_path = "steps/0/loss"};
    ranking[3] = hypothesis("activation-gelu", NULL);
    ranking[3].distance = (assay_distance){.judged = 11, .differing = 9, .worst = 1e12, .badness = 50};
    for (int i = 0; i < 4; i++) ranking[i].original = without;
    return (assay_diagnosis){.verdict = ASSAY_DIAGNOSIS_EXPLAINED,
                             .evidence = ASSAY_EVIDENCE_RESULTS,
                             .numbers = 3216,
                             .original = without,
                             .ranking = ranking,
                             .ranking_count = 4,
                             .singles = 93};
}

Test(diagnosis_reports, match) {
    expect_text(&(assay_diagnosis){.verdict = ASSAY_DIAGNOSIS_MATCH},
                "match: port.h5 matches g.h5; there is nothing to explain\n");
}

Test(diagnosis_reports, explained_by_one) {
    assay_diagnosis d = explained();
    expect_text(&d,
                "explained: with this mistake the reference engine computes just what port.h5 holds\n"
                "\n"
                "  scale-of-d (ATT-1)\n"
                "     the original   divides scores by sqrt(D)\n"
                "     the candidate  divides scores by D\n"
                "     look at        the factor on query times key\n"
                "     without it     2 of 11 tensors differ, at most by 1.45e+05 times the tolerance; first "
                "steps/0/past/1/mem_key\n"
                "     with it        all 11 tensors match (at most 0.078 of the tolerance)\n"
                "     try it         assay verify g.h5 --mistake scale-of-d\n"
                "  On this case these explain it equally well, and nothing that was dumped tells them apart:\n"
                "     scale-missing: does not scale scores\n"
                "  Next, and not as good:\n"
                "     theta-1e6: 1 of 11 tensors differ, at most by 250 times the tolerance\n"
                "  Judged by logits and caches (3216 numbers in 11 tensors); 93 mistakes and 0 pairs tried.\n");
}

Test(diagnosis_reports, explained_by_two) {
    assay_diagnosis d = explained();
    ranking[0] = hypothesis("scale-of-d", "theta-1e6");
    ranking[0].explains = true;
    ranking[0].original = without;
    ranking[0].distance = (assay_distance){.judged = 11, .differing = 1, .worst = 3, .first_path = "steps/0/logits"};
    d.ranking_count = 1;
    d.pairs = 16;
    d.evidence = ASSAY_EVIDENCE_TOKENS;
    expect_text(
        &d,
        "explained: with these two mistakes together the reference engine computes nearly what port.h5 holds\n"
        "\n"
        "  scale-of-d (ATT-1)\n"
        "     the original   divides scores by sqrt(D)\n"
        "     the candidate  divides scores by D\n"
        "     look at        the factor on query times key\n"
        "  theta-1e6 (ROPE-5)\n"
        "     the original   takes theta from rope_theta (10000 where it is absent)\n"
        "     the candidate  takes theta 1000000\n"
        "     look at        rope_theta of the configuration\n"
        "     without it     2 of 11 tensors differ, at most by 1.45e+05 times the tolerance; first "
        "steps/0/past/1/mem_key\n"
        "     with it        1 of 11 tensors differ, at most by 3 times the tolerance; first steps/0/logits\n"
        "     try it         assay verify g.h5 --mistake scale-of-d,theta-1e6\n"
        "  Judged by tokens or other whole numbers alone, which is weak evidence: dump logits, caches or stages "
        "(3216 numbers in 11 tensors); 93 mistakes and 16 pairs tried.\n");
}

Test(diagnosis_reports, unknown) {
    assay_diagnosis d = explained();
    d.verdict = ASSAY_DIAGNOSIS_UNKNOWN;
    d.ranking = ranking + 2;
    d.ranking_count = 2;
    d.pairs = 32;
    d.out_of_time = true;
    d.evidence = ASSAY_EVIDENCE_LOGITS;
    d.original.worst = INFINITY;
    expect_text(&d,
                "unknown: none of the known mistakes, as far as there was time to try, explains port.h5\n"
                "\n"
                "     without any    2 of 11 tensors differ, at most by another shape, class or value; first "
                "steps/0/past/1/mem_key\n"
                "  Next, and not as good:\n"
                "     theta-1e6: 1 of 11 tensors differ, at most by 250 times the tolerance\n"
                "  Judged by logits or losses alone: dump caches or stages to be sure (3216 numbers in 11 tensors); "
                "93 mistakes and 32 pairs tried; the time was over before all pairs were (--seconds).\n");
}

Test(diagnosis_reports, rounding_and_partly) {
    assay_diagnosis d = explained();
    d.verdict = ASSAY_DIAGNOSIS_ROUNDING;
    d.evidence = ASSAY_EVIDENCE_STAGES;
    char *text = text_of(&d);
    cr_assert(
        strstr(text, "rounding: port.h5 differs by a few tolerances, which none of the known mistakes explains\n"));
    cr_assert_null(strstr(text, "Next, and not as good"), "of a few tolerances nothing is blamed: %s", text);
    cr_assert(strstr(text, "  Judged by stages inside the computation (3216 numbers"), "%s", text);
    free(text);
    d = explained();
    d.verdict = ASSAY_DIAGNOSIS_PARTLY;
    d.ranking = ranking + 2;
    d.ranking_count = 2;
    text = text_of(&d);
    cr_assert(strstr(text,
                     "partly explained: this brings the reference engine nearer to port.h5, and something else "
                     "differs too\n\n  theta-1e6 (ROPE-5)\n"));
    cr_assert_null(strstr(text, "Next, and not as good"), "the first is the explanation: %s", text);
    free(text);
}

Test(diagnosis_reports, many_equals_are_cut) {
    assay_hypothesis many[30];
    assay_diagnosis d = explained();
    for (int i = 0; i < 30; i++) {
        many[i] = ranking[0];
        many[i].same_as_best = i > 0;
    }
    d.ranking = many;
    d.ranking_count = 30;
    char *text = text_of(&d);
    int lines = 0;
    for (const char *at = text; (at = strstr(at, "\n     scale-of-d: divides scores by D")); at++) lines++;
    cr_assert_eq(lines, 8);
    cr_assert(strstr(text, "\n     and 21 more\n"), "%s", text);
    free(text);
}

Test(diagnosis_reports, the_list_of_mistakes) {
    char *text = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    assay_report_mistakes(out);
    fclose(out);
    size_t lines = 0;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    cr_assert_eq(lines, assay_variant_count());
    cr_assert(strstr(text, "\nATT-1    scale-of-d                         divides scores by D\n"), "%s", text);
    free(text);
}

/* ---- JSON ---- */

static const cJSON *at(const cJSON *root, const char *path) {
    char copy[160];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *save, *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
        root =
            cJSON_IsArray(root) ? cJSON_GetArrayItem(root, atoi(part)) : cJSON_GetObjectItemCaseSensitive(root, part);
        cr_assert(root, "%s: no %s", path, part);
    }
    return root;
}

static cJSON *parsed(const assay_diagnosis *d) {
    scratch s;
    scratch_make(&s);
    const char *path = scratch_path(&s, "diagnosis.json");
    EXPECT_OK(assay_report_diagnosis_json(path, d, &names, &expect_err));
    size_t nbytes;
    char *text = scratch_read(path, &nbytes);
    cJSON *root;
    EXPECT_OK(assay_json_parse(&root, text, nbytes, path, &expect_err));
    free(text);
    scratch_remove(&s);
    return root;
}

static void expect_string(const cJSON *root, const char *path, const char *expected) {
    const char *text = cJSON_GetStringValue(at(root, path));
    cr_expect(text && strcmp(text, expected) == 0, "%s: %s", path, text);
}

static void expect_number(const cJSON *root, const char *path, double expected) {
    cr_expect(cJSON_IsNumber(at(root, path)) && at(root, path)->valuedouble == expected, "%s: %.17g", path,
              at(root, path)->valuedouble);
}

Test(diagnosis_reports, json) {
    assay_diagnosis d = explained();
    d.original.worst = INFINITY;
    cJSON *root = parsed(&d);
    expect_string(root, "format", "assay-diagnosis/1");
    expect_string(root, "golden", "g.h5");
    expect_string(root, "candidate", "port.h5");
    expect_string(root, "verdict", "explained");
    expect_string(root, "evidence", "results");
    expect_number(root, "numbers", 3216);
    expect_number(root, "mistakes_tried", 93);
    expect_number(root, "pairs_tried", 0);
    cr_expect(cJSON_IsFalse(at(root, "out_of_time")));
    expect_number(root, "ranking/0/original/differing", 2);
    expect_number(root, "original/judged", 11);
    expect_number(root, "original/differing", 2);
    expect_string(root, "original/worst", "Infinity");
    expect_number(root, "original/badness", 11.2);
    expect_string(root, "original/first_path", "steps/0/past/1/mem_key");
    cr_expect_eq(cJSON_GetArraySize(at(root, "ranking")), 4);
    expect_string(root, "ranking/0/mistakes/0/name", "scale-of-d");
    expect_string(root, "ranking/0/mistakes/0/rule", "ATT-1");
    expect_string(root, "ranking/0/mistakes/0/candidate", "divides scores by D");
    cr_expect(cJSON_IsTrue(at(root, "ranking/0/explains")) && cJSON_IsFalse(at(root, "ranking/0/same_as_best")));
    expect_number(root, "ranking/0/distance/worst", 0.0784);
    cr_expect(cJSON_IsTrue(at(root, "ranking/1/same_as_best")));
    expect_string(root, "ranking/2/distance/first_path", "steps/0/loss");
    expect_number(root, "ranking/3/distance/worst", 1e12);
    cJSON_Delete(root);
}

Test(diagnosis_reports, json_of_a_match_and_of_many) {
    cJSON *root = parsed(&(assay_diagnosis){.verdict = ASSAY_DIAGNOSIS_MATCH});
    expect_string(root, "verdict", "match");
    cr_expect_null(cJSON_GetObjectItemCaseSensitive(root, "ranking"), "nothing was tried");
    cJSON_Delete(root);
    assay_hypothesis many[25];
    assay_diagnosis d = explained();
    for (int i = 0; i < 25; i++) many[i] = hypothesis("scale-of-d", "theta-1e6");
    d.ranking = many;
    d.ranking_count = 25;
    root = parsed(&d);
    cr_expect_eq(cJSON_GetArraySize(at(root, "ranking")), 20);
    expect_string(root, "ranking/19/mistakes/1/name", "theta-1e6");
    cJSON_Delete(root);
}

Test(diagnosis_reports, verdict_names) {
    static const char *const verdicts[] = {"match", "explained", "partly explained", "unknown", "rounding"};
    for (int i = 0; i < 5; i++) cr_expect_str_eq(assay_diagnosis_verdict_name((assay_diagnosis_verdict)i), verdicts[i]);
}

Test(diagnosis_reports, a_failing_write_is_an_error) {
    assay_diagnosis d = explained();
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        cr_assert_eq(assay_report_diagnosis_text(full, &d, &names, NULL), ASSAY_EINTERNAL);
        fclose(full);
        full = fopen("/dev/full", "w"); /* as stdout is: with a buffer, which must be flushed to know */
        cr_assert_eq(assay_report_diagnosis_text(full, &d, &names, NULL), ASSAY_EINTERNAL);
        fclose(full);
    }
    cr_assert_neq(assay_report_diagnosis_json("/no/such/folder/d.json", &d, &names, NULL), ASSAY_OK);
}
