/* The map of core/tensor.h: an array in order of insertion, and libc's balanced tree (tsearch) over the names. */
#include <assert.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/tensor.h"

typedef struct {
    char *name;
    assay_tensor tensor;
} entry;

struct assay_tensor_map {
    entry **entries;
    size_t count, capacity;
    void *tree; /* of entry, by name */
};

static int compare_names(const void *a, const void *b) {
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

assay_tensor_map *assay_tensor_map_create(void) { return calloc(1, sizeof(assay_tensor_map)); }

static void free_entry(entry *e) {
    if (!e) return;
    free(e->name);
    assay_tensor_free(&e->tensor);
    free(e);
}

void assay_tensor_map_destroy(assay_tensor_map *map) {
    if (!map) return;
    for (size_t i = 0; i < map->count; i++) {
        tdelete(map->entries[i], &map->tree, compare_names);
        free_entry(map->entries[i]);
    }
    free(map->entries);
    free(map);
}

static bool reserve_entry(assay_tensor_map *map) {
    if (map->count < map->capacity) return true;
    size_t capacity = map->capacity ? 2 * map->capacity : 64;
    entry **grown = realloc(map->entries, capacity * sizeof *grown);
    if (!grown) return false;
    map->entries = grown;
    map->capacity = capacity;
    return true;
}

assay_status assay_tensor_map_put(assay_tensor_map *map, const char *name, assay_tensor owned, assay_error *err) {
    entry *e = calloc(1, sizeof *e);
    if (!e) {
        assay_tensor_free(&owned);
        return assay_fail_nomem(err, name);
    }
    e->tensor = owned;
    e->name = strdup(name);
    if (!e->name || !reserve_entry(map)) goto nomem;
    entry **node = tsearch(e, &map->tree, compare_names);
    if (!node) goto nomem;
    if (*node != e) {
        free_entry(e);
        return assay_fail(err, ASSAY_EINPUT, NULL, "the tensor '%s' occurs twice", name);
    }
    map->entries[map->count++] = e;
    return ASSAY_OK;
nomem:
    free_entry(e);
    return assay_fail_nomem(err, name);
}

assay_status assay_tensor_map_put_copy(assay_tensor_map *map, const char *name, const assay_tensor *view,
                                       assay_error *err) {
    assay_tensor copy;
    assay_status st = assay_tensor_copy(&copy, view, view->dtype, err);
    return st ? st : assay_tensor_map_put(map, name, copy, err);
}

const assay_tensor *assay_tensor_map_get(const assay_tensor_map *map, const char *name) {
    entry key = {.name = (char *)(uintptr_t)name};
    entry **node = tfind(&key, &map->tree, compare_names);
    return node ? &(*node)->tensor : NULL;
}

const char *assay_tensor_map_name_of(const assay_tensor *held) {
    return ((const entry *)(const void *)((const char *)held - offsetof(entry, tensor)))->name;
}

size_t assay_tensor_map_count(const assay_tensor_map *map) { return map->count; }

const char *assay_tensor_map_name(const assay_tensor_map *map, size_t index) {
    assert(index < map->count);
    return map->entries[index]->name;
}

const assay_tensor *assay_tensor_map_at(const assay_tensor_map *map, size_t index) {
    assert(index < map->count);
    return &map->entries[index]->tensor;
}
