#include "reports/json_reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "golden/json_strict.h"

assay_status json_read_real(const cJSON *value, const char *where, double *out, assay_error *err) {
    static const struct {
        const char *name;
        double value;
    } words[] = {{"NaN", (double)NAN}, {"Infinity", (double)INFINITY}, {"-Infinity", -(double)INFINITY}};
    if (!cJSON_IsString(value)) return assay_json_as_double(value, where, out, err);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(value->valuestring, words[i].name) != 0) continue;
        *out = words[i].value;
        return ASSAY_OK;
    }
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%.40s' is no number; \"NaN\", \"Infinity\" and \"-Infinity\" are",
                      where, value->valuestring);
}

assay_status json_get_real(const cJSON *object, const char *key, const char *where, double *out, assay_error *err) {
    char place[256];
    const cJSON *value = assay_json_member(object, key);
    if (!value) return ASSAY_OK;
    snprintf(place, sizeof place, "%s.%s", where, key);
    return json_read_real(value, place, out, err);
}

assay_status json_get_words(const cJSON *object, const char *key, const char *where, char *out, size_t out_nbytes,
                            assay_error *err) {
    const cJSON *list = assay_json_member(object, key);
    size_t at = 0;
    *out = '\0';
    if (!list) return ASSAY_OK;
    assay_status st = assay_json_as_array(list, where, err);
    for (const cJSON *item = st ? NULL : list->child; !st && item; item = item->next) {
        const char *word = NULL;
        st = assay_json_as_string(item, where, &word, err);
        if (st) return st;
        at += (size_t)snprintf(out + at, out_nbytes - at, "%s%s", at ? " " : "", word);
        if (at >= out_nbytes)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s.%s: is longer than %zu bytes", where, key, out_nbytes - 1);
    }
    return st;
}

assay_status json_get_field(const cJSON *object, const char *key, const char *where, char *out, size_t out_nbytes,
                            assay_error *err) {
    const char *text = "";
    assay_status st = assay_json_get_string(object, key, where, &text, err);
    if (!st) snprintf(out, out_nbytes, "%s", text);
    return st;
}

assay_status json_get_word(const cJSON *object, const char *key, const char *where, json_words words, int *out,
                           assay_error *err) {
    const cJSON *value;
    const char *word = NULL;
    assay_status st = assay_json_require(object, key, where, &value, err);
    if (!st) st = assay_json_as_string(value, where, &word, err);
    for (int i = 0; !st && i < words.count; i++) {
        if (strcmp(word, words.name(i)) != 0) continue;
        *out = i;
        return ASSAY_OK;
    }
    return st ? st : assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s '%.40s' is not known", where, key, word);
}
