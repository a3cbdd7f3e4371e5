/* The weights of a golden or dump, from wherever they are (golden/golden_file.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/weight_names.h"
#include "golden/checkpoint.h"
#include "golden/digest.h"
#include "golden/golden_file.h"
#include "golden/recipe.h"

static assay_status read_embedded_weight(const assay_golden *g, const assay_weight_info *info, assay_dtype dtype,
                                         assay_tensor *out, assay_error *err) {
    char path[128], found[128], expected[128];
    const assay_tensor needed = assay_tensor_view(dtype, info->rank, info->shape, NULL);
    assay_tensor t;
    snprintf(path, sizeof path, "/weights/%s", info->name);
    assay_status st = assay_h5_describe(g->file, path, &t, err);
    if (st) return st;
    if (!assay_tensor_same_shape(&t, &needed))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s has the shape %s; the configuration needs %s",
                          assay_h5_path(g->file), path, assay_tensor_shape_text(&t, found, sizeof found),
                          assay_tensor_shape_text(&needed, expected, sizeof expected));
    st = assay_h5_read(g->file, path, &t, err);
    if (st || t.dtype == dtype) {
        if (!st) *out = t;
        return st;
    }
    st = assay_tensor_copy(out, &t, dtype, err);
    assay_tensor_free(&t);
    return st;
}

static assay_status read_embedded(const assay_golden *g, assay_dtype dtype, assay_tensor_map *map, assay_error *err) {
    for (size_t i = 0; i < assay_weight_count(&g->config); i++) {
        assay_weight_info info = assay_weight_at(&g->config, i);
        assay_tensor t;
        assay_status st = read_embedded_weight(g, &info, dtype, &t, err);
        if (!st) st = assay_tensor_map_put(map, info.name, t, err);
        if (st) return st;
    }
    return ASSAY_OK;
}

static assay_status load_embedded(const assay_golden *g, assay_dtype dtype, assay_tensor_map **out, assay_error *err) {
    assay_tensor_map *map = assay_tensor_map_create();
    if (!map) return assay_fail_nomem(err, "the weights");
    assay_status st = read_embedded(g, dtype, map, err);
    if (st) assay_tensor_map_destroy(map);
    else *out = map;
    return st;
}

static assay_status load(const assay_golden *g, const char *model_dir, assay_dtype dtype, assay_tensor_map **out,
                         assay_error *err) {
    const assay_case *c = &g->test_case;
    if (model_dir) return assay_checkpoint_load(out, model_dir, &g->config, dtype, err);
    if (g->has_weights) return load_embedded(g, dtype, out, err);
    if (g->has_case && c->has_weights)
        return assay_recipe_weights(out, &g->config, c->weights_seed, c->weights_gain, dtype, err);
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: holds no weights and no recipe for them; give the model's folder",
                      assay_h5_path(g->file));
}

/* Replaces *map by its copy in dtype. */
static assay_status cast(assay_tensor_map **map, assay_dtype dtype, assay_error *err) {
    assay_tensor_map *copy = assay_tensor_map_create();
    assay_status st = copy ? ASSAY_OK : assay_fail_nomem(err, "the weights");
    for (size_t i = 0; i < assay_tensor_map_count(*map) && !st; i++) {
        assay_tensor t;
        st = assay_tensor_copy(&t, assay_tensor_map_at(*map, i), dtype, err);
        if (!st) st = assay_tensor_map_put(copy, assay_tensor_map_name(*map, i), t, err);
    }
    if (st) {
        assay_tensor_map_destroy(copy);
        return st;
    }
    assay_tensor_map_destroy(*map);
    *map = copy;
    return ASSAY_OK;
}

/* True when *map has the digest that the file says. */
static assay_status matches(const assay_golden *g, const assay_tensor_map *map, bool *same, assay_error *err) {
    char sum[ASSAY_XXH128_TEXT];
    assay_status st = assay_weights_xxh128(&g->config, map, sum, err);
    if (!st) *same = strcmp(sum, g->weights_xxh128) == 0;
    return st;
}

/* The digest is of the weights as they were before the cast to the run's dtype, or after it: both name the same run. In
 * the second case *map then holds the rounded ones. */
static assay_status check_digest(const assay_golden *g, assay_tensor_map **map, assay_error *err) {
    bool same = true;
    assay_status st = matches(g, *map, &same, err);
    if (!st && !same && assay_dtype_size(g->dtype) < assay_dtype_size(ASSAY_F32)) {
        st = cast(map, g->dtype, err);
        if (!st) st = matches(g, *map, &same, err);
    }
    if (st || same) return st;
    return assay_fail(
        err, ASSAY_EINPUT, NULL,
        "%s: was made with other weights (weights_xxh128 is %s); give the folder of the model it was made with",
        assay_h5_path(g->file), g->weights_xxh128);
}

assay_status assay_golden_weights(const assay_golden *g, const char *model_dir, assay_dtype dtype,
                                  assay_tensor_map **out, assay_error *err) {
    if (g->config_refused)
        return assay_fail(err, g->config_error.status, g->config_error.rules, "%s", g->config_error.message);
    if (!g->has_config)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: holds no configuration, so no weights belong to it",
                          assay_h5_path(g->file));
    bool is_checked = g->weights_xxh128[0] != '\0';
    assay_dtype load_dtype = is_checked && assay_dtype_size(dtype) < assay_dtype_size(ASSAY_F32) ? ASSAY_F32 : dtype;
    assay_tensor_map *map;
    assay_status st = load(g, model_dir, load_dtype, &map, err);
    if (st) return st;
    if (is_checked) st = check_digest(g, &map, err);
    if (!st && assay_tensor_map_at(map, 0)->dtype != dtype) st = cast(&map, dtype, err);
    if (st) assay_tensor_map_destroy(map);
    else *out = map;
    return st;
}
