#include "golden/golden_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/digest.h"
#include "golden/golden_internal.h"
#include "golden/hf_config.h"

assay_status assay_golden_text_attr(const assay_golden *g, const char *object, const char *name, char **text,
                                    assay_error *err) {
    if (assay_h5_has_attr(g->file, object, name)) return assay_h5_attr_text(g->file, object, name, text, err);
    char *empty = strdup("");
    if (!empty) return assay_fail_nomem(err, name);
    *text = empty;
    return ASSAY_OK;
}

assay_status assay_golden_digest_attr(const assay_golden *g, const char *object, const char *name, char *text,
                                      size_t size, assay_error *err) {
    char *found;
    assay_status st = assay_golden_text_attr(g, object, name, &found, err);
    if (st) return st;
    if (*found && !assay_is_digest(found, size - 1))
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: the attribute %s of /%s is not %zu lower-case hexadecimal digits",
                        assay_h5_path(g->file), name, object, size - 1);
    else memcpy(text, found, strlen(found) + 1);
    free(found);
    return st;
}

/* ---- the root ---- */

static assay_status read_format(assay_golden *g, assay_error *err) {
    char *format;
    assay_status st = assay_golden_text_attr(g, "", "format", &format, err);
    if (st) return st;
    const char *path = assay_h5_path(g->file);
    g->kind = strcmp(format, "assay-golden/1") == 0 ? ASSAY_FILE_GOLDEN : ASSAY_FILE_DUMP;
    bool known = !*format || g->kind == ASSAY_FILE_GOLDEN || strcmp(format, "assay-dump/1") == 0;
    if (!known)
        st = assay_fail(err, ASSAY_EINPUT, NULL,
                        "%s: format is '%.40s'; this program reads assay-golden/1 and assay-dump/1", path, format);
    else if (!g->any_names && !assay_h5_exists(g->file, "/steps") && !assay_h5_has_attr(g->file, "", "unsupported"))
        st = assay_fail(err, ASSAY_EINPUT, NULL,
                        "%s: has no group /steps, so it is neither a golden nor a dump"
                        " (for a dump with names of its own see compare --suggest-map)",
                        path);
    free(format);
    return st;
}

static assay_status read_dtype(assay_golden *g, assay_error *err) {
    char *name;
    g->dtype = ASSAY_F32;
    assay_status st = assay_golden_text_attr(g, "", "dtype", &name, err);
    if (st) return st;
    g->has_dtype = *name != '\0';
    bool known = !g->has_dtype || (assay_dtype_from_name(name, &g->dtype) && assay_dtype_is_float(g->dtype));
    if (!known)
        st = assay_fail(err, ASSAY_EINPUT, NULL,
                        "%s: dtype is '%.40s'; it must be float32, float64, bfloat16 or float16",
                        assay_h5_path(g->file), name);
    free(name);
    return st;
}

static assay_status read_root_attributes(assay_golden *g, assay_error *err) {
    assay_status st = read_format(g, err);
    if (!st) st = read_dtype(g, err);
    if (!st) st = assay_golden_text_attr(g, "", "producer", &g->producer, err);
    if (!st) st = assay_golden_text_attr(g, "", "unsupported", &g->unsupported, err);
    if (!st) st = assay_golden_text_attr(g, "", "provenance", &g->provenance, err);
    if (!st) st = assay_golden_digest_attr(g, "", "case_sha256", g->case_sha256, sizeof g->case_sha256, err);
    if (!st) st = assay_golden_digest_attr(g, "", "config_sha256", g->config_sha256, sizeof g->config_sha256, err);
    if (!st) st = assay_golden_digest_attr(g, "", "weights_xxh128", g->weights_xxh128, sizeof g->weights_xxh128, err);
    g->has_weights = assay_h5_exists(g->file, "/weights");
    return st;
}

static assay_status wrong_digest(const assay_golden *g, const char *what, const char *attribute, assay_error *err) {
    return assay_fail_digest(err, assay_h5_path(g->file), what, attribute);
}

static assay_status read_case(assay_golden *g, assay_error *err) {
    if (!assay_h5_exists(g->file, "/case")) return ASSAY_OK;
    char *text, where[512], sum[ASSAY_SHA256_TEXT];
    size_t nbytes;
    assay_status st = assay_h5_read_text(g->file, "/case", &text, &nbytes, err);
    if (st) return st;
    st = assay_sha256_hex(text, nbytes, sum, err);
    if (!st && g->case_sha256[0] && strcmp(sum, g->case_sha256) != 0) st = wrong_digest(g, "/case", "case_sha256", err);
    snprintf(where, sizeof where, "%.400s: /case", assay_h5_path(g->file));
    if (!st) st = assay_case_parse(&g->test_case, text, nbytes, where, err);
    if (!st) g->has_case = true;
    free(text);
    return st;
}

/* Parses /config. A refusal by a rule is kept: a golden may be about it. */
static assay_status parse_config(assay_golden *g, size_t nbytes, assay_error *err) {
    char where[512];
    assay_error why = {0};
    snprintf(where, sizeof where, "%.400s: /config", assay_h5_path(g->file));
    assay_status st = assay_hf_config_parse(&g->config, g->config_text, nbytes, where, &why);
    g->config_refused = st == ASSAY_EINPUT && why.rules[0];
    if (g->config_refused) g->config_error = why;
    else if (st && err) *err = why;
    return g->config_refused ? ASSAY_OK : st;
}

static assay_status read_config(assay_golden *g, assay_error *err) {
    assay_status st = ASSAY_OK;
    size_t nbytes;
    if (assay_h5_exists(g->file, "/config")) {
        st = assay_h5_read_text(g->file, "/config", &g->config_text, &nbytes, err);
        if (!st) st = parse_config(g, nbytes, err);
        if (st) return st;
    } else if (g->has_case && g->test_case.has_config) {
        g->config = g->test_case.config;
        g->config_refused = g->test_case.config_refused;
        g->config_error = g->test_case.config_error;
    } else {
        return ASSAY_OK;
    }
    g->has_config = true;
    char sum[ASSAY_SHA256_TEXT];
    if (g->config_refused || !g->config_sha256[0]) return ASSAY_OK; /* a refused one has no canonical text */
    st = assay_config_sha256(&g->config, sum, err);
    if (!st && strcmp(sum, g->config_sha256) != 0) st = wrong_digest(g, "the configuration", "config_sha256", err);
    return st;
}

/* What a golden cannot be used without. */
static assay_status check_golden(const assay_golden *g, assay_error *err) {
    if (g->kind != ASSAY_FILE_GOLDEN) return ASSAY_OK;
    const struct {
        bool is_there;
        const char *name;
    } parts[] = {
        {g->has_case, "the dataset /case"},
        {g->config_text != NULL, "the dataset /config"},
        {g->has_dtype, "the attribute dtype"},
        {g->case_sha256[0] != '\0', "the attribute case_sha256"},
        {g->config_sha256[0] || g->config_refused, "the attribute config_sha256"},
        {g->weights_xxh128[0] || g->config_refused, "the attribute weights_xxh128"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!parts[i].is_there)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: a golden needs %s; export it again", assay_h5_path(g->file),
                              parts[i].name);
    return ASSAY_OK;
}

/* A port that cannot run a case has nothing to show of it. */
static assay_status check_unsupported(const assay_golden *g, assay_error *err) {
    const char *path = assay_h5_path(g->file);
    if (!assay_h5_has_attr(g->file, "", "unsupported")) return ASSAY_OK;
    if (!*g->unsupported)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: the attribute unsupported is empty; it says why the port cannot run the case", path);
    if (g->kind == ASSAY_FILE_GOLDEN)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: a golden has no attribute unsupported", path);
    if (g->tensor_count)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: says that the case is unsupported and has tensors (%s)", path,
                          g->tensors[0].path);
    for (size_t i = 0; i < g->step_count; i++)
        if (g->steps[i].refused[0] || g->steps[i].refused_message[0])
            return assay_fail(err, ASSAY_EINPUT, NULL,
                              "%s: says that the case is unsupported and that step %zu is refused", path, i);
    return ASSAY_OK;
}

static assay_status open_file(assay_golden *out, const char *path, bool any_names, assay_error *err) {
    assay_golden g = {.any_names = any_names};
    assay_status st = assay_h5_open(&g.file, path, err);
    if (!st) st = read_root_attributes(&g, err);
    if (!st) st = read_case(&g, err);
    if (!st) st = read_config(&g, err);
    if (!st) st = check_golden(&g, err);
    if (!st) st = assay_golden_read_index(&g, err);
    if (!st) st = check_unsupported(&g, err);
    if (st) assay_golden_close(&g);
    else *out = g;
    return st;
}

assay_status assay_golden_open(assay_golden *out, const char *path, assay_error *err) {
    return open_file(out, path, false, err);
}

assay_status assay_golden_open_any(assay_golden *out, const char *path, assay_error *err) {
    return open_file(out, path, true, err);
}

void assay_golden_close(assay_golden *g) {
    assay_golden_free_index(g);
    assay_case_free(&g->test_case);
    free(g->producer);
    free(g->unsupported);
    free(g->provenance);
    free(g->config_text);
    assay_h5_close(g->file);
    *g = (assay_golden){0};
}

/* ---- values ---- */

static assay_status read_checked(const assay_golden *g, const char *path, const char *expected, assay_tensor *out,
                                 assay_error *err) {
    assay_tensor t;
    char sum[ASSAY_XXH128_TEXT];
    assay_status st = assay_h5_read(g->file, path, &t, err);
    if (st) return st;
    assay_tensor_xxh128(&t, sum);
    if (*expected && strcmp(sum, expected) != 0) {
        assay_tensor_free(&t);
        return wrong_digest(g, path, "its attribute xxh128", err);
    }
    *out = t;
    return ASSAY_OK;
}

/* The path of the values before the cast, and the digest that the file says they have ("" when it says nothing). */
static assay_status find_unrounded(const assay_golden *g, const assay_golden_tensor *t, char path[512],
                                   char xxh128[ASSAY_XXH128_TEXT], assay_error *err) {
    snprintf(path, 512, "%.400s_unrounded", t->path);
    *xxh128 = '\0';
    return assay_golden_digest_attr(g, path, "xxh128", xxh128, ASSAY_XXH128_TEXT, err);
}

assay_status assay_golden_read(const assay_golden *g, const assay_golden_tensor *t, assay_tensor *out,
                               assay_error *err) {
    return read_checked(g, t->path, t->xxh128, out, err);
}

assay_status assay_golden_read_unrounded(const assay_golden *g, const assay_golden_tensor *t, assay_tensor *out,
                                         assay_error *err) {
    char path[512], expected[ASSAY_XXH128_TEXT];
    assay_status st = find_unrounded(g, t, path, expected, err);
    return st ? st : read_checked(g, path, expected, out, err);
}

assay_status assay_golden_describe_unknown(const assay_golden *g, const char *name, assay_tensor *out,
                                           assay_error *err) {
    return assay_h5_describe(g->file, name, out, err);
}

assay_status assay_golden_read_unknown(const assay_golden *g, const char *name, assay_tensor *out, assay_error *err) {
    return assay_h5_read(g->file, name, out, err);
}

assay_status assay_golden_locate(const assay_golden *g, const assay_golden_tensor *t, bool unrounded,
                                 assay_stored_values *out, bool *found, assay_error *err) {
    char path[512], expected[ASSAY_XXH128_TEXT];
    snprintf(path, sizeof path, "%s", t->path);
    memcpy(expected, t->xxh128, sizeof expected);
    assay_status st = unrounded ? find_unrounded(g, t, path, expected, err) : ASSAY_OK;
    if (!st) st = assay_h5_locate(g->file, path, out, found, err);
    if (!st && *found) memcpy(out->xxh128, expected, sizeof expected);
    return st;
}
