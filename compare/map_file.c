#include "compare/map_file.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/map_pattern.h"
#include "core/stages.h"
#include "golden/json_strict.h"
#include "golden/text_file.h"

#define FORMAT "assay-map/1"
#define LIMIT_NBYTES ((size_t)16 << 20)
#define MAX_OPS 32

void assay_map_free(assay_map *map) {
    for (size_t i = 0; i < map->rule_count; i++) {
        assay_map_rule *r = &map->rules[i];
        for (size_t k = 0; k < r->from_count; k++) free(r->from[k]);
        free(r->from);
        free(r->to);
        free(r->layout);
    }
    free(map->rules);
    free(map->name);
    *map = (assay_map){0};
}

/* ---- layout ---- */

static bool find_kind(const char *name, assay_layout_kind *kind) {
    for (int i = 0; i < ASSAY_LAYOUT_COUNT; i++) {
        if (strcmp(assay_layout_name((assay_layout_kind)i), name) != 0) continue;
        *kind = (assay_layout_kind)i;
        return true;
    }
    return false;
}

/* Operations that are said by their name alone. */
static bool takes_nothing(assay_layout_kind kind) {
    return kind == ASSAY_LAYOUT_SPLIT_HEADS || kind == ASSAY_LAYOUT_MERGE_HEADS ||
           kind == ASSAY_LAYOUT_SWAP_BATCH_TOKEN || kind == ASSAY_LAYOUT_INTERLEAVED_TO_HALVES ||
           kind == ASSAY_LAYOUT_HALVES_TO_INTERLEAVED;
}

static assay_status read_axis(const cJSON *value, const char *where, int *out, assay_error *err) {
    int64_t axis;
    assay_status st = assay_json_as_int(value, where, &axis, err);
    if (st) return st;
    if (axis < -ASSAY_MAX_RANK || axis >= ASSAY_MAX_RANK)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %lld is no axis; they are numbered from 0 to %d", where,
                          (long long)axis, ASSAY_MAX_RANK - 1);
    *out = (int)axis;
    return ASSAY_OK;
}

/* A size of a reshape: a whole number, -1 for what is left, or the letter of a size. */
static assay_status read_size(const cJSON *value, const char *where, int64_t *out, assay_error *err) {
    static const char letters[] = "HDC";
    if (cJSON_IsString(value)) {
        const char *letter = strlen(value->valuestring) == 1 ? strchr(letters, *value->valuestring) : NULL;
        if (!letter)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the size '%.40s' is not one of H, D, C", where,
                              value->valuestring);
        *out = ASSAY_SIZE_H - (letter - letters);
        return ASSAY_OK;
    }
    assay_status st = assay_json_as_int(value, where, out, err);
    if (!st && *out < ASSAY_SIZE_REST)
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: a size must be a whole number, -1, or one of H, D, C", where);
    return st;
}

static assay_status read_sizes(assay_layout_op *op, const cJSON *list, const char *where, assay_error *err) {
    assay_status st = assay_json_as_array(list, where, err);
    int rests = 0;
    if (st) return st;
    if (cJSON_GetArraySize(list) > ASSAY_MAX_RANK)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: more than %d axes", where, ASSAY_MAX_RANK);
    for (const cJSON *child = list->child; child && !st; child = child->next, op->rank++) {
        int axis = 0;
        if (op->kind == ASSAY_LAYOUT_RESHAPE) st = read_size(child, where, &op->sizes[op->rank], err);
        else st = read_axis(child, where, &axis, err);
        if (op->kind != ASSAY_LAYOUT_RESHAPE) op->sizes[op->rank] = axis;
        rests += !st && op->kind == ASSAY_LAYOUT_RESHAPE && op->sizes[op->rank] == ASSAY_SIZE_REST;
    }
    if (!st && rests > 1) st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: -1 stands there twice", where);
    return st;
}

static assay_status read_slice(assay_layout_op *op, const cJSON *object, const char *where, assay_error *err) {
    static const char *const keys[] = {"axis", "from", "to", NULL};
    const cJSON *axis = NULL;
    op->to = -1;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    if (!st) st = assay_json_require(object, "axis", where, &axis, err);
    if (!st) st = read_axis(axis, where, &op->axis, err);
    if (!st) st = assay_json_get_int(object, "from", where, &op->from, err);
    if (!st) st = assay_json_get_int(object, "to", where, &op->to, err);
    bool has_to = !st && assay_json_member(object, "to");
    if (!st && (op->from < 0 || (has_to && op->to < op->from)))
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: a range is 0 <= from <= to", where);
    return st;
}

static assay_status read_argument(assay_layout_op *op, const cJSON *value, const char *where, assay_error *err) {
    char at[600];
    snprintf(at, sizeof at, "%.500s: '%s'", where, assay_layout_name(op->kind));
    switch (op->kind) {
    case ASSAY_LAYOUT_TRANSPOSE:
    case ASSAY_LAYOUT_RESHAPE: return read_sizes(op, value, at, err);
    case ASSAY_LAYOUT_INSERT_AXIS:
    case ASSAY_LAYOUT_DROP_AXIS: return read_axis(value, at, &op->axis, err);
    case ASSAY_LAYOUT_SLICE: return read_slice(op, value, at, err);
    default: return assay_fail(err, ASSAY_EINPUT, NULL, "%s takes nothing: write it as a text", at);
    }
}

/* "split_heads", or {"transpose": [1, 0, 2]}. */
static assay_status read_op(assay_layout_op *op, const cJSON *value, const char *where, assay_error *err) {
    *op = (assay_layout_op){0};
    const cJSON *argument = cJSON_IsObject(value) ? value->child : NULL;
    const char *name = argument ? argument->string : cJSON_IsString(value) ? value->valuestring : NULL;
    if (!name || (argument && argument->next))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: an operation is a text, or an object with one member, such as {\"insert_axis\": 0}",
                          where);
    if (!find_kind(name, &op->kind))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: unknown operation '%.40s' (docs/mapping.md)", where, name);
    if (argument) return read_argument(op, argument, where, err);
    if (takes_nothing(op->kind)) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%s' needs a value (docs/mapping.md)", where, name);
}

static assay_status read_layout(assay_map_rule *rule, const cJSON *object, const char *where, assay_error *err) {
    const cJSON *list = assay_json_member(object, "layout");
    char at[560];
    if (!list) return ASSAY_OK;
    snprintf(at, sizeof at, "%.500s: 'layout'", where);
    assay_status st = assay_json_as_array(list, at, err);
    if (st) return st;
    if (cJSON_GetArraySize(list) > MAX_OPS)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: more than %d operations", at, MAX_OPS);
    rule->layout = calloc(MAX_OPS, sizeof *rule->layout);
    if (!rule->layout) return assay_fail_nomem(err, "a mapping");
    for (const cJSON *child = list->child; child && !st; child = child->next)
        st = read_op(&rule->layout[rule->layout_count++], child, at, err);
    return st;
}

/* ---- names ---- */

static assay_status add_from(assay_map_rule *rule, const cJSON *value, const char *where, assay_error *err) {
    const char *text;
    assay_status st = assay_json_as_string(value, where, &text, err);
    if (!st && !*text) st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: an empty name", where);
    if (!st) st = assay_map_pattern_check(text, false, where, err);
    if (st) return st;
    if (*text == '/') text++; /* of a path; names of the candidate have none */
    rule->from[rule->from_count] = strdup(text);
    return rule->from[rule->from_count++] ? ASSAY_OK : assay_fail_nomem(err, "a mapping");
}

static assay_status read_from(assay_map_rule *rule, const cJSON *object, const char *where, assay_error *err) {
    const cJSON *value = NULL;
    char at[560];
    snprintf(at, sizeof at, "%.500s: 'from'", where);
    assay_status st = assay_json_require(object, "from", where, &value, err);
    if (st) return st;
    int count = cJSON_IsArray(value) ? cJSON_GetArraySize(value) : 1;
    if (count == 0) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: names no tensor", at);
    rule->from = calloc((size_t)count, sizeof *rule->from);
    if (!rule->from) return assay_fail_nomem(err, "a mapping");
    if (!cJSON_IsArray(value)) return add_from(rule, value, at, err);
    for (const cJSON *child = value->child; child && !st; child = child->next) st = add_from(rule, child, at, err);
    return st;
}

/* Numbers that every placeholder of `from` may have, so that offsets stay positive. */
static assay_map_numbers sample_numbers(const char *from) {
    char name[2048];
    size_t at = 0;
    for (const char *c = from; *c && at + 9 < sizeof name; c++) {
        if (*c != '{') {
            name[at++] = *c;
            continue;
        }
        at += (size_t)snprintf(name + at, sizeof name - at, "1000000");
        c = strchr(c, '}');
    }
    name[at] = '\0';
    assay_map_numbers numbers = {.count = 0};
    assay_map_pattern_match(from, name, &numbers);
    return numbers;
}

static assay_status check_to(const assay_map_rule *rule, const char *where, assay_error *err) {
    for (size_t i = 0; i < rule->from_count; i++) {
        char path[512];
        assay_place place;
        const assay_map_numbers numbers = sample_numbers(rule->from[i]);
        if (!assay_map_pattern_fill(rule->to, &numbers, path, sizeof path))
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: 'to' has a placeholder that '%.100s' lacks", where,
                              rule->from[i]);
        if (!assay_place_parse(path, &place))
            return assay_fail(err, ASSAY_EINPUT, NULL,
                              "%s: 'to' is '%.160s', which is no stage (docs/golden-format.md)", where, rule->to);
    }
    return ASSAY_OK;
}

static assay_status read_to(assay_map_rule *rule, const cJSON *object, const char *where, assay_error *err) {
    const cJSON *value = NULL;
    const char *text = NULL;
    char at[560];
    snprintf(at, sizeof at, "%.500s: 'to'", where);
    assay_status st = assay_json_require(object, "to", where, &value, err);
    if (!st) st = assay_json_as_string(value, at, &text, err);
    if (!st) st = assay_map_pattern_check(text, true, at, err);
    if (st) return st;
    rule->to = strdup(*text == '/' ? text + 1 : text);
    return rule->to ? check_to(rule, where, err) : assay_fail_nomem(err, "a mapping");
}

/* ---- rules ---- */

static assay_status read_join(assay_map_rule *rule, const cJSON *object, const char *where, assay_error *err) {
    const cJSON *axis = assay_json_member(object, "join");
    char at[560];
    snprintf(at, sizeof at, "%.500s: 'join'", where);
    rule->joins = axis != NULL;
    if (axis) return read_axis(axis, at, &rule->join_axis, err);
    if (rule->from_count == 1) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: 'from' names %zu tensors, and 'join' does not say along which axis",
                      where, rule->from_count);
}

static assay_status read_rule(assay_map_rule *rule, const cJSON *object, const char *where, assay_error *err) {
    static const char *const keys[] = {"from", "to", "layout", "join", "optional", "note", NULL};
    const char *note = NULL; /* for readers */
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_known_keys(object, keys, where, err);
    if (!st) st = read_from(rule, object, where, err);
    if (!st) st = read_to(rule, object, where, err);
    if (!st) st = read_layout(rule, object, where, err);
    if (!st) st = read_join(rule, object, where, err);
    if (!st) st = assay_json_get_bool(object, "optional", where, &rule->optional, err);
    return st ? st : assay_json_get_string(object, "note", where, &note, err);
}

static assay_status read_rules(assay_map *map, const cJSON *root, const char *where, assay_error *err) {
    const cJSON *list = NULL;
    char at[512];
    snprintf(at, sizeof at, "%.440s: 'tensors'", where);
    assay_status st = assay_json_require(root, "tensors", where, &list, err);
    if (!st) st = assay_json_as_array(list, at, err);
    if (st) return st;
    map->rules = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *map->rules);
    if (!map->rules) return assay_fail_nomem(err, "a mapping");
    for (const cJSON *child = list->child; child && !st; child = child->next) {
        snprintf(at, sizeof at, "%.440s: 'tensors' element %zu", where, map->rule_count);
        st = read_rule(&map->rules[map->rule_count++], child, at, err);
    }
    return st;
}

static assay_status check_format(const cJSON *root, const char *where, assay_error *err) {
    static const char *const keys[] = {"format", "tensors", "note", NULL};
    const cJSON *format = NULL;
    const char *text = NULL, *note = NULL;
    assay_status st = assay_json_as_object(root, where, err);
    if (!st) st = assay_json_require(root, "format", where, &format, err);
    if (!st) st = assay_json_as_string(format, where, &text, err);
    if (st) return st;
    if (strcmp(text, FORMAT) != 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the format is '%.40s'; this program reads '" FORMAT "'", where,
                          text);
    st = assay_json_known_keys(root, keys, where, err);
    return st ? st : assay_json_get_string(root, "note", where, &note, err);
}

assay_status assay_map_parse(assay_map *out, const char *text, size_t text_nbytes, const char *where,
                             assay_error *err) {
    cJSON *root = NULL;
    assay_map map = {.name = strdup(where)};
    assay_status st = map.name ? assay_json_parse(&root, text, text_nbytes, where, err) : assay_fail_nomem(err, where);
    if (!st) st = check_format(root, where, err);
    if (!st) st = read_rules(&map, root, where, err);
    cJSON_Delete(root);
    if (st) assay_map_free(&map);
    else *out = map;
    return st;
}

assay_status assay_map_read(assay_map *out, const char *path, assay_error *err) {
    char *text;
    size_t nbytes;
    assay_status st = assay_text_file_read(path, LIMIT_NBYTES, &text, &nbytes, err);
    if (st) return st;
    st = assay_map_parse(out, text, nbytes, path, err);
    free(text);
    return st;
}
