#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/json_strict.h"
#include "golden/test_scratch.h"
#include "reports/scorecard_json.h"
#include "reports/scorecard_text.h"
#include "run/scorecard_fixture.h"

static assay_scorecard card;

static void setup(void) {
    card = scorecard_new();
    scorecard_add(&card, "one", "MEM-1 SCHED-1", ASSAY_SCORED_PASS);
    assay_score_case *two = scorecard_add(&card, "two", "MEM-1 POS-2", ASSAY_SCORED_FAIL);
    scorecard_differ(two, "steps/0/logits", "HEAD-1 SCHED-3");
    scorecard_explain(two, "up-activated");
    scorecard_explain(two, "gate-and-up-swapped");
    scorecard_add(&card, "a-longer-name", "POS-2", ASSAY_SCORED_NOT_RUN);
    strcpy(scorecard_add(&card, "four", "POS-3", ASSAY_SCORED_UNREADABLE)->note, "bad\x1b[1m");
    card.unknown[card.unknown_count++] = strdup("dumps/other.h5");
    assay_scorecard_judge(&card);
}

static void teardown(void) { assay_scorecard_free(&card); }

TestSuite(scorecard_reports, .init = setup, .fini = teardown);

static void expect_line(const char *text, const char *line) {
    cr_expect(strstr(text, line), "no line '%s' in\n%s", line, text);
}

Test(scorecard_reports, the_text_has_a_line_for_each_rule_and_case) {
    char *text;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    EXPECT_OK(assay_report_scorecard_text(out, &card, &expect_err));
    fclose(out);
    expect_line(text, "\nMEM-1     pass             1 of 2    keys are stored in memory");
    expect_line(text, "\n          1 of its 2 cases fail by MLP-1\n");
    expect_line(text, "\nMLP-1     fail             0 of 0    the MLP is");
    expect_line(text, "\n          up-activated or gate-and-up-swapped explains two\n");
    expect_line(text, "\nPOS-2     not exercised    0 of 2    ");
    expect_line(text, "\npass        one            9 compared, 2 not dumped\n");
    expect_line(text,
                "\nfail        two            3 of 9 differ, first steps/0/logits: max abs 2 exceeds the tolerance 1; "
                "explained by up-activated or gate-and-up-swapped (MLP-1)\n");
    expect_line(text, "\nnot run     a-longer-name\n");
    expect_line(text, "\nunreadable  four           bad?[1m\n");
    expect_line(text, "\nunknown     dumps/other.h5 is the dump of no case of the suite\n");
    char summary[200];
    snprintf(summary, sizeof summary,
             "\nfail: 2 of %zu rules pass, 1 fail, %zu not exercised; 1 of 4 cases match, 1 fail, 1 not run, "
             "1 unreadable, 1 unknown\n",
             assay_rule_count(), assay_rule_count() - 3);
    expect_line(text, summary);
    free(text);
}

static const cJSON *member_of(const cJSON *list, const char *key, const char *value) {
    for (const cJSON *at = list->child; at; at = at->next)
        if (strcmp(assay_json_member(at, key)->valuestring, value) == 0) return at;
    cr_assert(false, "%s", value);
    return NULL;
}

static void expect_text(const cJSON *object, const char *key, const char *value) {
    const cJSON *member = assay_json_member(object, key);
    cr_assert(member && cJSON_IsString(member), "%s", key);
    cr_expect_str_eq(member->valuestring, value, "%s", key);
}

Test(scorecard_reports, the_json_says_the_same) {
    scratch s;
    size_t nbytes;
    cJSON *root;
    scratch_make(&s);
    EXPECT_OK(assay_report_scorecard_json(scratch_path(&s, "card.json"), &card, &expect_err));
    char *text = scratch_read(scratch_path(&s, "card.json"), &nbytes);
    EXPECT_OK(assay_json_parse(&root, text, nbytes, "card.json", &expect_err));
    expect_text(root, "format", "assay-scorecard/1");
    expect_text(root, "verdict", "fail");
    cr_expect_eq(cJSON_GetArraySize(assay_json_member(root, "rules")), (int)assay_rule_count());
    const cJSON *rule = member_of(assay_json_member(root, "rules"), "id", "MLP-1");
    expect_text(rule, "verdict", "fail");
    expect_text(rule, "note", "up-activated or gate-and-up-swapped explains two");
    cr_expect_str_eq(assay_json_member(rule, "blamed_by")->child->valuestring, "two");
    const cJSON *two = member_of(assay_json_member(root, "cases"), "name", "two");
    expect_text(two, "outcome", "fail");
    expect_text(assay_json_member(two, "first_divergence"), "path", "steps/0/logits");
    cr_expect_eq(cJSON_GetArraySize(assay_json_member(two, "explained_by")), 2);
    cr_expect_null(assay_json_member(member_of(assay_json_member(root, "cases"), "name", "a-longer-name"), "dump"));
    cr_expect_str_eq(assay_json_member(root, "unknown")->child->valuestring, "dumps/other.h5");
    cJSON_Delete(root);
    free(text);
    scratch_remove(&s);
}

/* A case that the port cannot run, one that it says it cannot and did, one with waived failures. */
static assay_scorecard limited_card(void) {
    assay_scorecard other = scorecard_new();
    assay_score_case *c = scorecard_add(&other, "limited", "MEM-1", ASSAY_SCORED_UNSUPPORTED);
    free(c->dump);
    c->dump = NULL;
    snprintf(c->note, sizeof c->note, "step 0: batch 2, and the port says max_batch 1");
    c = scorecard_add(&other, "wrong", "MEM-2", ASSAY_SCORED_PASS);
    snprintf(c->declared, sizeof c->declared, "no masks");
    c = scorecard_add(&other, "waived", "MEM-3", ASSAY_SCORED_PASS);
    c->waived = 2;
    snprintf(c->waived_path, sizeof c->waived_path, "steps/0/loss");
    other.waivers.items = calloc(1, sizeof *other.waivers.items);
    other.waivers.items[other.waivers.count++] = (assay_waiver_use){
        .stage = strdup("loss"), .reason = strdup("ticket 12"), .expires = 20261231, .in_scope = true, .count = 2};
    assay_scorecard_judge(&other);
    return other;
}

Test(scorecard_reports, the_text_tells_what_is_unsupported_and_waived) {
    char *text;
    size_t nbytes;
    assay_scorecard other = limited_card();
    FILE *out = open_memstream(&text, &nbytes);
    EXPECT_OK(assay_report_scorecard_text(out, &other, &expect_err));
    fclose(out);
    expect_line(text, "\nunsupported limited  step 0: batch 2, and the port says max_batch 1\n");
    expect_line(text,
                "\npass        wrong    9 compared, 2 not dumped; the port says that it cannot run it, which is wrong: "
                "no masks\n");
    expect_line(text, "\npass        waived   9 compared, 2 not dumped; 2 waived, first steps/0/loss\n");
    expect_line(text, "\nMEM-1     not exercised    0 of 1    ");
    expect_line(text, "\n          unsupported by the port\n");
    expect_line(text, "  used         stage loss: waives 2 failures until 2026-12-31 (ticket 12)\n");
    expect_line(text, "; 2 of 3 cases match, 1 unsupported by the port, 1 only with waived failures\n");
    free(text);
    assay_scorecard_free(&other);
}

Test(scorecard_reports, the_json_tells_what_is_unsupported_and_waived) {
    scratch s;
    size_t nbytes;
    cJSON *root;
    assay_scorecard other = limited_card();
    scratch_make(&s);
    EXPECT_OK(assay_report_scorecard_json(scratch_path(&s, "card.json"), &other, &expect_err));
    char *text = scratch_read(scratch_path(&s, "card.json"), &nbytes);
    EXPECT_OK(assay_json_parse(&root, text, nbytes, "card.json", &expect_err));
    const cJSON *cases = assay_json_member(root, "cases"), *summary = assay_json_member(root, "summary");
    expect_text(member_of(cases, "name", "limited"), "outcome", "unsupported");
    expect_text(member_of(cases, "name", "limited"), "note", "step 0: batch 2, and the port says max_batch 1");
    expect_text(member_of(cases, "name", "wrong"), "declared_unsupported", "no masks");
    cr_expect_eq(assay_json_member(member_of(cases, "name", "waived"), "waived")->valueint, 2);
    cr_expect_eq(assay_json_member(summary, "unsupported")->valueint, 1);
    cr_expect_eq(assay_json_member(summary, "waived")->valueint, 1);
    expect_text(assay_json_member(root, "waivers")->child, "state", "used");
    cJSON_Delete(root);
    free(text);
    scratch_remove(&s);
    assay_scorecard_free(&other);
}
