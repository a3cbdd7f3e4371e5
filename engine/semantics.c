#include "engine/semantics.h"

#include <string.h>

/* MEM-11. Ids that leave the model are layers that it does not have. */
static void shift_memory_layers(assay_config *config, assay_memory_layers choice) {
    bool given[ASSAY_MAX_LAYERS];
    memcpy(given, config->is_memory_layer, sizeof given);
    int64_t layers = config->num_hidden_layers;
    for (int64_t i = 0; i < layers; i++) {
        switch (choice) {
        case ASSAY_MEMORY_LAYERS_AS_GIVEN: break;
        case ASSAY_MEMORY_LAYERS_ONE_EARLIER: config->is_memory_layer[i] = i + 1 < layers && given[i + 1]; break;
        case ASSAY_MEMORY_LAYERS_ONE_LATER: config->is_memory_layer[i] = i > 0 && given[i - 1]; break;
        case ASSAY_MEMORY_LAYERS_ALL: config->is_memory_layer[i] = true; break;
        }
    }
}

static assay_activation activation_of(assay_activation given, assay_act_source choice) {
    switch (choice) {
    case ASSAY_ACT_OF_CONFIG: break;
    case ASSAY_ACT_ALWAYS_SILU: return ASSAY_ACT_SILU;
    case ASSAY_ACT_ALWAYS_GELU: return ASSAY_ACT_GELU;
    case ASSAY_ACT_ALWAYS_GELU_TANH: return ASSAY_ACT_GELU_TANH;
    }
    return given;
}

void assay_semantics_configure(assay_config *config, const assay_semantics *semantics, assay_dtype dtype) {
    shift_memory_layers(config, semantics->memory_layers);
    config->hidden_act = activation_of(config->hidden_act, semantics->act_source);
    if (semantics->theta == ASSAY_THETA_1E4) config->rope_theta = 1e4;
    if (semantics->theta == ASSAY_THETA_1E6) config->rope_theta = 1e6;
    if (semantics->eps_source == ASSAY_EPS_1E_6) config->rms_norm_eps = 1e-6;
    if (semantics->mem_positionals == ASSAY_MEM_POSITIONALS_IGNORED) config->mem_positionals = true;
    if (semantics->memory_cast == ASSAY_MEMORY_NOT_CAST) config->mem_dtype = dtype;
}
