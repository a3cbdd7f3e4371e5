#include "compare/pairing.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- digests ---- */

static void append_difference(char *text, size_t text_nbytes, const char *what, const char *golden,
                              const char *candidate) {
    if (!golden[0] || !candidate[0] || strcasecmp(golden, candidate) == 0) return;
    size_t at = strlen(text);
    snprintf(text + at, text_nbytes - at, "%s%s (%.12s.. and %.12s..)", at ? ", " : "", what, golden, candidate);
}

assay_status assay_check_pairing(const assay_source *golden, const assay_source *candidate, assay_error *err) {
    const assay_source_info *g = &golden->info, *c = &candidate->info;
    char text[256] = "";
    if (g->unsupported[0])
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: says that a port cannot run the case, so nothing can be held against it", g->name);
    append_difference(text, sizeof text, "case", g->case_sha256, c->case_sha256);
    append_difference(text, sizeof text, "configuration", g->config_sha256, c->config_sha256);
    append_difference(text, sizeof text, "weights", g->weights_xxh128, c->weights_xxh128);
    if (!text[0]) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s and %s do not belong together; their digests differ: %s", g->name,
                      c->name, text);
}

/* ---- refusals ---- */

static bool share_rule(const char *a, const char *b) {
    if (!a[0] || !b[0]) return true;
    for (const char *at = a; *at;) {
        size_t length = strcspn(at, " ");
        char rule[24];
        bool fits = length > 0 && length < sizeof rule;
        if (fits) {
            memcpy(rule, at, length);
            rule[length] = '\0';
            if (assay_rules_have(b, rule)) return true;
        }
        at += length + strspn(at + length, " ");
    }
    return false;
}

/* ERR-1 alone is the list of all refusals and names none; beside another rule it adds nothing. */
static bool same_refusal(const char *golden, const char *candidate) {
    return strcmp(golden, "ERR-1") == 0 || strcmp(candidate, "ERR-1") == 0 || share_rule(golden, candidate);
}

static const char *or_text(const char *text, const char *fallback) { return text[0] ? text : fallback; }

static assay_entry step_entry(int64_t step, const char *rules) {
    assay_entry e = {.kind = ASSAY_ENTRY_STEP,
                     .place = {.step = step, .window = -1, .layer = -1, .stage = ASSAY_STAGE_SCHEDULE},
                     .verdict = ASSAY_VERDICT_FAIL,
                     .worst = {.index = -1}};
    e.golden.rank = e.candidate.rank = -1;
    snprintf(e.path, sizeof e.path, "steps/%lld", (long long)step);
    snprintf(e.rules, sizeof e.rules, "%s", rules);
    return e;
}

static assay_step_outcome both_refuse(assay_entry *e, const assay_source_step *g, const assay_source_step *c) {
    *e = step_entry(g->step, g->refused_rules);
    if (same_refusal(g->refused_rules, c->refused_rules)) {
        e->verdict = ASSAY_VERDICT_PASS;
        snprintf(e->reason, sizeof e->reason, "refused by both (%s)", or_text(g->refused_rules, "no rule named"));
        return ASSAY_STEP_REFUSED_BY_BOTH;
    }
    snprintf(e->reason, sizeof e->reason, "refused for %s (%.100s), expected a refusal for %s (%.100s)",
             c->refused_rules, c->refused_message, g->refused_rules, g->refused_message);
    return ASSAY_STEP_DISAGREES;
}

assay_step_outcome assay_compare_refusals(assay_entry *entry, const assay_source *golden, const assay_source *candidate,
                                          int64_t step, bool candidate_has_tensors) {
    const assay_source_step *g = assay_source_find_step(golden, step), *c = assay_source_find_step(candidate, step);
    bool golden_refuses = g && g->refused, candidate_refuses = c && c->refused;
    if (!golden_refuses && !candidate_refuses) return ASSAY_STEP_RAN;
    if (golden_refuses && candidate_refuses) return both_refuse(entry, g, c);
    if (candidate_refuses) {
        *entry = step_entry(step, c->refused_rules);
        snprintf(entry->reason, sizeof entry->reason, "the candidate refuses what the golden carries out: %.200s",
                 or_text(c->refused_message, "no reason given"));
        return ASSAY_STEP_DISAGREES;
    }
    *entry = step_entry(step, g->refused_rules);
    bool ran = candidate_has_tensors || (c && c->op[0]);
    if (!ran) entry->verdict = ASSAY_VERDICT_MISSING;
    snprintf(entry->reason, sizeof entry->reason, "the golden refuses it (%.200s), and the candidate %s",
             or_text(g->refused_message, or_text(g->refused_rules, "no reason given")),
             ran ? "carries it out" : "says nothing of it");
    return ASSAY_STEP_DISAGREES;
}
