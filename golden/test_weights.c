/* Weight names, the recipe, and digests. Expected values: NumPy, hashlib and xxhash on what docs/golden-format.md says.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/weight_names.h"
#include "golden/digest.h"
#include "golden/recipe.h"
#include "golden/test_scratch.h"

static assay_config small_config(void) {
    assay_config c;
    assay_config_set_defaults(&c);
    c.vocab_size = 37;
    c.hidden_size = 16;
    c.intermediate_size = 24;
    c.num_hidden_layers = 2;
    c.num_attention_heads = 2;
    return c;
}

static void expect_info(const assay_config *c, size_t index, const char *name, int64_t rows, int64_t columns) {
    assay_weight_info info = assay_weight_at(c, index);
    cr_expect_str_eq(info.name, name);
    cr_expect_eq(info.rank, columns ? 2 : 1, "%s", name);
    cr_expect(info.shape[0] == rows && info.shape[1] == columns, "%s", name);
}

Test(weight_names, lists_a_causal_model) {
    assay_config c = small_config();
    cr_assert_eq(assay_weight_count(&c), 21u);
    expect_info(&c, 0, "model.embed_tokens.weight", 37, 16);
    expect_info(&c, 1, "model.layers.0.input_layernorm.weight", 16, 0);
    expect_info(&c, 2, "model.layers.0.self_attn.q_proj.weight", 16, 16);
    expect_info(&c, 5, "model.layers.0.self_attn.o_proj.weight", 16, 16);
    expect_info(&c, 6, "model.layers.0.post_attention_layernorm.weight", 16, 0);
    expect_info(&c, 7, "model.layers.0.mlp.gate_proj.weight", 24, 16);
    expect_info(&c, 8, "model.layers.0.mlp.up_proj.weight", 24, 16);
    expect_info(&c, 9, "model.layers.0.mlp.down_proj.weight", 16, 24);
    expect_info(&c, 18, "model.layers.1.mlp.down_proj.weight", 16, 24);
    expect_info(&c, 19, "model.norm.weight", 16, 0);
    expect_info(&c, 20, "lm_head.weight", 37, 16);
    cr_expect_eq(assay_weight_total_elements(&c), 2 * 37 * 16 + 2 * (4 * 256 + 3 * 384 + 32) + 16);
}

Test(weight_names, heads) {
    assay_config c = small_config();
    c.tie_word_embeddings = true;
    cr_expect_eq(assay_weight_count(&c), 20u);
    expect_info(&c, 19, "model.norm.weight", 16, 0);
    c.head = ASSAY_HEAD_CLASSIFICATION;
    c.num_labels = 3;
    cr_assert_eq(assay_weight_count(&c), 21u);
    expect_info(&c, 20, "score.weight", 3, 16);
}

Test(weight_names, counts_do_not_overflow) {
    assay_config c = small_config();
    c.vocab_size = INT64_C(1) << 40;
    c.hidden_size = INT64_C(1) << 30;
    cr_expect_eq(assay_weight_total_elements(&c), INT64_MAX);
}

static void expect_weight(const assay_tensor_map *map, const char *name, float first, float last, const char *digest) {
    const assay_tensor *t = assay_tensor_map_get(map, name);
    char hex[ASSAY_XXH128_TEXT];
    cr_assert(t, "%s", name);
    const float *values = t->data;
    cr_expect_eq(values[0], first, "%s: %a", name, (double)values[0]);
    cr_expect_eq(values[assay_tensor_count(t) - 1], last, "%s", name);
    assay_tensor_xxh128(t, hex);
    cr_expect_str_eq(hex, digest);
}

Test(recipe, makes_the_documented_values) {
    assay_config c = small_config();
    assay_tensor_map *map;
    EXPECT_OK(assay_recipe_weights(&map, &c, 7, 1.5, ASSAY_F32, &expect_err));
    cr_expect_eq(assay_tensor_map_count(map), assay_weight_count(&c));
    expect_weight(map, "model.embed_tokens.weight", 0x1.f7cf6ep-7f, -0x1.a6c02ap-5f,
                  "0653e49d10feddfed1f81d8aa5ceb3d4");
    expect_weight(map, "model.norm.weight", 0x1.3dad32p+0f, 0x1.d6f13p-1f, "98ffb046489ded49d646e0f90c6dfe4b");
    expect_weight(map, "lm_head.weight", -0x1.22f0dap-1f, -0x1.465adcp-1f, "811f3472a63be9ec13be55407166ebc0");
    expect_weight(map, "model.layers.1.mlp.down_proj.weight", 0x1.864426p-4f, -0x1.2dc8ap-4f,
                  "813c61de22b99691f1ab1e7508dd3218");
    assay_tensor_map_destroy(map);
}

Test(recipe, converts_after_making_float32) {
    assay_config c = small_config();
    assay_tensor_map *f32, *f64, *bf16;
    EXPECT_OK(assay_recipe_weights(&f32, &c, 7, 1.5, ASSAY_F32, &expect_err));
    EXPECT_OK(assay_recipe_weights(&f64, &c, 7, 1.5, ASSAY_F64, &expect_err));
    EXPECT_OK(assay_recipe_weights(&bf16, &c, 7, 1.5, ASSAY_BF16, &expect_err));
    for (size_t i = 0; i < assay_tensor_map_count(f32); i++) {
        const assay_tensor *narrow = assay_tensor_map_at(f32, i), *wide = assay_tensor_map_at(f64, i);
        for (int64_t k = 0; k < assay_tensor_count(narrow); k++)
            cr_assert_eq((double)((float *)narrow->data)[k], ((double *)wide->data)[k]);
    }
    char hex[ASSAY_XXH128_TEXT];
    assay_tensor_xxh128(assay_tensor_map_get(bf16, "model.norm.weight"), hex);
    cr_expect_str_eq(hex, "1088b6186797c7e69fee6361df3d03b9"); /* torch's .bfloat16() */
    assay_tensor_map_destroy(f32);
    assay_tensor_map_destroy(f64);
    assay_tensor_map_destroy(bf16);
}

/* More elements than are made at a time: no seam. */
Test(recipe, chunks_do_not_show) {
    assay_config c = small_config();
    c.vocab_size = 700;
    assay_tensor_map *map;
    EXPECT_OK(assay_recipe_weights(&map, &c, 3, 1, ASSAY_F32, &expect_err));
    const float *values = assay_tensor_map_get(map, "lm_head.weight")->data;
    for (size_t i = 1; i < 100; i++)
        for (size_t chunk = 1024; chunk <= 8192; chunk *= 2) cr_expect_neq(values[i], values[chunk + i]);
    float largest = 0, bound = sqrtf(3.0f / 16.0f);
    for (size_t i = 0; i < 700 * 16; i++) largest = fmaxf(largest, fabsf(values[i]));
    cr_expect(largest <= bound && largest > 0.99f * bound);
    assay_tensor_map_destroy(map);
}

Test(recipe, bounds_its_size) {
    assay_config c;
    assay_config_set_defaults(&c); /* 7B */
    assay_tensor_map *map;
    EXPECT_REFUSED(assay_recipe_weights(&map, &c, 1, 1, ASSAY_F32, &expect_err), "8 GiB of float32");
    c = small_config();
    c.vocab_size = INT64_C(1) << 31;
    EXPECT_REFUSED(assay_recipe_weights(&map, &c, 1, 1, ASSAY_BF16, &expect_err), "8 GiB of bfloat16");
}

Test(digest, sha256) {
    char hex[ASSAY_SHA256_TEXT];
    EXPECT_OK(assay_sha256_hex("abc", 3, hex, &expect_err));
    cr_expect_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_OK(assay_sha256_hex(NULL, 0, hex, &expect_err));
    cr_expect_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

Test(digest, xxh128) {
    char hex[ASSAY_XXH128_TEXT];
    unsigned char bytes[1000];
    for (int i = 0; i < 1000; i++) bytes[i] = (unsigned char)(i % 251);
    assay_xxh128_hex(NULL, 0, hex);
    cr_expect_str_eq(hex, "99aa06d3014798d86001c324468d497f");
    assay_xxh128_hex("abc", 3, hex);
    cr_expect_str_eq(hex, "06b05ab6733a618578af5f94892f3950");
    assay_xxh128_hex(bytes, sizeof bytes, hex);
    cr_expect_str_eq(hex, "18bf41bc8229e27733ef703fb2b20ed1");
}

static void expect_weights_digest(const assay_config *c, uint64_t seed, double gain, assay_dtype dtype,
                                  const char *expected) {
    assay_tensor_map *map;
    char hex[ASSAY_XXH128_TEXT];
    EXPECT_OK(assay_recipe_weights(&map, c, seed, gain, dtype, &expect_err));
    EXPECT_OK(assay_weights_xxh128(c, map, hex, &expect_err));
    cr_expect_str_eq(hex, expected);
    assay_tensor_map_destroy(map);
}

Test(digest, weights) {
    assay_config c = small_config();
    expect_weights_digest(&c, 7, 1.5, ASSAY_F32, "6e2d7193b8e71e97b25ae594a21f9572");
    expect_weights_digest(&c, 7, 1.5, ASSAY_F64, "6e2d7193b8e71e97b25ae594a21f9572");
    expect_weights_digest(&c, 7, 1.5, ASSAY_BF16, "0c58fe3a0052b16585058cd7eb0e6464");
    c.tie_word_embeddings = true;
    expect_weights_digest(&c, 7, 1.5, ASSAY_F32, "f61e097d6f4147a132068bfd8d32b681");
}

/* Twelve layers: "layers.10" sorts before "layers.2". */
Test(digest, weights_are_sorted_bytewise) {
    assay_config c = small_config();
    c.head = ASSAY_HEAD_CLASSIFICATION;
    c.num_labels = 3;
    c.vocab_size = 5;
    c.hidden_size = 4;
    c.intermediate_size = 6;
    c.num_hidden_layers = 12;
    expect_weights_digest(&c, 0, 1, ASSAY_F32, "8f38464d2d8c0b813a16cba317814783");
}

Test(digest, weights_must_be_complete) {
    assay_config c = small_config(), tied = c;
    tied.tie_word_embeddings = true;
    assay_tensor_map *map;
    char hex[ASSAY_XXH128_TEXT];
    EXPECT_OK(assay_recipe_weights(&map, &tied, 7, 1.5, ASSAY_F32, &expect_err));
    EXPECT_REFUSED(assay_weights_xxh128(&c, map, hex, &expect_err), "lm_head.weight is missing");
    assay_tensor_map_destroy(map);
    EXPECT_OK(assay_recipe_weights(&map, &c, 7, 1.5, ASSAY_F32, &expect_err));
    EXPECT_OK(assay_weights_xxh128(&tied, map, hex, &expect_err));
    cr_expect_str_eq(hex, "f61e097d6f4147a132068bfd8d32b681", "a tied lm_head does not count");
    assay_tensor_map_destroy(map);
}
