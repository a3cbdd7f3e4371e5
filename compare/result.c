#include "compare/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *assay_verdict_name(assay_verdict verdict) {
    static const char *const names[ASSAY_VERDICT_COUNT] = {"pass",  "fail",         "missing", "missing_required",
                                                           "extra", "not_compared", "waived"};
    return names[verdict];
}

bool assay_verdict_fails(assay_verdict verdict) {
    return verdict == ASSAY_VERDICT_FAIL || verdict == ASSAY_VERDICT_MISSING_REQUIRED;
}

const char *assay_tolerance_origin_name(assay_tolerance_origin origin) {
    static const char *const names[] = {"none", "floor", "policy", "default"};
    return names[origin];
}

const char *assay_entry_kind_name(assay_entry_kind kind) {
    static const char *const names[] = {"stage", "step", "unknown"};
    return names[kind];
}

const char *assay_case_verdict_name(assay_case_verdict verdict) {
    static const char *const names[] = {"pass", "fail", "error", "unsupported"};
    return names[verdict];
}

/* Makes room for one more element of `size` bytes. */
static bool reserve(void **items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) return true;
    size_t grown = *capacity ? 2 * *capacity : 16;
    void *moved = realloc(*items, grown * size);
    if (!moved) return false;
    *items = moved;
    *capacity = grown;
    return true;
}

assay_status assay_case_result_add(assay_case_result *c, const assay_entry *entry, assay_error *err) {
    void *entries = c->entries;
    if (!reserve(&entries, c->entry_count, &c->entry_capacity, sizeof *entry)) return assay_fail_nomem(err, "a result");
    c->entries = entries;
    c->entries[c->entry_count++] = *entry;
    return ASSAY_OK;
}

void assay_entry_set_ratios(assay_entry *e) {
    e->ratio_floor = e->has_floor && e->floor > 0 ? e->deviation / e->floor : 0;
    if (e->deviation == 0) e->ratio_tolerance = 0;
    else e->ratio_tolerance = e->tolerance > 0 ? e->deviation / e->tolerance : INFINITY;
}

/* A pass without metrics (both sides empty) is no evidence, nor is what the candidate lacks. */
static bool is_evidence(const assay_entry *e) {
    if (e->verdict == ASSAY_VERDICT_FAIL) return true;
    /* Behind another window schedule nothing is compared. */
    bool is_schedule = e->kind == ASSAY_ENTRY_STAGE && e->place.stage == ASSAY_STAGE_SCHEDULE;
    if (e->verdict == ASSAY_VERDICT_WAIVED) return e->waived_from == ASSAY_VERDICT_FAIL && !is_schedule;
    return e->verdict == ASSAY_VERDICT_PASS && (e->has_metrics || e->kind == ASSAY_ENTRY_STEP);
}

static void take_worst_pass(assay_case_result *c, size_t index) {
    const assay_entry *e = &c->entries[index];
    if (e->verdict != ASSAY_VERDICT_PASS || !e->has_metrics || e->origin == ASSAY_TOLERANCE_NONE) return;
    if (c->worst_pass < 0 || e->ratio_tolerance > c->entries[c->worst_pass].ratio_tolerance)
        c->worst_pass = (int64_t)index;
}

const assay_entry *assay_case_result_find(const assay_case_result *c, const assay_place *place) {
    for (size_t i = 0; i < c->entry_count; i++) {
        const assay_entry *e = &c->entries[i];
        if (e->kind == ASSAY_ENTRY_STAGE && assay_place_compare(&e->place, place) == 0) return e;
    }
    return NULL;
}

void assay_case_result_finish(assay_case_result *c) {
    size_t evidence = 0;
    memset(c->counts, 0, sizeof c->counts);
    c->first_divergence = c->worst_pass = -1;
    c->pad_elements = 0;
    for (size_t i = 0; i < c->entry_count; i++) {
        const assay_entry *e = &c->entries[i];
        c->counts[e->verdict]++;
        c->pad_elements += e->pad_elements;
        evidence += is_evidence(e);
        if (c->first_divergence < 0 && assay_verdict_fails(e->verdict)) c->first_divergence = (int64_t)i;
        take_worst_pass(c, i);
    }
    if (c->verdict == ASSAY_CASE_ERROR || c->verdict == ASSAY_CASE_UNSUPPORTED) return;
    c->verdict = c->first_divergence < 0 && evidence ? ASSAY_CASE_PASS : ASSAY_CASE_FAIL;
    if (!evidence && c->first_divergence < 0)
        snprintf(c->note, sizeof c->note,
                 "nothing was compared: the candidate has no tensor in common with the golden");
}

static char *copy_text(const char *text) { return strdup(text ? text : ""); }

/* A result without entries. */
static assay_status result_without(assay_case_result *out, assay_case_verdict verdict, const char *name,
                                   const char *golden_name, assay_error *err) {
    assay_case_result c = {.verdict = verdict};
    c.name = copy_text(name);
    c.golden_name = copy_text(golden_name);
    c.candidate_name = copy_text(NULL);
    if (!c.name || !c.golden_name || !c.candidate_name) {
        assay_case_result_free(&c);
        return assay_fail_nomem(err, "a result");
    }
    assay_case_result_finish(&c);
    *out = c;
    return ASSAY_OK;
}

assay_status assay_case_result_error(assay_case_result *out, const char *name, const char *golden_name,
                                     const assay_error *why, assay_error *err) {
    assay_status st = result_without(out, ASSAY_CASE_ERROR, name, golden_name, err);
    if (!st) snprintf(out->error, sizeof out->error, "%s", why->message);
    return st;
}

assay_status assay_case_result_unsupported(assay_case_result *out, const char *name, const char *golden_name,
                                           const char *why, assay_error *err) {
    assay_status st = result_without(out, ASSAY_CASE_UNSUPPORTED, name, golden_name, err);
    if (!st) snprintf(out->unsupported, sizeof out->unsupported, "%s", why);
    return st;
}

void assay_waiver_uses_free(assay_waiver_uses *uses) {
    for (size_t i = 0; i < uses->count; i++) {
        free(uses->items[i].stage);
        free(uses->items[i].rule);
        free(uses->items[i].test_case);
        free(uses->items[i].reason);
    }
    free(uses->items);
    *uses = (assay_waiver_uses){0};
}

/* ---- findings ---- */

assay_status assay_case_result_add_finding(assay_case_result *c, const char *source, const char *verdict,
                                           const char *summary, assay_error *err) {
    assay_finding *grown = realloc(c->findings, (c->finding_count + 1) * sizeof *grown);
    if (!grown) return assay_fail_nomem(err, "a finding");
    c->findings = grown;
    assay_finding *f = &grown[c->finding_count++];
    *f = (assay_finding){copy_text(source), copy_text(verdict), copy_text(summary), NULL, 0};
    return f->source && f->verdict && f->summary ? ASSAY_OK : assay_fail_nomem(err, "a finding");
}

assay_status assay_finding_add(assay_finding *f, const char *name, const char *rules, const char *summary,
                               const char *path, assay_error *err) {
    assay_finding_item *grown = realloc(f->items, (f->count + 1) * sizeof *grown);
    if (!grown) return assay_fail_nomem(err, "a finding");
    f->items = grown;
    assay_finding_item *i = &grown[f->count++];
    *i = (assay_finding_item){copy_text(name), copy_text(rules), copy_text(summary), copy_text(path)};
    return i->name && i->rules && i->summary && i->path ? ASSAY_OK : assay_fail_nomem(err, "a finding");
}

const assay_finding *assay_case_result_finding(const assay_case_result *c, const char *source) {
    for (size_t i = 0; i < c->finding_count; i++)
        if (strcmp(c->findings[i].source, source) == 0) return &c->findings[i];
    return NULL;
}

static void free_finding(assay_finding *f) {
    for (size_t i = 0; i < f->count; i++) {
        free(f->items[i].name);
        free(f->items[i].rules);
        free(f->items[i].summary);
        free(f->items[i].path);
    }
    free(f->items);
    free(f->source);
    free(f->verdict);
    free(f->summary);
}

/* ---- the whole ---- */

void assay_case_result_free(assay_case_result *c) {
    free(c->name);
    free(c->golden_name);
    free(c->candidate_name);
    for (size_t i = 0; i < c->entry_count; i++) assay_detail_free(c->entries[i].detail);
    free(c->entries);
    for (size_t i = 0; i < c->finding_count; i++) free_finding(&c->findings[i]);
    free(c->findings);
    assay_facts_free(&c->facts);
    assay_waiver_uses_free(&c->waivers);
    *c = (assay_case_result){0};
}

assay_status assay_result_add_case(assay_result *result, assay_case_result *c, assay_error *err) {
    void *cases = result->cases;
    if (!reserve(&cases, result->case_count, &result->case_capacity, sizeof *c)) {
        assay_case_result_free(c);
        return assay_fail_nomem(err, "a result");
    }
    result->cases = cases;
    result->cases[result->case_count++] = *c;
    *c = (assay_case_result){0};
    return ASSAY_OK;
}

/* ---- facts ---- */

static assay_fact *find_fact(const assay_facts *facts, const char *key) {
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->items[i].key, key) == 0) return &facts->items[i];
    return NULL;
}

const char *assay_facts_get(const assay_facts *facts, const char *key) {
    const assay_fact *fact = find_fact(facts, key);
    return fact ? fact->value : NULL;
}

assay_status assay_facts_set(assay_facts *facts, const char *key, const char *value, assay_error *err) {
    assay_fact fact = {strdup(key), strdup(value)};
    assay_fact *old = find_fact(facts, key);
    void *items = facts->items;
    if (!fact.key || !fact.value || (!old && !reserve(&items, facts->count, &facts->capacity, sizeof fact))) {
        free(fact.key);
        free(fact.value);
        return assay_fail_nomem(err, "a result");
    }
    if (old) {
        free(old->key);
        free(old->value);
        *old = fact;
        return ASSAY_OK;
    }
    facts->items = items;
    facts->items[facts->count++] = fact;
    return ASSAY_OK;
}

void assay_facts_free(assay_facts *facts) {
    for (size_t i = 0; i < facts->count; i++) {
        free(facts->items[i].key);
        free(facts->items[i].value);
    }
    free(facts->items);
    *facts = (assay_facts){0};
}

assay_status assay_result_set_fact(assay_result *result, const char *key, const char *value, assay_error *err) {
    return assay_facts_set(&result->facts, key, value, err);
}

bool assay_result_passed(const assay_result *result) {
    size_t passed = 0, unsupported = 0;
    for (size_t i = 0; i < result->case_count; i++) {
        passed += result->cases[i].verdict == ASSAY_CASE_PASS;
        unsupported += result->cases[i].verdict == ASSAY_CASE_UNSUPPORTED;
    }
    return passed > 0 && passed + unsupported == result->case_count && !assay_drifts_fail(&result->drifts);
}

void assay_result_free(assay_result *result) {
    for (size_t i = 0; i < result->case_count; i++) assay_case_result_free(&result->cases[i]);
    free(result->cases);
    assay_facts_free(&result->facts);
    assay_drifts_free(&result->drifts);
    *result = (assay_result){0};
}
