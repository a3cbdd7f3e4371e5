#include "golden/recipe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "core/weight_names.h"

#define CHUNK 4096 /* elements that are made before they are converted */

/* Elements [first, first + n) of the weight. A compiler may fuse the product and the sum: with a shift of -0 or a scale
 * of 1/4 (make_weight) both ways round once, to the same value. */
static void make_elements(float *out, uint64_t key, int64_t first, size_t n, float scale, float shift) {
    for (size_t i = 0; i < n; i++) out[i] = shift + assay_random_symmetric_f32(key, (uint64_t)first + i) * scale;
}

/* The factor of the random numbers, computed in double and rounded once. */
static float scale_of(const assay_weight_info *info, double gain) {
    if (info->rank == 1) return 0.25f;
    if (strcmp(info->name, "model.embed_tokens.weight") == 0) return (float)sqrt(3.0);
    return (float)(gain * sqrt(3.0 / (double)info->shape[1]));
}

static void make_weight(const assay_tensor *t, const assay_weight_info *info, uint64_t seed, double gain) {
    float chunk[CHUNK];
    uint64_t key = assay_random_key(seed, info->name);
    float scale = scale_of(info, gain);
    /* -0 is the neutral element of addition: it keeps the sign of a zero product. */
    float shift = info->rank == 1 ? 1.0f : -0.0f;
    int64_t count = assay_weight_elements(info);
    for (int64_t first = 0; first < count; first += CHUNK) {
        size_t n = count - first < CHUNK ? (size_t)(count - first) : CHUNK;
        make_elements(chunk, key, first, n, scale, shift);
        assay_convert((char *)t->data + (size_t)first * assay_dtype_size(t->dtype), t->dtype, chunk, ASSAY_F32, n);
    }
}

static assay_status check_total(const assay_config *config, assay_dtype dtype, assay_error *err) {
    int64_t elements = assay_weight_total_elements(config);
    if (elements <= ASSAY_RECIPE_MAX_NBYTES / (int64_t)assay_dtype_size(dtype)) return ASSAY_OK;
    return assay_fail(
        err, ASSAY_EINPUT, NULL,
        "the weights of the recipe have %lld elements, more than %lld GiB of %s; use a smaller model or a "
        "folder of weights",
        (long long)elements, (long long)(ASSAY_RECIPE_MAX_NBYTES >> 30), assay_dtype_name(dtype));
}

assay_status assay_recipe_weights(assay_tensor_map **out, const assay_config *config, uint64_t seed, double gain,
                                  assay_dtype dtype, assay_error *err) {
    assay_status st = check_total(config, dtype, err);
    if (st) return st;
    assay_tensor_map *map = assay_tensor_map_create();
    if (!map) return assay_fail_nomem(err, "the weights");
    for (size_t i = 0; i < assay_weight_count(config) && !st; i++) {
        assay_weight_info info = assay_weight_at(config, i);
        assay_tensor t;
        st = assay_tensor_alloc(&t, dtype, info.rank, info.shape, info.name, err);
        if (st) break;
        make_weight(&t, &info, seed, gain);
        st = assay_tensor_map_put(map, info.name, t, err);
    }
    if (st) {
        assay_tensor_map_destroy(map);
        return st;
    }
    *out = map;
    return ASSAY_OK;
}
