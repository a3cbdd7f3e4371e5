#include "engine/model.h"

#include <cblas.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

void assay_engine_init(int threads) {
    openblas_set_num_threads(1);
    if (threads > 0) omp_set_num_threads(threads);
}

/* What a weight must be: its name and its sizes. */
typedef struct {
    const char *name;
    int rank;
    int64_t shape[2];
} wanted_weight;

static assay_status check_shape(const assay_tensor *found, const wanted_weight *wanted, assay_error *err) {
    assay_tensor expected = assay_tensor_view(found->dtype, wanted->rank, wanted->shape, NULL);
    if (assay_tensor_same_shape(found, &expected) && assay_dtype_is_float(found->dtype)) return ASSAY_OK;
    char have[96], want[96];
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "the weight '%s' is %s %s; the configuration needs %s of a floating type", wanted->name,
                      assay_dtype_name(found->dtype), assay_tensor_shape_text(found, have, sizeof have),
                      assay_tensor_shape_text(&expected, want, sizeof want));
}

/* Finds a weight, checks it, and converts it where it is not in the model's dtype. */
static assay_status find_weight(assay_model *model, const assay_tensor_map *weights, const wanted_weight *wanted,
                                const void **out, assay_error *err) {
    const assay_tensor *found = assay_tensor_map_get(weights, wanted->name);
    if (!found)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "the weight '%s' is missing; the checkpoint does not fit the configuration", wanted->name);
    assay_status st = check_shape(found, wanted, err);
    if (st) return st;
    if (found->dtype != model->dtype) {
        assay_tensor copy;
        st = assay_tensor_copy(&copy, found, model->dtype, err);
        if (!st) st = assay_tensor_map_put(model->converted, wanted->name, copy, err);
        if (st) return st;
        found = assay_tensor_map_get(model->converted, wanted->name);
    }
    *out = found->data;
    return ASSAY_OK;
}

static assay_status load_layer(assay_model *model, const assay_tensor_map *weights, int64_t index, assay_error *err) {
    assay_layer_weights *layer = &model->layers[index];
    int64_t c = model->config.hidden_size, inner = model->config.intermediate_size;
    const struct {
        const char *name;
        int rank;
        int64_t shape[2];
        const void **out;
    } parts[] = {
        {"input_layernorm", 1, {c}, &layer->input_layernorm},
        {"self_attn.q_proj", 2, {c, c}, &layer->q_proj},
        {"self_attn.k_proj", 2, {c, c}, &layer->k_proj},
        {"self_attn.v_proj", 2, {c, c}, &layer->v_proj},
        {"self_attn.o_proj", 2, {c, c}, &layer->o_proj},
        {"post_attention_layernorm", 1, {c}, &layer->post_attention_layernorm},
        {"mlp.gate_proj", 2, {inner, c}, &layer->gate_proj},
        {"mlp.up_proj", 2, {inner, c}, &layer->up_proj},
        {"mlp.down_proj", 2, {c, inner}, &layer->down_proj},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char name[128];
        snprintf(name, sizeof name, "model.layers.%lld.%s.weight", (long long)index, parts[i].name);
        wanted_weight wanted = {name, parts[i].rank, {parts[i].shape[0], parts[i].shape[1]}};
        assay_status st = find_weight(model, weights, &wanted, parts[i].out, err);
        if (st) return st;
    }
    return ASSAY_OK;
}

static assay_status load_ends(assay_model *model, const assay_tensor_map *weights, assay_error *err) {
    const assay_config *c = &model->config;
    wanted_weight embed = {"model.embed_tokens.weight", 2, {c->vocab_size, c->hidden_size}};
    wanted_weight norm = {"model.norm.weight", 1, {c->hidden_size}};
    wanted_weight lm_head = {"lm_head.weight", 2, {c->vocab_size, c->hidden_size}};
    wanted_weight score = {"score.weight", 2, {c->num_labels, c->hidden_size}};
    assay_status st = find_weight(model, weights, &embed, &model->embed_tokens, err);
    if (!st) st = find_weight(model, weights, &norm, &model->norm, err);
    if (st) return st;
    if (c->head == ASSAY_HEAD_CLASSIFICATION) return find_weight(model, weights, &score, &model->head, err);
    if (!c->tie_word_embeddings) return find_weight(model, weights, &lm_head, &model->head, err);
    model->head = model->embed_tokens; /* HEAD-1 */
    return ASSAY_OK;
}

static assay_status load_weights(assay_model *model, const assay_tensor_map *weights, assay_error *err) {
    assay_status st = load_ends(model, weights, err);
    for (int64_t i = 0; !st && i < model->config.num_hidden_layers; i++) st = load_layer(model, weights, i, err);
    return st;
}

assay_status assay_model_create(assay_model **out, const assay_config *config, assay_dtype dtype,
                                const assay_tensor_map *weights, assay_error *err) {
    assay_status st = assay_config_check(config, err);
    if (st) return st;
    if (dtype != ASSAY_F32 && dtype != ASSAY_F64)
        return assay_fail(err, ASSAY_EINPUT, NULL, "the engine computes in float32 or float64, not in %s",
                          assay_dtype_name(dtype));
    assay_model *model = calloc(1, sizeof *model);
    if (!model) return assay_fail_nomem(err, "a model");
    model->config = *config;
    model->dtype = dtype;
    model->layers = calloc((size_t)config->num_hidden_layers, sizeof *model->layers);
    model->converted = assay_tensor_map_create();
    st = model->layers && model->converted ? load_weights(model, weights, err) : assay_fail_nomem(err, "a model");
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
