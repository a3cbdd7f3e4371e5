#include "reports/result_json.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/atomic_file.h"

#define FORMAT "assay-result/1"

/* cJSON's adders return NULL when out of memory; that is noted here, and asked once at the end. */
typedef struct {
    bool failed;
} builder;

static void add(builder *b, cJSON *object, const char *key, cJSON *value) {
    bool ok = value && (key ? cJSON_AddItemToObject(object, key, value) : cJSON_AddItemToArray(object, value));
    if (ok) return;
    cJSON_Delete(value);
    b->failed = true;
}

static cJSON *add_object(builder *b, cJSON *parent, const char *key) {
    cJSON *object = cJSON_CreateObject();
    add(b, parent, key, object);
    return b->failed ? NULL : object;
}

static cJSON *add_array(builder *b, cJSON *parent, const char *key) {
    cJSON *array = cJSON_CreateArray();
    add(b, parent, key, array);
    return b->failed ? NULL : array;
}

/* Number of bytes of the UTF-8 character at `at`; 0 when it is none. Overlong forms and surrogates are let through:
 * JSON readers replace them, and only file names can hold them. */
static size_t character_nbytes(const unsigned char *at) {
    size_t n = 1;
    if (at[0] >= 0xf5 || (at[0] >= 0x80 && at[0] < 0xc2)) return 0;
    if (at[0] >= 0xc2) n = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xc0) != 0x80) return 0;
    return n;
}

/* File names may hold any byte, JSON may not: what is no UTF-8 becomes '?'. */
static void add_text(builder *b, cJSON *object, const char *key, const char *text) {
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

static void add_bool(builder *b, cJSON *object, const char *key, bool value) {
    if (object) add(b, object, key, cJSON_CreateBool(value));
}

/* 17 significant digits read back to the same double; cJSON's own printing does not promise that. */
static void add_real(builder *b, cJSON *object, const char *key, double value) {
    if (!object) return;
    char text[40];
    switch (assay_classify(value)) {
    case ASSAY_CLASS_NAN: add_text(b, object, key, "NaN"); return;
    case ASSAY_CLASS_POS_INF: add_text(b, object, key, "Infinity"); return;
    case ASSAY_CLASS_NEG_INF: add_text(b, object, key, "-Infinity"); return;
    case ASSAY_CLASS_FINITE: break;
    }
    snprintf(text, sizeof text, "%.17g", value);
    add(b, object, key, cJSON_CreateRaw(text));
}

static void add_integer(builder *b, cJSON *object, const char *key, int64_t value) {
    if (!object) return;
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    add(b, object, key, cJSON_CreateRaw(text));
}

/* "A-1 B-2" as an array of two. */
static void add_words(builder *b, cJSON *object, const char *key, const char *words) {
    cJSON *array = add_array(b, object, key);
    while (array && *words) {
        size_t length = strcspn(words, " ");
        char word[64];
        snprintf(word, sizeof word, "%.*s", (int)length, words);
        if (length) add_text(b, array, NULL, word);
        words += length + strspn(words + length, " ");
    }
}

static void add_shape(builder *b, cJSON *entry, const char *key, const assay_result_shape *shape) {
    if (shape->rank < 0) return;
    cJSON *object = add_object(b, entry, key);
    add_text(b, object, "dtype", assay_dtype_name(shape->dtype));
    cJSON *sizes = object ? add_array(b, object, "shape") : NULL;
    for (int i = 0; sizes && i < shape->rank; i++) add_integer(b, sizes, NULL, shape->shape[i]);
}

static void add_top(builder *b, cJSON *logits, const char *key, const int64_t counts[3]) {
    cJSON *object = add_object(b, logits, key);
    add_integer(b, object, "differs", counts[0]);
    add_integer(b, object, "decided", counts[1]);
    add_integer(b, object, "wrong", counts[2]);
}

static void add_logits(builder *b, cJSON *metrics, const assay_logit_metrics *m) {
    cJSON *object = add_object(b, metrics, "logits");
    if (!object) return;
    add_integer(b, object, "rows", m->rows);
    add_integer(b, object, "rows_skipped", m->rows_skipped);
    add_real(b, object, "kl_max", m->kl_max);
    add_real(b, object, "kl_mean", m->kl_mean);
    add_integer(b, object, "kl_worst_row", m->kl_worst_row);
    add_top(b, object, "top1", (const int64_t[]){m->top1_differs, m->top1_decided, m->top1_wrong});
    add_top(b, object, "top5", (const int64_t[]){m->top5_differs, m->top5_decided, m->top5_wrong});
}

static void add_metrics(builder *b, cJSON *entry, const assay_metrics *m) {
    cJSON *object = add_object(b, entry, "metrics");
    if (!object) return;
    add_integer(b, object, "count", m->count);
    add_integer(b, object, "finite", m->finite);
    add_integer(b, object, "different", m->different);
    add_integer(b, object, "class_mismatches", m->class_mismatches);
    add_integer(b, object, "golden_nan", m->golden_nan);
    add_integer(b, object, "golden_inf", m->golden_inf);
    add_integer(b, object, "candidate_nan", m->candidate_nan);
    add_integer(b, object, "candidate_inf", m->candidate_inf);
    add_real(b, object, "max_abs", m->max_abs);
    add_real(b, object, "max_rel", m->max_rel);
    add_real(b, object, "rms", m->rms);
    add_real(b, object, "nmse", m->nmse);
    add_real(b, object, "cosine", m->cosine);
    add_real(b, object, "max_ulp", m->max_ulp);
    add_text(b, object, "ulp_dtype", assay_dtype_name(m->ulp_dtype));
    add_real(b, object, "golden_max", m->golden_max);
    if (m->has_logits) add_logits(b, object, &m->logits);
}

static void add_worst(builder *b, cJSON *entry, const assay_worst *w) {
    if (w->index < 0) return;
    cJSON *object = add_object(b, entry, "worst");
    if (!object) return;
    add_integer(b, object, "index", w->index);
    cJSON *axes = add_array(b, object, "axes");
    for (int i = 0; axes && i < w->rank; i++) add_text(b, axes, NULL, w->axes[i]);
    cJSON *at = add_array(b, object, "at");
    for (int i = 0; at && i < w->rank; i++) add_integer(b, at, NULL, w->at[i]);
    add_real(b, object, "golden", w->golden);
    add_real(b, object, "candidate", w->candidate);
}

static void add_tolerance(builder *b, cJSON *entry, const assay_entry *e) {
    cJSON *object = add_object(b, entry, "tolerance");
    if (!object) return;
    add_text(b, object, "origin", assay_tolerance_origin_name(e->origin));
    add_real(b, object, "value", e->tolerance);
    add_real(b, object, "deviation", e->deviation);
    add_real(b, object, "ratio", e->ratio_tolerance);
    if (!e->has_floor) return;
    add_real(b, object, "floor", e->floor);
    add_real(b, object, "ratio_to_floor", e->ratio_floor);
}

static void add_place(builder *b, cJSON *entry, const assay_entry *e) {
    if (e->kind == ASSAY_ENTRY_UNKNOWN) return;
    add_integer(b, entry, "step", e->place.step);
    if (e->kind != ASSAY_ENTRY_STAGE) return;
    if (e->place.window >= 0) add_integer(b, entry, "window", e->place.window);
    if (e->place.layer >= 0) add_integer(b, entry, "layer", e->place.layer);
    add_text(b, entry, "stage", assay_stage_get(e->place.stage)->name);
}

static void add_entry(builder *b, cJSON *entries, const assay_entry *e) {
    cJSON *entry = add_object(b, entries, NULL);
    if (!entry) return;
    add_text(b, entry, "kind", assay_entry_kind_name(e->kind));
    add_text(b, entry, "path", e->path);
    add_place(b, entry, e);
    add_text(b, entry, "verdict", assay_verdict_name(e->verdict));
    add_text(b, entry, "reason", e->reason);
    add_words(b, entry, "rules", e->rules);
    add_bool(b, entry, "uses_float64", e->uses_float64);
    add_shape(b, entry, "golden", &e->golden);
    add_shape(b, entry, "candidate", &e->candidate);
    if (e->has_metrics) {
        add_metrics(b, entry, &e->metrics);
        add_tolerance(b, entry, e);
        add_worst(b, entry, &e->worst);
    }
    if (e->pad_elements) add_integer(b, entry, "pad_elements", e->pad_elements);
}

static void add_counts(builder *b, cJSON *object, const assay_case_result *c) {
    cJSON *counts = add_object(b, object, "counts");
    for (int v = 0; counts && v < ASSAY_VERDICT_COUNT; v++)
        add_integer(b, counts, assay_verdict_name((assay_verdict)v), (int64_t)c->counts[v]);
}

static void add_case(builder *b, cJSON *cases, const assay_case_result *c) {
    cJSON *object = add_object(b, cases, NULL);
    if (!object) return;
    add_text(b, object, "name", c->name);
    add_text(b, object, "golden", c->golden_name);
    add_text(b, object, "candidate", c->candidate_name);
    add_text(b, object, "verdict", assay_case_verdict_name(c->verdict));
    add_text(b, object, "error", c->error);
    add_text(b, object, "note", c->note);
    if (c->has_dtypes) {
        add_text(b, object, "golden_dtype", assay_dtype_name(c->golden_dtype));
        add_text(b, object, "candidate_dtype", assay_dtype_name(c->candidate_dtype));
    }
    add_bool(b, object, "ignore_pad_rows", c->ignore_pad_rows);
    add_integer(b, object, "pad_elements", c->pad_elements);
    add_real(b, object, "seconds", c->seconds);
    add_counts(b, object, c);
    add_integer(b, object, "first_divergence", c->first_divergence);
    cJSON *entries = add_array(b, object, "entries");
    for (size_t i = 0; entries && i < c->entry_count; i++) add_entry(b, entries, &c->entries[i]);
}

static cJSON *build(const assay_result *result) {
    builder b = {false};
    cJSON *root = cJSON_CreateObject();
    if (!root) return NULL;
    add_text(&b, root, "format", FORMAT);
    add_text(&b, root, "verdict", assay_result_passed(result) ? "pass" : "fail");
    cJSON *facts = add_object(&b, root, "facts");
    for (size_t i = 0; facts && i < result->fact_count; i++)
        add_text(&b, facts, result->facts[i].key, result->facts[i].value);
    cJSON *cases = add_array(&b, root, "cases");
    for (size_t i = 0; cases && i < result->case_count; i++) add_case(&b, cases, &result->cases[i]);
    if (!b.failed) return root;
    cJSON_Delete(root);
    return NULL;
}

assay_status assay_report_json_text(char **out, const assay_result *result, assay_error *err) {
    cJSON *root = build(result);
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

assay_status assay_report_json(const char *path, const assay_result *result, assay_error *err) {
    char *text;
    assay_status st = assay_report_json_text(&text, result, err);
    if (st) return st;
    st = assay_write_file_atomically(path, text, strlen(text), err);
    free(text);
    return st;
}
