#include "reports/json_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/metrics.h"
#include "core/atomic_file.h"

static void add(json_builder *b, cJSON *object, const char *key, cJSON *value) {
    bool ok = value && (key ? cJSON_AddItemToObject(object, key, value) : cJSON_AddItemToArray(object, value));
    if (ok) return;
    cJSON_Delete(value);
    b->failed = true;
}

cJSON *json_add_object(json_builder *b, cJSON *parent, const char *key) {
    cJSON *object = cJSON_CreateObject();
    add(b, parent, key, object);
    return b->failed ? NULL : object;
}

cJSON *json_add_array(json_builder *b, cJSON *parent, const char *key) {
    cJSON *array = cJSON_CreateArray();
    add(b, parent, key, array);
    return b->failed ? NULL : array;
}

/* Number of bytes of the UTF-8 character at `at`; 0 when it is none, which overlong forms and surrogates are not. */
static size_t character_nbytes(const unsigned char *at) {
    size_t n = 1;
    if (at[0] >= 0xf5 || (at[0] >= 0x80 && at[0] < 0xc2)) return 0;
    if (at[0] >= 0xc2) n = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool no_character = (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf4 && at[1] >= 0x90);
    return overlong || no_character ? 0 : n;
}

/* File names may hold any byte, JSON may not: what is no UTF-8 becomes '?'. */
void json_add_text(json_builder *b, cJSON *object, const char *key, const char *text) {
    if (!object) return;
    char *clean = strdup(text);
    for (unsigned char *at = (unsigned char *)clean; at && *at;) {
        size_t n = character_nbytes(at);
        if (n == 0) *at = '?';
        at += n ? n : 1;
    }
    add(b, object, key, clean ? cJSON_CreateString(clean) : NULL);
    free(clean);
}

void json_add_bool(json_builder *b, cJSON *object, const char *key, bool value) {
    if (object) add(b, object, key, cJSON_CreateBool(value));
}

/* 17 significant digits read back to the same double; cJSON's own printing does not promise that. */
void json_add_real(json_builder *b, cJSON *object, const char *key, double value) {
    if (!object) return;
    char text[40];
    switch (assay_classify(value)) {
    case ASSAY_CLASS_NAN: json_add_text(b, object, key, "NaN"); return;
    case ASSAY_CLASS_POS_INF: json_add_text(b, object, key, "Infinity"); return;
    case ASSAY_CLASS_NEG_INF: json_add_text(b, object, key, "-Infinity"); return;
    case ASSAY_CLASS_FINITE: break;
    }
    snprintf(text, sizeof text, "%.17g", value);
    add(b, object, key, cJSON_CreateRaw(text));
}

void json_add_real_text(json_builder *b, cJSON *array, const char *text) {
    if (array) add(b, array, NULL, cJSON_CreateRaw(text));
}

void json_add_integer(json_builder *b, cJSON *object, const char *key, int64_t value) {
    if (!object) return;
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    add(b, object, key, cJSON_CreateRaw(text));
}

/* "A-1 B-2" as an array of two. */
void json_add_words(json_builder *b, cJSON *object, const char *key, const char *words) {
    cJSON *array = json_add_array(b, object, key);
    while (array && *words) {
        size_t length = strcspn(words, " ");
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)length, words);
        if (length) json_add_text(b, array, NULL, word);
        words += length + strspn(words + length, " ");
    }
}

cJSON *json_finish(const json_builder *b, cJSON *root) {
    if (!b->failed) return root;
    cJSON_Delete(root);
    return NULL;
}

assay_status json_print(char **out, cJSON *root, assay_error *err) {
    char *printed = root ? cJSON_PrintUnformatted(root) : NULL;
    cJSON_Delete(root);
    size_t length = printed ? strlen(printed) : 0;
    char *text = printed ? malloc(length + 2) : NULL;
    if (text) {
        memcpy(text, printed, length);
        memcpy(text + length, "\n", 2);
    }
    cJSON_free(printed);
    if (!text) return assay_fail_nomem(err, "a result as JSON");
    *out = text;
    return ASSAY_OK;
}

assay_status json_write(const char *path, cJSON *root, assay_error *err) {
    char *text = NULL;
    assay_status st = json_print(&text, root, err);
    if (st) return st;
    st = assay_write_file_atomically(path, text, strlen(text), err);
    free(text);
    return st;
}
