/*
 * Scorecards made by hand, for the tests of verdicts and of report writers.
 */
#ifndef ASSAY_RUN_SCORECARD_FIXTURE_H
#define ASSAY_RUN_SCORECARD_FIXTURE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/scorecard.h"

static inline assay_scorecard scorecard_new(void) {
    assay_scorecard card = {.cases = calloc(16, sizeof *card.cases),
                            .rules = calloc(assay_rule_count(), sizeof *card.rules),
                            .unknown = calloc(8, sizeof *card.unknown)};
    cr_assert(card.cases && card.rules && card.unknown);
    return card;
}

/* Adds a case that names these rules. */
static inline assay_score_case *scorecard_add(assay_scorecard *card, const char *name, const char *rules,
                                              assay_scored outcome) {
    assay_score_case *c = &card->cases[card->case_count++];
    cr_assert_leq(card->case_count, 16);
    *c = (assay_score_case){.name = strdup(name), .rules = strdup(rules), .outcome = outcome};
    if (outcome != ASSAY_SCORED_NOT_RUN) c->dump = strdup("dumps/one.h5");
    if (outcome == ASSAY_SCORED_PASS) c->judged = 9, c->missing = 2;
    return c;
}

/* Makes it a case that differs at a place that shows these rules. */
static inline void scorecard_differ(assay_score_case *c, const char *path, const char *rules) {
    c->judged = 9, c->failed = 3;
    snprintf(c->first_path, sizeof c->first_path, "%s", path);
    snprintf(c->first_rules, sizeof c->first_rules, "%s", rules);
    snprintf(c->first_reason, sizeof c->first_reason, "max abs 2 exceeds the tolerance 1");
}

static inline void scorecard_explain(assay_score_case *c, const char *mistake) {
    cr_assert_lt(c->mistake_count, ASSAY_SCORE_MISTAKES);
    c->mistakes[c->mistake_count] = assay_variant_find(mistake);
    cr_assert_not_null(c->mistakes[c->mistake_count++], "%s", mistake);
}

static inline const assay_rule_score *scorecard_rule(const assay_scorecard *card, const char *id) {
    for (size_t i = 0; i < card->rule_count; i++)
        if (strcmp(card->rules[i].rule->id, id) == 0) return &card->rules[i];
    cr_assert(false, "no rule %s", id);
    return NULL;
}

#endif
