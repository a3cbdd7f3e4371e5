#include "compare/waiver.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* A step as a whole is no stage: only its path can be meant. */
static bool covers_stage(const char *pattern, const assay_entry *e) {
    if (e->kind == ASSAY_ENTRY_STAGE) return assay_policy_matches(pattern, &e->place);
    return e->kind == ASSAY_ENTRY_STEP && strncmp(pattern, "steps/", 6) == 0 && fnmatch(pattern, e->path, 0) == 0;
}

static bool is_about_case(const assay_waiver *w, const char *name) {
    return !w->test_case || fnmatch(w->test_case, name, 0) == 0;
}

bool assay_waiver_covers(const assay_waiver *w, const char *name, const assay_entry *e) {
    if (!is_about_case(w, name)) return false;
    return (!w->stage || covers_stage(w->stage, e)) && (!w->rule || assay_rules_have(e->rules, w->rule));
}

static void apply(assay_case_result *c, assay_entry *e, const assay_policy *policy) {
    if (!assay_verdict_fails(e->verdict)) return;
    for (size_t i = 0; i < policy->waiver_count; i++) {
        bool expired = c->waivers.items[i].expired;
        if ((expired && e->waiver) || !assay_waiver_covers(&policy->waivers[i], c->name, e)) continue;
        e->waiver = i + 1;
        if (expired) continue;
        e->waived_from = e->verdict;
        e->verdict = ASSAY_VERDICT_WAIVED;
        return;
    }
}

static void count(assay_case_result *c) {
    for (size_t i = 0; i < c->entry_count; i++)
        if (c->entries[i].waiver) c->waivers.items[c->entries[i].waiver - 1].count++;
}

/* NULL stays NULL. */
static bool copy(char **out, const char *text) {
    *out = text ? strdup(text) : NULL;
    return *out || !text;
}

static assay_status copy_use(assay_waiver_use *out, const assay_waiver_use *from, assay_error *err) {
    *out = (assay_waiver_use){.expires = from->expires, .expired = from->expired, .in_scope = from->in_scope};
    bool ok = copy(&out->stage, from->stage) && copy(&out->rule, from->rule) &&
              copy(&out->test_case, from->test_case) && copy(&out->reason, from->reason);
    return ok ? ASSAY_OK : assay_fail_nomem(err, "a waiver");
}

static assay_status reserve(assay_waiver_uses *uses, size_t count, assay_error *err) {
    uses->items = calloc(count + 1, sizeof *uses->items);
    return uses->items ? ASSAY_OK : assay_fail_nomem(err, "a list of waivers");
}

assay_status assay_waivers_apply(assay_case_result *c, const assay_policy *policy, assay_error *err) {
    if (policy->waiver_count == 0) return ASSAY_OK;
    assay_status st = reserve(&c->waivers, policy->waiver_count, err);
    for (size_t i = 0; i < policy->waiver_count && !st; i++) {
        const assay_waiver *w = &policy->waivers[i];
        const assay_waiver_use use = {w->stage,
                                      w->rule,
                                      w->test_case,
                                      w->reason,
                                      w->expires,
                                      policy->today == 0 || w->expires < policy->today,
                                      is_about_case(w, c->name),
                                      0};
        st = copy_use(&c->waivers.items[c->waivers.count++], &use, err);
    }
    for (size_t i = 0; i < c->entry_count && !st; i++) apply(c, &c->entries[i], policy);
    if (!st) count(c);
    return st;
}

assay_status assay_waiver_uses_add(assay_waiver_uses *sum, const assay_waiver_uses *uses, assay_error *err) {
    if (uses->count == 0) return ASSAY_OK;
    assay_status st = sum->items ? ASSAY_OK : reserve(sum, uses->count, err);
    for (size_t i = sum->count; i < uses->count && !st; i++)
        st = copy_use(&sum->items[sum->count++], &uses->items[i], err);
    for (size_t i = 0; i < uses->count && !st; i++) {
        sum->items[i].count += uses->items[i].count;
        sum->items[i].in_scope = sum->items[i].in_scope || uses->items[i].in_scope;
    }
    return st;
}
