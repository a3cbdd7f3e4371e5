#include "compare/gather.h"

#include <assert.h>
#include <string.h>

assay_status assay_gather(assay_tensor *out, const assay_tensor *src, int axis, const int64_t *indices, size_t count,
                          assay_error *err) {
    assert(axis >= 0 && axis < src->rank);
    size_t outer = 1, inner = assay_dtype_size(src->dtype), length = (size_t)src->shape[axis];
    for (int i = 0; i < axis; i++) outer *= (size_t)src->shape[i];
    for (int i = axis + 1; i < src->rank; i++) inner *= (size_t)src->shape[i];
    int64_t shape[ASSAY_MAX_RANK];
    for (int i = 0; i < src->rank; i++) shape[i] = i == axis ? (int64_t)count : src->shape[i];
    assay_tensor made;
    assay_status st = assay_tensor_alloc(&made, src->dtype, src->rank, shape, "the kept part of a tensor", err);
    if (st) return st;
    char *to = made.data;
    const char *from = src->data;
    for (size_t o = 0; o < outer; o++) {
        for (size_t i = 0; i < count; i++, to += inner) {
            assert(indices[i] >= 0 && (size_t)indices[i] < length);
            memcpy(to, from + (o * length + (size_t)indices[i]) * inner, inner);
        }
    }
    *out = made;
    return ASSAY_OK;
}
