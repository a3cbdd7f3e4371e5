#include "compare/policy.h"

#include <cJSON.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/policy_waivers.h"
#include "golden/json_strict.h"
#include "golden/text_file.h"

#define FORMAT "assay-policy/1"
#define LIMIT_NBYTES ((size_t)1 << 20)

void assay_policy_init(assay_policy *policy) { *policy = (assay_policy){.factor = ASSAY_DEFAULT_FACTOR}; }

void assay_policy_free(assay_policy *policy) {
    for (size_t i = 0; i < policy->required_count; i++) free(policy->required[i]);
    for (size_t i = 0; i < policy->rule_count; i++) free(policy->rules[i].stage);
    assay_policy_free_waivers(policy);
    free(policy->required);
    free(policy->rules);
    *policy = (assay_policy){0};
}

/* ---- matching ---- */

static bool is_path_pattern(const char *pattern) { return strncmp(pattern, "steps/", 6) == 0; }

bool assay_policy_matches(const char *pattern, const assay_place *place) {
    char text[160];
    if (is_path_pattern(pattern)) assay_place_path(place, text, sizeof text);
    else assay_stage_text(place->stage, text);
    return fnmatch(pattern, text, 0) == 0;
}

bool assay_policy_requires(const assay_policy *policy, const assay_place *place) {
    for (size_t i = 0; i < policy->required_count; i++)
        if (assay_policy_matches(policy->required[i], place)) return true;
    return false;
}

/* ---- reading ---- */

/* Copies a path pattern with every number that fills a whole part written as 0: "steps/12/windows/x" is
 * "steps/0/windows/x". False when it does not fit. */
static bool without_numbers(const char *pattern, char *out, size_t out_nbytes) {
    size_t at = 0;
    while (*pattern && at + 1 < out_nbytes) {
        size_t digits = strspn(pattern, "0123456789");
        bool is_part = digits && pattern[-1] == '/' && (pattern[digits] == '/' || pattern[digits] == '\0');
        out[at++] = is_part ? '0' : *pattern;
        pattern += is_part ? digits : 1;
    }
    out[at] = '\0';
    return *pattern == '\0';
}

bool assay_policy_can_match(const char *pattern) {
    char plain[160];
    bool is_path = is_path_pattern(pattern);
    if (is_path && (strpbrk(pattern, "[?\\") || !without_numbers(pattern, plain, sizeof plain))) return true;
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        assay_place place = {.stage = (assay_stage)i};
        if (assay_policy_matches(is_path ? plain : pattern, &place)) return true;
    }
    return false;
}

static assay_status take_pattern(const char *text, const char *where, char **out, assay_error *err) {
    if (!assay_policy_can_match(text)) /* it would loosen or require nothing in silence */
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the pattern '%s' matches no stage (docs/golden-format.md)",
                          where, text);
    char *copy = strdup(text);
    if (!copy) return assay_fail_nomem(err, "a policy");
    *out = copy;
    return ASSAY_OK;
}

static assay_status read_pattern(const cJSON *value, const char *where, char **out, assay_error *err) {
    const char *text;
    assay_status st = assay_json_as_string(value, where, &text, err);
    return st ? st : take_pattern(text, where, out, err);
}

assay_status assay_policy_require(assay_policy *policy, const char *pattern, const char *where, assay_error *err) {
    char **grown = realloc(policy->required, (policy->required_count + 1) * sizeof *grown);
    if (!grown) return assay_fail_nomem(err, "a policy");
    policy->required = grown;
    assay_status st = take_pattern(pattern, where, &grown[policy->required_count], err);
    if (!st) policy->required_count++;
    return st;
}

/* A number that is not negative, where the member is there. JSON has no infinities, and the scan refuses what
 * overflows. */
static assay_status read_amount(const cJSON *object, const char *key, const char *where, bool *has, double *out,
                                assay_error *err) {
    double value = 0;
    assay_status st = assay_json_get_double(object, key, where, &value, err);
    if (st) return st;
    if (!isfinite(value) || value < 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%s' must be a finite number that is not negative", where, key);
    if (!assay_json_member(object, key)) return ASSAY_OK;
    *has = true;
    *out = value;
    return ASSAY_OK;
}

static assay_status read_dtype(assay_policy_rule *rule, const cJSON *object, const char *where, assay_error *err) {
    const char *name = NULL;
    assay_status st = assay_json_get_string(object, "dtype", where, &name, err);
    if (st || !name) return st;
    if (!assay_dtype_from_name(name, &rule->dtype) || !assay_dtype_is_float(rule->dtype))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: 'dtype' is '%s'; it must be float64, float32, float16 or bfloat16", where, name);
    rule->has_dtype = true;
    return ASSAY_OK;
}

static assay_status read_rule(assay_policy_rule *rule, const cJSON *object, const char *where, assay_error *err) {
    static const char *const keys[] = {"stage", "dtype", "factor", "atol", "rtol", NULL};
    const cJSON *stage = NULL;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    if (!st) st = assay_json_require(object, "stage", where, &stage, err);
    if (!st) st = read_dtype(rule, object, where, err);
    if (!st) st = read_amount(object, "factor", where, &rule->has_factor, &rule->factor, err);
    if (!st) st = read_amount(object, "atol", where, &rule->has_atol, &rule->atol, err);
    if (!st) st = read_amount(object, "rtol", where, &rule->has_rtol, &rule->rtol, err);
    if (st) return st;
    if (!rule->has_factor && !rule->has_atol && !rule->has_rtol)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: it sets none of 'factor', 'atol', 'rtol'", where);
    return read_pattern(stage, where, &rule->stage, err);
}

/* Finds an array member and allocates an array for its elements. *list is NULL where there is none. */
static assay_status begin_list(const cJSON *root, const char *key, const char *where, const cJSON **list, void **items,
                               size_t size, assay_error *err) {
    *list = assay_json_member(root, key);
    if (!*list) return ASSAY_OK;
    assay_status st = assay_json_as_array(*list, where, err);
    if (st) return st;
    *items = calloc((size_t)cJSON_GetArraySize(*list) + 1, size);
    return *items ? ASSAY_OK : assay_fail_nomem(err, "a policy");
}

static assay_status read_rules(assay_policy *p, const cJSON *root, const char *where, assay_error *err) {
    char at[512];
    const cJSON *list;
    void *items = NULL;
    snprintf(at, sizeof at, "%s: 'stages'", where);
    assay_status st = begin_list(root, "stages", at, &list, &items, sizeof *p->rules, err);
    p->rules = items;
    for (const cJSON *child = list ? list->child : NULL; child && !st; child = child->next) {
        snprintf(at, sizeof at, "%s: 'stages' element %zu", where, p->rule_count);
        st = read_rule(&p->rules[p->rule_count++], child, at, err);
    }
    return st;
}

static assay_status read_required(assay_policy *p, const cJSON *root, const char *where, assay_error *err) {
    char at[512];
    const cJSON *list;
    void *items = NULL;
    snprintf(at, sizeof at, "%s: 'required'", where);
    assay_status st = begin_list(root, "required", at, &list, &items, sizeof *p->required, err);
    p->required = items;
    for (const cJSON *child = list ? list->child : NULL; child && !st; child = child->next) {
        snprintf(at, sizeof at, "%s: 'required' element %zu", where, p->required_count);
        st = read_pattern(child, at, &p->required[p->required_count++], err);
    }
    return st;
}

static assay_status check_format(const cJSON *root, const char *where, assay_error *err) {
    static const char *const keys[] = {"format", "factor", "ignore_pad_rows", "required", "stages", "waivers", NULL};
    const cJSON *format = NULL;
    const char *text = NULL;
    assay_status st = assay_json_as_object(root, where, err);
    if (!st) st = assay_json_require(root, "format", where, &format, err);
    if (!st) st = assay_json_as_string(format, where, &text, err);
    if (st) return st;
    if (strcmp(text, FORMAT) != 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the format is '%s'; this program reads '" FORMAT "'", where,
                          text);
    return assay_json_known_keys(root, keys, where, err);
}

assay_status assay_policy_parse(assay_policy *out, const char *text, size_t text_nbytes, const char *where,
                                assay_error *err) {
    cJSON *root = NULL;
    assay_policy policy;
    bool has_factor;
    assay_policy_init(&policy);
    assay_status st = assay_json_parse(&root, text, text_nbytes, where, err);
    if (!st) st = check_format(root, where, err);
    if (!st) st = read_amount(root, "factor", where, &has_factor, &policy.factor, err);
    if (!st) st = assay_json_get_bool(root, "ignore_pad_rows", where, &policy.ignore_pad_rows, err);
    if (!st) st = read_required(&policy, root, where, err);
    if (!st) st = read_rules(&policy, root, where, err);
    if (!st) st = assay_policy_read_waivers(&policy, root, where, err);
    cJSON_Delete(root);
    if (st) assay_policy_free(&policy);
    else *out = policy;
    return st;
}

assay_status assay_policy_read(assay_policy *out, const char *path, assay_error *err) {
    char *text;
    size_t nbytes;
    assay_status st = assay_text_file_read(path, LIMIT_NBYTES, &text, &nbytes, err);
    if (st) return st;
    st = assay_policy_parse(out, text, nbytes, path, err);
    free(text);
    return st;
}
