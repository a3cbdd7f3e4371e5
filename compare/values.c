#include "compare/values.h"

#include <string.h>

assay_values assay_values_of(const assay_tensor *tensor) { return (assay_values){.tensor = *tensor}; }

static assay_status name_source(const assay_values *v, assay_status st, assay_error *err) {
    return st && v->source ? assay_error_context(st, err, "%s", v->source) : st;
}

assay_status assay_values_open(assay_values *out, const assay_source *source, const assay_source_item *item,
                               bool unrounded, assay_error *err) {
    assay_values v = {.source = source->info.name};
    assay_status st = ASSAY_OK;
    if (source->locate) st = source->locate(source, item, unrounded, &v.stored, &v.is_stored, err);
    if (!st && v.is_stored) v.tensor = v.stored.info;
    if (!st && !v.is_stored) st = source->read(source, item, unrounded, &v.tensor, &v.owned, err);
    if (st) return name_source(&v, st, err);
    *out = v;
    return ASSAY_OK;
}

void assay_values_close(assay_values *v) {
    if (v->owned) assay_tensor_free(&v->tensor);
    if (v->is_stored) assay_stored_values_close(&v->stored);
    *v = (assay_values){.owned = false};
}

assay_status assay_values_get(const assay_values *v, int64_t begin, int64_t count, void *buffer, const void **out,
                              assay_error *err) {
    size_t size = assay_dtype_size(v->tensor.dtype), offset = (size_t)begin * size;
    if (!v->is_stored) {
        *out = (const char *)v->tensor.data + offset;
        return ASSAY_OK;
    }
    *out = buffer;
    return name_source(v, assay_stored_values_read(&v->stored, buffer, (size_t)count * size, offset, err), err);
}

assay_status assay_values_at(const assay_values *v, int64_t index, double *out, assay_error *err) {
    double buffer; /* holds an element of every dtype */
    const void *element;
    assay_status st = assay_values_get(v, index, 1, &buffer, &element, err);
    if (!st) *out = assay_load_f64(element, v->tensor.dtype, 0);
    return st;
}

assay_status assay_values_check(const assay_values *v, const char hex[ASSAY_XXH128_TEXT], assay_error *err) {
    const assay_stored_values *s = &v->stored;
    if (!v->is_stored || !*s->xxh128 || strcmp(hex, s->xxh128) == 0) return ASSAY_OK;
    return name_source(v, assay_fail_digest(err, s->file.path, s->name, "its attribute xxh128"), err);
}
