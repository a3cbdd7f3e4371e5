#include "golden/json_tensor.h"

#include <assert.h>
#include <stdio.h>

/* What is known while the lists are walked. */
typedef struct {
    int rank;
    assay_dtype dtype;
    int64_t shape[ASSAY_MAX_RANK]; /* -1: not seen yet */
    int64_t index[ASSAY_MAX_RANK]; /* of the element that is looked at, for messages */
    const char *where;
    assay_error *err;
} walk;

int assay_json_list_rank(const cJSON *value) {
    int rank = 0;
    for (; value && cJSON_IsArray(value); value = value->child) rank++;
    return rank;
}

bool assay_json_all_whole(const cJSON *value) {
    if (cJSON_IsNumber(value)) return assay_json_is_whole(value->valuedouble);
    for (const cJSON *child = value->child; child; child = child->next)
        if (!assay_json_all_whole(child)) return false;
    return true;
}

/* "<where>[2][0]": the place of the current element at `depth`. */
static const char *element_where(const walk *w, int depth, char text[512]) {
    int at = snprintf(text, 400, "%.300s", w->where);
    for (int i = 0; i < depth; i++) at += snprintf(text + at, 512 - (size_t)at, "[%lld]", (long long)w->index[i]);
    return text;
}

static assay_status check_number(walk *w, const cJSON *value) {
    char text[512];
    if (cJSON_IsNumber(value) && (w->dtype == ASSAY_F64 || assay_json_is_whole(value->valuedouble))) return ASSAY_OK;
    int64_t whole;
    double real;
    element_where(w, w->rank, text);
    if (w->dtype == ASSAY_F64) return assay_json_as_double(value, text, &real, w->err);
    return assay_json_as_int(value, text, &whole, w->err);
}

/* Before memory is taken: the depth, equal lengths, and the type of every number. */
static assay_status check_lists(walk *w, const cJSON *value, int depth) {
    if (depth == w->rank) return check_number(w, value);
    char text[512];
    if (!cJSON_IsArray(value)) return assay_json_as_array(value, element_where(w, depth, text), w->err);
    int64_t count = 0;
    for (const cJSON *child = value->child; child; child = child->next) {
        w->index[depth] = count++;
        assay_status st = check_lists(w, child, depth + 1);
        if (st) return st;
    }
    if (w->shape[depth] < 0) w->shape[depth] = count;
    if (w->shape[depth] == count) return ASSAY_OK;
    return assay_fail(w->err, ASSAY_EINPUT, NULL, "%s: has %lld elements where the lists before it have %lld",
                      element_where(w, depth, text), (long long)count, (long long)w->shape[depth]);
}

/* Returns the position behind the last element that was filled in. */
static int64_t fill(const cJSON *value, assay_tensor *t, int depth, int64_t at) {
    if (depth < t->rank) {
        for (const cJSON *child = value->child; child; child = child->next) at = fill(child, t, depth + 1, at);
        return at;
    }
    if (t->dtype == ASSAY_F64) ((double *)t->data)[at] = value->valuedouble;
    else ((int64_t *)t->data)[at] = (int64_t)value->valuedouble;
    return at + 1;
}

assay_status assay_json_read_tensor(const cJSON *value, int rank, assay_dtype dtype, const char *where,
                                    assay_tensor *out, assay_error *err) {
    assert(rank >= 1 && rank <= 3 && (dtype == ASSAY_F64 || dtype == ASSAY_I64));
    walk w = {.rank = rank, .dtype = dtype, .where = where, .err = err};
    for (int i = 0; i < rank; i++) w.shape[i] = -1;
    assay_status st = check_lists(&w, value, 0);
    if (st) return st;
    if (w.shape[0] == 0) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: must not be an empty list", where);
    for (int i = 0; i < rank; i++)
        if (w.shape[i] < 0) w.shape[i] = 0; /* below an empty list */
    st = assay_tensor_alloc(out, dtype, rank, w.shape, where, err);
    if (!st) fill(value, out, 0, 0);
    return st;
}
