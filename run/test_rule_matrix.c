/* Which golden notices which mistake, on shipped goldens; and what a matrix says, on matrices made by hand. */
#include "run/rule_matrix.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"
#include "core/tensor.h"
#include "engine/variants.h"
#include "golden/dump_writer.h"
#include "golden/test_scratch.h"

static assay_rule_matrix matrix;
static void stop(void) { assay_rule_matrix_free(&matrix); }
TestSuite(rule_matrix, .fini = stop);

static size_t index_of(const char *mistake) {
    const assay_variant *v = assay_variant_find(mistake);
    cr_assert(v, "%s", mistake);
    return (size_t)(v - assay_variant_at(0));
}

/* ---- goldens ---- */

static const assay_rule_cell *cell(size_t golden, const char *mistake) {
    return &matrix.cases[golden].cells[index_of(mistake)];
}

static void add(const char *name) {
    char path[160];
    assay_error err = {0};
    snprintf(path, sizeof path, "golden/data/%s.h5", name);
    cr_assert_eq(assay_rule_matrix_add(&matrix, path, &err), ASSAY_OK, "%s", err.message);
}

Test(rule_matrix, a_golden_notices_what_its_windows_show) {
    add("windows-3-all");
    add("one-window");
    cr_assert_eq(matrix.case_count, 2);
    cr_assert_str_eq(matrix.cases[0].name, "windows-3-all");
    cr_assert_str_eq(matrix.cases[1].name, "one-window");
    cr_assert(assay_rule_case_names(&matrix.cases[0], "MEM-1"));
    cr_assert_not(assay_rule_case_names(&matrix.cases[1], "MEM-1"));
    for (size_t i = 0; i < 2; i++)
        cr_assert_not(matrix.cases[i].control.stages.differs || matrix.cases[i].control.results.differs);
    const assay_rule_cell *keys = cell(0, "memory-keys-at-position-ids");
    cr_assert(keys->stages.differs && keys->results.differs && !keys->stages.by_refusal);
    cr_assert_eq(keys->stages.stage, ASSAY_STAGE_MEM_WRITE_KEY);
    cr_assert_eq(keys->results.stage, ASSAY_STAGE_PAST_MEM_KEY);
    cr_assert_not(cell(1, "memory-keys-at-position-ids")->stages.differs, "one window has no memory");
    cr_assert(cell(1, "rotary-interleaved")->stages.differs);
    const assay_rule_cell *order = cell(0, "memory-before-local");
    cr_assert(order->stages.differs && !order->results.differs, "an order that results do not depend on");
    cr_assert_not(cell(0, "norm-weight-before-cast")->stages.differs);
}

/* Another schedule leaves no stage of the step compared; results are looked at all the same. */
Test(rule_matrix, another_schedule_shows_in_results_too) {
    add("windows-3-all");
    const assay_rule_cell *c = cell(0, "final-window-is-remainder");
    cr_assert(c->stages.differs && c->results.differs);
    cr_assert_eq(c->stages.stage, ASSAY_STAGE_SCHEDULE);
    cr_assert_neq(c->results.stage, ASSAY_STAGE_SCHEDULE);
}

Test(rule_matrix, a_step_that_should_be_refused_and_runs_is_noticed) {
    add("errors");
    const assay_rule_cell *gap = cell(0, "position-gap-accepted");
    cr_assert(gap->stages.differs && gap->results.differs && gap->stages.by_refusal);
    cr_assert_not(matrix.cases[0].control.stages.differs);
}

/* A mistake that shows in a stage first and makes a later step fail: what results show first is a refusal. */
Test(rule_matrix, a_refusal_after_a_stage) {
    add("decode-flip");
    for (size_t i = 0; i < assay_variant_count(); i++) {
        const assay_rule_cell *c = &matrix.cases[0].cells[i];
        if (!c->results.differs || c->results.by_refusal) continue;
        assay_stage_scope scope = assay_stage_get(c->results.stage)->scope;
        cr_expect(scope == ASSAY_PER_PAST || scope == ASSAY_PER_STEP, "%s shows in results first at %s",
                  assay_variant_at(i)->name, assay_stage_get(c->results.stage)->name);
    }
}

Test(rule_matrix, a_model_that_cannot_be_built_makes_no_mistakes) {
    add("error-heads");
    cr_assert_not(matrix.cases[0].control.stages.differs);
    for (size_t i = 0; i < assay_variant_count(); i++) cr_assert_not(matrix.cases[0].cells[i].stages.differs);
    cr_assert(assay_rule_case_names(&matrix.cases[0], "ERR-1"));
}

/* A dump of logits and nothing else. */
static void write_caseless(const char *path) {
    assay_dump_writer *w;
    const assay_dump_metadata metadata = {.producer = "port 1"};
    const assay_place place = {.step = 0, .window = -1, .layer = -1, .stage = ASSAY_STAGE_LOGITS};
    const assay_tensor logits = assay_tensor_view(ASSAY_F32, 3, (int64_t[]){1, 1, 2}, (float[]){1, 2});
    EXPECT_OK(assay_dump_create(&w, path, &metadata, &expect_err));
    EXPECT_OK(assay_dump_step(w, 0, "forward", &expect_err));
    EXPECT_OK(assay_dump_put(w, &place, &logits, &expect_err));
    EXPECT_OK(assay_dump_commit(w, &expect_err));
}

Test(rule_matrix, a_file_that_cannot_be_read_adds_nothing) {
    add("one-window");
    scratch s;
    scratch_make(&s);
    EXPECT_REFUSED(assay_rule_matrix_add(&matrix, "golden/data/no-such.h5", &expect_err), "no-such.h5");
    write_caseless(scratch_path(&s, "dump.h5"));
    EXPECT_REFUSED(assay_rule_matrix_add(&matrix, scratch_path(&s, "dump.h5"), &expect_err), "holds no case");
    scratch_remove(&s);
    cr_assert_eq(matrix.case_count, 1);
    add("one-window");
    cr_assert_eq(matrix.case_count, 2);
}

/* ---- by hand ---- */

/* A matrix of one golden that notices every mistake wherever it can show, and whose case names every rule. */
static void make_perfect(void) {
    matrix.cases = calloc(1, sizeof *matrix.cases);
    matrix.case_count = 1;
    assay_rule_case *c = matrix.cases;
    c->name = strdup("all");
    c->rules = calloc(assay_rule_count(), sizeof *c->rules);
    for (size_t i = 0; i < assay_rule_count(); i++) c->rules[c->rule_count++] = strdup(assay_rule_at(i)->id);
    c->cells = calloc(assay_variant_count(), sizeof *c->cells);
    for (size_t i = 0; i < assay_variant_count(); i++) {
        c->cells[i].stages.differs = assay_variant_at(i)->visibility != ASSAY_SHOWS_NOWHERE;
        c->cells[i].results.differs = assay_variant_at(i)->visibility == ASSAY_SHOWS_IN_RESULTS;
    }
}

static void expect_verdict(const char *mistake, bool by_stages, bool by_results, assay_variant_verdict verdict) {
    size_t i = index_of(mistake);
    assay_rule_cell kept = matrix.cases[0].cells[i];
    matrix.cases[0].cells[i] = (assay_rule_cell){.stages.differs = by_stages, .results.differs = by_results};
    assay_variant_summary s = assay_rule_matrix_variant(&matrix, i);
    cr_expect_eq(s.verdict, verdict, "%s: %s", mistake, assay_variant_verdict_name(s.verdict));
    cr_expect_eq(s.by_stages, by_stages);
    cr_expect_eq(s.by_results, by_results);
    bool fine = verdict == ASSAY_VARIANT_CAUGHT || verdict == ASSAY_VARIANT_INVISIBLE;
    cr_expect_eq(assay_rule_matrix_summary(&matrix).passed, fine, "%s: %s", mistake,
                 assay_variant_verdict_name(verdict));
    matrix.cases[0].cells[i] = kept;
}

Test(rule_matrix, verdicts) {
    make_perfect();
    expect_verdict("scale-missing", true, true, ASSAY_VARIANT_CAUGHT);
    expect_verdict("scale-missing", false, false, ASSAY_VARIANT_SURVIVES);
    expect_verdict("scale-missing", true, false, ASSAY_VARIANT_SURVIVES_RESULTS);
    expect_verdict("memory-before-local", true, false, ASSAY_VARIANT_CAUGHT);
    expect_verdict("memory-before-local", false, false, ASSAY_VARIANT_SURVIVES);
    expect_verdict("memory-before-local", true, true, ASSAY_VARIANT_DISPROVEN);
    expect_verdict("norm-weight-before-cast", false, false, ASSAY_VARIANT_INVISIBLE);
    expect_verdict("norm-weight-before-cast", true, false, ASSAY_VARIANT_DISPROVEN);
    expect_verdict("norm-weight-before-cast", true, true, ASSAY_VARIANT_DISPROVEN);
}

Test(rule_matrix, verdict_names) {
    static const char *const names[] = {"caught", "survives", "survives in results", "invisible",
                                        "shows against its proof"};
    for (int i = 0; i < 5; i++) cr_expect_str_eq(assay_variant_verdict_name((assay_variant_verdict)i), names[i]);
}

Test(rule_matrix, the_summary_counts) {
    make_perfect();
    size_t nowhere = 0, hidden = 0;
    for (size_t i = 0; i < assay_variant_count(); i++) {
        nowhere += assay_variant_at(i)->visibility == ASSAY_SHOWS_NOWHERE;
        hidden += assay_variant_at(i)->visibility != ASSAY_SHOWS_IN_RESULTS;
    }
    assay_matrix_summary s = assay_rule_matrix_summary(&matrix);
    cr_assert(s.passed);
    cr_assert_eq(s.rules, assay_rule_count());
    cr_assert_eq(s.rules_with_case, assay_rule_count());
    cr_assert_eq(s.rules_exempt, 0, "a rule that has a case needs no exemption");
    cr_assert_eq(s.variants, assay_variant_count());
    cr_assert_eq(s.invisible, nowhere);
    cr_assert_eq(s.caught, assay_variant_count() - nowhere);
    cr_assert_eq(s.hidden_in_results, hidden);
    cr_assert_eq(s.caught_in_results, assay_variant_count() - hidden);
    cr_assert_eq(s.false_alarms, 0);
}

Test(rule_matrix, a_false_alarm_fails) {
    make_perfect();
    matrix.cases[0].control.stages.differs = true;
    assay_matrix_summary s = assay_rule_matrix_summary(&matrix);
    cr_assert_not(s.passed);
    cr_assert_eq(s.false_alarms, 1);
}

/* Takes a rule out of the case's list. */
static void forget(const char *rule) {
    assay_rule_case *c = matrix.cases;
    for (size_t i = 0; i < c->rule_count; i++) {
        if (strcmp(c->rules[i], rule) != 0) continue;
        free(c->rules[i]);
        c->rules[i] = c->rules[--c->rule_count];
        return;
    }
    cr_assert_fail("%s", rule);
}

Test(rule_matrix, a_rule_without_a_case_fails_unless_it_is_exempt) {
    make_perfect();
    cr_assert(assay_rule_exempt("OUT-2"));
    cr_assert_null(assay_rule_exempt("MEM-1"));
    forget("OUT-2");
    cr_assert(assay_rule_matrix_summary(&matrix).passed);
    cr_assert_eq(assay_rule_matrix_summary(&matrix).rules_exempt, 1);
    cr_assert_eq(assay_rule_matrix_cases_of(&matrix, "MEM-1"), 1);
    forget("MEM-1");
    cr_assert_eq(assay_rule_matrix_cases_of(&matrix, "MEM-1"), 0);
    cr_assert_not(assay_rule_matrix_summary(&matrix).passed);
    cr_assert_eq(assay_rule_matrix_summary(&matrix).rules_with_case, assay_rule_count() - 2);
}

Test(rule_matrix, exempt_rules_are_rules) {
    size_t exempt = 0;
    for (size_t i = 0; i < assay_rule_count(); i++) exempt += assay_rule_exempt(assay_rule_at(i)->id) != NULL;
    cr_assert_eq(exempt, 1);
}

Test(rule_matrix, an_empty_matrix_does_not_pass) {
    assay_matrix_summary s = assay_rule_matrix_summary(&matrix);
    cr_assert_not(s.passed);
    cr_assert_eq(s.caught, 0);
    cr_assert_eq(s.rules_with_case, 0);
}
