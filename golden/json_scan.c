#include "golden/json_scan.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cJSON copies a number into a buffer of 64 bytes and reads no further. */
#define MAX_NUMBER_NBYTES 63

/* A key that has been read, for the search for duplicates. */
typedef struct {
    uint64_t object;      /* serial number of its object */
    size_t position;      /* in the text */
    size_t begin, nbytes; /* of the decoded key, in scan.pool */
} key_record;

typedef struct {
    const char *text;
    size_t nbytes, at;
    const char *where;
    assay_error *err;
    char closers[ASSAY_JSON_MAX_DEPTH]; /* what ends each open container */
    uint64_t objects[ASSAY_JSON_MAX_DEPTH];
    int depth;
    uint64_t object_count;
    key_record *keys;
    size_t key_count, key_capacity;
    char *pool; /* decoded keys */
    size_t pool_nbytes, pool_capacity;
} scan;

static assay_status fail_at(const scan *s, size_t position, const char *fmt, ...) ASSAY_PRINTF(3, 4);

static assay_status fail_at(const scan *s, size_t position, const char *fmt, ...) {
    char what[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    size_t line = 1, column = 1;
    for (size_t i = 0; i < position && i < s->nbytes; i++) {
        unsigned char c = (unsigned char)s->text[i];
        if (c == '\n') {
            line++;
            column = 1;
        } else if ((c & 0xc0) != 0x80) {
            column++;
        }
    }
    return assay_fail(s->err, ASSAY_EINPUT, NULL, "%s: line %zu, column %zu: %s", s->where, line, column, what);
}

/* The byte at the cursor, or -1 at the end. */
static int peek(const scan *s) { return s->at < s->nbytes ? (unsigned char)s->text[s->at] : -1; }

static void skip_space(scan *s) {
    for (int c = peek(s); c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = peek(s)) s->at++;
}

/* ---- decoded keys ---- */

static assay_status pool_put(scan *s, const char *bytes, size_t nbytes) {
    if (s->pool_capacity - s->pool_nbytes < nbytes) {
        size_t capacity = 2 * (s->pool_capacity + nbytes) + 256;
        char *grown = realloc(s->pool, capacity);
        if (!grown) return assay_fail_nomem(s->err, "the keys of a JSON text");
        s->pool = grown;
        s->pool_capacity = capacity;
    }
    memcpy(s->pool + s->pool_nbytes, bytes, nbytes);
    s->pool_nbytes += nbytes;
    return ASSAY_OK;
}

static assay_status pool_put_code_point(scan *s, uint32_t code) {
    char utf8[4];
    size_t n = 0;
    if (code < 0x80) {
        utf8[n++] = (char)code;
    } else {
        if (code < 0x800) {
            utf8[n++] = (char)(0xc0 | code >> 6);
        } else {
            if (code < 0x10000) {
                utf8[n++] = (char)(0xe0 | code >> 12);
            } else {
                utf8[n++] = (char)(0xf0 | code >> 18);
                utf8[n++] = (char)(0x80 | (code >> 12 & 0x3f));
            }
            utf8[n++] = (char)(0x80 | (code >> 6 & 0x3f));
        }
        utf8[n++] = (char)(0x80 | (code & 0x3f));
    }
    return pool_put(s, utf8, n);
}

static assay_status add_key(scan *s, size_t position, size_t begin) {
    if (s->key_count == s->key_capacity) {
        size_t capacity = 2 * s->key_capacity + 64;
        key_record *grown = realloc(s->keys, capacity * sizeof *grown);
        if (!grown) return assay_fail_nomem(s->err, "the keys of a JSON text");
        s->keys = grown;
        s->key_capacity = capacity;
    }
    s->keys[s->key_count++] = (key_record){s->objects[s->depth - 1], position, begin, s->pool_nbytes - begin};
    return ASSAY_OK;
}

/* ---- strings ---- */

/* Length of the UTF-8 sequence at p, of which `left` bytes exist; 0 when it is malformed, overlong, a surrogate, or
 * beyond U+10FFFF. */
static size_t utf8_length(const unsigned char *p, size_t left) {
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
    if (n == 0 || n > left) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if (p[0] == 0xe0 && p[1] < 0xa0) return 0;
    if (p[0] == 0xed && p[1] > 0x9f) return 0;
    if (p[0] == 0xf0 && p[1] < 0x90) return 0;
    if (p[0] == 0xf4 && p[1] > 0x8f) return 0;
    return n;
}

/* Four hexadecimal digits at the cursor; -1 when there are none. */
static int32_t scan_hex4(scan *s) {
    int32_t value = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        int c = peek(s);
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* The cursor is behind "\u". */
static assay_status scan_unicode_escape(scan *s, bool keep) {
    size_t start = s->at - 2;
    int32_t high = scan_hex4(s);
    if (high < 0) return fail_at(s, start, "\\u needs four hexadecimal digits");
    if (high == 0) return fail_at(s, start, "\\u0000 is not allowed");
    uint32_t code = (uint32_t)high;
    if (high >= 0xd800 && high <= 0xdfff) {
        bool escape_follows = high < 0xdc00 && s->nbytes - s->at >= 2 && memcmp(s->text + s->at, "\\u", 2) == 0;
        if (escape_follows) s->at += 2;
        int32_t low = escape_follows ? scan_hex4(s) : -1;
        if (low < 0xdc00 || low > 0xdfff) return fail_at(s, start, "an unpaired surrogate");
        code = 0x10000 + ((code - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    }
    return keep ? pool_put_code_point(s, code) : ASSAY_OK;
}

static assay_status scan_escape(scan *s, bool keep) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    size_t start = s->at++;
    int c = peek(s);
    const char *found = c > 0 ? strchr(letters, c) : NULL;
    if (c != 'u' && !found) return fail_at(s, start, "an unknown escape in a string");
    s->at++;
    if (c == 'u') return scan_unicode_escape(s, keep);
    return keep ? pool_put(s, &meanings[found - letters], 1) : ASSAY_OK;
}

/* The cursor is at the opening quote. With `keep` the decoded text goes to the pool. */
static assay_status scan_string(scan *s, bool keep) {
    size_t start = s->at++;
    for (;;) {
        int c = peek(s);
        if (c < 0) return fail_at(s, start, "a string that does not end");
        if (c < 0x20) return fail_at(s, s->at, "a control character (0x%02x) in a string", (unsigned)c);
        if (c == '"') break;
        if (c == '\\') {
            assay_status st = scan_escape(s, keep);
            if (st) return st;
            continue;
        }
        size_t n = utf8_length((const unsigned char *)s->text + s->at, s->nbytes - s->at);
        if (n == 0) return fail_at(s, s->at, "not valid UTF-8");
        if (keep) {
            assay_status st = pool_put(s, s->text + s->at, n);
            if (st) return st;
        }
        s->at += n;
    }
    s->at++;
    return ASSAY_OK;
}

/* ---- other scalars ---- */

static size_t scan_digits(scan *s) {
    size_t start = s->at;
    for (int c = peek(s); c >= '0' && c <= '9'; c = peek(s)) s->at++;
    return s->at - start;
}

/* Without a long exponent 63 characters cannot leave the range of a double. */
static bool is_finite_number(const scan *s, size_t start, size_t exponent_digits) {
    if (exponent_digits < 3) return true;
    char copy[MAX_NUMBER_NBYTES + 1];
    size_t n = s->at - start;
    memcpy(copy, s->text + start, n);
    copy[n] = '\0';
    return isfinite(strtod(copy, NULL));
}

static assay_status scan_number(scan *s) {
    size_t start = s->at, exponent_digits = 0;
    if (peek(s) == '-') s->at++;
    size_t whole_start = s->at, whole = scan_digits(s);
    if (whole == 0) return fail_at(s, start, "a '-' without a number");
    if (whole > 1 && s->text[whole_start] == '0') return fail_at(s, start, "a number with a leading zero");
    if (peek(s) == '.') {
        s->at++;
        if (scan_digits(s) == 0) return fail_at(s, start, "a number without digits behind its point");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-') s->at++;
        exponent_digits = scan_digits(s);
        if (exponent_digits == 0) return fail_at(s, start, "a number without digits in its exponent");
    }
    if (s->at - start > MAX_NUMBER_NBYTES)
        return fail_at(s, start, "a number of more than %d characters", MAX_NUMBER_NBYTES);
    if (!is_finite_number(s, start, exponent_digits)) return fail_at(s, start, "a number beyond the range of a double");
    return ASSAY_OK;
}

static assay_status scan_word(scan *s) {
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if (s->nbytes - s->at < n || memcmp(s->text + s->at, words[i], n) != 0) continue;
        s->at += n;
        return ASSAY_OK;
    }
    return fail_at(s, s->at, "expected a JSON value");
}

/* ---- containers ---- */

static assay_status scan_key(scan *s) {
    skip_space(s);
    if (peek(s) != '"') return fail_at(s, s->at, "expected a key in double quotes");
    size_t position = s->at, begin = s->pool_nbytes;
    assay_status st = scan_string(s, true);
    if (!st) st = add_key(s, position, begin);
    if (st) return st;
    skip_space(s);
    if (peek(s) != ':') return fail_at(s, s->at, "expected ':' behind a key");
    s->at++;
    return ASSAY_OK;
}

/* Opens a container. *is_empty: it was closed at once. Otherwise the cursor is before its first value. */
static assay_status open_container(scan *s, bool *is_empty) {
    if (s->depth == ASSAY_JSON_MAX_DEPTH) return fail_at(s, s->at, "nested more than %d deep", ASSAY_JSON_MAX_DEPTH);
    bool is_object = s->text[s->at++] == '{';
    s->closers[s->depth] = is_object ? '}' : ']';
    s->objects[s->depth++] = s->object_count++;
    skip_space(s);
    *is_empty = peek(s) == s->closers[s->depth - 1];
    if (*is_empty) {
        s->at++;
        s->depth--;
        return ASSAY_OK;
    }
    return is_object ? scan_key(s) : ASSAY_OK;
}

/* Reads one value, or opens a container: then *opened is true and a value of it comes next. */
static assay_status scan_value(scan *s, bool *opened) {
    *opened = false;
    skip_space(s);
    int c = peek(s);
    if (c == '{' || c == '[') {
        bool is_empty = false;
        assay_status st = open_container(s, &is_empty);
        *opened = !is_empty;
        return st;
    }
    if (c == '"') return scan_string(s, false);
    if (c == '-' || (c >= '0' && c <= '9')) return scan_number(s);
    return scan_word(s);
}

/* Behind a value: closes what ends here. *more: another value of an open container follows. */
static assay_status scan_after_value(scan *s, bool *more) {
    *more = false;
    while (s->depth > 0) {
        skip_space(s);
        char closer = s->closers[s->depth - 1];
        int c = peek(s);
        if (c == ',') {
            s->at++;
            *more = true;
            return closer == '}' ? scan_key(s) : ASSAY_OK;
        }
        if (c < 0) return fail_at(s, s->at, "the text ends where ',' or '%c' is expected", closer);
        if (c != closer) return fail_at(s, s->at, "expected ',' or '%c'", closer);
        s->at++;
        s->depth--;
    }
    return ASSAY_OK;
}

static assay_status scan_document(scan *s) {
    if (s->nbytes >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
        return fail_at(s, 0, "a byte order mark; save the file as UTF-8 without one");
    bool opened = false, more = true;
    while (more) {
        assay_status st = scan_value(s, &opened);
        if (!st && !opened) st = scan_after_value(s, &more);
        if (st) return st;
    }
    skip_space(s);
    return s->at == s->nbytes ? ASSAY_OK : fail_at(s, s->at, "unexpected text behind the value");
}

/* ---- duplicate keys ---- */

static int compare_keys(const void *a, const void *b, void *pool) {
    const key_record *x = a, *y = b;
    if (x->object != y->object) return x->object < y->object ? -1 : 1;
    size_t n = x->nbytes < y->nbytes ? x->nbytes : y->nbytes;
    int order = n ? memcmp((const char *)pool + x->begin, (const char *)pool + y->begin, n) : 0;
    if (order) return order;
    if (x->nbytes != y->nbytes) return x->nbytes < y->nbytes ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

static bool same_key(const key_record *a, const key_record *b, const char *pool) {
    return a->object == b->object && a->nbytes == b->nbytes &&
           (a->nbytes == 0 || memcmp(pool + a->begin, pool + b->begin, a->nbytes) == 0);
}

static assay_status check_duplicates(scan *s) {
    if (s->key_count < 2) return ASSAY_OK;
    qsort_r(s->keys, s->key_count, sizeof *s->keys, compare_keys, s->pool);
    const key_record *first = NULL;
    for (size_t i = 1; i < s->key_count; i++) {
        if (!same_key(&s->keys[i - 1], &s->keys[i], s->pool)) continue;
        if (!first || s->keys[i].position < first->position) first = &s->keys[i];
    }
    if (!first) return ASSAY_OK;
    int shown = first->nbytes > 80 ? 80 : (int)first->nbytes;
    return fail_at(s, first->position, "the key '%.*s' occurs twice in one object", shown,
                   shown ? s->pool + first->begin : "");
}

assay_status assay_json_scan(const char *text, size_t nbytes, const char *where, assay_error *err) {
    scan s = {.text = text, .nbytes = nbytes, .where = where, .err = err};
    assay_status st = scan_document(&s);
    if (!st) st = check_duplicates(&s);
    free(s.keys);
    free(s.pool);
    return st;
}

/* ---- the text of a member; the text is known to be valid ---- */

static size_t string_end(const char *text, size_t at) {
    for (at++; text[at] != '"'; at++)
        if (text[at] == '\\') at++;
    return at + 1;
}

/* The first position at or behind `at` that is at depth 1 and holds one of ',' '}' ']' (the end of a member). */
static size_t member_end(const char *text, size_t at) {
    for (int depth = 0;;) {
        char c = text[at];
        if (c == '"') {
            at = string_end(text, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']')) return at;
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']') depth--;
        at++;
    }
}

static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

bool assay_json_member_span(const char *text, size_t nbytes, const char *key, const char **span, size_t *span_nbytes) {
    size_t at = 0, key_nbytes = strlen(key);
    while (at < nbytes && is_space(text[at])) at++;
    if (at >= nbytes || text[at] != '{') return false;
    for (at++; text[at] != '}';) {
        while (text[at] != '"' && text[at] != '}') at++;
        if (text[at] == '}') return false;
        size_t key_begin = at + 1;
        at = string_end(text, at);
        bool found = at - 1 - key_begin == key_nbytes && memcmp(text + key_begin, key, key_nbytes) == 0;
        while (text[at] != ':') at++;
        for (at++; is_space(text[at]);) at++;
        size_t end = member_end(text, at);
        if (found) {
            *span = text + at;
            for (*span_nbytes = end - at; is_space(text[at + *span_nbytes - 1]);) --*span_nbytes;
            return true;
        }
        at = end;
    }
    return false;
}
