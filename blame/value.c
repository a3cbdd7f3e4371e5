#include "blame/value.h"

#include <string.h>

void assay_value_free(assay_value *v) {
    assay_tensor_free(&v->tensor);
    *v = (assay_value){0};
}

void assay_value_move(assay_value *v, assay_value *from) {
    assay_value_free(v);
    *v = *from;
    *from = (assay_value){0};
}

assay_status assay_value_copy(assay_value *out, const assay_tensor *from, assay_stage_set via, assay_error *err) {
    assay_value v = {.known = true, .via = via};
    assay_status st = assay_tensor_copy(&v.tensor, from, ASSAY_F64, err);
    if (!st) *out = v;
    return st;
}

assay_status assay_value_read(assay_value *out, const assay_source *source, const assay_source_item *item,
                              assay_error *err) {
    assay_source_tensor t;
    assay_status st = assay_source_read(source, item, false, &t, err);
    if (st) return st;
    st = assay_value_copy(out, &t.tensor, 0, err);
    assay_source_release(&t);
    return st;
}

assay_status assay_value_zeros(assay_value *out, int rank, const int64_t *shape, assay_error *err) {
    assay_value v = {.known = true};
    assay_status st = assay_tensor_alloc(&v.tensor, ASSAY_F64, rank, shape, "a value", err);
    if (!st) *out = v;
    return st;
}

static bool fit_along(const assay_tensor *a, const assay_tensor *b, int axis) {
    if (a->rank != b->rank || axis >= a->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (i != axis && a->shape[i] != b->shape[i]) return false;
    return true;
}

/* Copies `count` indices of an axis, from `from` on, to index `to` of the other tensor's axis. */
static void copy_along(assay_tensor *out, int64_t to, const assay_tensor *in, const int64_t range[2], int axis) {
    int64_t outer = 1, inner = 1, count = range[1] - range[0];
    for (int i = 0; i < axis; i++) outer *= in->shape[i];
    for (int i = axis + 1; i < in->rank; i++) inner *= in->shape[i];
    for (int64_t o = 0; o < outer; o++)
        memcpy((double *)out->data + (o * out->shape[axis] + to) * inner,
               (const double *)in->data + (o * in->shape[axis] + range[0]) * inner,
               (size_t)(count * inner) * sizeof(double));
}

assay_status assay_value_join(assay_value *out, const assay_value *a, const int64_t range[2], const assay_value *b,
                              int axis, assay_error *err) {
    *out = (assay_value){0};
    bool fits = a->known && axis < a->tensor.rank && range[0] >= 0 && range[0] <= range[1] &&
                range[1] <= a->tensor.shape[axis] && (!b || (b->known && fit_along(&a->tensor, &b->tensor, axis)));
    if (!fits) return ASSAY_OK;
    int64_t shape[ASSAY_MAX_RANK], first = range[1] - range[0], second = b ? b->tensor.shape[axis] : 0;
    memcpy(shape, a->tensor.shape, sizeof shape);
    shape[axis] = first + second;
    assay_status st = assay_value_zeros(out, a->tensor.rank, shape, err);
    if (st) return st;
    out->via = (first ? a->via : 0) | (second ? b->via : 0);
    copy_along(&out->tensor, 0, &a->tensor, range, axis);
    if (b) copy_along(&out->tensor, first, &b->tensor, (int64_t[]){0, second}, axis);
    return ASSAY_OK;
}

assay_status assay_value_pick(assay_value *out, const assay_value *x, int axis, const int64_t *indices, size_t count,
                              assay_error *err) {
    *out = (assay_value){0};
    bool fits = x->known && axis < x->tensor.rank;
    for (size_t i = 0; fits && i < count; i++) fits = indices[i] >= 0 && indices[i] < x->tensor.shape[axis];
    if (!fits) return ASSAY_OK;
    int64_t shape[ASSAY_MAX_RANK];
    memcpy(shape, x->tensor.shape, sizeof shape);
    shape[axis] = (int64_t)count;
    assay_status st = assay_value_zeros(out, x->tensor.rank, shape, err);
    if (st) return st;
    out->via = x->via;
    for (size_t i = 0; i < count; i++)
        copy_along(&out->tensor, (int64_t)i, &x->tensor, (int64_t[]){indices[i], indices[i] + 1}, axis);
    return ASSAY_OK;
}

assay_status assay_value_split_heads(assay_value *out, const assay_value *x, int64_t heads, assay_error *err) {
    *out = (assay_value){0};
    const assay_tensor *t = &x->tensor;
    if (!x->known || t->rank != 3 || t->shape[2] % heads) return ASSAY_OK;
    int64_t batch = t->shape[0], tokens = t->shape[1], d = t->shape[2] / heads;
    assay_status st = assay_value_zeros(out, 4, (int64_t[]){batch, heads, tokens, d}, err);
    if (st) return st;
    out->via = x->via;
    for (int64_t b = 0; b < batch; b++)
        for (int64_t i = 0; i < tokens; i++)
            for (int64_t h = 0; h < heads; h++)
                memcpy((double *)out->tensor.data + ((b * heads + h) * tokens + i) * d,
                       (const double *)t->data + ((b * tokens + i) * heads + h) * d, (size_t)d * sizeof(double));
    return ASSAY_OK;
}
