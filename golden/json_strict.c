#include "golden/json_strict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "golden/json_scan.h"

assay_status assay_json_parse(cJSON **out, const char *text, size_t nbytes, const char *where, assay_error *err) {
    assay_status st = assay_json_scan(text, nbytes, where, err);
    if (st) return st;
    cJSON *value = cJSON_ParseWithLength(text, nbytes);
    if (!value) return assay_fail_nomem(err, where); /* the scan left no other reason */
    *out = value;
    return ASSAY_OK;
}

const char *assay_json_kind(const cJSON *value) {
    if (cJSON_IsNull(value)) return "null";
    if (cJSON_IsBool(value)) return "a boolean";
    if (cJSON_IsNumber(value)) return "a number";
    if (cJSON_IsString(value)) return "a string";
    if (cJSON_IsArray(value)) return "a list";
    return "an object";
}

const cJSON *assay_json_member(const cJSON *object, const char *key) {
    for (const cJSON *child = object->child; child; child = child->next)
        if (strcmp(child->string, key) == 0) return child;
    return NULL;
}

static bool is_known(const char *key, const char *const *keys) {
    for (; *keys; keys++)
        if (strcmp(key, *keys) == 0) return true;
    return false;
}

assay_status assay_json_known_keys(const cJSON *object, const char *const *keys, const char *where, assay_error *err) {
    for (const cJSON *child = object->child; child; child = child->next) {
        if (is_known(child->string, keys)) continue;
        char list[512] = "";
        size_t at = 0;
        for (size_t i = 0; keys[i] && at < sizeof list; i++)
            at += (size_t)snprintf(list + at, sizeof list - at, i ? ", %s" : "%s", keys[i]);
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: unknown key '%.80s'; known keys: %s", where, child->string,
                          list);
    }
    return ASSAY_OK;
}

assay_status assay_json_require(const cJSON *object, const char *key, const char *where, const cJSON **out,
                                assay_error *err) {
    const cJSON *member = assay_json_member(object, key);
    if (!member) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the key '%s' is missing", where, key);
    *out = member;
    return ASSAY_OK;
}

static assay_status wrong_kind(const cJSON *value, const char *where, const char *expected, assay_error *err) {
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: must be %s, not %s", where, expected, assay_json_kind(value));
}

assay_status assay_json_as_object(const cJSON *value, const char *where, assay_error *err) {
    return cJSON_IsObject(value) ? ASSAY_OK : wrong_kind(value, where, "an object", err);
}

assay_status assay_json_as_array(const cJSON *value, const char *where, assay_error *err) {
    return cJSON_IsArray(value) ? ASSAY_OK : wrong_kind(value, where, "a list", err);
}

assay_status assay_json_as_string(const cJSON *value, const char *where, const char **out, assay_error *err) {
    if (!cJSON_IsString(value)) return wrong_kind(value, where, "a string", err);
    *out = value->valuestring;
    return ASSAY_OK;
}

assay_status assay_json_as_bool(const cJSON *value, const char *where, bool *out, assay_error *err) {
    if (!cJSON_IsBool(value)) return wrong_kind(value, where, "true or false", err);
    *out = cJSON_IsTrue(value);
    return ASSAY_OK;
}

bool assay_json_is_whole(double number) {
    return fabs(number) <= (double)ASSAY_JSON_MAX_INT && trunc(number) == number;
}

assay_status assay_json_as_int(const cJSON *value, const char *where, int64_t *out, assay_error *err) {
    if (!cJSON_IsNumber(value)) return wrong_kind(value, where, "a whole number", err);
    if (!assay_json_is_whole(value->valuedouble))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: must be a whole number of at most 2^53 - 1, not %.17g", where,
                          value->valuedouble);
    *out = (int64_t)value->valuedouble;
    return ASSAY_OK;
}

assay_status assay_json_as_double(const cJSON *value, const char *where, double *out, assay_error *err) {
    if (!cJSON_IsNumber(value)) return wrong_kind(value, where, "a number", err);
    *out = value->valuedouble;
    return ASSAY_OK;
}

/* "<where>: <key>". */
static const char *member_where(const char *where, const char *key, char *text, size_t text_nbytes) {
    snprintf(text, text_nbytes, "%s: %s", where, key);
    return text;
}

assay_status assay_json_get_string(const cJSON *object, const char *key, const char *where, const char **out,
                                   assay_error *err) {
    char text[512];
    const cJSON *member = assay_json_member(object, key);
    return member ? assay_json_as_string(member, member_where(where, key, text, sizeof text), out, err) : ASSAY_OK;
}

assay_status assay_json_get_bool(const cJSON *object, const char *key, const char *where, bool *out, assay_error *err) {
    char text[512];
    const cJSON *member = assay_json_member(object, key);
    return member ? assay_json_as_bool(member, member_where(where, key, text, sizeof text), out, err) : ASSAY_OK;
}

assay_status assay_json_get_int(const cJSON *object, const char *key, const char *where, int64_t *out,
                                assay_error *err) {
    char text[512];
    const cJSON *member = assay_json_member(object, key);
    return member ? assay_json_as_int(member, member_where(where, key, text, sizeof text), out, err) : ASSAY_OK;
}

assay_status assay_json_get_double(const cJSON *object, const char *key, const char *where, double *out,
                                   assay_error *err) {
    char text[512];
    const cJSON *member = assay_json_member(object, key);
    return member ? assay_json_as_double(member, member_where(where, key, text, sizeof text), out, err) : ASSAY_OK;
}
