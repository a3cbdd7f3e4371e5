#include "fuzz/oracle_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/random.h"
#include "fuzz/oracle_math.h"

double assay_oracle_moved(const assay_oracle_noise *noise, double x, uint64_t key, uint64_t n) {
    if (!noise->moves) return x;
    double towards = assay_random_at(key, n) & 1 ? INFINITY : -INFINITY;
    return noise->unit == ASSAY_F32 ? (double)nextafterf((float)x, (float)towards) : nextafter(x, towards);
}

void assay_oracle_shake(assay_oracle_model *model, double *x, int64_t n) {
    if (!model->noise.moves) return;
    uint64_t key = assay_random_key(model->noise.seed, "results");
    for (int64_t i = 0; i < n; i++) x[i] = assay_oracle_moved(&model->noise, x[i], key, model->shaken++);
}

void assay_oracle_lean(assay_oracle_model *model, double *x, int64_t n, int64_t terms) {
    if (!model->noise.moves) return;
    uint64_t key = assay_random_key(model->noise.seed, "sums");
    double units = (double)terms / 8, up = assay_random_at(key, model->shaken++) & 1 ? 1 : -1;
    double factor = 1 + up * units * assay_dtype_epsilon(model->noise.unit);
    for (int64_t i = 0; i < n; i++) x[i] *= factor;
}

/* Weights are read into one area, one after the other. */
typedef struct {
    assay_oracle_model *model;
    const assay_tensor_map *weights;
    double *next;
} loader;

static assay_status load(loader *l, const char *name, int64_t rows, int64_t columns, const double **out,
                         assay_error *err) {
    const assay_tensor *t = assay_tensor_map_get(l->weights, name);
    int64_t count = rows * columns;
    if (!t || !t->data || assay_tensor_count(t) != count || !assay_dtype_is_float(t->dtype))
        return assay_fail(err, ASSAY_EINPUT, NULL, "the weight '%s' is missing, or does not have %lld numbers", name,
                          (long long)count);
    uint64_t key = assay_random_key(l->model->noise.seed, name);
    for (int64_t i = 0; i < count; i++)
        l->next[i] =
            assay_oracle_moved(&l->model->noise, assay_load_f64(t->data, t->dtype, (size_t)i), key, (uint64_t)i);
    *out = l->next;
    l->next += count;
    return ASSAY_OK;
}

static assay_status load_layer(loader *l, int64_t layer, assay_oracle_layer_weights *w, assay_error *err) {
    const int64_t c = l->model->config->hidden_size, inner = l->model->config->intermediate_size;
    const struct {
        const char *name;
        int64_t rows, columns;
        const double **out;
    } parts[] = {
        {"input_layernorm", c, 1, &w->input_norm}, {"self_attn.q_proj", c, c, &w->q},
        {"self_attn.k_proj", c, c, &w->k},         {"self_attn.v_proj", c, c, &w->v},
        {"self_attn.o_proj", c, c, &w->o},         {"post_attention_layernorm", c, 1, &w->post_norm},
        {"mlp.gate_proj", inner, c, &w->gate},     {"mlp.up_proj", inner, c, &w->up},
        {"mlp.down_proj", c, inner, &w->down},
    };
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < sizeof parts / sizeof *parts; i++) {
        char name[96];
        snprintf(name, sizeof name, "model.layers.%lld.%s.weight", (long long)layer, parts[i].name);
        st = load(l, name, parts[i].rows, parts[i].columns, parts[i].out, err);
    }
    return st;
}

/* HEAD-1, CLS-1 */
static assay_status load_head(loader *l, assay_error *err) {
    const assay_config *config = l->model->config;
    bool classifies = config->head == ASSAY_HEAD_CLASSIFICATION;
    l->model->head = l->model->embedding;
    if (!classifies && config->tie_word_embeddings) return ASSAY_OK;
    return load(l, classifies ? "score.weight" : "lm_head.weight", classifies ? config->num_labels : config->vocab_size,
                config->hidden_size, &l->model->head, err);
}

static size_t numbers_of(const assay_config *config) {
    size_t c = (size_t)config->hidden_size, inner = (size_t)config->intermediate_size;
    size_t layer = 4 * c * c + 3 * c * inner + 2 * c;
    return (size_t)(2 * config->vocab_size + config->num_labels + 1) * c + (size_t)config->num_hidden_layers * layer;
}

assay_status assay_oracle_model_make(assay_oracle_model *out, const assay_config *config, assay_dtype run,
                                     const assay_oracle_noise *noise, const assay_tensor_map *weights,
                                     assay_error *err) {
    assay_oracle_model model = {.config = config, .run = run, .noise = *noise};
    model.values = malloc(numbers_of(config) * sizeof *model.values);
    model.layers = calloc((size_t)config->num_hidden_layers, sizeof *model.layers);
    loader l = {&model, weights, model.values};
    assay_status st = model.values && model.layers ? ASSAY_OK : assay_fail_nomem(err, "the oracle's weights");
    if (!st) st = load(&l, "model.embed_tokens.weight", config->vocab_size, config->hidden_size, &model.embedding, err);
    for (int64_t i = 0; !st && i < config->num_hidden_layers; i++) st = load_layer(&l, i, &model.layers[i], err);
    if (!st) st = load(&l, "model.norm.weight", config->hidden_size, 1, &model.norm, err);
    if (!st) st = load_head(&l, err);
    if (st) assay_oracle_model_free(&model);
    else *out = model;
    return st;
}

void assay_oracle_model_free(assay_oracle_model *model) {
    free(model->values);
    free(model->layers);
    free(model->cosines);
    free(model->sines);
    *model = (assay_oracle_model){0};
}

static bool grow(double **values, int64_t count) {
    double *grown = realloc(*values, (size_t)count * sizeof *grown);
    if (grown) *values = grown;
    return grown != NULL;
}

assay_status assay_oracle_model_turns(assay_oracle_model *model, int64_t count, assay_error *err) {
    int64_t d = assay_config_head_dim(model->config), half = d / 2;
    if (count <= model->turns) return ASSAY_OK;
    if (!grow(&model->cosines, count * half) || !grow(&model->sines, count * half))
        return assay_fail_nomem(err, "the oracle's rotary table");
    for (int64_t position = model->turns; position < count; position++)
        for (int64_t i = 0; i < half; i++) {
            float angle = assay_oracle_angle(position, i, d, model->config->rope_theta);
            assay_oracle_turn(angle, &model->cosines[position * half + i], &model->sines[position * half + i]);
        }
    model->turns = count;
    return ASSAY_OK;
}
