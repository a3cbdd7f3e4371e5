#include "compare/source_memory.h"

#include <stdlib.h>
#include <string.h>

/* Reads one tensor of an item into the next slot of memory->values. */
static assay_status load_one(assay_source_memory *memory, const assay_source *from, const assay_source_item *item,
                             bool unrounded, assay_error *err) {
    assay_source_tensor read;
    assay_status st = assay_source_read(from, item, unrounded, &read, err);
    if (st) return st;
    if (!read.owned) st = assay_tensor_copy(&memory->values[memory->value_count], &read.tensor, read.tensor.dtype, err);
    else memory->values[memory->value_count] = read.tensor;
    memory->value_count += !st;
    return st;
}

static assay_status load_items(assay_source_memory *memory, const assay_source *from, assay_source_item *items,
                               const assay_source_item *originals, size_t count, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < count; i++) {
        items[i] = originals[i];
        st = load_one(memory, from, &originals[i], false, err);
        if (!st) items[i].values = &memory->values[memory->value_count - 1];
        if (st || !originals[i].has_unrounded) continue;
        st = load_one(memory, from, &originals[i], true, err);
        if (!st) items[i].unrounded = &memory->values[memory->value_count - 1];
    }
    return st;
}

static assay_status read_unknown(const assay_source *source, size_t index, bool values, assay_tensor *out, bool *owned,
                                 assay_error *err) {
    const assay_source *from = source->self; /* whose list of unknown ones this is */
    return from->read_unknown(from, index, values, out, owned, err);
}

static assay_status reserve(assay_source_memory *memory, const assay_source *from, assay_error *err) {
    assay_source *s = &memory->source;
    memory->values = calloc(2 * (from->item_count + from->float64_count) + 1, sizeof *memory->values);
    s->items = calloc(from->item_count + 1, sizeof *s->items);
    s->float64 = calloc(from->float64_count + 1, sizeof *s->float64);
    s->steps = calloc(from->step_count + 1, sizeof *s->steps);
    s->unknown = calloc(from->unknown_count + 1, sizeof *s->unknown);
    bool ok = memory->values && s->items && s->float64 && s->steps && s->unknown;
    return ok ? ASSAY_OK : assay_fail_nomem(err, "the values of a golden");
}

assay_status assay_source_memory_load(assay_source_memory *out, const assay_source *from, assay_error *err) {
    assay_source_memory memory = {
        .source = {.info = from->info, .self = from, .read = assay_source_lend, .read_unknown = read_unknown}};
    assay_source *s = &memory.source;
    assay_status st = reserve(&memory, from, err);
    if (!st) st = load_items(&memory, from, s->items, from->items, from->item_count, err);
    if (!st) st = load_items(&memory, from, s->float64, from->float64, from->float64_count, err);
    if (st) {
        assay_source_memory_free(&memory);
        return st;
    }
    s->item_count = from->item_count;
    s->float64_count = from->float64_count;
    s->step_count = from->step_count;
    s->unknown_count = from->unknown_count;
    if (s->step_count) memcpy(s->steps, from->steps, s->step_count * sizeof *s->steps);
    if (s->unknown_count) memcpy(s->unknown, from->unknown, s->unknown_count * sizeof *s->unknown);
    *out = memory;
    return ASSAY_OK;
}

void assay_source_memory_free(assay_source_memory *memory) {
    for (size_t i = 0; i < memory->value_count; i++) assay_tensor_free(&memory->values[i]);
    free(memory->values);
    assay_source_close(&memory->source);
    *memory = (assay_source_memory){0};
}
