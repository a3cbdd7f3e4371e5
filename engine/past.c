/* past_key_values: storage, growth and clearing. Exchange with tensors is in past_exchange.c. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/model.h"

assay_status assay_past_create(assay_past **out, const assay_model *model, assay_error *err) {
    const assay_config *c = &model->config;
    assay_past *past = calloc(1, sizeof *past);
    if (!past) return assay_fail_nomem(err, "a past");
    past->model = model;
    past->rope = (assay_rope_table){.head_dim = assay_config_head_dim(c),
                                    .theta = c->rope_theta,
                                    .pairs = model->semantics.rotary_pairs,
                                    .exponent = model->semantics.rotary_exponent,
                                    .direction = model->semantics.rotary_direction,
                                    .form = model->semantics.rotary_table,
                                    .frequencies = model->semantics.rotary_frequencies,
                                    .run = model->dtype,
                                    .built_rows = c->max_position_embeddings};
    past->local = calloc((size_t)c->num_hidden_layers, sizeof *past->local);
    past->memory = calloc((size_t)c->num_hidden_layers, sizeof *past->memory);
    if (!past->local || !past->memory) {
        assay_past_destroy(past);
        return assay_fail_nomem(err, "a past");
    }
    *out = past;
    return ASSAY_OK;
}

void assay_past_clear(assay_past *past) {
    for (int64_t i = 0; i < past->model->config.num_hidden_layers; i++) {
        assay_local_cache *local = &past->local[i];
        free(local->key);
        free(local->value);
        free(local->key_rotated);
        *local = (assay_local_cache){0};
        assay_memory_free(&past->memory[i]);
    }
    free(past->position);
    free(past->keep);
    free(past->base);
    free(past->memory_mask);
    past->position = past->base = NULL;
    past->keep = NULL;
    past->memory_mask = NULL;
    past->batch = past->local_length = past->local_capacity = past->gone = 0;
    past->memory_length = past->memory_mask_capacity = 0;
}

void assay_past_destroy(assay_past *past) {
    if (!past) return;
    if (past->local && past->memory) assay_past_clear(past);
    assay_rope_free(&past->rope);
    free(past->local);
    free(past->memory);
    free(past);
}

int64_t assay_past_local_length(const assay_past *past) { return past->local_length; }
int64_t assay_past_memory_length(const assay_past *past) { return past->memory_length; }
int64_t assay_past_batch(const assay_past *past) {
    return past->local_length + past->memory_length > 0 ? past->batch : 0;
}

assay_status assay_past_begin(assay_past *past, int64_t batch, assay_error *err) {
    assert(past->local_length == 0 && past->memory_length == 0);
    if (past->batch == batch) return ASSAY_OK;
    const assay_config *c = &past->model->config;
    assay_past_clear(past);
    past->base = calloc(2 * (size_t)batch, sizeof *past->base);
    if (!past->base) return assay_fail_nomem(err, "a past");
    for (int64_t i = 0; i < c->num_hidden_layers; i++)
        past->memory[i] = (assay_memory){
            .dtype = c->mem_dtype, .rows = batch * c->num_attention_heads, .head_dim = assay_config_head_dim(c)};
    past->batch = batch;
    return ASSAY_OK;
}

/* Moves `rows` rows of `used` bytes from stride `old_stride` to a new area of stride `new_stride` (bytes). */
static bool restride(void **data, int64_t rows, size_t used, size_t old_stride, size_t new_stride) {
    size_t nbytes;
    if (__builtin_mul_overflow((size_t)rows, new_stride, &nbytes)) return false;
    char *grown = malloc(nbytes ? nbytes : 1);
    if (!grown) return false;
    for (int64_t row = 0; used > 0 && row < rows; row++)
        memcpy(grown + (size_t)row * new_stride, (char *)*data + (size_t)row * old_stride, used);
    free(*data);
    *data = grown;
    return true;
}

/* Room for a whole context window from the start, so that decoding does not grow it; never twice what is asked for beyond. */
static int64_t local_capacity_for(const assay_past *past, int64_t length) {
    int64_t window = past->model->config.max_position_embeddings;
    return length <= window && window <= 4096 ? window : length + length / 2;
}

assay_status assay_past_reserve_local(assay_past *past, int64_t length, assay_error *err) {
    if (length <= past->local_capacity) return ASSAY_OK;
    const assay_config *c = &past->model->config;
    int64_t rows = past->batch * c->num_attention_heads, capacity = local_capacity_for(past, length);
    size_t token = (size_t)assay_config_head_dim(c) * assay_dtype_size(past->model->real_dtype);
    size_t used = (size_t)past->local_length * token;
    size_t old_stride = (size_t)past->local_capacity * token, new_stride = (size_t)capacity * token;
    bool fits = true;
    for (int64_t i = 0; fits && i < c->num_hidden_layers; i++) {
        assay_local_cache *local = &past->local[i];
        fits = restride(&local->key, rows, used, old_stride, new_stride) &&
               restride(&local->value, rows, used, old_stride, new_stride) &&
               restride(&local->key_rotated, rows, 0, old_stride, new_stride);
        local->rotated = 0;
    }
    fits = fits &&
           restride((void **)&past->position, past->batch, (size_t)past->local_length * sizeof *past->position,
                    (size_t)past->local_capacity * sizeof *past->position, (size_t)capacity * sizeof *past->position) &&
           restride((void **)&past->keep, past->batch, (size_t)past->local_length, (size_t)past->local_capacity,
                    (size_t)capacity);
    if (!fits) { /* the layers no longer agree on a stride */
        assay_past_clear(past);
        return assay_fail_nomem(err, "the local cache");
    }
    past->local_capacity = capacity;
    return ASSAY_OK;
}

assay_status assay_past_reserve_mask(assay_past *past, int64_t length, assay_error *err) {
    if (length <= past->memory_mask_capacity) return ASSAY_OK;
    size_t size = assay_dtype_size(past->model->real_dtype);
    int64_t capacity = length + length / 2;
    if (!restride(&past->memory_mask, past->batch, (size_t)past->memory_length * size,
                  (size_t)past->memory_mask_capacity * size, (size_t)capacity * size))
        return assay_fail_nomem(err, "the memory masks");
    past->memory_mask_capacity = capacity;
    return ASSAY_OK;
}

void assay_past_drop_memory(assay_past *past) {
    for (int64_t i = 0; i < past->model->config.num_hidden_layers; i++) assay_memory_free(&past->memory[i]);
    past->memory_length = 0;
}

void assay_past_drop_local(assay_past *past) {
    past->local_length = past->gone = 0;
    for (int64_t i = 0; i < past->model->config.num_hidden_layers; i++) past->local[i].rotated = 0;
}
