/* model.safetensors.index.json of a model folder (golden/checkpoint.h): the input is that file; the shards it may name are there. */
#include <string.h>

#include "core/weight_names.h"
#include "fuzz/target.h"
#include "golden/checkpoint.h"
#include "golden/recipe.h"
#include "golden/safetensors_writer.h"

static const char config_text[] =
    "{\"vocab_size\": 3, \"hidden_size\": 2, \"intermediate_size\": 1, \"num_hidden_layers\": 1,"
    " \"num_attention_heads\": 1}";

static void write_shard(const assay_fuzz_folder *folder, const char *name, const assay_tensor_map *weights) {
    char path[ASSAY_FUZZ_PATH_NBYTES];
    assay_error err = {0};
    assay_fuzz_folder_write(folder, name, "", 0, path);
    ASSAY_FUZZ_REQUIRE(!assay_safetensors_write(path, weights, NULL, 0, &err));
}

/* What is loaded is what the shards hold, whichever of them the index names. */
static void check(const assay_tensor_map *loaded, const assay_tensor_map *weights) {
    ASSAY_FUZZ_REQUIRE(assay_tensor_map_count(loaded) == assay_tensor_map_count(weights));
    for (size_t i = 0; i < assay_tensor_map_count(weights); i++) {
        const assay_tensor *a = assay_tensor_map_at(weights, i),
                           *b = assay_tensor_map_get(loaded, assay_tensor_map_name(weights, i));
        ASSAY_FUZZ_REQUIRE(b && memcmp(a->data, b->data, assay_tensor_nbytes(a)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_fuzz_folder folder;
    assay_config config;
    assay_tensor_map *weights, *loaded;
    assay_error err = {0};
    char path[ASSAY_FUZZ_PATH_NBYTES];
    assay_fuzz_folder_make(&folder);
    assay_fuzz_folder_write(&folder, "config.json", config_text, sizeof config_text - 1, path);
    assay_fuzz_folder_write(&folder, "model.safetensors.index.json", data, size, path);
    ASSAY_FUZZ_REQUIRE(!assay_checkpoint_config(&config, NULL, NULL, folder.path, &err));
    ASSAY_FUZZ_REQUIRE(!assay_recipe_weights(&weights, &config, 1, 1, ASSAY_F32, &err));
    write_shard(&folder, "a", weights);
    write_shard(&folder, "b", weights);
    assay_status st = assay_checkpoint_load(&loaded, folder.path, &config, ASSAY_F32, &err);
    if (assay_fuzz_accepted(st, &err, folder.path)) {
        check(loaded, weights);
        assay_tensor_map_destroy(loaded);
    }
    assay_tensor_map_destroy(weights);
    assay_fuzz_folder_remove(&folder);
    return 0;
}
