#include "compare/source.h"

#include <stdlib.h>
#include <string.h>

#define FLOAT64_PREFIX "float64/"
#define UNROUNDED_SUFFIX "_unrounded"

assay_source_info assay_source_info_init(const char *name) {
    return (assay_source_info){.name = name,
                               .producer = "",
                               .dtype = ASSAY_F32,
                               .case_sha256 = "",
                               .config_sha256 = "",
                               .weights_xxh128 = "",
                               .unsupported = ""};
}

static int compare_items(const void *a, const void *b) {
    return assay_place_compare(&((const assay_source_item *)a)->place, &((const assay_source_item *)b)->place);
}

static assay_source_item *find(assay_source_item *items, size_t count, const assay_place *place) {
    if (count == 0) return NULL;
    assay_source_item key = {.place = *place};
    return bsearch(&key, items, count, sizeof *items, compare_items);
}

assay_source_item *assay_source_find(const assay_source *source, const assay_place *place) {
    return find(source->items, source->item_count, place);
}

assay_source_item *assay_source_find_float64(const assay_source *source, const assay_place *place) {
    return find(source->float64, source->float64_count, place);
}

size_t assay_source_first_step(const assay_source *source, int64_t from) {
    size_t low = 0, high = source->step_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (source->steps[middle].step < from) low = middle + 1;
        else high = middle;
    }
    return low;
}

const assay_source_step *assay_source_find_step(const assay_source *source, int64_t step) {
    size_t at = assay_source_first_step(source, step);
    if (at < source->step_count && source->steps[at].step == step) return &source->steps[at];
    return NULL;
}

assay_status assay_source_read(const assay_source *source, const assay_source_item *item, bool unrounded,
                               assay_source_tensor *out, assay_error *err) {
    assay_source_tensor t;
    assay_status st = source->read(source, item, unrounded, &t.tensor, &t.owned, err);
    if (st) return assay_error_context(st, err, "%s", source->info.name);
    *out = t;
    return ASSAY_OK;
}

assay_status assay_source_read_unknown(const assay_source *source, size_t index, bool values, assay_source_tensor *out,
                                       assay_error *err) {
    assay_source_tensor t = {.owned = false};
    assay_status st = source->read_unknown(source, index, values, &t.tensor, &t.owned, err);
    if (st) return assay_error_context(st, err, "%s", source->info.name);
    *out = t;
    return ASSAY_OK;
}

void assay_source_release(assay_source_tensor *t) {
    if (t->owned) assay_tensor_free(&t->tensor);
    *t = (assay_source_tensor){0};
}

void assay_source_close(assay_source *source) {
    free(source->steps);
    free(source->items);
    free(source->float64);
    free((void *)source->unknown);
    *source = (assay_source){0};
}

assay_status assay_source_lend(const assay_source *source, const assay_source_item *item, bool unrounded,
                               assay_tensor *out, bool *owned, assay_error *err) {
    (void)source, (void)err; /* what is in memory can be had */
    *out = *(const assay_tensor *)(unrounded ? item->unrounded : item->values);
    *owned = false;
    return ASSAY_OK;
}

static assay_status lend_unknown(const assay_source *source, size_t index, bool values, assay_tensor *out, bool *owned,
                                 assay_error *err) {
    (void)err;
    *out = *assay_tensor_map_get(source->self, source->unknown[index]);
    if (!values) out->data = NULL;
    *owned = false;
    return ASSAY_OK;
}

static bool starts_with(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

static void add_item(assay_source *source, const char *name, const assay_tensor *t) {
    bool is_float64 = starts_with(name, FLOAT64_PREFIX);
    assay_source_item item = {.info = *t, .kept_axis = -1, .values = t};
    item.info.data = NULL;
    if (!assay_place_parse(is_float64 ? name + strlen(FLOAT64_PREFIX) : name, &item.place))
        source->unknown[source->unknown_count++] = name;
    else if (is_float64) source->float64[source->float64_count++] = item;
    else source->items[source->item_count++] = item;
}

static bool has_unrounded_suffix(const char *name) {
    size_t length = strlen(name), suffix = strlen(UNROUNDED_SUFFIX);
    return length > suffix && strcmp(name + length - suffix, UNROUNDED_SUFFIX) == 0;
}

/* Hangs "<path>_unrounded" onto the item of <path>, which must be there. */
static bool attach_unrounded(assay_source *source, const char *name, const assay_tensor *t) {
    char path[256];
    size_t length = strlen(name) - strlen(UNROUNDED_SUFFIX);
    assay_place place;
    if (length >= sizeof path) return false;
    memcpy(path, name, length);
    path[length] = '\0';
    if (!assay_place_parse(path, &place)) return false;
    assay_source_item *item = assay_source_find(source, &place);
    if (!item) return false;
    item->has_unrounded = true;
    item->unrounded = t;
    return true;
}

static assay_status reserve(assay_source *source, size_t tensors, size_t steps) {
    source->items = calloc(tensors + 1, sizeof *source->items);
    source->float64 = calloc(tensors + 1, sizeof *source->float64);
    source->unknown = calloc(tensors + 1, sizeof *source->unknown);
    source->steps = calloc(steps + 1, sizeof *source->steps);
    bool ok = source->items && source->float64 && source->unknown && source->steps;
    if (!ok) assay_source_close(source);
    return ok ? ASSAY_OK : ASSAY_EINTERNAL;
}

assay_status assay_source_of_map(assay_source *out, const assay_tensor_map *map, const assay_source_info *info,
                                 const assay_source_step *steps, size_t step_count, assay_error *err) {
    size_t count = assay_tensor_map_count(map);
    assay_source source = {
        .info = *info, .step_count = step_count, .self = map, .read = assay_source_lend, .read_unknown = lend_unknown};
    if (reserve(&source, count, step_count)) return assay_fail_nomem(err, "a list of tensors");
    if (step_count) memcpy(source.steps, steps, step_count * sizeof *steps);
    for (size_t i = 0; i < count; i++) {
        const char *name = assay_tensor_map_name(map, i);
        if (!has_unrounded_suffix(name)) add_item(&source, name, assay_tensor_map_at(map, i));
    }
    qsort(source.items, source.item_count, sizeof *source.items, compare_items);
    qsort(source.float64, source.float64_count, sizeof *source.float64, compare_items);
    for (size_t i = 0; i < count; i++) {
        const char *name = assay_tensor_map_name(map, i);
        if (has_unrounded_suffix(name) && !attach_unrounded(&source, name, assay_tensor_map_at(map, i)))
            source.unknown[source.unknown_count++] = name;
    }
    *out = source;
    return ASSAY_OK;
}
