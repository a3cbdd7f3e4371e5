/*
 * Strict JSON on top of cJSON, and typed access that says what is wrong and where.
 *
 * `where` names the value for the user ("case.json: step 2", say) and starts every message. Children are walked by
 * their
 * ->next: cJSON's access by index takes a time proportional to the index.
 */
#ifndef ASSAY_GOLDEN_JSON_STRICT_H
#define ASSAY_GOLDEN_JSON_STRICT_H

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The largest whole number that JSON readers agree on: 2^53 - 1. */
#define ASSAY_JSON_MAX_INT ((INT64_C(1) << 53) - 1)

/* Parses what assay_json_scan accepts. Release *out with cJSON_Delete. */
assay_status assay_json_parse(cJSON **out, const char *text, size_t nbytes, const char *where, assay_error *err);

/* "a string", "an object", "null" ...: for messages. */
const char *assay_json_kind(const cJSON *value);

/* Member of an object, or NULL. */
const cJSON *assay_json_member(const cJSON *object, const char *key);

/* Refuses members whose key is not in `keys` (NULL-terminated); the message lists the known ones. */
assay_status assay_json_known_keys(const cJSON *object, const char *const *keys, const char *where, assay_error *err);

/* *out is the member; ASSAY_EINPUT when it is missing. */
assay_status assay_json_require(const cJSON *object, const char *key, const char *where, const cJSON **out,
                                assay_error *err);

/* The value itself, with its type checked. Strings point into the tree. A whole number lies within
 * +-ASSAY_JSON_MAX_INT; 1.0 and 1e3 are whole. */
assay_status assay_json_as_object(const cJSON *value, const char *where, assay_error *err);
assay_status assay_json_as_array(const cJSON *value, const char *where, assay_error *err);
assay_status assay_json_as_string(const cJSON *value, const char *where, const char **out, assay_error *err);
assay_status assay_json_as_bool(const cJSON *value, const char *where, bool *out, assay_error *err);
assay_status assay_json_as_int(const cJSON *value, const char *where, int64_t *out, assay_error *err);
assay_status assay_json_as_double(const cJSON *value, const char *where, double *out, assay_error *err);

/* A member of an object: when it is absent *out keeps its value (the default); null is a wrong type. */
assay_status assay_json_get_string(const cJSON *object, const char *key, const char *where, const char **out,
                                   assay_error *err);
assay_status assay_json_get_bool(const cJSON *object, const char *key, const char *where, bool *out, assay_error *err);
assay_status assay_json_get_int(const cJSON *object, const char *key, const char *where, int64_t *out,
                                assay_error *err);
assay_status assay_json_get_double(const cJSON *object, const char *key, const char *where, double *out,
                                   assay_error *err);

/* True when the number is whole and within +-ASSAY_JSON_MAX_INT. */
bool assay_json_is_whole(double number);

#ifdef __cplusplus
}
#endif

#endif
