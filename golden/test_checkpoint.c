#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/checkpoint.h"
#include "golden/digest.h"
#include "golden/hf_config.h"
#include "golden/recipe.h"
#include "golden/test_scratch.h"

#define CONFIG                                                                                     \
    "{\"vocab_size\": 7, \"hidden_size\": 4, \"intermediate_size\": 6, \"num_hidden_layers\": 2, " \
    "\"num_attention_heads\": 2}"

static scratch s;

static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }

TestSuite(checkpoint, .init = setup, .fini = teardown);

static assay_config small_config(void) {
    assay_config c;
    EXPECT_OK(assay_hf_config_parse(&c, CONFIG, strlen(CONFIG), "config", &expect_err));
    return c;
}

/* How a folder's weights are written. */
typedef struct {
    size_t first, last;   /* which weights of the map */
    size_t strip;         /* characters cut from names that start with "model." */
    const char *reshaped; /* a weight that gets the shape (28) */
} shard_plan;

static const char *stored_name(const assay_tensor_map *map, size_t i, size_t strip) {
    const char *name = assay_tensor_map_name(map, i);
    return strncmp(name, "model.", 6) == 0 ? name + strip : name;
}

static void write_shard(const char *path, const assay_tensor_map *map, shard_plan plan) {
    char *header, shape[64];
    size_t header_nbytes, at = 0;
    FILE *text = open_memstream(&header, &header_nbytes);
    fputs("{", text);
    for (size_t i = plan.first; i < plan.last; i++) {
        const assay_tensor *t = assay_tensor_map_at(map, i);
        const char *name = stored_name(map, i, plan.strip);
        snprintf(shape, sizeof shape, t->rank == 2 ? "%d, %d" : "%d", (int)t->shape[0], (int)t->shape[1]);
        if (plan.reshaped && strcmp(name, plan.reshaped) == 0)
            snprintf(shape, sizeof shape, "%d", (int)assay_tensor_count(t));
        fprintf(text, "%s\"%s\": {\"dtype\": \"F32\", \"shape\": [%s], \"data_offsets\": [%zu, %zu]}",
                i > plan.first ? ", " : "", name, shape, at, at + assay_tensor_nbytes(t));
        at += assay_tensor_nbytes(t);
    }
    fputs("}", text);
    fclose(text);
    char *file = malloc(8 + header_nbytes + at);
    for (size_t i = 0; i < 8; i++) file[i] = (char)(header_nbytes >> (8 * i) & 255);
    memcpy(file + 8, header, header_nbytes);
    at = 8 + header_nbytes;
    for (size_t i = plan.first; i < plan.last; i++) {
        const assay_tensor *t = assay_tensor_map_at(map, i);
        memcpy(file + at, t->data, assay_tensor_nbytes(t));
        at += assay_tensor_nbytes(t);
    }
    scratch_write(&s, path, file, at);
    free(file);
    free(header);
}

static assay_tensor_map *recipe(const assay_config *c) {
    assay_tensor_map *map;
    EXPECT_OK(assay_recipe_weights(&map, c, 5, 1, ASSAY_F32, &expect_err));
    return map;
}

/* A folder m with all weights of the small model in one file. */
static void write_folder(shard_plan plan) {
    assay_config c = small_config();
    assay_tensor_map *map = recipe(&c);
    if (plan.last == 0) plan.last = assay_tensor_map_count(map);
    write_shard("m/model.safetensors", map, plan);
    scratch_write_text(&s, "m/config.json", CONFIG);
    assay_tensor_map_destroy(map);
}

static void expect_digest(const assay_config *c, assay_dtype dtype) {
    assay_tensor_map *expected = recipe(c), *got;
    char a[33], b[33];
    EXPECT_OK(assay_weights_xxh128(c, expected, a, &expect_err));
    EXPECT_OK(assay_checkpoint_load(&got, scratch_path(&s, "m"), c, dtype, &expect_err));
    EXPECT_OK(assay_weights_xxh128(c, got, b, &expect_err));
    cr_expect_str_eq(a, b);
    cr_expect_eq(assay_tensor_map_at(got, 0)->dtype, dtype);
    cr_expect_eq(assay_tensor_map_count(got), assay_tensor_map_count(expected));
    assay_tensor_map_destroy(expected);
    assay_tensor_map_destroy(got);
}

static void expect_bad(const assay_config *c, const char *part) {
    assay_tensor_map *map;
    EXPECT_REFUSED(assay_checkpoint_load(&map, scratch_path(&s, "m"), c, ASSAY_F32, &expect_err), part);
}

Test(checkpoint, loads_one_file) {
    assay_config c = small_config();
    write_folder((shard_plan){0});
    expect_digest(&c, ASSAY_F32);
    expect_digest(&c, ASSAY_F64);
}

Test(checkpoint, loads_names_without_the_prefix) {
    assay_config c = small_config();
    write_folder((shard_plan){.strip = 6});
    expect_digest(&c, ASSAY_F32);
}

static void write_index(const assay_tensor_map *map, size_t split, const char *second) {
    char *text;
    size_t nbytes;
    FILE *f = open_memstream(&text, &nbytes);
    fputs("{\"metadata\": {\"total_size\": 1}, \"weight_map\": {", f);
    for (size_t i = 0; i < assay_tensor_map_count(map); i++)
        fprintf(f, "%s\"%s\": \"%s\"", i ? ", " : "", assay_tensor_map_name(map, i),
                i < split ? "a.safetensors" : second);
    fputs("}}", f);
    fclose(f);
    scratch_write_text(&s, "m/model.safetensors.index.json", text);
    free(text);
}

Test(checkpoint, loads_shards) {
    assay_config c = small_config();
    assay_tensor_map *map = recipe(&c);
    size_t count = assay_tensor_map_count(map);
    write_shard("m/a.safetensors", map, (shard_plan){.first = 0, .last = 8});
    write_shard("m/b.safetensors", map, (shard_plan){.first = 8, .last = count});
    write_index(map, 8, "b.safetensors");
    expect_digest(&c, ASSAY_F32);
    write_index(map, 9, "b.safetensors");
    expect_bad(&c, "the weight model.layers.0.mlp.up_proj.weight (6, 4) is missing");
    write_index(map, 8, "c.safetensors");
    expect_bad(&c, "c.safetensors: cannot open");
    write_index(map, 8, "../m/b.safetensors");
    expect_bad(&c, "is not mapped to a file of this folder");
    write_index(map, 8, "/etc/passwd");
    expect_bad(&c, "is not mapped to a file of this folder");
    write_index(map, 8, "");
    expect_bad(&c, "is not mapped to a file of this folder");
    assay_tensor_map_destroy(map);
}

Test(checkpoint, refuses_bad_indexes) {
    assay_config c = small_config();
    static const struct {
        const char *text, *part;
    } bad[] = {{"{", "index.json: line 1"},
               {"[]", "must be an object"},
               {"{}", "'weight_map' is missing"},
               {"{\"weight_map\": []}", "must be an object"},
               {"{\"weight_map\": {}}", "model.embed_tokens.weight (7, 4) is missing"},
               {"{\"weight_map\": {\"x\": 1}}", "is not mapped to a file"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        scratch_write_text(&s, "m/model.safetensors.index.json", bad[i].text);
        expect_bad(&c, bad[i].part);
    }
}

Test(checkpoint, names_what_is_missing_or_misshaped) {
    assay_config c = small_config();
    write_folder((shard_plan){.first = 1});
    expect_bad(&c, "the weight model.embed_tokens.weight (7, 4) is missing");
    write_folder((shard_plan){.last = 20});
    expect_bad(&c, "the weight lm_head.weight (7, 4) is missing; if the model ties it");
    write_folder((shard_plan){.reshaped = "lm_head.weight"});
    expect_bad(&c, "model.safetensors: the weight lm_head.weight has the shape (28); the configuration needs (7, 4)");
    c.num_hidden_layers = 3;
    write_folder((shard_plan){0});
    expect_bad(&c, "the weight model.layers.2.input_layernorm.weight (4) is missing");
}

Test(checkpoint, ties_and_heads) {
    assay_config c = small_config();
    write_folder((shard_plan){.reshaped = "lm_head.weight"});
    c.tie_word_embeddings = true;
    expect_digest(&c, ASSAY_F32);
    c = small_config();
    c.head = ASSAY_HEAD_CLASSIFICATION;
    c.num_labels = 3;
    expect_bad(&c, "the weight score.weight (3, 4) is missing");
    assay_tensor_map *map = recipe(&c);
    write_shard("m/model.safetensors", map, (shard_plan){.last = assay_tensor_map_count(map)});
    assay_tensor_map_destroy(map);
    expect_digest(&c, ASSAY_F32);
}

Test(checkpoint, takes_no_memory_for_a_config_that_does_not_fit) {
    assay_config c = small_config();
    write_folder((shard_plan){0});
    c.vocab_size = INT64_C(1) << 31;
    expect_bad(&c, "has the shape (7, 4); the configuration needs (2147483648, 4)");
}

Test(checkpoint, says_what_a_folder_lacks) {
    assay_config c = small_config();
    expect_bad(&c, "cannot open the model's folder");
    scratch_write_text(&s, "m", "a file");
    expect_bad(&c, "not a folder");
    remove(scratch_path(&s, "m"));
    scratch_write_text(&s, "m/config.json", CONFIG);
    expect_bad(&c, "neither model.safetensors nor model.safetensors.index.json");
    scratch_write_text(&s, "m/pytorch_model.bin", "x");
    expect_bad(&c, "safe_serialization=True");
    scratch_write_text(&s, "m/model.safetensors", "x");
    expect_bad(&c, "too few for a .safetensors file");
}

Test(checkpoint, reads_the_config) {
    assay_config c;
    char *text = NULL;
    size_t nbytes = 0;
    write_folder((shard_plan){0});
    EXPECT_OK(assay_checkpoint_config(&c, &text, &nbytes, scratch_path(&s, "m"), &expect_err));
    cr_expect(c.vocab_size == 7 && nbytes == strlen(CONFIG) && strcmp(text, CONFIG) == 0);
    free(text);
    EXPECT_OK(assay_checkpoint_config(&c, NULL, NULL, scratch_path(&s, "m"), &expect_err));
    scratch_write_text(&s, "m/config.json", "{\"rope_scaling\": 1}");
    text = NULL;
    assay_error err = {0};
    cr_expect_eq(assay_checkpoint_config(&c, &text, &nbytes, scratch_path(&s, "m"), &err), ASSAY_EINPUT);
    cr_expect(text && strcmp(text, "{\"rope_scaling\": 1}") == 0 && assay_error_has_rule(&err, "ROPE-5"));
    free(text);
    scratch_write_text(&s, "m/config.json", "{\"vocab_size\": 0}");
    EXPECT_REFUSED(assay_checkpoint_config(&c, &text, &nbytes, scratch_path(&s, "m"), &expect_err),
                   "m/config.json: vocab_size is 0");
    EXPECT_REFUSED(assay_checkpoint_config(&c, &text, &nbytes, scratch_path(&s, "none"), &expect_err),
                   "config.json: cannot open");
}
