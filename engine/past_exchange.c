/* A past as tensors: export and import (rules CACHE-5, MEM-11). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model.h"

/* ---- numbers of the past, and of tensors outside ---- */

/* `count` numbers of the past at `data`, from number `from` on, to number `to` of a tensor in the model's dtype. */
static void give(const assay_past *past, assay_tensor *out, size_t to, const void *data, size_t from, size_t count) {
    assay_dtype held = past->model->real_dtype;
    assay_convert((char *)out->data + to * assay_dtype_size(out->dtype), out->dtype,
                  (const char *)data + from * assay_dtype_size(held), held, count);
}

/* The reverse, from a tensor of any floating dtype: cast to the model's dtype. */
static void take(const assay_past *past, void *data, size_t to, const assay_tensor *in, size_t from, size_t count) {
    assay_dtype held = past->model->real_dtype;
    char *out = (char *)data + to * assay_dtype_size(held);
    assay_convert(out, held, (const char *)in->data + from * assay_dtype_size(in->dtype), in->dtype, count);
    if (assay_dtype_is_half(past->model->dtype)) assay_round_halves((float *)(void *)out, count, past->model->dtype);
}

/* ---- export ---- */

static assay_status export_local(const assay_past *past, int64_t layer, assay_past_layer *out, assay_error *err) {
    const assay_config *c = &past->model->config;
    int64_t d = assay_config_head_dim(c), length = assay_past_layer_length(past, layer);
    int64_t shape[] = {past->batch, c->num_attention_heads, length, d};
    assay_status st = assay_tensor_alloc(&out->key, past->model->dtype, 4, shape, "a local cache", err);
    if (!st) st = assay_tensor_alloc(&out->value, past->model->dtype, 4, shape, "a local cache", err);
    if (!st) st = assay_tensor_alloc(&out->position, ASSAY_I64, 2, (int64_t[]){past->batch, length}, "positions", err);
    if (st || length == 0) return st;
    size_t count = (size_t)(length * d), stride = (size_t)(past->local_capacity * d);
    for (int64_t row = 0; row < shape[0] * shape[1]; row++) {
        give(past, &out->key, (size_t)row * count, past->local[layer].key, (size_t)row * stride, count);
        give(past, &out->value, (size_t)row * count, past->local[layer].value, (size_t)row * stride, count);
    }
    for (int64_t b = 0; b < past->batch; b++)
        memcpy((int64_t *)out->position.data + b * length,
               past->position + b * past->local_capacity + past->local_length - length,
               (size_t)length * sizeof(int64_t));
    return ASSAY_OK;
}

static assay_status export_memory(const assay_past *past, int64_t layer, assay_past_layer *out, assay_error *err) {
    const assay_config *c = &past->model->config;
    int64_t m = c->is_memory_layer[layer] ? past->memory_length : 0;
    int64_t shape[] = {past->batch, c->num_attention_heads, m, assay_config_head_dim(c)};
    assay_status st = assay_tensor_alloc(&out->mem_key, c->mem_dtype, 4, shape, "a memory", err);
    if (!st) st = assay_tensor_alloc(&out->mem_value, c->mem_dtype, 4, shape, "a memory", err);
    if (!st)
        st = assay_tensor_alloc(&out->mem_mask, past->model->dtype, 2, (int64_t[]){past->batch, m}, "a memory mask",
                                err);
    if (st || m == 0) return st;
    assay_memory_read(&past->memory[layer], 0, 0, m, out->mem_key.data);
    assay_memory_read(&past->memory[layer], 1, 0, m, out->mem_value.data);
    for (int64_t b = 0; b < past->batch; b++)
        give(past, &out->mem_mask, (size_t)(b * m), past->memory_mask, (size_t)(b * past->memory_mask_capacity),
             (size_t)m);
    return ASSAY_OK;
}

assay_status assay_past_export(const assay_past *past, int64_t layer, assay_past_layer *out, assay_error *err) {
    assert(layer >= 0 && layer < past->model->config.num_hidden_layers);
    assay_past_layer result = {0};
    assay_status st = export_local(past, layer, &result, err);
    if (!st) st = export_memory(past, layer, &result, err);
    if (st) assay_past_layer_free(&result);
    else *out = result;
    return st;
}

void assay_past_layer_free(assay_past_layer *layer) {
    assay_tensor *parts[] = {&layer->key,     &layer->value,     &layer->position,
                             &layer->mem_key, &layer->mem_value, &layer->mem_mask};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) assay_tensor_free(parts[i]);
}

/* ---- import ---- */

static int64_t length_of(const assay_tensor *t, int axis) {
    if (!t->data || t->rank <= axis || assay_tensor_count(t) == 0) return 0;
    return t->shape[axis];
}

static bool has_shape(const assay_tensor *t, int rank, const int64_t *shape) {
    assay_tensor expected = assay_tensor_view(t->dtype, rank, shape, NULL);
    return t->data && assay_tensor_same_shape(t, &expected);
}

/* The sizes that every layer of an imported past must share. */
typedef struct {
    int64_t batch, local, memory;
} past_sizes;

/* Whether three parts are of `length` tokens: keys and values (B,H,n,D), positions or masks (B,n); or all absent. */
static bool part_fits(const assay_past *past, const assay_tensor *const parts[3], int64_t batch, int64_t length) {
    const assay_config *c = &past->model->config;
    const int64_t shape[] = {batch, c->num_attention_heads, length, assay_config_head_dim(c)};
    if (length == 0) return length_of(parts[0], 2) == 0 && length_of(parts[1], 2) == 0 && length_of(parts[2], 1) == 0;
    return has_shape(parts[0], 4, shape) && has_shape(parts[1], 4, shape) &&
           has_shape(parts[2], 2, (int64_t[]){batch, length});
}

static assay_status check_layer(const assay_past *past, const assay_past_layer *part, int64_t layer,
                                const past_sizes *sizes, assay_error *err) {
    bool is_memory = past->model->config.is_memory_layer[layer];
    if (!is_memory && length_of(&part->mem_key, 2) > 0)
        return assay_fail(err, ASSAY_EINPUT, "MEM-11",
                          "the past has memory for layer %lld, which is no memory layer (MEM-11)", (long long)layer);
    const assay_tensor *const local[] = {&part->key, &part->value, &part->position};
    const assay_tensor *const memory[] = {&part->mem_key, &part->mem_value, &part->mem_mask};
    bool fits = part_fits(past, local, sizes->batch, sizes->local) &&
                part_fits(past, memory, sizes->batch, is_memory ? sizes->memory : 0) &&
                (sizes->local == 0 || part->position.dtype == ASSAY_I64);
    if (fits) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, "CACHE-5",
                      "the past of layer %lld has tensors whose shapes do not fit the model, each other or the other "
                      "layers (CACHE-5)",
                      (long long)layer);
}

static past_sizes sizes_of(const assay_past *past, const assay_past_layer *layers) {
    past_sizes sizes = {.local = length_of(&layers[0].key, 2)};
    if (sizes.local) sizes.batch = layers[0].key.shape[0];
    for (int64_t i = 0; i < past->model->config.num_hidden_layers; i++) {
        if (!past->model->config.is_memory_layer[i] || length_of(&layers[i].mem_key, 2) == 0) continue;
        sizes.memory = layers[i].mem_key.shape[2];
        sizes.batch = layers[i].mem_key.shape[0];
        break;
    }
    return sizes;
}

/* The engine keeps one set of positions and one of memory masks for all layers. */
static bool same_values(const assay_tensor *a, const assay_tensor *b) {
    for (int64_t i = 0; i < assay_tensor_count(a); i++)
        if (assay_load_f64(a->data, a->dtype, (size_t)i) != assay_load_f64(b->data, b->dtype, (size_t)i)) return false;
    return true;
}

static assay_status check_agreement(const assay_past *past, const assay_past_layer *layers, const past_sizes *sizes,
                                    assay_error *err) {
    const assay_tensor *mask = NULL;
    for (int64_t i = 0; i < past->model->config.num_hidden_layers; i++) {
        bool has_memory = sizes->memory > 0 && past->model->config.is_memory_layer[i];
        bool agrees = sizes->local == 0 || same_values(&layers[0].position, &layers[i].position);
        if (has_memory && mask) agrees = agrees && same_values(mask, &layers[i].mem_mask);
        else if (has_memory) mask = &layers[i].mem_mask;
        if (!agrees)
            return assay_fail(err, ASSAY_EINPUT, "CACHE-5",
                              "the past of layer %lld has other positions or memory masks than the layers before it; "
                              "all must have the same (CACHE-5)",
                              (long long)i);
    }
    return ASSAY_OK;
}

static void import_local(assay_past *past, const assay_past_layer *part, int64_t layer) {
    const assay_config *c = &past->model->config;
    int64_t per_row = past->local_length * assay_config_head_dim(c);
    int64_t stride = past->local_capacity * assay_config_head_dim(c);
    for (int64_t row = 0; row < past->batch * c->num_attention_heads; row++) {
        size_t to = (size_t)(row * stride), from = (size_t)(row * per_row);
        take(past, past->local[layer].key, to, &part->key, from, (size_t)per_row);
        take(past, past->local[layer].value, to, &part->value, from, (size_t)per_row);
    }
}

static assay_status import_memory(assay_past *past, const assay_past_layer *part, int64_t layer, int64_t m,
                                  assay_error *err) {
    assay_memory_source source = {.key = part->mem_key.data,
                                  .value = part->mem_value.data,
                                  .key_dtype = part->mem_key.dtype,
                                  .value_dtype = part->mem_value.dtype,
                                  .row_stride = m * past->memory[layer].head_dim,
                                  .n = m};
    return assay_memory_append(&past->memory[layer], &source, err);
}

/* Masks are shared by the memory layers: the first one's are taken. */
static void import_mask(assay_past *past, const assay_tensor *mask) {
    for (int64_t b = 0; b < past->batch; b++)
        take(past, past->memory_mask, (size_t)(b * past->memory_mask_capacity), mask, (size_t)(b * past->memory_length),
             (size_t)past->memory_length);
}

static assay_status import_all(assay_past *past, const assay_past_layer *layers, const past_sizes *sizes,
                               assay_error *err) {
    assay_status st = assay_past_begin(past, sizes->batch, err);
    if (!st) st = assay_past_reserve_local(past, sizes->local, err);
    if (!st) st = assay_past_reserve_mask(past, sizes->memory, err);
    if (st) return st;
    past->local_length = sizes->local;
    past->memory_length = sizes->memory;
    bool have_mask = false;
    for (int64_t i = 0; !st && i < past->model->config.num_hidden_layers; i++) {
        if (sizes->local) import_local(past, &layers[i], i);
        if (!past->model->config.is_memory_layer[i] || !sizes->memory) continue;
        st = import_memory(past, &layers[i], i, sizes->memory, err);
        if (!have_mask) import_mask(past, &layers[i].mem_mask);
        have_mask = true;
    }
    for (int64_t b = 0; !st && sizes->local && b < sizes->batch; b++) {
        memcpy(past->position + b * past->local_capacity, (const int64_t *)layers[0].position.data + b * sizes->local,
               (size_t)sizes->local * sizeof(int64_t));
        memset(past->keep + b * past->local_capacity, 1, (size_t)sizes->local);
    }
    return st;
}

/* Parts that no shape can be read from: negative sizes, values of no floating type, sizes without values. */
static assay_status check_parts(const assay_past_layer *part, int64_t layer, assay_error *err) {
    const assay_tensor *const floats[] = {&part->key, &part->value, &part->mem_key, &part->mem_value, &part->mem_mask};
    bool ok = assay_tensor_count(&part->position) >= 0;
    for (size_t i = 0; ok && i < sizeof floats / sizeof *floats; i++) {
        if (!floats[i]->data) continue;
        ok = assay_tensor_count(floats[i]) >= 0 && assay_dtype_is_float(floats[i]->dtype);
    }
    if (ok) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, "CACHE-5",
                      "the past of layer %lld has a tensor of a negative size or of no floating type (CACHE-5)",
                      (long long)layer);
}

assay_status assay_past_import(assay_past *past, const assay_past_layer *layers, assay_error *err) {
    for (int64_t i = 0; i < past->model->config.num_hidden_layers; i++) {
        assay_status bad = check_parts(&layers[i], i, err);
        if (bad) return bad;
    }
    past_sizes sizes = sizes_of(past, layers);
    for (int64_t i = 0; i < past->model->config.num_hidden_layers; i++) {
        assay_status st = check_layer(past, &layers[i], i, &sizes, err);
        if (st) return st;
    }
    assay_status st = check_agreement(past, layers, &sizes, err);
    if (st) return st;
    assay_past_clear(past);
    if (sizes.local == 0 && sizes.memory == 0) return ASSAY_OK;
    st = import_all(past, layers, &sizes, err);
    if (st) assay_past_clear(past);
    return st;
}
