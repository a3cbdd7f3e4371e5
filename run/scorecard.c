#include "run/scorecard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/waiver.h"
#include "run/dump_folder.h"
#include "run/suite_case.h"

const char *assay_rule_verdict_name(assay_rule_verdict verdict) {
    static const char *const names[] = {"pass", "fail", "not exercised"};
    return names[verdict];
}

/* ---- cases ---- */

static assay_status check_name(const assay_scorecard *card, const char *name, const char *golden, assay_error *err) {
    for (size_t i = 0; i < card->case_count; i++)
        if (strcmp(card->cases[i].name, name) == 0)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: another golden is called '%s' too; rename one", golden,
                              name);
    return ASSAY_OK;
}

/* Which of two dumps of a case is meant cannot be known. */
static void refuse_two(assay_score_case *c, size_t count) {
    c->outcome = ASSAY_SCORED_UNREADABLE;
    snprintf(c->note, sizeof c->note, "there are %zu dumps of '%.200s'; keep one", count, c->name);
}

static assay_status add_case(assay_scorecard *card, assay_dump_folder *folder, const char *golden,
                             const assay_score_options *options, assay_error *err) {
    char *name;
    size_t dumps;
    assay_status st = assay_suite_case_name(&name, golden, err);
    if (st) return st;
    st = check_name(card, name, golden, err);
    const assay_dump_entry *dump = st ? NULL : assay_dump_folder_find(folder, name, &dumps);
    assay_score_case *c = &card->cases[card->case_count];
    if (!st) st = assay_score_case_run(c, golden, dump && dumps == 1 ? dump->path : NULL, options, err);
    if (!st && dump && dumps > 1) refuse_two(c, dumps);
    card->case_count += !st;
    free(name);
    return st;
}

static assay_status add_cases(assay_scorecard *card, assay_dump_folder *folder, char *const *goldens, size_t count,
                              const assay_score_options *options, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < count; i++) {
        if (options->progress) options->progress(options->context, i, count, goldens[i]);
        st = add_case(card, folder, goldens[i], options, err);
    }
    return st;
}

/* ---- dumps ---- */

static assay_status take_unknown(assay_scorecard *card, const assay_dump_folder *folder, assay_error *err) {
    card->unknown = calloc(folder->count + 1, sizeof *card->unknown);
    if (!card->unknown) return assay_fail_nomem(err, "a list of dumps");
    for (size_t i = 0; i < folder->count; i++) {
        if (folder->entries[i].matched) continue;
        card->unknown[card->unknown_count] = strdup(folder->entries[i].path);
        if (!card->unknown[card->unknown_count++]) return assay_fail_nomem(err, "a list of dumps");
    }
    return ASSAY_OK;
}

static assay_status check_some_dump(const assay_scorecard *card, const char *dumps, assay_error *err) {
    size_t unsupported = 0;
    for (size_t i = 0; i < card->case_count; i++) {
        const assay_score_case *c = &card->cases[i];
        bool declared = c->outcome == ASSAY_SCORED_UNSUPPORTED && !c->dump;
        if (c->outcome != ASSAY_SCORED_NOT_RUN && !declared) return ASSAY_OK;
        unsupported += declared;
    }
    if (unsupported && unsupported == card->case_count) return ASSAY_OK; /* a verdict, though not a good one */
    char unknown[300] = "";
    if (card->unknown_count) snprintf(unknown, sizeof unknown, " (it has %.200s)", card->unknown[0]);
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: no dump of any of the %zu cases is there%s; call each by its case, such as %.100s.h5, "
                      ".safetensors, .zip or .npz, or a folder of .npy files",
                      dumps, card->case_count, unknown, card->case_count ? card->cases[0].name : "CASE");
}

static assay_status reserve(assay_scorecard *card, size_t count, assay_error *err) {
    card->cases = calloc(count + 1, sizeof *card->cases);
    card->rules = calloc(assay_rule_count() + 1, sizeof *card->rules);
    return card->cases && card->rules ? ASSAY_OK : assay_fail_nomem(err, "a scorecard");
}

assay_status assay_scorecard_run(assay_scorecard *out, const char *dumps, char *const *goldens, size_t count,
                                 const assay_score_options *options, assay_error *err) {
    assay_scorecard card = {0};
    assay_dump_folder folder;
    assay_status st = assay_dump_folder_list(&folder, dumps, err);
    if (st) return st;
    st = reserve(&card, count, err);
    if (!st) st = add_cases(&card, &folder, goldens, count, options, err);
    if (!st) st = take_unknown(&card, &folder, err);
    if (!st) st = check_some_dump(&card, dumps, err);
    for (size_t i = 0; !st && i < card.case_count; i++)
        st = assay_waiver_uses_add(&card.waivers, &card.cases[i].waivers, err);
    assay_dump_folder_free(&folder);
    if (st) {
        assay_scorecard_free(&card);
        return st;
    }
    assay_scorecard_judge(&card);
    *out = card;
    return ASSAY_OK;
}

static size_t count_cases(const assay_scorecard *card, assay_scored outcome) {
    size_t count = 0;
    for (size_t i = 0; i < card->case_count; i++) count += card->cases[i].outcome == outcome;
    return count;
}

/* ---- results ---- */

/* A case of which nothing was compared. */
static assay_status result_without(const assay_score_case *c, assay_case_result *out, assay_error *err) {
    assay_error why;
    if (c->outcome == ASSAY_SCORED_UNSUPPORTED) return assay_case_result_unsupported(out, c->name, "", c->note, err);
    assay_fail(&why, ASSAY_EINPUT, NULL, "%s", *c->note ? c->note : "not run: there is no dump of it");
    return assay_case_result_error(out, c->name, "", &why, err);
}

static assay_status note_not_run(const assay_scorecard *card, assay_result *out, assay_error *err) {
    char text[80];
    size_t not_run = count_cases(card, ASSAY_SCORED_NOT_RUN);
    if (not_run == 0) return ASSAY_OK;
    snprintf(text, sizeof text, "%zu of %zu cases: there is no dump of them", not_run, card->case_count);
    return assay_result_set_fact(out, "not_run", text, err);
}

assay_status assay_scorecard_take_results(assay_scorecard *card, bool require_all, assay_result *out,
                                          assay_error *err) {
    assay_status st = note_not_run(card, out, err);
    for (size_t i = 0; i < card->case_count && !st; i++) {
        assay_score_case *c = &card->cases[i];
        assay_case_result one = {0};
        if (c->outcome == ASSAY_SCORED_NOT_RUN && !require_all) continue;
        if (c->result) {
            one = *c->result;
            free(c->result);
            c->result = NULL;
        } else {
            st = result_without(c, &one, err);
        }
        if (!st) st = assay_result_add_case(out, &one, err);
    }
    return st;
}

void assay_scorecard_free(assay_scorecard *card) {
    for (size_t i = 0; i < card->case_count; i++) assay_score_case_free(&card->cases[i]);
    for (size_t i = 0; i < card->unknown_count; i++) free(card->unknown[i]);
    free(card->cases);
    free(card->rules);
    free(card->unknown);
    assay_waiver_uses_free(&card->waivers);
    *card = (assay_scorecard){0};
}

/* ---- summary ---- */

static size_t count_rules(const assay_scorecard *card, assay_rule_verdict verdict) {
    size_t count = 0;
    for (size_t i = 0; i < card->rule_count; i++) count += card->rules[i].verdict == verdict;
    return count;
}

assay_scorecard_summary assay_scorecard_summarize(const assay_scorecard *card) {
    assay_scorecard_summary s = {.rules_passed = count_rules(card, ASSAY_RULE_PASS),
                                 .rules_failed = count_rules(card, ASSAY_RULE_FAIL),
                                 .rules_not_exercised = count_rules(card, ASSAY_RULE_NOT_EXERCISED),
                                 .passed = count_cases(card, ASSAY_SCORED_PASS),
                                 .failed = count_cases(card, ASSAY_SCORED_FAIL),
                                 .incomplete = count_cases(card, ASSAY_SCORED_INCOMPLETE),
                                 .not_run = count_cases(card, ASSAY_SCORED_NOT_RUN),
                                 .unreadable = count_cases(card, ASSAY_SCORED_UNREADABLE),
                                 .unsupported = count_cases(card, ASSAY_SCORED_UNSUPPORTED)};
    for (size_t i = 0; i < card->case_count; i++)
        s.waived += card->cases[i].outcome == ASSAY_SCORED_PASS && card->cases[i].waived;
    s.conforms = s.failed == 0 && s.unreadable == 0 && s.passed > s.waived;
    return s;
}
