#include "reports/detail_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "golden/json_strict.h"
#include "reports/json_reader.h"

/* ---- writing ---- */

/* Charts need no more than three digits. */
static void add_ratio(json_builder *b, cJSON *array, double ratio) {
    char text[32];
    if (!isfinite(ratio)) {
        json_add_real(b, array, NULL, ratio);
        return;
    }
    snprintf(text, sizeof text, "%.3g", ratio);
    json_add_real_text(b, array, text);
}

static void add_heat(json_builder *b, cJSON *detail, const char *key, const assay_heat *h) {
    if (h->heads == 0) return;
    cJSON *object = json_add_object(b, detail, key);
    json_add_integer(b, object, "heads", h->heads);
    json_add_integer(b, object, "tokens", h->tokens);
    cJSON *rows = object ? json_add_array(b, object, "ratios") : NULL;
    for (int i = 0; rows && i < h->head_bins; i++) {
        cJSON *row = json_add_array(b, rows, NULL);
        for (int t = 0; row && t < h->token_bins; t++) add_ratio(b, row, (double)h->ratios[i * h->token_bins + t]);
    }
}

static void add_histogram(json_builder *b, cJSON *detail, const assay_error_histogram *h) {
    if (!h->known) return;
    cJSON *rows = json_add_array(b, detail, "histogram");
    for (int m = 0; rows && m < ASSAY_DETAIL_MAGNITUDES; m++) {
        cJSON *row = json_add_array(b, rows, NULL);
        for (int e = 0; row && e < ASSAY_DETAIL_ERRORS; e++) json_add_integer(b, row, NULL, h->counts[m][e]);
    }
}

static void add_worst(json_builder *b, cJSON *detail, const assay_detail *d, int rank) {
    if (d->worst_count == 0) return;
    cJSON *list = json_add_array(b, detail, "worst");
    for (int i = 0; list && i < d->worst_count; i++) {
        cJSON *object = json_add_object(b, list, NULL), *at = object ? json_add_array(b, object, "at") : NULL;
        for (int axis = 0; at && axis < rank; axis++) json_add_integer(b, at, NULL, d->worst[i].at[axis]);
        json_add_real(b, object, "golden", d->worst[i].golden);
        json_add_real(b, object, "candidate", d->worst[i].candidate);
    }
}

static void add_top_list(json_builder *b, cJSON *top, const char *key, const assay_top_logit *list, int count) {
    cJSON *array = json_add_array(b, top, key);
    for (int i = 0; array && i < count; i++) {
        cJSON *object = json_add_object(b, array, NULL);
        json_add_integer(b, object, "id", list[i].id);
        json_add_real(b, object, "golden", list[i].golden);
        json_add_real(b, object, "candidate", list[i].candidate);
    }
}

void json_add_detail(json_builder *b, cJSON *object, const assay_entry *e) {
    const assay_detail *d = e->detail;
    cJSON *detail = json_add_object(b, object, "detail");
    if (!detail) return;
    add_heat(b, detail, "by_token", &d->by_token);
    add_heat(b, detail, "by_head", &d->by_head);
    add_histogram(b, detail, &d->histogram);
    add_worst(b, detail, d, e->golden.rank);
    if (d->top.row < 0) return;
    cJSON *top = json_add_object(b, detail, "top");
    if (!top) return;
    json_add_integer(b, top, "row", d->top.row);
    add_top_list(b, top, "golden", d->top.golden, d->top.count);
    add_top_list(b, top, "candidate", d->top.candidate, d->top.count);
}

/* ---- reading ---- */

/* An array of at most `most` items; its first in *first. */
static assay_status read_array(const cJSON *value, const char *where, int most, const cJSON **first, int *count,
                               assay_error *err) {
    assay_status st = assay_json_as_array(value, where, err);
    if (st) return st;
    *first = value->child;
    *count = cJSON_GetArraySize(value);
    if (*count > most)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: has %d items, at most %d are known", where, *count, most);
    return ASSAY_OK;
}

static assay_status read_heat_row(assay_heat *h, const cJSON *row, int index, const char *where, assay_error *err) {
    const cJSON *item;
    int count = 0;
    assay_status st = read_array(row, where, ASSAY_DETAIL_TOKENS, &item, &count, err);
    if (!st && count != h->token_bins)
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: its rows have %d and %d items", where, h->token_bins, count);
    for (int t = 0; !st && t < count; t++, item = item->next) {
        double ratio = 0;
        st = json_read_real(item, where, &ratio, err);
        h->ratios[index * h->token_bins + t] = (float)ratio;
    }
    return st;
}

static assay_status read_heat(assay_heat *h, const cJSON *value, const char *where, assay_error *err) {
    const cJSON *ratios, *row;
    assay_status st = assay_json_as_object(value, where, err);
    if (!st) st = assay_json_get_int(value, "heads", where, &h->heads, err);
    if (!st) st = assay_json_get_int(value, "tokens", where, &h->tokens, err);
    if (!st) st = assay_json_require(value, "ratios", where, &ratios, err);
    if (!st) st = read_array(ratios, where, ASSAY_DETAIL_HEADS, &row, &h->head_bins, err);
    if (st) return st;
    h->token_bins = row && cJSON_IsArray(row) ? cJSON_GetArraySize(row) : 0;
    h->ratios = calloc((size_t)(h->head_bins * h->token_bins) + 1, sizeof *h->ratios);
    if (!h->ratios) return assay_fail_nomem(err, "a result");
    for (int i = 0; !st && i < h->head_bins; i++, row = row->next) st = read_heat_row(h, row, i, where, err);
    if (!st && (h->heads < h->head_bins || h->tokens < h->token_bins || h->heads < 1))
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: has more ratios than heads or tokens", where);
    return st;
}

static assay_status read_histogram(assay_error_histogram *h, const cJSON *value, const char *where, assay_error *err) {
    const cJSON *row, *item;
    int rows = 0, count = 0;
    assay_status st = read_array(value, where, ASSAY_DETAIL_MAGNITUDES, &row, &rows, err);
    for (int m = 0; !st && m < rows; m++, row = row->next) {
        st = read_array(row, where, ASSAY_DETAIL_ERRORS, &item, &count, err);
        for (int e = 0; !st && e < count; e++, item = item->next)
            st = assay_json_as_int(item, where, &h->counts[m][e], err);
    }
    h->known = true;
    return st;
}

static assay_status read_at(assay_worst_element *w, const cJSON *value, const char *where, assay_error *err) {
    const cJSON *item;
    int count = 0;
    assay_status st = read_array(value, where, ASSAY_MAX_RANK, &item, &count, err);
    for (int i = 0; !st && i < count; i++, item = item->next) st = assay_json_as_int(item, where, &w->at[i], err);
    return st;
}

static assay_status read_worst(assay_detail *d, const cJSON *value, const char *where, assay_error *err) {
    const cJSON *item, *at;
    int count = 0;
    assay_status st = read_array(value, where, ASSAY_DETAIL_WORST, &item, &count, err);
    for (int i = 0; !st && i < count; i++, item = item->next) {
        st = assay_json_as_object(item, where, err);
        if (!st) st = assay_json_require(item, "at", where, &at, err);
        if (!st) st = read_at(&d->worst[i], at, where, err);
        if (!st) st = json_get_real(item, "golden", where, &d->worst[i].golden, err);
        if (!st) st = json_get_real(item, "candidate", where, &d->worst[i].candidate, err);
    }
    d->worst_count = count;
    return st;
}

static assay_status read_top_list(assay_top_logit *list, int *count, const cJSON *top, const char *key,
                                  const char *where, assay_error *err) {
    const cJSON *value, *item;
    assay_status st = assay_json_require(top, key, where, &value, err);
    if (!st) st = read_array(value, where, ASSAY_DETAIL_TOP, &item, count, err);
    for (int i = 0; !st && i < *count; i++, item = item->next) {
        st = assay_json_as_object(item, where, err);
        if (!st) st = assay_json_get_int(item, "id", where, &list[i].id, err);
        if (!st) st = json_get_real(item, "golden", where, &list[i].golden, err);
        if (!st) st = json_get_real(item, "candidate", where, &list[i].candidate, err);
    }
    return st;
}

static assay_status read_top(assay_top_logits *top, const cJSON *value, const char *where, assay_error *err) {
    int of_candidate = 0;
    assay_status st = assay_json_as_object(value, where, err);
    if (!st) st = assay_json_get_int(value, "row", where, &top->row, err);
    if (!st) st = read_top_list(top->golden, &top->count, value, "golden", where, err);
    if (!st) st = read_top_list(top->candidate, &of_candidate, value, "candidate", where, err);
    if (!st && of_candidate != top->count)
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: has %d and %d logits", where, top->count, of_candidate);
    if (!st) top->same_winner = top->count > 0 && top->golden[0].id == top->candidate[0].id;
    return st;
}

static assay_status read_parts(assay_detail *d, const cJSON *value, const char *where, assay_error *err) {
    assay_status st = assay_json_as_object(value, where, err);
    const cJSON *part;
    d->top.row = -1;
    if (!st && (part = assay_json_member(value, "by_token"))) st = read_heat(&d->by_token, part, where, err);
    if (!st && (part = assay_json_member(value, "by_head"))) st = read_heat(&d->by_head, part, where, err);
    if (!st && (part = assay_json_member(value, "histogram"))) st = read_histogram(&d->histogram, part, where, err);
    if (!st && (part = assay_json_member(value, "worst"))) st = read_worst(d, part, where, err);
    if (!st && (part = assay_json_member(value, "top"))) st = read_top(&d->top, part, where, err);
    return st;
}

assay_status json_read_detail(assay_detail **out, const cJSON *value, const char *where, assay_error *err) {
    assay_detail *d = calloc(1, sizeof *d);
    if (!d) return assay_fail_nomem(err, "a result");
    assay_status st = read_parts(d, value, where, err);
    if (st) assay_detail_free(d);
    else *out = d;
    return st;
}
