#include "golden/npy_header.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64 /* of the data, as NumPy has it */
#define PREFIX_NBYTES 10

/* Types of the format that are read, without their byte order; the first one of a dtype is also written. */
static const struct type_info {
    const char *text;
    assay_dtype dtype; /* what it becomes */
} types[] = {
    {"f8", ASSAY_F64}, {"f4", ASSAY_F32}, {"f2", ASSAY_F16}, {"i8", ASSAY_I64}, {"i4", ASSAY_I32}, {"b1", ASSAY_BOOL},
    {"i2", ASSAY_I64}, {"i1", ASSAY_I64}, {"u1", ASSAY_I64}, {"u2", ASSAY_I64}, {"u4", ASSAY_I64}, {"u8", ASSAY_I64},
};

/* ---- reading ---- */

/* The dictionary while it is read. */
typedef struct {
    const char *text, *at;
    const char *where;
    bool has_type, has_order, has_shape;
    assay_npy_header header;
    assay_error *err;
} parser;

static assay_status fail_dictionary(const parser *p, const char *expected) {
    return assay_fail(p->err, ASSAY_EINPUT, NULL,
                      "%s: the header is not the dictionary that NumPy writes: %s is expected at its byte %td",
                      p->where, expected, p->at - p->text);
}

static void skip_space(parser *p) { p->at += strspn(p->at, " \t\r\n"); }

/* Moves past a character, and the space before it, when it is next. */
static bool take(parser *p, char c) {
    skip_space(p);
    if (*p->at != c) return false;
    p->at++;
    return true;
}

static bool take_word(parser *p, const char *word) {
    skip_space(p);
    size_t length = strlen(word);
    if (strncmp(p->at, word, length) != 0) return false;
    p->at += length;
    return true;
}

/* A string in either kind of quotes, cut to the size of text. No key and no type that is read has an escape, nor anything
 * else than printable ASCII, which becomes '?': it may end up in a message. */
static assay_status take_string(parser *p, char *text, size_t text_nbytes) {
    skip_space(p);
    char quote = *p->at;
    const char *end = quote == '\'' || quote == '"' ? strchr(p->at + 1, quote) : NULL;
    if (!end) return fail_dictionary(p, "a string");
    snprintf(text, text_nbytes, "%.*s", (int)(end - p->at - 1), p->at + 1);
    for (; *text; text++)
        if (*text < ' ' || *text > '~') *text = '?';
    p->at = end + 1;
    return ASSAY_OK;
}

static assay_status fail_type(const parser *p, const char *text) {
    bool may_be_bf16 = strcmp(text, "<V2") == 0 || strcmp(text, "|V2") == 0;
    return assay_fail(
        p->err, ASSAY_EINPUT, NULL, "%s: the array has the type '%s'; save it as %s", p->where, text,
        may_be_bf16 ? "float32, which holds every bfloat16 exactly" : "float64, float32, float16, an integer or bool");
}

static assay_status read_type(parser *p) {
    char text[40];
    skip_space(p);
    if (*p->at == '[')
        return assay_fail(p->err, ASSAY_EINPUT, NULL, "%s: an array of structures; save one array a file", p->where);
    assay_status st = take_string(p, text, sizeof text);
    if (st) return st;
    bool has_order = *text && strchr("<>=|", *text);
    for (size_t i = 0; has_order && i < sizeof types / sizeof *types; i++) {
        if (strcmp(text + 1, types[i].text) != 0) continue;
        p->header.kind = types[i].text[0];
        p->header.width = (size_t)(types[i].text[1] - '0');
        p->header.is_big_endian = *text == '>';
        p->header.info.dtype = types[i].dtype;
        return ASSAY_OK;
    }
    return fail_type(p, text);
}

static assay_status read_order(parser *p) {
    p->header.is_fortran = take_word(p, "True");
    return p->header.is_fortran || take_word(p, "False") ? ASSAY_OK : fail_dictionary(p, "True or False");
}

static assay_status read_size(parser *p) {
    int64_t size = 0;
    skip_space(p);
    if (!isdigit((unsigned char)*p->at)) return fail_dictionary(p, "a size");
    for (; isdigit((unsigned char)*p->at); p->at++)
        if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, *p->at - '0', &size))
            return assay_fail(p->err, ASSAY_EINPUT, NULL, "%s: the shape has a size beyond 2^63", p->where);
    if (*p->at == 'L') p->at++; /* a long of Python 2 */
    assay_tensor *t = &p->header.info;
    if (t->rank == ASSAY_MAX_RANK)
        return assay_fail(p->err, ASSAY_EINPUT, NULL, "%s: the array has more than %d axes", p->where, ASSAY_MAX_RANK);
    t->shape[t->rank++] = size;
    return ASSAY_OK;
}

static assay_status read_shape(parser *p) {
    if (!take(p, '(')) return fail_dictionary(p, "'('");
    bool more = true;
    while (!take(p, ')')) {
        if (!more) return fail_dictionary(p, "',' or ')'");
        assay_status st = read_size(p);
        if (st) return st;
        more = take(p, ',');
    }
    return more || p->header.info.rank != 1 ? ASSAY_OK : fail_dictionary(p, "a tuple"); /* (3) is none */
}

static assay_status read_member(parser *p) {
    const struct {
        const char *key;
        bool *seen;
        assay_status (*read)(parser *p);
    } members[] = {{"descr", &p->has_type, read_type},
                   {"fortran_order", &p->has_order, read_order},
                   {"shape", &p->has_shape, read_shape}};
    char key[40];
    assay_status st = take_string(p, key, sizeof key);
    if (!st && !take(p, ':')) st = fail_dictionary(p, "':'");
    if (st) return st;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (strcmp(key, members[i].key) != 0) continue;
        if (*members[i].seen)
            return assay_fail(p->err, ASSAY_EINPUT, NULL, "%s: the header has '%s' twice", p->where, key);
        *members[i].seen = true;
        return members[i].read(p);
    }
    return assay_fail(p->err, ASSAY_EINPUT, NULL, "%s: the header has an unknown key '%s'", p->where, key);
}

static assay_status read_dictionary(parser *p) {
    if (!take(p, '{')) return fail_dictionary(p, "'{'");
    bool more = true;
    while (!take(p, '}')) {
        if (!more) return fail_dictionary(p, "',' or '}'");
        assay_status st = read_member(p);
        if (st) return st;
        more = take(p, ',');
    }
    skip_space(p);
    return ASSAY_OK;
}

assay_status assay_npy_header_parse(assay_npy_header *out, const char *text, size_t nbytes, const char *where,
                                    assay_error *err) {
    parser p = {.text = text, .at = text, .where = where, .err = err};
    assay_status st = read_dictionary(&p);
    if (st) return st;
    if (p.at != text + nbytes)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: something follows the dictionary of the header", where);
    if (!p.has_type || !p.has_order || !p.has_shape)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the header lacks '%s'", where,
                          !p.has_type    ? "descr"
                          : !p.has_order ? "fortran_order"
                                         : "shape");
    char shape[192];
    if (assay_tensor_count(&p.header.info) < 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the shape %s is too large", where,
                          assay_tensor_shape_text(&p.header.info, shape, sizeof shape));
    *out = p.header;
    return ASSAY_OK;
}

/* ---- writing ---- */

/* NULL for bfloat16, which has none. */
static const char *type_of(assay_dtype dtype) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].dtype == dtype) return types[i].text;
    return NULL;
}

/* "(2, 3)", "(2,)", "()". */
static void format_shape(const assay_tensor *t, char text[192]) {
    size_t at = (size_t)snprintf(text, 192, "(");
    for (int i = 0; i < t->rank; i++)
        at += (size_t)snprintf(text + at, 192 - at, i ? ", %lld" : "%lld", (long long)t->shape[i]);
    snprintf(text + at, 192 - at, t->rank == 1 ? ",)" : ")");
}

size_t assay_npy_header_format(const assay_tensor *t, char text[ASSAY_NPY_HEADER_NBYTES]) {
    const char *type = type_of(t->dtype);
    char shape[192];
    assert(type);
    format_shape(t, shape);
    int length = snprintf(text + PREFIX_NBYTES, ASSAY_NPY_HEADER_NBYTES - PREFIX_NBYTES,
                          "{'descr': '%c%s', 'fortran_order': False, 'shape': %s, }",
                          assay_dtype_size(t->dtype) == 1 ? '|' : '<', type, shape);
    size_t used = PREFIX_NBYTES + (size_t)length + 1; /* and the final newline */
    size_t nbytes = (used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(text + used - 1, ' ', nbytes - used);
    text[nbytes - 1] = '\n';
    memcpy(text, "\x93NUMPY\x01\x00", 8);
    text[8] = (char)((nbytes - PREFIX_NBYTES) & 0xff);
    text[9] = (char)((nbytes - PREFIX_NBYTES) >> 8);
    return nbytes;
}
