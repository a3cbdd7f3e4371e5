#include "compare/map_pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 15

/* A placeholder of a pattern. */
typedef struct {
    char name[ASSAY_MAP_PLACEHOLDER_NBYTES];
    int64_t offset;
    bool has_offset;
} placeholder;

/* Reads the placeholder that begins at *at, which is '{', and moves past it. False when it is none. */
static bool read_placeholder(const char **at, placeholder *out) {
    size_t length = strspn(*at + 1, "abcdefghijklmnopqrstuvwxyz_");
    const char *end = *at + 1 + length;
    *out = (placeholder){0};
    if (length == 0 || length >= sizeof out->name) return false;
    memcpy(out->name, *at + 1, length);
    if ((*end == '+' || *end == '-') && isdigit((unsigned char)end[1]) && strspn(end + 1, "0123456789") <= 6) {
        out->has_offset = true;
        out->offset = strtol(end, (char **)&end, 10);
    }
    if (*end != '}') return false;
    *at = end + 1;
    return true;
}

assay_status assay_map_pattern_check(const char *pattern, bool with_offset, const char *where, assay_error *err) {
    size_t count = 0;
    for (const char *at = pattern; *at;) {
        placeholder p;
        if (*at != '{' && *at != '}') {
            at++;
            continue;
        }
        if (*at == '}' || !read_placeholder(&at, &p) || (p.has_offset && !with_offset))
            return assay_fail(err, ASSAY_EINPUT, NULL,
                              "%s: '%.120s': a placeholder is a name in braces, such as {layer}%s", where, pattern,
                              with_offset ? " or {layer-1}" : "");
        if (*at == '{' || isdigit((unsigned char)*at))
            return assay_fail(
                err, ASSAY_EINPUT, NULL,
                "%s: '%.120s': a placeholder is followed by a digit or by another one; which number would "
                "be whose?",
                where, pattern);
        if (++count > ASSAY_MAP_MAX_PLACEHOLDERS)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%.120s' has more than %d placeholders", where, pattern,
                              ASSAY_MAP_MAX_PLACEHOLDERS);
    }
    return ASSAY_OK;
}

static bool find(const assay_map_numbers *numbers, const char *name, int64_t *value) {
    for (size_t i = 0; i < numbers->count; i++) {
        if (strcmp(numbers->items[i].name, name) != 0) continue;
        *value = numbers->items[i].value;
        return true;
    }
    return false;
}

/* Binds a placeholder; false when it has another number already. */
static bool bind(assay_map_numbers *numbers, const char *name, int64_t value) {
    int64_t known;
    if (find(numbers, name, &known)) return known == value;
    if (numbers->count == ASSAY_MAP_MAX_PLACEHOLDERS) return false;
    snprintf(numbers->items[numbers->count].name, ASSAY_MAP_PLACEHOLDER_NBYTES, "%s", name);
    numbers->items[numbers->count++].value = value;
    return true;
}

bool assay_map_pattern_match(const char *pattern, const char *name, assay_map_numbers *out) {
    assay_map_numbers numbers = {.count = 0};
    while (*pattern) {
        placeholder p;
        if (*pattern != '{') {
            if (*pattern++ != *name++) return false;
            continue;
        }
        size_t digits = strspn(name, "0123456789");
        if (!read_placeholder(&pattern, &p) || digits == 0 || digits > MAX_DIGITS) return false;
        if (!bind(&numbers, p.name, strtoll(name, NULL, 10))) return false;
        name += digits;
    }
    if (*name) return false;
    if (out) *out = numbers;
    return true;
}

bool assay_map_pattern_fill(const char *pattern, const assay_map_numbers *numbers, char *out, size_t out_nbytes) {
    size_t at = 0;
    while (*pattern) {
        placeholder p;
        int64_t value;
        if (*pattern != '{') {
            if (at + 1 >= out_nbytes) return false;
            out[at++] = *pattern++;
            continue;
        }
        if (!read_placeholder(&pattern, &p) || !find(numbers, p.name, &value) || value + p.offset < 0) return false;
        int wrote = snprintf(out + at, out_nbytes - at, "%lld", (long long)(value + p.offset));
        if (wrote < 0 || (size_t)wrote >= out_nbytes - at) return false;
        at += (size_t)wrote;
    }
    out[at] = '\0';
    return true;
}
