#include "run/suite_export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/npy.h"
#include "golden/safetensors_writer.h"
#include "golden/text_file.h"
#include "run/suite_tensors.h"

#define MAX_GOLDEN_NBYTES ((size_t)1 << 32)

assay_status assay_suite_export_begin(assay_suite_export *out, const char *dir, const assay_suite_options *options,
                                      assay_error *err) {
    assay_suite_export e = {.options = *options};
    assay_status st = assay_atomic_folder_begin(&e.folder, dir, err);
    if (!st) *out = e;
    return st;
}

static void clear(assay_suite_export *e) {
    for (size_t i = 0; i < e->case_count; i++) assay_suite_case_free(&e->cases[i]);
    free(e->cases);
    *e = (assay_suite_export){0};
}

assay_status assay_suite_export_commit(assay_suite_export *e, assay_error *err) {
    assay_status st = assay_atomic_folder_commit(&e->folder, err);
    clear(e);
    return st;
}

void assay_suite_export_discard(assay_suite_export *e) {
    assay_atomic_folder_discard(&e->folder);
    clear(e);
}

/* ---- the files of a case ---- */

/* A case being written. */
typedef struct {
    const assay_suite_export *suite;
    const assay_golden *golden;
    assay_suite_case *info;
} writer;

/* The place of cases/<case>/<name> (allocated). */
static assay_status place_of(char **out, const writer *w, const char *name, assay_error *err) {
    char *below;
    if (asprintf(&below, "cases/%s/%s", w->info->name, name) < 0) return assay_fail_nomem(err, "a name");
    assay_status st = assay_atomic_folder_file(out, &w->suite->folder, below, err);
    free(below);
    return st;
}

static assay_status write_bytes(const writer *w, const char *name, const void *data, size_t nbytes, assay_error *err) {
    char *path;
    assay_status st = place_of(&path, w, name, err);
    if (st) return st;
    st = assay_write_new_file(path, &(assay_bytes){data, nbytes}, 1, err);
    free(path);
    return st;
}

static assay_status write_golden(const writer *w, const char *golden_path, assay_error *err) {
    char *bytes;
    size_t nbytes;
    assay_status st = assay_text_file_read(golden_path, MAX_GOLDEN_NBYTES, &bytes, &nbytes, err);
    if (st) return st;
    st = assay_sha256_hex(bytes, nbytes, w->info->golden_sha256, err);
    if (!st) st = write_bytes(w, "golden.h5", bytes, nbytes, err);
    free(bytes);
    return st;
}

static assay_status write_texts(const writer *w, assay_error *err) {
    const assay_golden *g = w->golden;
    assay_status st = write_bytes(w, "case.json", g->test_case.text, g->test_case.text_nbytes, err);
    const char *config = g->config_text ? g->config_text : g->test_case.model_json;
    return st || !config ? st : write_bytes(w, "config.json", config, strlen(config), err);
}

static assay_status write_npy(const writer *w, const assay_tensor_map *map, const char *folder, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < assay_tensor_map_count(map); i++) {
        char *path, name[512];
        snprintf(name, sizeof name, "npy/%s/%.400s.npy", folder, assay_tensor_map_name(map, i));
        st = place_of(&path, w, name, err);
        if (st) return st;
        st = assay_npy_write_new(path, assay_tensor_map_at(map, i), err);
        free(path);
    }
    return st;
}

/* Where the tensors come from, in the words of a dump. */
static assay_status write_safetensors(const writer *w, const assay_tensor_map *map, const char *name,
                                      assay_error *err) {
    const assay_safetensors_text texts[] = {
        {"format", "pt"}, /* what programs that load a model look for */
        {"producer", w->golden->producer},
        {"dtype", assay_dtype_name(w->info->dtype)},
        {"case_sha256", w->info->case_sha256},
        {"config_sha256", w->info->config_sha256},
        {"weights_xxh128", w->info->weights_xxh128},
    };
    char *path;
    assay_status st = place_of(&path, w, name, err);
    if (st) return st;
    st = assay_safetensors_write(path, map, texts, sizeof texts / sizeof *texts, err);
    free(path);
    return st;
}

/* Takes over the map. */
static assay_status write_map(const writer *w, assay_tensor_map *map, const char *file, const char *folder,
                              assay_error *err) {
    assay_status st = w->suite->options.safetensors ? write_safetensors(w, map, file, err) : ASSAY_OK;
    if (!st && w->suite->options.npy) st = write_npy(w, map, folder, err);
    assay_tensor_map_destroy(map);
    return st;
}

static assay_status write_tensors(const writer *w, assay_error *err) {
    assay_tensor_map *map;
    assay_status st = assay_golden_weights(w->golden, NULL, ASSAY_F32, &map, err);
    if (!st) st = write_map(w, map, "model.safetensors", "weights", err);
    if (!st) st = assay_suite_inputs(&map, &w->golden->test_case, err);
    if (!st) st = write_map(w, map, "inputs.safetensors", "inputs", err);
    if (!st) st = assay_suite_golden_tensors(&map, w->golden, err);
    return st ? st : write_map(w, map, "golden.safetensors", "golden", err);
}

/* ---- adding ---- */

static assay_status check_name(const assay_suite_export *e, const char *name, const char *path, assay_error *err) {
    for (size_t i = 0; i < e->case_count; i++)
        if (strcmp(e->cases[i].name, name) == 0)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: another golden is called '%s' too; rename one", path, name);
    return ASSAY_OK;
}

static assay_status add_case(assay_suite_export *e, const assay_golden *g, const char *name, const char *path,
                             assay_error *err) {
    assay_suite_case *grown = realloc(e->cases, (e->case_count + 1) * sizeof *grown);
    if (!grown) return assay_fail_nomem(err, "a suite");
    e->cases = grown;
    const writer w = {e, g, &e->cases[e->case_count]};
    assay_status st = assay_suite_case_describe(w.info, g, name, err);
    if (st) return st;
    e->case_count++;
    if (e->options.port)
        assay_port_supports(e->options.port, &g->test_case, assay_golden_config(g), w.info->unsupported,
                            sizeof w.info->unsupported);
    st = write_golden(&w, path, err);
    if (!st) st = write_texts(&w, err);
    return st || !w.info->has_model ? st : write_tensors(&w, err);
}

assay_status assay_suite_export_add(assay_suite_export *e, const char *golden_path, assay_error *err) {
    assay_golden g;
    char *name;
    assay_status st = assay_suite_case_name(&name, golden_path, err);
    if (st) return st;
    st = check_name(e, name, golden_path, err);
    if (!st) st = assay_golden_open(&g, golden_path, err);
    if (!st) {
        st = add_case(e, &g, name, golden_path, err);
        assay_golden_close(&g);
    }
    free(name);
    return st;
}
