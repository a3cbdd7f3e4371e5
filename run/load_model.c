#include "run/load_model.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "engine/variants.h"
#include "golden/checkpoint.h"
#include "golden/digest.h"
#include "golden/recipe.h"

static assay_status refuse(assay_loaded_model *m, const assay_error *why) {
    m->refused = true;
    m->refusal = *why;
    return ASSAY_OK;
}

static assay_status copy_text(assay_loaded_model *m, const char *text, assay_error *err) {
    m->config_text = strdup(text);
    if (!m->config_text) return assay_fail_nomem(err, "a configuration");
    m->config_nbytes = strlen(text);
    return ASSAY_OK;
}

static assay_status load_config(assay_loaded_model *m, const assay_case *c, const char *model_dir, assay_error *err) {
    if (c->has_config) {
        m->config = c->config;
        if (c->config_refused) refuse(m, &c->config_error);
        return c->model_json ? copy_text(m, c->model_json, err) : ASSAY_OK;
    }
    if (!model_dir)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "the case has no \"model\"; give a model folder that has a config.json");
    assay_error why;
    assay_status st = assay_checkpoint_config(&m->config, &m->config_text, &m->config_nbytes, model_dir, &why);
    if (st && why.rules[0]) return refuse(m, &why);
    if (st && err) *err = why;
    return st;
}

static assay_status load_weights(assay_loaded_model *m, const assay_case *c, const char *model_dir, assay_dtype dtype,
                                 assay_error *err) {
    if (model_dir) return assay_checkpoint_load(&m->weights, model_dir, &m->config, dtype, err);
    if (c->has_weights)
        return assay_recipe_weights(&m->weights, &m->config, c->weights_seed, c->weights_gain, dtype, err);
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "the case has no \"weights\" to make; give a model folder that has them");
}

static assay_status finish(assay_loaded_model *m, assay_dtype dtype, assay_error *err) {
    assay_status st = assay_weights_xxh128(&m->config, m->weights, m->weights_xxh128, err);
    return st ? st : assay_model_create(&m->model, &m->config, dtype, m->weights, err);
}

assay_status assay_load_case_model(assay_loaded_model *out, const assay_case *c, const char *model_dir,
                                   assay_dtype dtype, assay_error *err) {
    assay_loaded_model m = {.dtype = dtype};
    assay_status st = load_config(&m, c, model_dir, err);
    if (!st && !m.refused) st = load_weights(&m, c, model_dir, dtype, err);
    if (!st && !m.refused) st = finish(&m, dtype, err);
    if (st) assay_loaded_model_free(&m);
    else *out = m;
    return st;
}

static assay_status load_from_golden(assay_loaded_model *m, const assay_golden *g, const char *model_dir,
                                     assay_dtype dtype, assay_error *err) {
    assay_status st = g->config_text ? copy_text(m, g->config_text, err) : ASSAY_OK;
    if (st) return st;
    if (g->config_refused) return refuse(m, &g->config_error);
    m->config = g->config;
    st = assay_golden_weights(g, model_dir, dtype, &m->weights, err);
    return st ? st : finish(m, dtype, err);
}

assay_status assay_load_golden_model(assay_loaded_model *out, const assay_golden *g, const char *model_dir,
                                     assay_dtype dtype, assay_error *err) {
    if (!g->has_config && !g->config_refused)
        return assay_fail(err, ASSAY_EINPUT, NULL, "the file holds no configuration, so its case cannot be run again");
    assay_loaded_model m = {.dtype = dtype};
    assay_status st = load_from_golden(&m, g, model_dir, dtype, err);
    if (st) assay_loaded_model_free(&m);
    else *out = m;
    return st;
}

assay_status assay_load_other_weights(assay_loaded_model *out, const assay_golden *g, const char *weights_dir,
                                      assay_dtype dtype, assay_error *err) {
    if (!g->has_config || g->config_refused)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "the file holds no configuration that makes a model, so no weights fit it");
    assay_loaded_model m = {.dtype = dtype, .config = g->config};
    assay_status st = copy_text(&m, g->config_text, err);
    if (!st) st = assay_checkpoint_load(&m.weights, weights_dir, &m.config, dtype, err);
    if (!st) st = finish(&m, dtype, err);
    if (st) assay_loaded_model_free(&m);
    else *out = m;
    return st;
}

assay_status assay_loaded_model_vary(assay_loaded_model *m, const char *list, assay_error *err) {
    assay_semantics semantics;
    assay_status st = assay_variants_parse(list, &semantics, err);
    if (st || m->refused) return st;
    assay_model *model;
    st = assay_model_create_variant(&model, &m->config, &semantics, m->dtype, m->weights, err);
    if (st) return st;
    assay_model_destroy(m->model);
    m->model = model;
    free(m->mistakes);
    m->mistakes = strdup(list);
    return m->mistakes ? ASSAY_OK : assay_fail_nomem(err, "a list of mistakes");
}

void assay_loaded_model_move_weights(assay_loaded_model *m, uint64_t seed) {
    assert(m->dtype == ASSAY_F32); /* then the model uses the map's values where they are */
    for (size_t i = 0; !m->refused && i < assay_tensor_map_count(m->weights); i++) {
        const assay_tensor *t = assay_tensor_map_at(m->weights, i);
        uint64_t key = assay_random_key(seed, assay_tensor_map_name(m->weights, i));
        float *values = t->data;
        for (int64_t n = 0; n < assay_tensor_count(t); n++)
            values[n] = nextafterf(values[n], assay_random_at(key, (uint64_t)n) & 1 ? INFINITY : -INFINITY);
    }
}

void assay_loaded_model_free(assay_loaded_model *m) {
    free(m->mistakes);
    assay_model_destroy(m->model);
    assay_tensor_map_destroy(m->weights);
    free(m->config_text);
    *m = (assay_loaded_model){0};
}
