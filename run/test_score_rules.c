#include "run/scorecard_fixture.h"

static assay_scorecard card;

static void setup(void) { card = scorecard_new(); }
static void teardown(void) { assay_scorecard_free(&card); }

TestSuite(score_rules, .init = setup, .fini = teardown);

static void expect_rule(const char *id, assay_rule_verdict verdict, const char *note) {
    const assay_rule_score *r = scorecard_rule(&card, id);
    cr_expect_eq(r->verdict, verdict, "%s: %s", id, assay_rule_verdict_name(r->verdict));
    cr_expect(*note ? strstr(r->note, note) != NULL : !*r->note, "%s: '%s' is not in '%s'", id, note, r->note);
}

Test(score_rules, a_rule_passes_by_a_case_that_names_it) {
    scorecard_add(&card, "one", "MEM-1 MEM-2", ASSAY_SCORED_PASS);
    scorecard_add(&card, "two", "MEM-2 MEM-3", ASSAY_SCORED_NOT_RUN);
    scorecard_add(&card, "three", "MEM-4", ASSAY_SCORED_INCOMPLETE);
    scorecard_add(&card, "four", "MEM-5", ASSAY_SCORED_UNREADABLE);
    assay_scorecard_judge(&card);
    expect_rule("MEM-1", ASSAY_RULE_PASS, "");
    expect_rule("MEM-2", ASSAY_RULE_PASS, "");
    cr_expect_eq(scorecard_rule(&card, "MEM-2")->cases, 2);
    cr_expect_eq(scorecard_rule(&card, "MEM-2")->passed, 1);
    expect_rule("MEM-3", ASSAY_RULE_NOT_EXERCISED, "no dump of its cases");
    expect_rule("MEM-4", ASSAY_RULE_NOT_EXERCISED, "the dumps of its cases are incomplete");
    expect_rule("MEM-5", ASSAY_RULE_NOT_EXERCISED, "cannot be read");
    expect_rule("MEM-6", ASSAY_RULE_NOT_EXERCISED, "no case of the suite names it");
    expect_rule("OUT-2", ASSAY_RULE_NOT_EXERCISED, "no tensor of a case");
}

Test(score_rules, what_the_port_cannot_run_exercises_nothing) {
    scorecard_add(&card, "one", "MEM-1 MEM-2 MEM-3", ASSAY_SCORED_UNSUPPORTED);
    scorecard_add(&card, "two", "MEM-2", ASSAY_SCORED_NOT_RUN);
    scorecard_add(&card, "three", "MEM-3 MEM-4", ASSAY_SCORED_PASS);
    scorecard_add(&card, "four", "MEM-4 MEM-5", ASSAY_SCORED_PASS)->waived = 2;
    assay_scorecard_judge(&card);
    expect_rule("MEM-1", ASSAY_RULE_NOT_EXERCISED, "unsupported by the port");
    expect_rule("MEM-2", ASSAY_RULE_NOT_EXERCISED, "no dump of its cases; some are unsupported by the port");
    expect_rule("MEM-3", ASSAY_RULE_PASS, "");
    expect_rule("MEM-4", ASSAY_RULE_PASS, "");
    expect_rule("MEM-5", ASSAY_RULE_NOT_EXERCISED, "its cases pass with waived failures alone");
    cr_expect(assay_scorecard_summarize(&card).conforms);
}

/* One mistake does not paint everything red. */
Test(score_rules, only_the_explained_rule_fails) {
    scorecard_add(&card, "one", "MEM-1 SCHED-1 SCHED-2", ASSAY_SCORED_PASS);
    for (int i = 0; i < 2; i++) {
        assay_score_case *c = scorecard_add(&card, i ? "three" : "two", "SCHED-1 POS-2", ASSAY_SCORED_FAIL);
        scorecard_differ(c, "steps/0/logits", "HEAD-1 SCHED-3");
        scorecard_explain(c, "gate-and-up-swapped");
    }
    assay_scorecard_judge(&card);
    expect_rule("MLP-1", ASSAY_RULE_FAIL, "gate-and-up-swapped explains two; 1 more case points to this rule");
    cr_expect(!scorecard_rule(&card, "MLP-1")->suspected);
    cr_expect_eq(scorecard_rule(&card, "MLP-1")->blaming, 2);
    expect_rule("HEAD-1", ASSAY_RULE_NOT_EXERCISED, "no case");
    expect_rule("POS-2", ASSAY_RULE_NOT_EXERCISED, "its cases fail by MLP-1");
    expect_rule("SCHED-1", ASSAY_RULE_PASS, "2 of its 3 cases fail by MLP-1");
    expect_rule("SCHED-2", ASSAY_RULE_PASS, "");
}

/* A rule that passes elsewhere fails all the same. */
Test(score_rules, a_failure_outweighs_what_passes) {
    scorecard_add(&card, "one", "MEM-1", ASSAY_SCORED_PASS);
    assay_score_case *c = scorecard_add(&card, "two", "MEM-1", ASSAY_SCORED_FAIL);
    scorecard_differ(c, "steps/0/logits", "HEAD-1");
    scorecard_explain(c, "memory-keys-at-position-ids");
    assay_scorecard_judge(&card);
    expect_rule("MEM-1", ASSAY_RULE_FAIL, "explains two");
    cr_expect(!assay_scorecard_summarize(&card).conforms);
}

/* The mistake that explains both is the likelier one for the first, too. */
Test(score_rules, of_equal_explanations_the_most_common_counts) {
    assay_score_case *one = scorecard_add(&card, "one", "POS-2", ASSAY_SCORED_FAIL);
    assay_score_case *two = scorecard_add(&card, "two", "MEM-1", ASSAY_SCORED_FAIL);
    scorecard_explain(one, "flip-at-window");
    scorecard_explain(one, "memory-keys-at-position-ids");
    scorecard_explain(two, "memory-keys-at-position-ids");
    scorecard_differ(one, "steps/0/logits", "HEAD-1");
    scorecard_differ(two, "steps/0/logits", "HEAD-1");
    assay_scorecard_judge(&card);
    char names[100];
    cr_expect_str_eq(one->blamed, "MEM-1");
    cr_expect_str_eq(assay_score_mistakes(one, names, sizeof names), "memory-keys-at-position-ids");
    cr_expect_eq(one->mistakes[1], assay_variant_find("flip-at-window"));
    expect_rule("CACHE-1", ASSAY_RULE_NOT_EXERCISED, "no case");
}

Test(score_rules, of_equally_common_explanations_all_are_suspected) {
    assay_score_case *c = scorecard_add(&card, "one", "POS-2", ASSAY_SCORED_FAIL);
    scorecard_explain(c, "flip-at-window");
    scorecard_explain(c, "memory-keys-at-position-ids");
    scorecard_differ(c, "steps/0/logits", "HEAD-1");
    assay_scorecard_judge(&card);
    expect_rule("MEM-1", ASSAY_RULE_FAIL, "suspected, it may be any of CACHE-1 MEM-1");
    expect_rule("CACHE-1", ASSAY_RULE_FAIL, "flip-at-window or memory-keys-at-position-ids explains one");
    cr_expect(scorecard_rule(&card, "MEM-1")->suspected && scorecard_rule(&card, "CACHE-1")->suspected);
}

Test(score_rules, without_an_explanation_the_stage_tells) {
    assay_score_case *one = scorecard_add(&card, "one", "MEM-3 POS-2", ASSAY_SCORED_FAIL);
    assay_score_case *two = scorecard_add(&card, "two", "POS-2", ASSAY_SCORED_FAIL);
    assay_score_case *three = scorecard_add(&card, "three", "POS-2", ASSAY_SCORED_FAIL);
    assay_score_case *four = scorecard_add(&card, "four", "POS-3", ASSAY_SCORED_FAIL);
    scorecard_differ(one, "steps/0/past/1/mem_key", "MEM-1 MEM-3");
    scorecard_differ(two, "steps/0/logits", "HEAD-1 CLS-1");
    scorecard_differ(three, "steps/0/windows/0/embed_tokens", "EMB-1");
    scorecard_differ(four, "steps/3", "");
    assay_scorecard_judge(&card);
    cr_expect_str_eq(one->blamed, "MEM-3", "of the stage's rules, that of the case");
    cr_expect_str_eq(two->blamed, "HEAD-1 CLS-1", "none is the case's: all");
    cr_expect_str_eq(four->blamed, "POS-3", "the stage names none: the case's");
    expect_rule("MEM-3", ASSAY_RULE_FAIL,
                "one differs at steps/0/past/1/mem_key; suspected, it may be any of MEM-1 MEM-3");
    expect_rule("CLS-1", ASSAY_RULE_FAIL, "suspected");
    expect_rule("EMB-1", ASSAY_RULE_FAIL, "three differs at");
    cr_expect(!scorecard_rule(&card, "EMB-1")->suspected, "the stage shows one rule");
    expect_rule("MEM-1", ASSAY_RULE_NOT_EXERCISED, "no case");
    expect_rule("POS-2", ASSAY_RULE_NOT_EXERCISED, "its cases fail by MEM-3 HEAD-1 CLS-1 EMB-1");
}

/* A policy asks for what was not dumped: the case fails, and nothing is known of a rule. */
Test(score_rules, what_is_only_missing_is_no_rules_fault) {
    assay_score_case *c = scorecard_add(&card, "one", "POS-2", ASSAY_SCORED_FAIL);
    c->judged = 5, c->missing = 1;
    assay_scorecard_judge(&card);
    cr_expect_str_eq(c->blamed, "");
    expect_rule("POS-2", ASSAY_RULE_NOT_EXERCISED, "its cases fail");
    cr_expect(!assay_scorecard_summarize(&card).conforms);
}

Test(score_rules, the_summary_counts) {
    scorecard_add(&card, "one", "MEM-1", ASSAY_SCORED_PASS);
    scorecard_add(&card, "two", "MEM-2", ASSAY_SCORED_NOT_RUN);
    scorecard_add(&card, "three", "MEM-4", ASSAY_SCORED_INCOMPLETE);
    assay_scorecard_judge(&card);
    assay_scorecard_summary s = assay_scorecard_summarize(&card);
    cr_expect(s.conforms);
    cr_expect(s.passed == 1 && s.not_run == 1 && s.incomplete == 1 && s.failed == 0 && s.unreadable == 0);
    cr_expect(s.rules_passed == 1 && s.rules_failed == 0 && s.rules_not_exercised == assay_rule_count() - 1);
    scorecard_add(&card, "four", "MEM-5", ASSAY_SCORED_UNREADABLE);
    cr_expect(!assay_scorecard_summarize(&card).conforms);
}

Test(score_rules, nothing_that_passes_is_no_conformance) {
    scorecard_add(&card, "one", "MEM-1", ASSAY_SCORED_INCOMPLETE);
    assay_scorecard_judge(&card);
    cr_expect(!assay_scorecard_summarize(&card).conforms);
}
