/* A past with other rows of the batch: copies, and reordering for beam search (rule CACHE-7). */
#include <stdlib.h>
#include <string.h>

#include "engine/model.h"

/* Which rows of a past make the new one. */
typedef struct {
    const int64_t *rows; /* (n) */
    int64_t n;
} row_choice;

/* A new area of n groups of `group_nbytes`, those of `choice` in the old one. NULL when out of memory. */
static void *pick(const void *data, const row_choice *choice, size_t group_nbytes) {
    char *picked = malloc((size_t)choice->n * group_nbytes + 1);
    for (int64_t i = 0; picked && data && i < choice->n; i++)
        memcpy(picked + (size_t)i * group_nbytes, (const char *)data + (size_t)choice->rows[i] * group_nbytes,
               group_nbytes);
    return picked;
}

static bool pick_local(assay_past *out, const assay_past *past, const row_choice *choice) {
    const assay_config *c = &past->model->config;
    size_t row = (size_t)(past->local_capacity * c->hidden_size) * assay_dtype_size(past->model->dtype);
    bool ok = true;
    for (int64_t i = 0; ok && i < c->num_hidden_layers; i++) {
        out->local[i].key = pick(past->local[i].key, choice, row);
        out->local[i].value = pick(past->local[i].value, choice, row);
        out->local[i].key_rotated = pick(past->local[i].key_rotated, choice, row);
        out->local[i].rotated = past->local[i].rotated;
        ok = out->local[i].key && out->local[i].value && out->local[i].key_rotated;
    }
    out->position = pick(past->position, choice, (size_t)past->local_capacity * sizeof *past->position);
    out->keep = pick(past->keep, choice, (size_t)past->local_capacity);
    for (int i = 0; ok && out->base && i < 2; i++)
        for (int64_t b = 0; b < choice->n; b++)
            out->base[i * choice->n + b] = past->base[i * past->batch + choice->rows[b]];
    out->local_capacity = past->local_capacity;
    out->local_length = past->local_length;
    out->gone = past->gone;
    return ok && out->position && out->keep;
}

static bool pick_memory_blocks(assay_memory *out, const assay_memory *memory, int64_t heads, const row_choice *choice) {
    out->blocks = calloc(memory->block_count + 1, sizeof *out->blocks);
    bool ok = out->blocks != NULL;
    for (size_t i = 0; ok && i < memory->block_count; i++) {
        const assay_memory_block *block = &memory->blocks[i];
        size_t row = (size_t)(heads * block->capacity * memory->head_dim) * assay_dtype_size(memory->dtype);
        out->blocks[i] = *block;
        out->blocks[i].key = pick(block->key, choice, row);
        out->blocks[i].value = pick(block->value, choice, row);
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
        ok = pick_memory_blocks(&out->memory[i], &past->memory[i], c->num_attention_heads, choice);
    out->memory_mask =
        pick(past->memory_mask, choice, (size_t)past->memory_mask_capacity * assay_dtype_size(past->model->dtype));
    out->memory_mask_capacity = past->memory_mask_capacity;
    out->memory_length = past->memory_length;
    return ok && out->memory_mask;
}

/* A past that holds the chosen rows of local cache and memory. */
static assay_status pick_past(assay_past **out, const assay_past *past, const row_choice *local,
                              const row_choice *memory, assay_error *err) {
    assay_past *picked;
    assay_status st = assay_past_create(&picked, past->model, err);
    if (!st) st = assay_past_begin(picked, local->n, err);
    if (st) return st;
    if (pick_local(picked, past, local) && pick_memory(picked, past, memory)) {
        *out = picked;
        return ASSAY_OK;
    }
    assay_past_destroy(picked);
    return assay_fail_nomem(err, "a copy of a past");
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
