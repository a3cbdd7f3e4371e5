#include "run/score_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/candidate.h"
#include "compare/compare.h"
#include "compare/source_file.h"
#include "run/diagnose.h"
#include "run/golden_facts.h"
#include "run/suite_case.h"

const char *assay_scored_name(assay_scored outcome) {
    static const char *const names[] = {"pass", "fail", "incomplete", "not run", "unreadable", "unsupported"};
    return names[outcome];
}

/* ---- what the comparison says ---- */

static const assay_entry *first_with(const assay_case_result *r, assay_verdict verdict) {
    for (size_t i = 0; i < r->entry_count; i++)
        if (r->entries[i].verdict == verdict) return &r->entries[i];
    return NULL;
}

static void note_failure(assay_score_case *c, const assay_entry *e) {
    c->outcome = ASSAY_SCORED_FAIL;
    snprintf(c->first_path, sizeof c->first_path, "%s", e->path);
    snprintf(c->first_reason, sizeof c->first_reason, "%s", e->reason);
    snprintf(c->first_rules, sizeof c->first_rules, "%s", e->rules);
    c->first_is_result =
        e->kind == ASSAY_ENTRY_STAGE && e->place.stage >= ASSAY_STAGE_LOGITS && e->place.stage <= ASSAY_STAGE_TOKENS;
}

/* What a step returns, or its refusal, is not in the dump. */
static bool lacks_result(const assay_entry *e) {
    bool waived = e->verdict == ASSAY_VERDICT_WAIVED && e->waived_from == ASSAY_VERDICT_MISSING_REQUIRED;
    if (e->verdict != ASSAY_VERDICT_MISSING && !waived) return false;
    return e->kind == ASSAY_ENTRY_STEP || e->place.stage == ASSAY_STAGE_LOGITS || e->place.stage == ASSAY_STAGE_LOSS ||
           e->place.stage == ASSAY_STAGE_TOKENS;
}

static void note_gaps(assay_score_case *c, const assay_case_result *r) {
    size_t gaps = 0;
    const assay_entry *first = NULL;
    for (size_t i = 0; i < r->entry_count; i++) {
        if (!lacks_result(&r->entries[i])) continue;
        if (!first) first = &r->entries[i];
        gaps++;
    }
    if (!first && c->judged) return;
    c->outcome = ASSAY_SCORED_INCOMPLETE;
    char more[48] = "";
    if (gaps > 1) snprintf(more, sizeof more, " and %zu more", gaps - 1);
    if (!first) snprintf(c->note, sizeof c->note, "nothing that it holds could be compared");
    else if (first->kind == ASSAY_ENTRY_STEP)
        snprintf(c->note, sizeof c->note, "does not say that %s was refused%s", first->path, more);
    else snprintf(c->note, sizeof c->note, "lacks %s%s", first->path, more);
}

/* Takes the waivers out of the result. */
static void note_waivers(assay_score_case *c, assay_case_result *r) {
    const assay_entry *first = first_with(r, ASSAY_VERDICT_WAIVED);
    c->waived = r->counts[ASSAY_VERDICT_WAIVED];
    if (first) snprintf(c->waived_path, sizeof c->waived_path, "%s", first->path);
    c->waivers = r->waivers;
    r->waivers = (assay_waiver_uses){0};
}

static void note_counts(assay_score_case *c, const assay_case_result *r) {
    size_t waived = 0;
    for (size_t i = 0; i < r->entry_count; i++)
        waived += r->entries[i].verdict == ASSAY_VERDICT_WAIVED && r->entries[i].waived_from == ASSAY_VERDICT_FAIL;
    c->failed = r->counts[ASSAY_VERDICT_FAIL];
    c->judged = r->counts[ASSAY_VERDICT_PASS] + c->failed + waived;
    c->missing = r->counts[ASSAY_VERDICT_MISSING] + r->counts[ASSAY_VERDICT_MISSING_REQUIRED] +
                 r->counts[ASSAY_VERDICT_WAIVED] - waived;
}

static void note_result(assay_score_case *c, assay_case_result *r) {
    if (r->verdict == ASSAY_CASE_UNSUPPORTED) {
        c->outcome = ASSAY_SCORED_UNSUPPORTED;
        snprintf(c->note, sizeof c->note, "%s", r->unsupported);
        return;
    }
    note_counts(c, r);
    note_waivers(c, r);
    const assay_entry *differs = first_with(r, ASSAY_VERDICT_FAIL);
    const assay_entry *required = first_with(r, ASSAY_VERDICT_MISSING_REQUIRED);
    if (differs) {
        note_failure(c, differs);
    } else if (required) { /* says nothing of a rule */
        note_failure(c, required);
        c->first_rules[0] = '\0';
    } else {
        note_gaps(c, r);
    }
}

/* ---- diagnosis ---- */

static void note_mistakes(assay_score_case *c, const assay_diagnosis *d) {
    if (d->verdict != ASSAY_DIAGNOSIS_EXPLAINED) return;
    for (size_t i = 0; i < d->ranking_count && c->mistake_count < ASSAY_SCORE_MISTAKES; i++) {
        const assay_hypothesis *h = &d->ranking[i];
        if (h->mistake_count == 1 && (i == 0 || h->same_as_best)) c->mistakes[c->mistake_count++] = h->mistakes[0];
    }
}

/* Single mistakes alone: a pair is for assay diagnose, which has the time. A case that cannot be run again stays undiagnosed. */
static assay_status diagnose(assay_score_case *c, const assay_golden *golden, const char *golden_path,
                             const assay_source *candidate, assay_error *err) {
    assay_diagnosis d = {0};
    assay_error why;
    assay_status st = assay_diagnose(&d, golden, golden_path, candidate, &(assay_diagnose_options){.seconds = 0}, &why);
    if (st == ASSAY_EINTERNAL) {
        if (err) *err = why;
        return st;
    }
    if (!st) note_mistakes(c, &d);
    assay_diagnosis_free(&d);
    return ASSAY_OK;
}

/* ---- one case ---- */

/* A dump that cannot be compared is an outcome; being out of memory is not. */
static assay_status note_unreadable(assay_score_case *c, const assay_error *why, assay_error *err) {
    if (why->status == ASSAY_EINTERNAL) {
        if (err) *err = *why;
        return why->status;
    }
    c->outcome = ASSAY_SCORED_UNREADABLE;
    snprintf(c->note, sizeof c->note, "%s", why->message);
    return ASSAY_OK;
}

/* Takes the result over. */
static assay_status keep_result(assay_score_case *c, const assay_golden *golden, assay_case_result *result,
                                assay_error *err) {
    c->result = malloc(sizeof *c->result);
    if (!c->result) return assay_fail_nomem(err, "a result");
    *c->result = *result;
    *result = (assay_case_result){0};
    return assay_golden_add_facts(c->result, golden, err);
}

static assay_status compare(assay_score_case *c, const assay_golden *golden, const char *golden_path,
                            const assay_candidate *candidate, const assay_score_options *options, assay_error *err) {
    assay_source source = {0};
    assay_case_result result;
    assay_error why;
    const assay_compare_options compared = {
        .name = c->name, .policy = options->policy, .detail = options->keep_results};
    assay_status st = assay_source_of_file(&source, golden, golden_path, err);
    if (st) return st;
    st = assay_compare(&result, &source, assay_candidate_source(candidate), &compared, &why);
    assay_source_close(&source);
    if (st) return note_unreadable(c, &why, err);
    note_result(c, &result);
    st = options->keep_results ? keep_result(c, golden, &result, err) : ASSAY_OK;
    assay_case_result_free(&result);
    if (st) return st;
    bool wanted = c->failed > 0 && !options->no_diagnosis;
    return wanted ? diagnose(c, golden, golden_path, assay_candidate_source(candidate), err) : ASSAY_OK;
}

static assay_status score(assay_score_case *c, const assay_golden *golden, const char *golden_path,
                          const assay_score_options *options, assay_error *err) {
    assay_candidate *candidate;
    assay_error why;
    char declared[sizeof c->declared] = "";
    if (options->port)
        assay_port_supports(options->port, &golden->test_case, assay_golden_config(golden), declared, sizeof declared);
    c->outcome = c->dump ? ASSAY_SCORED_PASS : *declared ? ASSAY_SCORED_UNSUPPORTED : ASSAY_SCORED_NOT_RUN;
    snprintf(c->note, sizeof c->note, "%s", c->dump ? "" : declared);
    if (!c->dump) return ASSAY_OK;
    if (assay_candidate_open(&candidate, c->dump, &why)) return note_unreadable(c, &why, err);
    assay_status st = compare(c, golden, golden_path, candidate, options, err);
    if (c->outcome != ASSAY_SCORED_UNSUPPORTED) snprintf(c->declared, sizeof c->declared, "%s", declared);
    assay_candidate_close(candidate);
    return st;
}

/* "A-1 B-2" (allocated); NULL when out of memory. */
static char *join(char *const *words, size_t count) {
    size_t nbytes = 1;
    for (size_t i = 0; i < count; i++) nbytes += strlen(words[i]) + 1;
    char *text = calloc(nbytes, 1);
    for (size_t i = 0; text && i < count; i++) strcat(strcat(text, i ? " " : ""), words[i]);
    return text;
}

static assay_status describe(assay_score_case *c, const assay_golden *g, const char *golden_path, const char *dump,
                             assay_error *err) {
    if (!g->has_case) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the file holds no case", golden_path);
    assay_status st = assay_suite_case_name(&c->name, golden_path, err);
    if (st) return st;
    c->rules = join(g->test_case.rules, g->test_case.rule_count);
    c->dump = dump ? strdup(dump) : NULL;
    return c->rules && (c->dump || !dump) ? ASSAY_OK : assay_fail_nomem(err, "a case");
}

assay_status assay_score_case_run(assay_score_case *out, const char *golden_path, const char *dump,
                                  const assay_score_options *options, assay_error *err) {
    assay_golden golden;
    assay_score_case c = {0};
    assay_status st = assay_golden_open(&golden, golden_path, err);
    if (st) return st;
    st = describe(&c, &golden, golden_path, dump, err);
    if (!st) st = score(&c, &golden, golden_path, options, err);
    assay_golden_close(&golden);
    if (st) assay_score_case_free(&c);
    else *out = c;
    return st;
}

void assay_score_case_free(assay_score_case *c) {
    free(c->rules);
    free(c->dump);
    free(c->name);
    if (c->result) assay_case_result_free(c->result);
    free(c->result);
    assay_waiver_uses_free(&c->waivers);
    *c = (assay_score_case){0};
}
