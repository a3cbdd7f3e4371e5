#include "fuzz/loaded_source.h"

#include <stdlib.h>

#define MAX_NBYTES ((size_t)1 << 30)

static assay_status load(assay_tensor_map *map, const assay_source *from, const assay_source_item *item,
                         assay_error *err) {
    assay_source_tensor t;
    char path[160];
    assay_status st = assay_source_read(from, item, false, &t, err);
    if (st) return st;
    st = assay_tensor_map_put_copy(map, assay_place_path(&item->place, path, sizeof path), &t.tensor, err);
    assay_source_release(&t);
    return st;
}

/* A file may have holes: what it claims costs its writer nothing. */
static assay_status check_size(const assay_source *from, assay_error *err) {
    size_t left = MAX_NBYTES;
    for (size_t i = 0; i < from->item_count; i++) {
        size_t nbytes = assay_tensor_nbytes(&from->items[i].info);
        if (nbytes > left)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: has more than %zu MiB of tensors", from->info.name,
                              MAX_NBYTES >> 20);
        left -= nbytes;
    }
    return ASSAY_OK;
}

assay_status assay_loaded_source_make(assay_loaded_source *out, const assay_source *from, assay_error *err) {
    assay_loaded_source loaded = {.tensors = assay_tensor_map_create(),
                                  .steps = calloc(from->step_count + 1, sizeof *loaded.steps)};
    assay_status st = loaded.tensors && loaded.steps ? ASSAY_OK : assay_fail_nomem(err, "a dump in memory");
    if (!st) st = check_size(from, err);
    for (size_t i = 0; !st && i < from->step_count; i++) {
        loaded.steps[i] = from->steps[i];
        loaded.steps[i].refused_rules = "";
    }
    for (size_t i = 0; !st && i < from->item_count; i++) st = load(loaded.tensors, from, &from->items[i], err);
    if (!st) st = assay_source_of_map(&loaded.source, loaded.tensors, &from->info, loaded.steps, from->step_count, err);
    if (st) assay_loaded_source_free(&loaded);
    else *out = loaded;
    return st;
}

void assay_loaded_source_free(assay_loaded_source *loaded) {
    assay_source_close(&loaded->source);
    assay_tensor_map_destroy(loaded->tensors);
    free(loaded->steps);
    *loaded = (assay_loaded_source){0};
}
