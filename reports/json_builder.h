/*
 * Building JSON with cJSON. Its adders return NULL when out of memory: that is noted in the builder, and asked once at the end, so
 * that callers may go on with a NULL object.
 */
#ifndef ASSAY_REPORTS_JSON_BUILDER_H
#define ASSAY_REPORTS_JSON_BUILDER_H

#include <cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    bool failed;
} json_builder;

/* A new object or array in `parent`, under `key`, or at the end of an array when key is NULL. NULL when out of memory. */
cJSON *json_add_object(json_builder *b, cJSON *parent, const char *key);
cJSON *json_add_array(json_builder *b, cJSON *parent, const char *key);

/* A value in `object`; nothing when object is NULL. Of a text, bytes that are no UTF-8 become '?'. Numbers read back to the same
 * double; NaN and infinities are the strings "NaN", "Infinity", "-Infinity". */
void json_add_text(json_builder *b, cJSON *object, const char *key, const char *text);
void json_add_bool(json_builder *b, cJSON *object, const char *key, bool value);
void json_add_real(json_builder *b, cJSON *object, const char *key, double value);
/* At the end of an array; `text` is a number as JSON writes it. */
void json_add_real_text(json_builder *b, cJSON *array, const char *text);
void json_add_integer(json_builder *b, cJSON *object, const char *key, int64_t value);

/* "A-1 B-2" as an array of two texts. */
void json_add_words(json_builder *b, cJSON *object, const char *key, const char *words);

/* `root`, or NULL (and root deleted) when something failed. */
cJSON *json_finish(const json_builder *b, cJSON *root);

/* Prints root on one line and deletes it; the caller frees *out. A NULL root is ASSAY_EINTERNAL. */
assay_status json_print(char **out, cJSON *root, assay_error *err);

/* Prints root to a file, which appears whole or not at all, and deletes it. */
assay_status json_write(const char *path, cJSON *root, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
