#include "core/tensor.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

assay_tensor assay_tensor_view(assay_dtype dtype, int rank, const int64_t *shape, const void *data) {
    assert(rank >= 0 && rank <= ASSAY_MAX_RANK);
    assay_tensor t = {.dtype = dtype, .rank = rank, .data = (void *)(uintptr_t)data};
    for (int i = 0; i < rank; i++) t.shape[i] = shape[i];
    return t;
}

int64_t assay_tensor_count(const assay_tensor *t) {
    int64_t count = 1;
    bool empty = false;
    for (int i = 0; i < t->rank; i++) {
        if (t->shape[i] < 0) return -1;
        if (t->shape[i] == 0) empty = true;
        else if (__builtin_mul_overflow(count, t->shape[i], &count)) return -1;
    }
    int64_t nbytes;
    if (__builtin_mul_overflow(count, (int64_t)assay_dtype_size(t->dtype), &nbytes)) return -1;
    return empty ? 0 : count;
}

size_t assay_tensor_nbytes(const assay_tensor *t) {
    int64_t count = assay_tensor_count(t);
    assert(count >= 0);
    return (size_t)count * assay_dtype_size(t->dtype);
}

bool assay_tensor_same_shape(const assay_tensor *a, const assay_tensor *b) {
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i]) return false;
    return true;
}

const char *assay_tensor_shape_text(const assay_tensor *t, char *text, size_t text_nbytes) {
    size_t at = (size_t)snprintf(text, text_nbytes, "(");
    for (int i = 0; i < t->rank && at < text_nbytes; i++)
        at += (size_t)snprintf(text + at, text_nbytes - at, i ? ", %lld" : "%lld", (long long)t->shape[i]);
    if (at < text_nbytes) snprintf(text + at, text_nbytes - at, ")");
    return text;
}

assay_status assay_tensor_alloc(assay_tensor *out, assay_dtype dtype, int rank, const int64_t *shape, const char *what,
                                assay_error *err) {
    assay_tensor t = assay_tensor_view(dtype, rank, shape, NULL);
    int64_t count = assay_tensor_count(&t);
    if (count < 0) {
        char text[128];
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the shape %s is negative or too large", what,
                          assay_tensor_shape_text(&t, text, sizeof text));
    }
    t.data = calloc(count ? (size_t)count : 1, assay_dtype_size(dtype));
    if (!t.data) return assay_fail_nomem(err, what);
    *out = t;
    return ASSAY_OK;
}

assay_status assay_tensor_copy(assay_tensor *out, const assay_tensor *src, assay_dtype dtype, assay_error *err) {
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, dtype, src->rank, src->shape, "a copy of a tensor", err);
    if (st) return st;
    assay_convert(t.data, dtype, src->data, src->dtype, (size_t)assay_tensor_count(src));
    *out = t;
    return ASSAY_OK;
}

void assay_tensor_free(assay_tensor *t) {
    free(t->data);
    *t = (assay_tensor){0};
}
