/* .safetensors files: golden/safetensors.h, and the dump that they make. All data lie inside the file, and what is written of them is
 * read again with the same bytes. */
#include <stdio.h>
#include <string.h>

#include "fuzz/read_all.h"
#include "fuzz/target.h"
#include "golden/safetensors.h"
#include "golden/safetensors_writer.h"

static void check_entry(const assay_safetensors *f, const assay_safetensors_entry *e) {
    assay_tensor t;
    assay_error err = {0}, again = {0};
    ASSAY_FUZZ_REQUIRE(e->begin <= e->end && e->end <= f->file.nbytes);
    ASSAY_FUZZ_REQUIRE(assay_safetensors_find(f, e->name) == e);
    assay_status st = assay_safetensors_check(f, e, &err);
    ASSAY_FUZZ_REQUIRE(assay_fuzz_accepted(st, &err, f->file.path) == e->is_readable);
    st = assay_safetensors_read(f, e, ASSAY_F64, &t, &again);
    ASSAY_FUZZ_REQUIRE(assay_fuzz_accepted(st, &again, f->file.path) == e->is_readable);
    if (st) return;
    assay_fuzz_touch(&t);
    assay_tensor_free(&t);
}

static assay_tensor_map *read_map(const assay_safetensors *f) {
    assay_tensor_map *map = assay_tensor_map_create();
    ASSAY_FUZZ_REQUIRE(map);
    for (size_t i = 0; i < f->count; i++) {
        assay_tensor t;
        assay_error err = {0};
        const assay_safetensors_entry *e = &f->entries[i];
        if (!e->is_readable) continue;
        ASSAY_FUZZ_REQUIRE(!assay_safetensors_read(f, e, e->dtype, &t, &err));
        ASSAY_FUZZ_REQUIRE(!assay_tensor_map_put(map, e->name, t, &err));
    }
    return map;
}

/* Names and texts are UTF-8, for they were read from JSON: they can be written. */
static void check_written(const assay_safetensors *f, const char *path) {
    assay_safetensors again;
    assay_error err = {0};
    assay_tensor_map *map = read_map(f);
    ASSAY_FUZZ_REQUIRE(!assay_safetensors_write(path, map, f->texts, f->text_count, &err));
    ASSAY_FUZZ_REQUIRE(!assay_safetensors_open(&again, path, &err));
    ASSAY_FUZZ_REQUIRE(again.count == assay_tensor_map_count(map) && again.text_count == f->text_count);
    assay_tensor_map *read = read_map(&again);
    for (size_t i = 0; i < assay_tensor_map_count(map); i++) {
        const assay_tensor *a = assay_tensor_map_at(map, i),
                           *b = assay_tensor_map_get(read, assay_tensor_map_name(map, i));
        ASSAY_FUZZ_REQUIRE(b && a->dtype == b->dtype && assay_tensor_same_shape(a, b));
        ASSAY_FUZZ_REQUIRE(memcmp(a->data, b->data, assay_tensor_nbytes(a)) == 0);
    }
    assay_tensor_map_destroy(read);
    assay_tensor_map_destroy(map);
    assay_safetensors_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_fuzz_folder folder;
    assay_safetensors f;
    assay_error err = {0};
    char path[ASSAY_FUZZ_PATH_NBYTES], copy[ASSAY_FUZZ_PATH_NBYTES + 8];
    assay_fuzz_folder_make(&folder);
    assay_fuzz_folder_write(&folder, "dump.safetensors", data, size, path);
    if (assay_fuzz_accepted(assay_safetensors_open(&f, path, &err), &err, path)) {
        for (size_t i = 0; i < f.count; i++) check_entry(&f, &f.entries[i]);
        snprintf(copy, sizeof copy, "%s.copy", path);
        check_written(&f, copy);
        assay_safetensors_close(&f);
        assay_fuzz_read_candidate(path);
    }
    assay_fuzz_folder_remove(&folder);
    return 0;
}
