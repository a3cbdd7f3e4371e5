#include "run/scorecard.h"

#include <stdlib.h>
#include <unistd.h>

#include "compare/policy.h"
#include "golden/npy.h"
#include "golden/safetensors_writer.h"
#include "run/suite_fixture.h"

#define MISTAKE "memory-keys-at-position-ids"

static scratch s;
static char golden[160];
static assay_scorecard card;

static void setup(void) {
    scratch_make(&s);
    scratch_write_text(&s, "dumps/note.txt", "no dump");
    snprintf(golden, sizeof golden, "%s", suite_write_dump(&s, "one.h5", "float32", NULL, ASSAY_DUMP_ALL));
}

static void teardown(void) {
    assay_scorecard_free(&card);
    scratch_remove(&s);
}

TestSuite(scorecard, .init = setup, .fini = teardown);

static void score_with(const assay_score_options *options) {
    char *const goldens[] = {golden};
    EXPECT_OK(assay_scorecard_run(&card, scratch_path(&s, "dumps"), goldens, 1, options, &expect_err));
}

static const assay_score_case *score(void) {
    score_with(&(assay_score_options){0});
    cr_assert_eq(card.case_count, 1);
    cr_expect_str_eq(card.cases[0].name, "one");
    return &card.cases[0];
}

static void expect_outcome(const assay_score_case *c, assay_scored outcome, const char *note) {
    cr_expect_eq(c->outcome, outcome, "%s: %s%s", assay_scored_name(c->outcome), c->note, c->first_reason);
    cr_expect(strstr(c->note, note), "'%s' is not in '%s'", note, c->note);
}

static void refuse(const char *dumps, char *const *goldens, size_t count, const char *part) {
    const assay_score_options options = {0};
    EXPECT_REFUSED(assay_scorecard_run(&card, dumps, goldens, count, &options, &expect_err), part);
}

Test(scorecard, what_the_engine_computes_passes) {
    suite_write_dump(&s, "dumps/one.h5", "float32", NULL, ASSAY_DUMP_PUBLIC);
    const assay_score_case *c = score();
    expect_outcome(c, ASSAY_SCORED_PASS, "");
    cr_expect(c->judged > 10 && c->failed == 0 && c->missing > 50);
    cr_expect(assay_scorecard_summarize(&card).conforms);
    cr_expect_eq(assay_scorecard_summarize(&card).rules_passed, 3);
}

Test(scorecard, a_mistake_is_found) {
    suite_write_dump(&s, "dumps/one.h5", "float32", MISTAKE, ASSAY_DUMP_PUBLIC);
    const assay_score_case *c = score();
    expect_outcome(c, ASSAY_SCORED_FAIL, "");
    cr_assert_gt(c->likely_count, 0);
    cr_expect_str_eq(c->mistakes[0]->name, MISTAKE);
    cr_expect_str_eq(c->blamed, "MEM-1");
    cr_expect_eq(assay_scorecard_summarize(&card).rules_failed, 1);
    cr_expect(!assay_scorecard_summarize(&card).conforms);
}

Test(scorecard, without_a_diagnosis_the_first_stage_tells) {
    suite_write_dump(&s, "dumps/one.h5", "float32", MISTAKE, ASSAY_DUMP_PUBLIC);
    score_with(&(assay_score_options){.no_diagnosis = true});
    cr_expect_eq(card.cases[0].mistake_count, 0);
    cr_expect(assay_rules_have(card.cases[0].first_rules, "MEM-1"), "%s", card.cases[0].first_rules);
    cr_expect_str_eq(card.cases[0].blamed, "MEM-1", "the case names only this one of them");
}

/* Noise that no rule makes. */
Test(scorecard, what_nothing_explains_is_said_to_be_so) {
    assay_golden g;
    assay_tensor logits;
    EXPECT_OK(assay_golden_open(&g, golden, &expect_err));
    const assay_place place = {0, -1, -1, ASSAY_STAGE_LOGITS};
    EXPECT_OK(assay_golden_read(&g, assay_golden_find(&g, &place), &logits, &expect_err));
    for (int64_t i = 0; i < assay_tensor_count(&logits); i++) ((float *)logits.data)[i] += i % 3 ? 0.75f : -0.5f;
    EXPECT_OK(assay_npy_write(scratch_write_text(&s, "dumps/one/steps/0/logits.npy", ""), &logits, &expect_err));
    assay_tensor_free(&logits);
    assay_golden_close(&g);
    const assay_score_case *c = score();
    expect_outcome(c, ASSAY_SCORED_FAIL, "");
    cr_expect_eq(c->likely_count, 0);
    cr_expect_str_eq(c->first_path, "steps/0/logits");
    cr_expect_gt(strlen(c->blamed), 0);
}

/* Writes dumps/one.safetensors with the results of the golden, without `left_out`. */
static void write_safetensors(const char *left_out, const char *refused, const char *case_sha256) {
    assay_golden g;
    assay_tensor_map *map = assay_tensor_map_create();
    EXPECT_OK(assay_golden_open(&g, golden, &expect_err));
    for (size_t i = 0; i < g.tensor_count; i++) {
        const char *path = g.tensors[i].path + (g.tensors[i].path[0] == '/');
        assay_tensor t;
        if (strstr(path, "windows") || strcmp(path, left_out) == 0) continue;
        EXPECT_OK(assay_golden_read(&g, &g.tensors[i], &t, &expect_err));
        EXPECT_OK(assay_tensor_map_put(map, path, t, &expect_err));
    }
    const assay_safetensors_text texts[] = {{"case_sha256", case_sha256 ? case_sha256 : g.case_sha256},
                                            {"refused", refused}};
    EXPECT_OK(assay_safetensors_write(scratch_path(&s, "dumps/one.safetensors"), map, texts, 2, &expect_err));
    assay_tensor_map_destroy(map);
    assay_golden_close(&g);
}

#define REFUSED "[{\"step\": 2, \"rules\": \"POS-3\"}]"

Test(scorecard, a_safetensors_dump_passes_when_it_says_what_was_refused) {
    write_safetensors("", REFUSED, NULL);
    expect_outcome(score(), ASSAY_SCORED_PASS, "");
}

Test(scorecard, a_refusal_that_is_not_told_is_a_gap) {
    write_safetensors("", "", NULL);
    expect_outcome(score(), ASSAY_SCORED_INCOMPLETE, "does not say that steps/2 was refused");
    cr_expect_eq(assay_scorecard_summarize(&card).rules_passed, 0);
}

Test(scorecard, logits_that_are_not_dumped_are_a_gap) {
    write_safetensors("steps/1/logits", "", NULL);
    expect_outcome(score(), ASSAY_SCORED_INCOMPLETE, "lacks steps/1/logits and 1 more");
}

Test(scorecard, a_policy_may_ask_for_more) {
    assay_policy policy;
    static const char text[] = "{\"format\": \"assay-policy/1\", \"required\": [\"schedule\"]}";
    write_safetensors("steps/1/schedule", REFUSED, NULL);
    EXPECT_OK(assay_policy_parse(&policy, text, strlen(text), "policy", &expect_err));
    score_with(&(assay_score_options){.policy = &policy});
    expect_outcome(&card.cases[0], ASSAY_SCORED_FAIL, "");
    cr_expect_str_eq(card.cases[0].first_path, "steps/1/schedule");
    cr_expect_str_eq(card.cases[0].blamed, "");
    assay_policy_free(&policy);
}

Test(scorecard, a_dump_of_another_case_is_no_dump_of_this) {
    write_safetensors("", REFUSED, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    expect_outcome(score(), ASSAY_SCORED_UNREADABLE, "do not belong together");
    cr_expect(!assay_scorecard_summarize(&card).conforms);
}

Test(scorecard, what_cannot_be_read_is_an_outcome) {
    scratch_write_text(&s, "dumps/one.h5", "not HDF5");
    expect_outcome(score(), ASSAY_SCORED_UNREADABLE, "one.h5");
}

Test(scorecard, two_dumps_of_a_case_are_one_too_many) {
    suite_write_dump(&s, "dumps/one.h5", "float32", NULL, ASSAY_DUMP_PUBLIC);
    write_safetensors("", REFUSED, NULL);
    expect_outcome(score(), ASSAY_SCORED_UNREADABLE, "2 dumps of 'one'; keep one");
}

Test(scorecard, dumps_that_no_case_has_are_listed) {
    suite_write_dump(&s, "dumps/one.h5", "float32", NULL, ASSAY_DUMP_PUBLIC);
    scratch_write_text(&s, "dumps/two.safetensors", "");
    scratch_write_text(&s, "dumps/three/steps/0/loss.npy", "");
    scratch_write_text(&s, "dumps/.hidden.h5", "");
    score();
    cr_assert_eq(card.unknown_count, 2);
    cr_expect(strstr(card.unknown[0], "dumps/three"), "%s", card.unknown[0]);
    cr_expect(strstr(card.unknown[1], "dumps/two.safetensors"), "%s", card.unknown[1]);
}

/* ---- what the port cannot do ---- */

static assay_port_limits port_of(const char *text) {
    assay_port_limits port;
    EXPECT_OK(assay_port_limits_parse(&port, text, strlen(text), "port.json", &expect_err));
    return port;
}

static void score_port(const char *limits) {
    assay_port_limits port = port_of(limits);
    score_with(&(assay_score_options){.port = &port});
    assay_port_limits_free(&port);
}

#define NO_MEMORY "{\"format\": \"assay-port/1\", \"memory\": false}"

Test(scorecard, a_case_that_the_port_cannot_run_needs_no_dump) {
    score_port(NO_MEMORY);
    expect_outcome(&card.cases[0], ASSAY_SCORED_UNSUPPORTED, "memory layers, and the port says memory false");
    cr_expect_eq(assay_scorecard_summarize(&card).unsupported, 1);
    cr_expect(!assay_scorecard_summarize(&card).conforms, "nothing was compared");
}

Test(scorecard, without_a_dump_what_the_port_can_do_is_not_run) {
    assay_port_limits port = port_of("{\"format\": \"assay-port/1\", \"labels\": false}");
    char *const goldens[] = {golden};
    const assay_score_options options = {.port = &port};
    EXPECT_REFUSED(assay_scorecard_run(&card, scratch_path(&s, "dumps"), goldens, 1, &options, &expect_err),
                   "no dump of any of the 1 cases");
    assay_port_limits_free(&port);
}

Test(scorecard, a_dump_of_what_the_port_cannot_run_is_judged) {
    suite_write_dump(&s, "dumps/one.h5", "float32", MISTAKE, ASSAY_DUMP_PUBLIC);
    score_port(NO_MEMORY);
    expect_outcome(&card.cases[0], ASSAY_SCORED_FAIL, "");
    cr_expect(strstr(card.cases[0].declared, "memory false"), "%s", card.cases[0].declared);
}

Test(scorecard, a_dump_says_that_the_port_cannot_run_it) {
    scratch_write_text(&s, "dumps/one/dump.json", "{\"unsupported\": \"too long\"}");
    expect_outcome(score(), ASSAY_SCORED_UNSUPPORTED, "too long");
    cr_expect(!assay_scorecard_summarize(&card).conforms);
}

/* ---- waivers ---- */

static void score_waived(const char *waivers) {
    char text[600];
    assay_policy policy;
    snprintf(text, sizeof text, "{\"format\": \"assay-policy/1\", \"required\": [\"logits\"], \"waivers\": [%s]}",
             waivers);
    EXPECT_OK(assay_policy_parse(&policy, text, strlen(text), "policy", &expect_err));
    policy.today = 20261124;
    score_with(&(assay_score_options){.policy = &policy, .no_diagnosis = true});
    assay_policy_free(&policy);
}

Test(scorecard, waived_failures_let_a_case_pass_and_prove_nothing) {
    suite_write_dump(&s, "dumps/one.h5", "float32", MISTAKE, ASSAY_DUMP_PUBLIC);
    score_waived("{\"stage\": \"*\", \"reason\": \"r\", \"expires\": \"2026-12-31\"}");
    const assay_score_case *c = &card.cases[0];
    expect_outcome(c, ASSAY_SCORED_PASS, "");
    cr_expect(c->waived > 0 && c->failed == 0);
    cr_expect(*c->waived_path);
    cr_assert_eq(card.waivers.count, 1);
    cr_expect_eq(card.waivers.items[0].count, c->waived);
    assay_scorecard_summary summary = assay_scorecard_summarize(&card);
    cr_expect(summary.waived == 1 && summary.passed == 1 && summary.rules_passed == 0);
    cr_expect(!summary.conforms, "no case passes without waivers");
}

Test(scorecard, a_waiver_fills_no_gap) {
    write_safetensors("steps/1/logits", REFUSED, NULL);
    score_waived("{\"stage\": \"logits\", \"reason\": \"r\", \"expires\": \"2026-12-31\"}");
    expect_outcome(&card.cases[0], ASSAY_SCORED_INCOMPLETE, "lacks steps/1/logits");
}

Test(scorecard, refuses_what_cannot_be_scored) {
    char *const goldens[] = {golden, golden}, *const none[] = {"none.h5"};
    refuse(scratch_path(&s, "dumps"), goldens, 1, "no dump of any of the 1 cases is there; call each by its case");
    scratch_write_text(&s, "dumps/two.h5", "");
    refuse(scratch_path(&s, "dumps"), goldens, 1, "two.h5)");
    refuse(scratch_path(&s, "nowhere"), goldens, 1, "cannot open the folder of dumps");
    refuse(scratch_path(&s, "dumps"), goldens, 2, "another golden is called 'one' too");
    refuse(scratch_path(&s, "dumps"), none, 1, "none.h5");
}

/* ---- results for reports ---- */

static void take_results(bool require_all, assay_result *out) {
    score_with(&(assay_score_options){.keep_results = true});
    EXPECT_OK(assay_scorecard_take_results(&card, require_all, out, &expect_err));
    cr_assert_eq(out->case_count, 1);
    cr_expect_str_eq(out->cases[0].name, "one");
}

Test(scorecard, what_was_found_is_kept_for_reports) {
    assay_result r = {0};
    suite_write_dump(&s, "dumps/one.h5", "float32", MISTAKE, ASSAY_DUMP_PUBLIC);
    take_results(false, &r);
    cr_expect_eq(r.cases[0].verdict, ASSAY_CASE_FAIL);
    cr_assert_geq(r.cases[0].first_divergence, 0);
    cr_expect_not_null(r.cases[0].entries[r.cases[0].first_divergence].detail);
    cr_expect_not_null(assay_facts_get(&r.cases[0].facts, "model"));
    assay_result_free(&r);
}

Test(scorecard, a_dump_that_cannot_be_read_is_an_error_in_reports) {
    assay_result r = {0};
    scratch_write_text(&s, "dumps/one.h5", "no HDF5");
    take_results(false, &r);
    cr_expect_eq(r.cases[0].verdict, ASSAY_CASE_ERROR);
    cr_expect_not(assay_result_passed(&r));
    assay_result_free(&r);
}

Test(scorecard, a_case_without_a_dump_is_an_error_where_all_are_required) {
    assay_result r = {0};
    suite_write_dump(&s, "two.h5", "float32", NULL, ASSAY_DUMP_ALL);
    char two[160];
    snprintf(two, sizeof two, "%s", scratch_path(&s, "two.h5"));
    suite_write_dump(&s, "dumps/two.h5", "float32", NULL, ASSAY_DUMP_PUBLIC);
    char *const goldens[] = {golden, two};
    for (int required = 0; required < 2; required++) {
        const assay_score_options options = {.keep_results = true};
        EXPECT_OK(assay_scorecard_run(&card, scratch_path(&s, "dumps"), goldens, 2, &options, &expect_err));
        EXPECT_OK(assay_scorecard_take_results(&card, required, &r, &expect_err));
        cr_expect_eq(r.case_count, 1 + (size_t)required);
        cr_expect_eq(assay_result_passed(&r), !required);
        cr_expect_str_eq(assay_facts_get(&r.facts, "not_run"), "1 of 2 cases: there is no dump of them");
        assay_result_free(&r);
        assay_scorecard_free(&card);
    }
}
