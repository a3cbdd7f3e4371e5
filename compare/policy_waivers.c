#include "compare/policy_waivers.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"
#include "core/stages.h"
#include "golden/json_strict.h"

/* A copy of a member that must not be empty; *out stays NULL where there is none. */
static assay_status read_text(char **out, const cJSON *object, const char *key, const char *where, assay_error *err) {
    const char *text = NULL;
    assay_status st = assay_json_get_string(object, key, where, &text, err);
    if (st || !text) return st;
    if (!text[strspn(text, " \t")]) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%s' is empty", where, key);
    for (const char *at = text; *at; at++)
        if (iscntrl((unsigned char)*at))
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%s' must be one line of plain text", where, key);
    *out = strdup(text);
    return *out ? ASSAY_OK : assay_fail_nomem(err, "a waiver");
}

static bool is_path(const char *pattern) { return strncmp(pattern, "steps/", 6) == 0; }

/* A step as a whole is told by its path alone: "steps/3". */
static bool is_step(const char *pattern) {
    return is_path(pattern) && pattern[6] && !pattern[6 + strspn(pattern + 6, "0123456789*?[]")];
}

/* Whether some stage that the pattern of names matches shows the rule. What a refusal cites is not known, and steps are matched by
 * patterns of paths. */
static bool can_show(const char *pattern, const char *rule) {
    if (is_path(pattern)) return true;
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        const assay_place place = {.stage = (assay_stage)i};
        if (assay_policy_matches(pattern, &place) && assay_rules_have(assay_stage_get(place.stage)->rules, rule))
            return true;
    }
    return false;
}

/* One that can waive nothing is a spelling mistake. */
static assay_status check_meaning(const assay_waiver *w, const char *where, assay_error *err) {
    if (!w->stage && !w->rule)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: give 'stage', 'rule', or both: what is waived", where);
    if (w->stage && !is_step(w->stage) && !assay_policy_can_match(w->stage))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the pattern '%s' matches no stage (docs/golden-format.md)",
                          where, w->stage);
    if (w->rule && !assay_rule_find(w->rule))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: '%.40s' is no rule; rules are such as MEM-1 (docs/semantics.md)", where, w->rule);
    if (w->stage && w->rule && !can_show(w->stage, w->rule))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: no stage that '%s' matches shows %s, so it would waive nothing; leave one of them out",
                          where, w->stage, w->rule);
    return ASSAY_OK;
}

static assay_status read_expiry(assay_waiver *w, const cJSON *object, const char *where, assay_error *err) {
    const char *text = NULL;
    assay_status st = assay_json_get_string(object, "expires", where, &text, err);
    if (st || assay_date_parse(text, &w->expires)) return st;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "%s: 'expires' is '%.40s'; it must be a day of the calendar as YYYY-MM-DD", where, text);
}

static assay_status read_waiver(assay_waiver *w, const cJSON *object, const char *where, assay_error *err) {
    static const char *const keys[] = {"stage", "rule", "case", "reason", "expires", NULL};
    const cJSON *member;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    if (!st) st = assay_json_require(object, "reason", where, &member, err);
    if (!st) st = assay_json_require(object, "expires", where, &member, err);
    if (!st) st = read_text(&w->stage, object, "stage", where, err);
    if (!st) st = read_text(&w->rule, object, "rule", where, err);
    if (!st) st = read_text(&w->test_case, object, "case", where, err);
    if (!st) st = read_text(&w->reason, object, "reason", where, err);
    if (!st) st = read_expiry(w, object, where, err);
    return st ? st : check_meaning(w, where, err);
}

assay_status assay_policy_read_waivers(assay_policy *p, const cJSON *root, const char *where, assay_error *err) {
    char at[512];
    const cJSON *list = assay_json_member(root, "waivers");
    if (!list) return ASSAY_OK;
    snprintf(at, sizeof at, "%.400s: 'waivers'", where);
    assay_status st = assay_json_as_array(list, at, err);
    if (st) return st;
    p->waivers = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *p->waivers);
    if (!p->waivers) return assay_fail_nomem(err, "a policy");
    for (const cJSON *child = list->child; child && !st; child = child->next) {
        snprintf(at, sizeof at, "%.400s: 'waivers' element %zu", where, p->waiver_count);
        st = read_waiver(&p->waivers[p->waiver_count++], child, at, err);
    }
    return st;
}

void assay_policy_free_waivers(assay_policy *p) {
    for (size_t i = 0; i < p->waiver_count; i++) {
        free(p->waivers[i].stage);
        free(p->waivers[i].rule);
        free(p->waivers[i].test_case);
        free(p->waivers[i].reason);
    }
    free(p->waivers);
}
