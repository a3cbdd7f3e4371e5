#include "golden/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/weight_names.h"
#include "golden/hf_config.h"
#include "golden/json_strict.h"
#include "golden/safetensors.h"
#include "golden/text_file.h"

#define MAX_CONFIG_NBYTES ((size_t)16 << 20)
#define MAX_INDEX_NBYTES ((size_t)256 << 20)
#define MAX_SHARDS 512 /* all are open at once */
#define PREFIX "model."

/* ---- config.json ---- */

assay_status assay_checkpoint_config(assay_config *out, char **text, size_t *text_nbytes, const char *dir,
                                     assay_error *err) {
    char path[4096], *json;
    size_t nbytes;
    snprintf(path, sizeof path, "%s/config.json", dir);
    assay_status st = assay_text_file_read(path, MAX_CONFIG_NBYTES, &json, &nbytes, err);
    if (st) return st;
    assay_error why = {0};
    st = assay_hf_config_parse(out, json, nbytes, path, &why);
    if (st && err) *err = why;
    bool keep = text && (!st || why.rules[0]);
    if (!keep) {
        free(json);
        return st;
    }
    *text = json;
    *text_nbytes = nbytes;
    return st;
}

/* ---- the folder ---- */

/* A file of weights, opened when it is first needed. */
typedef struct {
    char *name;
    bool is_open;
    assay_safetensors file;
} shard;

typedef struct {
    const char *dir;
    cJSON *index;            /* of the .index.json; NULL with one file */
    const cJSON *weight_map; /* name -> shard; NULL with one file */
    shard *shards;
    size_t shard_count;
    assay_error *err;
} folder;

/* Where one weight is. */
typedef struct {
    const assay_safetensors *file;
    const assay_safetensors_entry *entry;
} location;

static bool folder_has(const char *dir, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

static assay_status fail_no_weights(const folder *f) {
    struct stat info;
    if (stat(f->dir, &info) != 0)
        return assay_fail(f->err, ASSAY_EINPUT, NULL, "%s: cannot open the model's folder: %s", f->dir,
                          strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return assay_fail(f->err, ASSAY_EINPUT, NULL,
                          "%s: not a folder; give the folder that holds config.json and "
                          "model.safetensors",
                          f->dir);
    if (folder_has(f->dir, "pytorch_model.bin") || folder_has(f->dir, "pytorch_model.bin.index.json"))
        return assay_fail(f->err, ASSAY_EINPUT, NULL,
                          "%s: has its weights in pytorch_model.bin only, which is not read; convert it: "
                          "model.save_pretrained(folder, safe_serialization=True) in Python",
                          f->dir);
    return assay_fail(f->err, ASSAY_EINPUT, NULL, "%s: has neither model.safetensors nor model.safetensors.index.json",
                      f->dir);
}

static void close_folder(folder *f) {
    for (size_t i = 0; i < f->shard_count; i++) {
        if (f->shards[i].is_open) assay_safetensors_close(&f->shards[i].file);
        free(f->shards[i].name);
    }
    free(f->shards);
    cJSON_Delete(f->index);
}

static assay_status read_index(folder *f) {
    char path[4096], *text;
    size_t nbytes;
    snprintf(path, sizeof path, "%s/model.safetensors.index.json", f->dir);
    assay_status st = assay_text_file_read(path, MAX_INDEX_NBYTES, &text, &nbytes, f->err);
    if (st) return st;
    st = assay_json_parse(&f->index, text, nbytes, path, f->err);
    free(text);
    if (!st) st = assay_json_as_object(f->index, path, f->err);
    if (!st) st = assay_json_require(f->index, "weight_map", path, &f->weight_map, f->err);
    return st ? st : assay_json_as_object(f->weight_map, path, f->err);
}

/* A name that stays inside the folder. */
static bool is_plain_file_name(const char *name) {
    return *name && strlen(name) <= 255 && !strchr(name, '/') && !strstr(name, "..");
}

static assay_status add_shard(folder *f, const char *name) {
    shard *grown = realloc(f->shards, (f->shard_count + 1) * sizeof *grown);
    if (!grown) return assay_fail_nomem(f->err, "a list of files");
    f->shards = grown;
    shard *s = &grown[f->shard_count];
    *s = (shard){.name = strdup(name)};
    if (!s->name) return assay_fail_nomem(f->err, "a file's name");
    f->shard_count++;
    return ASSAY_OK;
}

/* Every shard that the index names, once. Later the array does not move: locations point into it. */
static assay_status list_shards(folder *f) {
    if (!f->weight_map) return add_shard(f, "model.safetensors");
    for (const cJSON *entry = f->weight_map->child; entry; entry = entry->next) {
        if (!cJSON_IsString(entry) || !is_plain_file_name(entry->valuestring))
            return assay_fail(f->err, ASSAY_EINPUT, NULL,
                              "%s/model.safetensors.index.json: '%.150s' is not mapped to a file of this folder",
                              f->dir, entry->string);
        bool is_known = false;
        /* Weights of a shard mostly follow each other, so the search starts at the last one. */
        for (size_t i = f->shard_count; i-- > 0 && !is_known;)
            is_known = strcmp(f->shards[i].name, entry->valuestring) == 0;
        if (is_known) continue;
        if (f->shard_count == MAX_SHARDS)
            return assay_fail(f->err, ASSAY_EINPUT, NULL, "%s: more than %d files of weights", f->dir, MAX_SHARDS);
        assay_status st = add_shard(f, entry->valuestring);
        if (st) return st;
    }
    return ASSAY_OK;
}

static assay_status open_folder(folder *f) {
    assay_status st = ASSAY_OK;
    if (!folder_has(f->dir, "model.safetensors")) {
        if (!folder_has(f->dir, "model.safetensors.index.json")) return fail_no_weights(f);
        st = read_index(f);
    }
    return st ? st : list_shards(f);
}

static assay_status open_shard(folder *f, const char *name, const assay_safetensors **out) {
    size_t i = 0;
    while (strcmp(f->shards[i].name, name) != 0) i++;
    shard *s = &f->shards[i];
    if (!s->is_open) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", f->dir, name);
        assay_status st = assay_safetensors_open(&s->file, path, f->err);
        if (st) return st;
        s->is_open = true;
    }
    *out = &s->file;
    return ASSAY_OK;
}

/* ---- weights ---- */

/* Finds a tensor by exactly this name. found->entry is NULL when there is none. */
static assay_status locate_name(folder *f, const char *name, location *found) {
    *found = (location){0};
    const char *file = "model.safetensors";
    if (f->weight_map) {
        const cJSON *mapped = assay_json_member(f->weight_map, name);
        if (!mapped) return ASSAY_OK;
        file = mapped->valuestring;
    }
    assay_status st = open_shard(f, file, &found->file);
    if (!st) found->entry = assay_safetensors_find(found->file, name);
    return st;
}

static assay_status fail_missing(const folder *f, const assay_weight_info *info, const char *expected) {
    bool is_head = strcmp(info->name, "lm_head.weight") == 0;
    return assay_fail(
        f->err, ASSAY_EINPUT, NULL, "%s: the weight %s %s is missing%s", f->dir, info->name, expected,
        is_head ? "; if the model ties it to its embeddings, config.json must say tie_word_embeddings" : "");
}

static assay_status locate(folder *f, const assay_weight_info *info, location *found) {
    const size_t prefix = strlen(PREFIX);
    assay_status st = locate_name(f, info->name, found);
    if (!st && !found->entry && strncmp(info->name, PREFIX, prefix) == 0)
        st = locate_name(f, info->name + prefix, found);
    if (st) return st;
    char expected[128], got[256];
    const assay_tensor needed = assay_tensor_view(ASSAY_F32, info->rank, info->shape, NULL);
    assay_tensor_shape_text(&needed, expected, sizeof expected);
    const assay_safetensors_entry *e = found->entry;
    if (!e) return fail_missing(f, info, expected);
    const assay_tensor have =
        assay_tensor_view(ASSAY_F32, e->rank < ASSAY_MAX_RANK ? e->rank : ASSAY_MAX_RANK, e->shape, NULL);
    if (assay_tensor_same_shape(&have, &needed)) return ASSAY_OK;
    return assay_fail(f->err, ASSAY_EINPUT, NULL, "%s: the weight %s has the shape %s; the configuration needs %s",
                      found->file->file.path, info->name, assay_tensor_shape_text(&have, got, sizeof got), expected);
}

/* Everything is located before anything is read: a folder that does not fit its configuration costs no memory. */
static assay_status locate_all(folder *f, const assay_config *config, location *locations) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < assay_weight_count(config) && !st; i++) {
        assay_weight_info info = assay_weight_at(config, i);
        st = locate(f, &info, &locations[i]);
    }
    return st;
}

static assay_status read_weights(folder *f, const assay_config *config, const location *locations, assay_dtype dtype,
                                 assay_tensor_map *map) {
    for (size_t i = 0; i < assay_weight_count(config); i++) {
        assay_weight_info info = assay_weight_at(config, i);
        assay_tensor t;
        assay_status st = assay_safetensors_read(locations[i].file, locations[i].entry, dtype, &t, f->err);
        if (!st) st = assay_tensor_map_put(map, info.name, t, f->err);
        if (st) return st;
    }
    return ASSAY_OK;
}

assay_status assay_checkpoint_load(assay_tensor_map **out, const char *dir, const assay_config *config,
                                   assay_dtype dtype, assay_error *err) {
    folder f = {.dir = dir, .err = err};
    assay_tensor_map *map = assay_tensor_map_create();
    location *locations = calloc(assay_weight_count(config), sizeof *locations);
    assay_status st = map && locations ? open_folder(&f) : assay_fail_nomem(err, "a list of weights");
    if (!st) st = locate_all(&f, config, locations);
    if (!st) st = read_weights(&f, config, locations, dtype, map);
    close_folder(&f);
    free(locations);
    if (st) assay_tensor_map_destroy(map);
    else *out = map;
    return st;
}
