#include "reports/findings.h"

#include <stdio.h>

#define MOST_EXPLANATIONS 8

/* ---- diagnosis ---- */

static bool explains_something(const assay_diagnosis *d) {
    return d->ranking_count > 0 && (d->verdict == ASSAY_DIAGNOSIS_EXPLAINED || d->verdict == ASSAY_DIAGNOSIS_PARTLY);
}

/* "memory-truncated" or "memory-truncated + scale-missing". */
static const char *name_of(const assay_hypothesis *h, char *text, size_t text_nbytes) {
    snprintf(text, text_nbytes, "%s%s%s", h->mistakes[0]->name, h->mistake_count > 1 ? " + " : "",
             h->mistake_count > 1 ? h->mistakes[1]->name : "");
    return text;
}

static void summarise_diagnosis(const assay_diagnosis *d, char *text, size_t text_nbytes) {
    char name[128] = "";
    if (explains_something(d)) name_of(&d->ranking[0], name, sizeof name);
    switch (d->verdict) {
    case ASSAY_DIAGNOSIS_MATCH:
        snprintf(text, text_nbytes, "The candidate matches; there is nothing to explain.");
        break;
    case ASSAY_DIAGNOSIS_EXPLAINED:
        snprintf(text, text_nbytes, "The reference engine computes %s what the candidate holds when it makes %s: %s.",
                 d->ranking[0].distance.worst <= 1 ? "just" : "nearly",
                 d->ranking[0].mistake_count == 1 ? "this mistake" : "these two mistakes", name);
        break;
    case ASSAY_DIAGNOSIS_PARTLY:
        snprintf(text, text_nbytes, "%s explains part of it; something else differs too.", name);
        break;
    case ASSAY_DIAGNOSIS_UNKNOWN: snprintf(text, text_nbytes, "None of the known mistakes explains it."); break;
    case ASSAY_DIAGNOSIS_ROUNDING:
        snprintf(text, text_nbytes, "It differs by a few tolerances, which none of the known mistakes explains.");
        break;
    }
}

static assay_status add_mistakes(assay_finding *f, const assay_variant *const *mistakes, size_t count, const char *path,
                                 assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < count && !st; i++) {
        const assay_variant *v = mistakes[i];
        char summary[640];
        snprintf(summary, sizeof summary, "the original %.200s; the candidate %.200s; look at %.200s", v->original,
                 v->mistake, v->place);
        st = assay_finding_add(f, v->name, v->rule, summary, path, err);
    }
    return st;
}

static assay_status add_hypothesis(assay_finding *f, const assay_hypothesis *h, assay_error *err) {
    return add_mistakes(f, h->mistakes, h->mistake_count, h->original.first_path, err);
}

assay_status assay_findings_add_mistakes(assay_case_result *c, const assay_variant *const *mistakes, size_t count,
                                         const char *path, assay_error *err) {
    char summary[200];
    if (count == 1)
        snprintf(summary, sizeof summary, "The reference engine computes the same when it makes this mistake: %s.",
                 mistakes[0]->name);
    else snprintf(summary, sizeof summary, "Any of these %zu mistakes explains it equally well.", count);
    assay_status st = assay_case_result_add_finding(c, "diagnosis", "explained", summary, err);
    return st ? st : add_mistakes(&c->findings[c->finding_count - 1], mistakes, count, path, err);
}

assay_status assay_findings_add_diagnosis(assay_case_result *c, const assay_diagnosis *d, assay_error *err) {
    char summary[400];
    summarise_diagnosis(d, summary, sizeof summary);
    assay_status st =
        assay_case_result_add_finding(c, "diagnosis", assay_diagnosis_verdict_name(d->verdict), summary, err);
    if (st || !explains_something(d)) return st;
    assay_finding *f = &c->findings[c->finding_count - 1];
    for (size_t i = 0; i < d->ranking_count && !st && f->count < MOST_EXPLANATIONS; i++)
        if (i == 0 || d->ranking[i].same_as_best) st = add_hypothesis(f, &d->ranking[i], err);
    return st;
}

/* ---- blame ---- */

static size_t operations_at_fault(const assay_blame *b) {
    size_t count = 0;
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++) count += b->operations[i].faults > 0;
    return count;
}

static const char *blame_verdict(const assay_blame *b) {
    if (operations_at_fault(b)) return "fault";
    if (b->suspects) return "suspect";
    return b->counts[ASSAY_BLAME_INHERITED] ? "inherited" : "right";
}

static void summarise_blame(const assay_blame *b, char *text, size_t text_nbytes) {
    size_t judged = b->count - b->counts[ASSAY_BLAME_UNJUDGED];
    if (operations_at_fault(b))
        snprintf(text, text_nbytes, "%zu of %zu stages that were judged %s not follow from the candidate's own inputs.",
                 b->counts[ASSAY_BLAME_FAULT], judged, b->counts[ASSAY_BLAME_FAULT] == 1 ? "does" : "do");
    else if (b->suspects)
        snprintf(
            text, text_nbytes,
            "At least one of these does not follow from the candidate's own inputs; dump the stages between them to "
            "learn which.");
    else
        snprintf(text, text_nbytes,
                 "Each of the %zu stages that were judged follows from the candidate's own inputs: what differs is "
                 "inherited, or not dumped.",
                 judged);
}

/* Those at fault, or where there are none those that are suspected, in the order in which they show first. */
static int list_operations(const assay_blame *b, int operations[ASSAY_OPERATION_COUNT]) {
    bool faults = operations_at_fault(b) > 0;
    int count = 0;
    for (int i = 0; i < ASSAY_OPERATION_COUNT; i++) {
        const assay_blame_summary *s = &b->operations[i];
        if ((faults ? s->faults : s->suspects) == 0 || s->first < 0) continue;
        int at = count++;
        for (; at > 0 && b->operations[operations[at - 1]].first > s->first; at--) operations[at] = operations[at - 1];
        operations[at] = i;
    }
    return count;
}

assay_status assay_findings_add_blame(assay_case_result *c, const assay_blame *b, assay_error *err) {
    char summary[400];
    summarise_blame(b, summary, sizeof summary);
    assay_status st = assay_case_result_add_finding(c, "blame", blame_verdict(b), summary, err);
    int operations[ASSAY_OPERATION_COUNT], count = list_operations(b, operations);
    for (int i = 0; i < count && !st; i++) {
        const assay_blame_entry *e = &b->entries[b->operations[operations[i]].first];
        assay_operation operation = (assay_operation)operations[i];
        st = assay_finding_add(&c->findings[c->finding_count - 1], assay_operation_name(operation),
                               assay_stage_get(e->place.stage)->rules, assay_operation_text(operation), e->path, err);
    }
    return st;
}
