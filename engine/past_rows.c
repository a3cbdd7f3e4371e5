/* A past with other rows of the batch: copies, and reordering for beam search (rule CACHE-7). */
#include <stdlib.h>
#include <string.h>

#include "engine/model.h"

/* Which rows of a past make the new one. */
typedef struct {
    const int64_t *rows; /* (n) */
    int64_t n;
} row_choice;

/* How the data of one batch row lie: `count` stretches, `stride` bytes apart, of which `used` hold something. */
typedef struct {
    size_t count, stride, used;
} row_layout;

/* A new area with the chosen rows of the old one. NULL when out of memory. */
static void *pick(const void *data, const row_choice *choice, const row_layout *layout) {
    size_t row_nbytes = layout->count * layout->stride;
    char *picked = malloc((size_t)choice->n * row_nbytes + 1);
    for (int64_t i = 0; picked && data && i < choice->n; i++)
        for (size_t k = 0; k < layout->count; k++)
            memcpy(picked + (size_t)i * row_nbytes + k * layout->stride,
                   (const char *)data + (size_t)choice->rows[i] * row_nbytes + k * layout->stride, layout->used);
    return picked;
}

/* Keys or values (B*H, capacity, D), `length` of them in use. */
static row_layout key_layout(const assay_config *c, assay_dtype dtype, int64_t capacity, int64_t length) {
    size_t token = (size_t)assay_config_head_dim(c) * assay_dtype_size(dtype);
    return (row_layout){(size_t)c->num_attention_heads, (size_t)capacity * token, (size_t)length * token};
}

/* Numbers (B, capacity). */
static row_layout column_layout(size_t size, int64_t capacity, int64_t length) {
    return (row_layout){1, (size_t)capacity * size, (size_t)length * size};
}

static bool pick_local(assay_past *out, const assay_past *past, const row_choice *choice) {
    const assay_config *c = &past->model->config;
    int64_t capacity = past->local_capacity, length = past->local_length;
    row_layout keys = key_layout(c, past->model->real_dtype, capacity, length);
    row_layout positions = column_layout(sizeof *past->position, capacity, length);
    row_layout keeps = column_layout(sizeof *past->keep, capacity, length);
    bool ok = true;
    for (int64_t i = 0; ok && i < c->num_hidden_layers; i++) {
        const assay_local_cache *local = &past->local[i];
        row_layout rotated = key_layout(c, past->model->real_dtype, capacity, local->rotated);
        out->local[i] = (assay_local_cache){.key = pick(local->key, choice, &keys),
                                            .value = pick(local->value, choice, &keys),
                                            .key_rotated = pick(local->key_rotated, choice, &rotated),
                                            .rotated = local->rotated};
        ok = out->local[i].key && out->local[i].value && out->local[i].key_rotated;
    }
    out->position = pick(past->position, choice, &positions);
    out->keep = pick(past->keep, choice, &keeps);
    for (int i = 0; i < 2; i++)
        for (int64_t b = 0; b < choice->n; b++)
            out->base[i * choice->n + b] = past->base[i * past->batch + choice->rows[b]];
    out->local_capacity = capacity;
    out->local_length = length;
    out->gone = past->gone;
    return ok && out->position && out->keep;
}

static bool pick_memory_blocks(assay_memory *out, const assay_memory *memory, const assay_config *c,
                               const row_choice *choice) {
    out->blocks = calloc(memory->block_count + 1, sizeof *out->blocks);
    bool ok = out->blocks != NULL;
    for (size_t i = 0; ok && i < memory->block_count; i++) {
        const assay_memory_block *block = &memory->blocks[i];
        row_layout keys = key_layout(c, memory->dtype, block->capacity, block->length);
        out->blocks[i] = *block;
        out->blocks[i].key = pick(block->key, choice, &keys);
        out->blocks[i].value = pick(block->value, choice, &keys);
        out->block_count = i + 1;
        ok = out->blocks[i].key && out->blocks[i].value;
    }
    out->length = memory->length;
    return ok;
}

static bool pick_memory(assay_past *out, const assay_past *past, const row_choice *choice) {
    const assay_config *c = &past->model->config;
    bool ok = true;
    for (int64_t i = 0; ok && i < c->num_hidden_layers; i++)
        ok = pick_memory_blocks(&out->memory[i], &past->memory[i], c, choice);
    row_layout masks =
        column_layout(assay_dtype_size(past->model->real_dtype), past->memory_mask_capacity, past->memory_length);
    out->memory_mask = pick(past->memory_mask, choice, &masks);
    out->memory_mask_capacity = past->memory_mask_capacity;
    out->memory_length = past->memory_length;
    return ok && out->memory_mask;
}

/* A past that holds the chosen rows of local cache and memory. */
static assay_status pick_past(assay_past **out, const assay_past *past, const row_choice *local,
                              const row_choice *memory, assay_error *err) {
    assay_past *picked = NULL;
    assay_status st = assay_past_create(&picked, past->model, err);
    if (!st) st = assay_past_begin(picked, local->n, err);
    if (!st && !(pick_local(picked, past, local) && pick_memory(picked, past, memory)))
        st = assay_fail_nomem(err, "a copy of a past");
    if (st) assay_past_destroy(picked);
    else *out = picked;
    return st;
}

/* 0 .. batch - 1, over and over: n of them. NULL when out of memory. */
static int64_t *own_rows(int64_t batch, int64_t n) {
    int64_t *rows = malloc((size_t)(n + 1) * sizeof *rows);
    for (int64_t i = 0; rows && i < n; i++) rows[i] = i % batch;
    return rows;
}

assay_status assay_past_copy(assay_past **out, const assay_past *past, assay_error *err) {
    if (assay_past_batch(past) == 0) return assay_past_create(out, past->model, err);
    int64_t *rows = own_rows(past->batch, past->batch);
    if (!rows) return assay_fail_nomem(err, "a copy of a past");
    row_choice all = {rows, past->batch};
    assay_status st = pick_past(out, past, &all, &all, err);
    free(rows);
    return st;
}

static assay_status check_beams(const assay_past *past, const row_choice *beams, assay_error *err) {
    int64_t batch = assay_past_batch(past);
    if (batch == 0)
        return assay_fail(err, ASSAY_EINPUT, "CACHE-7",
                          "there is no past to reorder; run a call that leaves one first (CACHE-7)");
    if (beams->n < 1)
        return assay_fail(err, ASSAY_EINPUT, "CACHE-7", "beam_idx is empty; give at least one row (CACHE-7)");
    for (int64_t i = 0; i < beams->n; i++)
        if (beams->rows[i] < 0 || beams->rows[i] >= batch)
            return assay_fail(err, ASSAY_EINPUT, "CACHE-7",
                              "beam_idx[%lld] is %lld; the past has rows 0 to %lld (CACHE-7)", (long long)i,
                              (long long)beams->rows[i], (long long)(batch - 1));
    return ASSAY_OK;
}

/* *past takes over what *other holds, and the other way round. */
static void swap(assay_past *past, assay_past *other) {
    assay_past contents = *past;
    *past = *other;
    *other = contents;
}

assay_status assay_past_reorder(assay_past *past, const int64_t *beam_idx, int64_t n, assay_error *err) {
    row_choice beams = {beam_idx, n};
    assay_status st = check_beams(past, &beams, err);
    if (st) return st;
    int64_t *rows = own_rows(past->batch, n);
    if (!rows) return assay_fail_nomem(err, "a reordered past");
    row_choice memory = past->model->semantics.reorder_parts == ASSAY_REORDER_ALL ? beams : (row_choice){rows, n};
    assay_past *picked;
    st = pick_past(&picked, past, &beams, &memory, err);
    free(rows);
    if (st) return st;
    swap(past, picked);
    assay_past_destroy(picked);
    return ASSAY_OK;
}
