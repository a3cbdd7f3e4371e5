/*
 * The score of a port: its dumps of the cases of a suite, rule by rule (docs/conformance.md).
 */
#ifndef ASSAY_RUN_SCORECARD_H
#define ASSAY_RUN_SCORECARD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/rules.h"
#include "core/status.h"
#include "run/score_case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_RULE_PASS,         /* a case that exercises it passes, and no failing case is put down to it */
    ASSAY_RULE_FAIL,         /* a failing case is put down to it */
    ASSAY_RULE_NOT_EXERCISED /* neither: what the port does about it did not show */
} assay_rule_verdict;

/* "pass", "fail", "not exercised". */
const char *assay_rule_verdict_name(assay_rule_verdict verdict);

typedef struct {
    const assay_rule_info *rule;
    assay_rule_verdict verdict;
    bool suspected;        /* it fails, and every case that is put down to it may be due to another rule */
    size_t cases;          /* that name it */
    size_t passed, failed; /* of these; a pass with waived failures is none here */
    size_t waived;         /* of these: pass with waived failures, which proves nothing */
    size_t unsupported;    /* of these: by the port */
    size_t blaming;        /* failing cases that are put down to it */
    char note[400];        /* one line: why it fails, is not exercised, or passes although some cases fail; else "" */
} assay_rule_score;

typedef struct {
    assay_score_case *cases; /* (case_count) in the order of the suite */
    size_t case_count;
    assay_rule_score *rules; /* (rule_count) in the order of core/rules.h */
    size_t rule_count;
    char **unknown; /* (unknown_count) dumps of cases that the suite does not have */
    size_t unknown_count;
    assay_waiver_uses waivers; /* of the policy, and what they did in all cases */
} assay_scorecard;

/* Scores the dumps of a folder (run/dump_folder.h) against `count` goldens, whose cases are called as assay_suite_case_name says.
 * ASSAY_EINPUT: a golden cannot be read, two have one name, or the folder cannot be read or holds no dump of any of them. What is
 * wrong with a dump is an outcome. Release with assay_scorecard_free. */
assay_status assay_scorecard_run(assay_scorecard *out, const char *dumps, char *const *goldens, size_t count,
                                 const assay_score_options *options, assay_error *err);

/* Moves what was kept of the cases (assay_score_options.keep_results) to a result, for its reports. One whose dump cannot be read is an
 * error there. A case without a dump is an error with require_all, and else left out: the fact "not_run" says of how many.
 * ASSAY_EINTERNAL when out of memory. */
assay_status assay_scorecard_take_results(assay_scorecard *card, bool require_all, assay_result *out, assay_error *err);

void assay_scorecard_free(assay_scorecard *card);

typedef struct {
    size_t rules_passed, rules_failed, rules_not_exercised;
    size_t passed, failed, incomplete, not_run, unreadable, unsupported; /* cases */
    size_t waived; /* cases that pass with waived failures; they count as passed too */
    bool
        conforms; /* no case and so no rule fails, every dump could be read, and at least one case passes with nothing waived */
} assay_scorecard_summary;

assay_scorecard_summary assay_scorecard_summarize(const assay_scorecard *card);

/* Fills `likely_count` and `blamed` of the cases and all of the rules, from what each case found; for assay_scorecard_run, and tests.
 * card->rules has room for every rule. */
void assay_scorecard_judge(assay_scorecard *card);

/* Writes the likely mistakes of a case into text: "up-activated or gate-and-up-swapped"; "" when there are none. Returns text. */
const char *assay_score_mistakes(const assay_score_case *c, char *text, size_t text_nbytes);

#ifdef __cplusplus
}
#endif

#endif
