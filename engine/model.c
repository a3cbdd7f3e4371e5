#include "engine/model.h"

#include <cblas.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "core/weight_names.h"

void assay_engine_init(int threads) {
    openblas_set_num_threads(1);
    if (threads > 0) omp_set_num_threads(threads);
}

static assay_status check_weight(const assay_tensor *found, const assay_weight_info *wanted, assay_error *err) {
    if (!found || !found->data)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "the weight '%s' is missing; the checkpoint does not fit the configuration", wanted->name);
    assay_tensor expected = assay_tensor_view(found->dtype, wanted->rank, wanted->shape, NULL);
    if (assay_tensor_same_shape(found, &expected) && assay_dtype_is_float(found->dtype)) return ASSAY_OK;
    char have[96], want[96];
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "the weight '%s' is %s %s; the configuration needs %s of a floating type", wanted->name,
                      assay_dtype_name(found->dtype), assay_tensor_shape_text(found, have, sizeof have),
                      assay_tensor_shape_text(&expected, want, sizeof want));
}

/* Finds a weight, checks it, and converts it where it is not in the model's dtype. */
static assay_status find_weight(assay_model *model, const assay_tensor_map *weights, const assay_weight_info *wanted,
                                const void **out, assay_error *err) {
    const assay_tensor *found = assay_tensor_map_get(weights, wanted->name);
    assay_status st = check_weight(found, wanted, err);
    if (st) return st;
    if (found->dtype != model->real_dtype || assay_dtype_is_half(model->dtype)) {
        assay_tensor copy;
        st = assay_tensor_copy(&copy, found, model->real_dtype, err);
        if (!st && assay_dtype_is_half(model->dtype))
            assay_round_halves(copy.data, (size_t)assay_tensor_count(&copy), model->dtype);
        if (!st) st = assay_tensor_map_put(model->converted, wanted->name, copy, err);
        if (st) return st;
        found = assay_tensor_map_get(model->converted, wanted->name);
    }
    *out = found->data;
    return ASSAY_OK;
}

/* Where the weight number `index` of the list (core/weight_names.h) belongs. */
static const void **slot_of(assay_model *model, size_t index) {
    if (index == 0) return &model->embed_tokens;
    size_t layer = (index - 1) / ASSAY_WEIGHTS_PER_LAYER, part = (index - 1) % ASSAY_WEIGHTS_PER_LAYER;
    if (layer >= (size_t)model->config.num_hidden_layers) return part == 0 ? &model->norm : &model->head;
    assay_layer_weights *w = &model->layers[layer];
    const void **const parts[ASSAY_WEIGHTS_PER_LAYER] = {&w->input_layernorm, &w->q_proj,  &w->k_proj,
                                                         &w->v_proj,          &w->o_proj,  &w->post_attention_layernorm,
                                                         &w->gate_proj,       &w->up_proj, &w->down_proj};
    return parts[part];
}

static assay_status load_weights(assay_model *model, const assay_tensor_map *weights, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < assay_weight_count(&model->config); i++) {
        assay_weight_info wanted = assay_weight_at(&model->config, i);
        st = find_weight(model, weights, &wanted, slot_of(model, i), err);
    }
    return st;
}

/* HEAD-1 with ASSAY_HEAD_UNTIED: a head that the configuration does not name. */
static assay_status find_untied_head(assay_model *model, const assay_tensor_map *weights, assay_error *err) {
    const assay_config *c = &model->config;
    const assay_weight_info wanted = {.name = "lm_head.weight", .rank = 2, .shape = {c->vocab_size, c->hidden_size}};
    if (assay_tensor_map_get(weights, wanted.name)) return find_weight(model, weights, &wanted, &model->head, err);
    assay_tensor zeros;
    assay_status st = assay_tensor_alloc(&zeros, model->real_dtype, 2, wanted.shape, "an untied head", err);
    if (st) return st;
    memset(zeros.data, 0, assay_tensor_nbytes(&zeros));
    st = assay_tensor_map_put(model->converted, wanted.name, zeros, err);
    if (!st) model->head = assay_tensor_map_get(model->converted, wanted.name)->data;
    return st;
}

/* HEAD-1: the embedding serves as head where tie_word_embeddings says so. */
static assay_status choose_head(assay_model *model, const assay_tensor_map *weights, assay_error *err) {
    bool is_lm = model->config.head == ASSAY_HEAD_CAUSAL_LM, is_tied = !model->head;
    if (is_tied && model->semantics.head_weight == ASSAY_HEAD_UNTIED) return find_untied_head(model, weights, err);
    if (is_tied || (is_lm && model->semantics.head_weight == ASSAY_HEAD_TIED)) model->head = model->embed_tokens;
    return ASSAY_OK;
}

/* MLP-1 with ASSAY_GATE_UP_EXCHANGED: one projection under the other's name. */
static void swap_projections(assay_model *model) {
    for (int64_t i = 0; i < model->config.num_hidden_layers; i++) {
        assay_layer_weights *w = &model->layers[i];
        const void *gate = w->gate_proj;
        w->gate_proj = w->up_proj;
        w->up_proj = gate;
    }
}

assay_status assay_model_create(assay_model **out, const assay_config *config, assay_dtype dtype,
                                const assay_tensor_map *weights, assay_error *err) {
    const assay_semantics original = {0};
    return assay_model_create_variant(out, config, &original, dtype, weights, err);
}

assay_status assay_model_create_variant(assay_model **out, const assay_config *config, const assay_semantics *semantics,
                                        assay_dtype dtype, const assay_tensor_map *weights, assay_error *err) {
    assay_status st = assay_config_check(config, err);
    if (st) return st;
    if (!assay_dtype_is_float(dtype))
        return assay_fail(err, ASSAY_EINPUT, NULL, "the engine computes in a floating type, not in %s",
                          assay_dtype_name(dtype));
    assay_model *model = calloc(1, sizeof *model);
    if (!model) return assay_fail_nomem(err, "a model");
    model->config = *config;
    model->semantics = *semantics;
    model->dtype = dtype;
    model->real_dtype = dtype == ASSAY_F64 ? ASSAY_F64 : ASSAY_F32;
    assay_semantics_configure(&model->config, semantics, dtype);
    model->norm_rule = (assay_norm){model->config.rms_norm_eps, semantics->eps_place, semantics->norm_weight, dtype};
    model->layers = calloc((size_t)config->num_hidden_layers, sizeof *model->layers);
    model->converted = assay_tensor_map_create();
    st = model->layers && model->converted ? load_weights(model, weights, err) : assay_fail_nomem(err, "a model");
    if (!st) st = choose_head(model, weights, err);
    if (!st && semantics->activated_projection == ASSAY_GATE_UP_EXCHANGED) swap_projections(model);
    if (st) assay_model_destroy(model);
    else *out = model;
    return st;
}

void assay_model_destroy(assay_model *model) {
    if (!model) return;
    assay_tensor_map_destroy(model->converted);
    free(model->layers);
    free(model);
}

const assay_config *assay_model_config(const assay_model *model) { return &model->config; }
assay_dtype assay_model_dtype(const assay_model *model) { return model->dtype; }
