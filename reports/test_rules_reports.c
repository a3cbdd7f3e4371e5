/* The matrix of rules as text, CSV, JSON and Markdown, from a small matrix made by hand. */
#include <cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"
#include "engine/variants.h"
#include "golden/json_strict.h"
#include "golden/test_scratch.h"
#include "reports/rules_csv.h"
#include "reports/rules_json.h"
#include "reports/rules_markdown.h"
#include "reports/rules_text.h"

static assay_rule_case cases[2];
static assay_rule_matrix matrix;

static assay_rule_cell *cell(int golden, const char *mistake) {
    const assay_variant *v = assay_variant_find(mistake);
    cr_assert(v, "%s", mistake);
    return &cases[golden].cells[v - assay_variant_at(0)];
}

static const assay_rule_sign nothing, refusal = {.differs = true, .by_refusal = true};
static assay_rule_sign stage_sign(assay_stage stage) { return (assay_rule_sign){.differs = true, .stage = stage}; }
static assay_rule_cell shows(assay_rule_sign stages, assay_rule_sign results) {
    return (assay_rule_cell){.stages = stages, .results = results};
}

/* Golden "alpha" notices three mistakes, "beta" one of them, by a refusal; the engine itself differs from "beta". */
static void start(void) {
    static char *alpha_rules[] = {"MEM-1", "ATT-1"}, *beta_rules[] = {"MEM-10"};
    cases[0] = (assay_rule_case){.name = "alpha", .rules = alpha_rules, .rule_count = 2};
    cases[1] = (assay_rule_case){.name = "beta", .rules = beta_rules, .rule_count = 1};
    for (int i = 0; i < 2; i++) cases[i].cells = calloc(assay_variant_count(), sizeof *cases[i].cells);
    matrix = (assay_rule_matrix){cases, 2};
    *cell(0, "memory-keys-at-position-ids") =
        shows(stage_sign(ASSAY_STAGE_MEM_WRITE_KEY), stage_sign(ASSAY_STAGE_PAST_MEM_KEY));
    *cell(0, "memory-before-local") = shows(stage_sign(ASSAY_STAGE_ATTN_SCORES), nothing);
    *cell(0, "scale-missing") = shows(stage_sign(ASSAY_STAGE_ATTN_SCORES), refusal);
    *cell(1, "memory-keys-at-position-ids") = shows(refusal, refusal);
    cases[1].control = shows(stage_sign(ASSAY_STAGE_LOGITS), nothing);
}
static void stop(void) {
    for (int i = 0; i < 2; i++) free(cases[i].cells);
}
TestSuite(rules_reports, .init = start, .fini = stop);

typedef assay_status (*writer)(FILE *out, const assay_rule_matrix *m, assay_error *err);

static char *text_of(writer write) {
    char *text = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    EXPECT_OK(write(out, &matrix, &expect_err));
    fclose(out);
    return text;
}

static void assert_has(const char *text, const char *part) {
    cr_assert_not_null(strstr(text, part), "'%s' in\n%s", part, text);
}

Test(rules_reports, csv) {
    char *text = text_of(assay_report_rules_csv);
    cr_assert_str_eq(text,
                     "rule,mistake,golden,first_stage,first_result\n"
                     "MEM-1,memory-keys-at-position-ids,alpha,self_attn.mem_write.key,mem_key\n"
                     "MEM-1,memory-keys-at-position-ids,beta,refusal,refusal\n"
                     "MEM-3,memory-before-local,alpha,self_attn.attn_scores,\n"
                     "MEM-10,,beta,,\n"
                     "ATT-1,scale-missing,alpha,self_attn.attn_scores,refusal\n");
    free(text);
}

/* ---- text ---- */

Test(rules_reports, text) {
    char *text = text_of(assay_report_rules_text);
    char rule[256];
    snprintf(rule, sizeof rule, "\nMEM-1    1 case  %s\n", assay_rule_find("MEM-1")->summary);
    assert_has(text, rule);
    assert_has(text, "\n    memory-keys-at-position-ids             2        2  caught\n");
    assert_has(text, "\n    memory-keys-at-relative-positions       0        0  survives\n");
    assert_has(text, "\n    memory-before-local                     1        0  caught\n");
    assert_has(text, "\n    norm-weight-before-cast                 0        0  invisible\n");
    assert_has(text, "\nMEM-2    0 cases, MISSING  ");
    snprintf(rule, sizeof rule, "\nOUT-2    0 cases, none needed: %s  \n", assay_rule_exempt("OUT-2"));
    assert_has(text, rule);
    assert_has(text, "\nFALSE ALARM: the engine without a mistake differs from beta at logits\n");
    assert_has(text, "\nmistakes that cannot show in results, or at all:\n    memory-before-local: ");
    char summary[400];
    size_t all = assay_variant_count();
    snprintf(summary, sizeof summary,
             "\nfail: 3 of %zu rules have a case (1 need none), %zu a known mistake; mutation score %.1f%% by stages "
             "(3 of %zu mistakes; 1 "
             "provably show nowhere), %.1f%% by results (2 of %zu; 2 provably do not show there); 1 false alarms in 2 "
             "goldens\n",
             assay_rule_count(), assay_rule_matrix_summary(&matrix).rules_with_variant, 300.0 / (double)(all - 1),
             all - 1, 200.0 / (double)(all - 2), all - 2);
    assert_has(text, summary);
    free(text);
}

Test(rules_reports, a_false_alarm_by_a_refusal_names_no_stage) {
    cases[1].control.stages = refusal;
    char *text = text_of(assay_report_rules_text);
    assert_has(text, "differs from beta at refusal\n");
    free(text);
}

Test(rules_reports, every_rule_and_mistake_has_its_line) {
    char *text = text_of(assay_report_rules_text);
    for (size_t i = 0; i < assay_rule_count(); i++) {
        char start_of_line[32];
        snprintf(start_of_line, sizeof start_of_line, "\n%-8s ", assay_rule_at(i)->id);
        assert_has(text, start_of_line);
    }
    for (size_t i = 0; i < assay_variant_count(); i++) {
        char start_of_line[64];
        snprintf(start_of_line, sizeof start_of_line, "\n    %-34s ", assay_variant_at(i)->name);
        assert_has(text, start_of_line);
    }
    free(text);
}

/* ---- Markdown ---- */

Test(rules_reports, markdown) {
    char *text = text_of(assay_report_rules_markdown);
    char line[400];
    const assay_rule_info *rule = assay_rule_find("MEM-1");
    snprintf(line, sizeof line, "\n## MEM-1\n\n%s.\n\n- In the original: `", rule->summary);
    assert_has(text, line);
    snprintf(line, sizeof line,
             "\n- In the engine: %s\n- Cases: alpha\n\n| Mistake | Golden | First stage | Noticed by |\n"
             "|---|---|---|---|\n",
             rule->engine);
    assert_has(text, line);
    const assay_variant *v = assay_variant_find("memory-keys-at-position-ids");
    snprintf(line, sizeof line, "\n| `%s`: %s | alpha | self_attn.mem_write.key | 2, 2 |\n", v->name, v->mistake);
    assert_has(text, line);
    v = assay_variant_find("memory-keys-at-relative-positions");
    snprintf(line, sizeof line, "\n| `%s`: %s | none | | 0, 0 |\n", v->name, v->mistake);
    assert_has(text, line);
    assert_has(text, "\n- Cases: beta\n\n## MEM-11\n");
    assert_has(text, "\n- Cases: none: MISSING\n");
    assert_has(text, "\n- In the engine: engine/layer_taps.c\n- Cases: none: the attentions that a call returns");
    assert_has(text,
               "\n## Mistakes that cannot show\n\n- `memory-before-local` (MEM-3) shows in stages, not in results: ");
    assert_has(text, "\n- `norm-weight-before-cast` (NORM-1) shows nowhere: ");
    free(text);
}

/* Cells of a table are as many in each of its lines. */
Test(rules_reports, tables_of_markdown_have_four_columns) {
    char *text = text_of(assay_report_rules_markdown);
    size_t lines = 0;
    for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (line[0] != '|') continue;
        int bars = 0;
        for (const char *c = line; *c; c++) bars += *c == '|';
        cr_expect_eq(bars, 5, "%s", line);
        lines++;
    }
    cr_assert_gt(lines, assay_variant_count());
    free(text);
}

/* A golden whose results show it is better than one whose stages alone do, and one that is about the rule better still. */
Test(rules_reports, markdown_chooses_the_best_golden) {
    *cell(1, "scale-of-d") = shows(stage_sign(ASSAY_STAGE_NORM), stage_sign(ASSAY_STAGE_LOGITS));
    char *text = text_of(assay_report_rules_markdown);
    assert_has(text, "divides scores by D | beta | norm | 1, 1 |");
    free(text);
    *cell(0, "scale-of-d") = shows(stage_sign(ASSAY_STAGE_ATTN_PROBS), nothing);
    text = text_of(assay_report_rules_markdown);
    assert_has(text, "divides scores by D | beta | norm | 2, 1 |");
    free(text);
    cell(0, "scale-of-d")->results = stage_sign(ASSAY_STAGE_LOGITS);
    text = text_of(assay_report_rules_markdown);
    assert_has(text, "divides scores by D | alpha | self_attn.attn_probs | 2, 2 |");
    free(text);
}

/* ---- JSON ---- */

static const cJSON *named(const cJSON *array, const char *key, const char *value) {
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, key));
        if (text && strcmp(text, value) == 0) return item;
    }
    cr_assert_fail("no %s %s", key, value);
    return NULL;
}

static const char *text_in(const cJSON *object, const char *key) {
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    cr_assert(text, "%s", key);
    return text;
}

static double number_in(const cJSON *object, const char *key) {
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, key);
    cr_assert(cJSON_IsNumber(number), "%s", key);
    return number->valuedouble;
}

static void check_summary(const cJSON *s) {
    double all = (double)assay_variant_count();
    cr_assert_eq(number_in(s, "goldens"), 2);
    cr_assert_eq(number_in(s, "rules"), (double)assay_rule_count());
    cr_assert_eq(number_in(s, "rules_with_case"), 3);
    cr_assert_eq(number_in(s, "rules_exempt"), 1);
    cr_assert_eq(number_in(s, "mistakes"), all);
    cr_assert_eq(number_in(s, "caught_by_stages"), 3);
    cr_assert_eq(number_in(s, "caught_by_results"), 2);
    cr_assert_eq(number_in(s, "invisible"), 1);
    cr_assert_eq(number_in(s, "invisible_in_results"), 2);
    cr_assert_eq(number_in(s, "false_alarms"), 1);
}

static void check_mistakes(const cJSON *mistakes) {
    cr_assert_eq(cJSON_GetArraySize(mistakes), (int)assay_variant_count());
    const cJSON *keys = named(mistakes, "name", "memory-keys-at-position-ids");
    cr_assert_str_eq(text_in(keys, "rule"), "MEM-1");
    cr_assert_str_eq(text_in(keys, "verdict"), "caught");
    cr_assert_null(cJSON_GetObjectItemCaseSensitive(keys, "proof"));
    const cJSON *caught = cJSON_GetObjectItemCaseSensitive(keys, "caught_by");
    cr_assert_eq(cJSON_GetArraySize(caught), 2);
    cr_assert_str_eq(text_in(named(caught, "golden", "alpha"), "first_stage"), "self_attn.mem_write.key");
    cr_assert_str_eq(text_in(named(caught, "golden", "alpha"), "first_result"), "mem_key");
    cr_assert_str_eq(text_in(named(caught, "golden", "beta"), "first_stage"), "refusal");
    const cJSON *scale = cJSON_GetObjectItemCaseSensitive(named(mistakes, "name", "scale-missing"), "caught_by");
    cr_assert_str_eq(text_in(named(scale, "golden", "alpha"), "first_stage"), "self_attn.attn_scores");
    cr_assert_str_eq(text_in(named(scale, "golden", "alpha"), "first_result"), "refusal");
    const cJSON *order = named(mistakes, "name", "memory-before-local");
    cr_assert(text_in(order, "proof")[0]);
    caught = cJSON_GetObjectItemCaseSensitive(order, "caught_by");
    cr_assert_null(cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(caught, 0), "first_result"));
    cr_assert_str_eq(text_in(named(mistakes, "name", "theta-1e4"), "verdict"), "survives");
}

static void check_rules(const cJSON *rules) {
    cr_assert_eq(cJSON_GetArraySize(rules), (int)assay_rule_count());
    const cJSON *goldens = cJSON_GetObjectItemCaseSensitive(named(rules, "id", "MEM-10"), "goldens");
    cr_assert_eq(cJSON_GetArraySize(goldens), 1);
    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetArrayItem(goldens, 0)), "beta");
    cr_assert_str_eq(text_in(named(rules, "id", "OUT-2"), "exempt"), assay_rule_exempt("OUT-2"));
    cr_assert_null(cJSON_GetObjectItemCaseSensitive(named(rules, "id", "MEM-2"), "exempt"));
}

Test(rules_reports, json) {
    scratch s;
    scratch_make(&s);
    const char *path = scratch_path(&s, "rules.json");
    EXPECT_OK(assay_report_rules_json(path, &matrix, &expect_err));
    size_t nbytes;
    char *text = scratch_read(path, &nbytes);
    cJSON *root;
    EXPECT_OK(assay_json_parse(&root, text, nbytes, path, &expect_err));
    cr_assert_str_eq(text_in(root, "format"), "assay-rules/1");
    cr_assert_str_eq(text_in(root, "verdict"), "fail");
    check_summary(cJSON_GetObjectItemCaseSensitive(root, "summary"));
    check_rules(cJSON_GetObjectItemCaseSensitive(root, "rules"));
    check_mistakes(cJSON_GetObjectItemCaseSensitive(root, "mistakes"));
    cJSON_Delete(root);
    free(text);
    scratch_remove(&s);
}

Test(rules_reports, a_failing_write_is_an_error) {
    static const writer writers[] = {assay_report_rules_text, assay_report_rules_csv, assay_report_rules_markdown};
    for (int i = 0; i < 3; i++) {
        FILE *full = fopen("/dev/full", "w");
        if (!full) continue;
        setvbuf(full, NULL, _IONBF, 0);
        cr_expect_eq(writers[i](full, &matrix, NULL), ASSAY_EINTERNAL, "writer %d", i);
        fclose(full);
    }
    assay_error err = {0};
    cr_assert_neq(assay_report_rules_json("/no/such/folder/rules.json", &matrix, &err), ASSAY_OK);
    cr_assert(strstr(err.message, "/no/such/folder"), "%s", err.message);
}

Test(rules_reports, an_empty_matrix) {
    matrix = (assay_rule_matrix){0};
    char *csv = text_of(assay_report_rules_csv), *text = text_of(assay_report_rules_text);
    cr_assert_str_eq(csv, "rule,mistake,golden,first_stage,first_result\n");
    assert_has(text, "\nfail: 0 of ");
    assert_has(text, "0 false alarms in 0 goldens\n");
    free(csv), free(text);
}
