/* What each mistake about norms, the MLP, heads, losses, pooling and embeddings does (NORM, MLP, HEAD, LOSS, CLS, EMB). */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/classify.h"
#include "engine/test_lab.h"
#include "engine/variants.h"

enum { C = 12, V = 29, tokens = 4 };

static test_lab lab;
static assay_config config;
static void start(void) { config = test_config(); }
static void stop(void) { test_lab_end(&lab); }
TestSuite(semantics_rest, .init = start, .fini = stop);

/* Feeds a window of 4 tokens to a model of these mistakes. Returns the logits. */
static const assay_tensor *feed(const char *mistakes) {
    test_lab_start(&lab, &config, mistakes, ASSAY_F64);
    return test_lab_feed(&lab, 1, tokens, 1, 1);
}

static const assay_tensor *stage(assay_stage s, int64_t layer) { return test_lab_stage(&lab, s, 0, layer); }

static double weight(const char *name, int64_t i) { return test_at(assay_tensor_map_get(lab.rig.weights, name), i); }

/* ---- norms ---- */

/* The first norm is of the embeddings: weight (plus `more`) times x over the root of the mean square, with eps inside or outside. */
static void expect_norm(const char *mistake, double eps, bool outside, double more) {
    feed(mistake);
    const assay_tensor *x = stage(ASSAY_STAGE_EMBED_TOKENS, -1), *y = stage(ASSAY_STAGE_INPUT_LAYERNORM, 0);
    for (int64_t t = 0; t < tokens; t++) {
        double mean = 0;
        for (int64_t i = 0; i < C; i++) mean += test_at(x, t * C + i) * test_at(x, t * C + i) / C;
        double root = outside ? sqrt(mean) + eps : sqrt(mean + eps);
        for (int64_t i = 0; i < C; i++) {
            double w = weight("model.layers.0.input_layernorm.weight", i) + more;
            cr_assert_float_eq(test_at(y, t * C + i), w * test_at(x, t * C + i) / root, 1e-11, "%s", mistake);
        }
    }
}

Test(semantics_rest, norms) {
    config.rms_norm_eps = 0.01;
    expect_norm("", 0.01, false, 0);
    expect_norm("eps-outside-root", 0.01, true, 0);
    expect_norm("eps-1e-6", 1e-6, false, 0);
    expect_norm("norm-weight-plus-one", 0.01, false, 1);
    expect_norm("norm-weight-before-cast", 0.01, false, 0);
}

Test(semantics_rest, final_norm_missing) {
    const assay_tensor *logits = feed("final-norm-missing");
    const assay_tensor *hidden = stage(ASSAY_STAGE_LAYER_OUTPUT, 2);
    for (int64_t i = 0; i < tokens * V; i++) {
        double sum = 0;
        for (int64_t k = 0; k < C; k++) sum += test_at(hidden, i / V * C + k) * weight("lm_head.weight", i % V * C + k);
        cr_assert_float_eq(test_at(logits, i), sum, 1e-10);
    }
}

Test(semantics_rest, embeddings_scaled) {
    feed("embeddings-scaled");
    assay_tensor ids = test_ids(1, tokens, 1);
    for (int64_t i = 0; i < tokens * C; i++) {
        double plain = weight("model.embed_tokens.weight", ((int64_t *)ids.data)[i / C] * C + i % C);
        cr_assert_float_eq(test_at(stage(ASSAY_STAGE_EMBED_TOKENS, -1), i), plain * sqrt(C), 1e-12);
    }
    assay_tensor_free(&ids);
}

/* ---- the MLP ---- */

static double silu(double x) { return x / (1 + exp(-x)); }
static double gelu(double x) { return 0.5 * x * (1 + erf(x / sqrt(2))); }
static double gelu_tanh(double x) { return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }
static double relu(double x) { return x > 0 ? x : 0; }

static void expect_activation(const char *mistake, double (*activation)(double), assay_stage of) {
    feed(mistake);
    const assay_tensor *x = stage(of, 1), *y = stage(ASSAY_STAGE_ACT_FN, 1);
    for (int64_t i = 0; i < assay_tensor_count(x); i++)
        cr_assert_float_eq(test_at(y, i), activation(test_at(x, i)), 1e-9, "%s", mistake);
}

Test(semantics_rest, activations) {
    expect_activation("", silu, ASSAY_STAGE_GATE_PROJ);
    expect_activation("activation-gelu", gelu, ASSAY_STAGE_GATE_PROJ);
    expect_activation("activation-gelu-tanh", gelu_tanh, ASSAY_STAGE_GATE_PROJ);
    config.hidden_act = ASSAY_ACT_RELU;
    expect_activation("", relu, ASSAY_STAGE_GATE_PROJ);
    expect_activation("activation-silu", silu, ASSAY_STAGE_GATE_PROJ);
    expect_activation("up-activated", relu, ASSAY_STAGE_UP_PROJ);
}

/* The product goes through down_proj: of the plain gate and the activated up projection. */
Test(semantics_rest, up_activated) {
    feed("up-activated");
    const assay_tensor *gate = stage(ASSAY_STAGE_GATE_PROJ, 0), *up = stage(ASSAY_STAGE_UP_PROJ, 0);
    int64_t inner = gate->shape[2];
    for (int64_t i = 0; i < tokens * C; i++) {
        double sum = 0;
        for (int64_t k = 0; k < inner; k++)
            sum += test_at(gate, i / C * inner + k) * silu(test_at(up, i / C * inner + k)) *
                   weight("model.layers.0.mlp.down_proj.weight", i % C * inner + k);
        cr_assert_float_eq(test_at(stage(ASSAY_STAGE_DOWN_PROJ, 0), i), sum, 1e-8);
    }
}

static void swap_weights(assay_tensor_map *weights, int64_t layer) {
    char gate[64], up[64];
    snprintf(gate, sizeof gate, "model.layers.%d.mlp.gate_proj.weight", (int)layer);
    snprintf(up, sizeof up, "model.layers.%d.mlp.up_proj.weight", (int)layer);
    float *a = assay_tensor_map_get(weights, gate)->data, *b = assay_tensor_map_get(weights, up)->data;
    for (int64_t i = 0; i < 20 * C; i++) {
        float kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* As the original on a checkpoint in which the two have each other's name. */
Test(semantics_rest, gate_and_up_swapped) {
    assay_tensor swapped;
    cr_assert_eq(assay_tensor_copy(&swapped, feed("gate-and-up-swapped"), ASSAY_F64, NULL), ASSAY_OK);
    test_rig rig = {.weights = test_weights(&config)};
    for (int64_t i = 0; i < 3; i++) swap_weights(rig.weights, i);
    cr_assert_eq(assay_model_create(&rig.model, &config, ASSAY_F64, rig.weights, NULL), ASSAY_OK);
    cr_assert_eq(assay_past_create(&rig.past, rig.model, NULL), ASSAY_OK);
    assay_tensor ids = test_ids(1, tokens, 1), logits = test_feed(&rig, &ids, 1);
    cr_assert(test_same_bits(&logits, &swapped));
    assay_tensor_free(&ids), assay_tensor_free(&logits), assay_tensor_free(&swapped);
    test_rig_end(&rig);
}

/* ---- heads ---- */

/* Logits are the final norm times a matrix of this name; "": zero. */
static void expect_head(const char *mistake, const char *name) {
    const assay_tensor *logits = feed(mistake), *normed = stage(ASSAY_STAGE_NORM, -1);
    for (int64_t i = 0; i < tokens * V; i++) {
        double sum = 0;
        for (int64_t k = 0; *name && k < C; k++) sum += test_at(normed, i / V * C + k) * weight(name, i % V * C + k);
        cr_assert_float_eq(test_at(logits, i), sum, 1e-10, "%s", mistake);
    }
}

Test(semantics_rest, heads) {
    expect_head("", "lm_head.weight");
    expect_head("head-always-tied", "model.embed_tokens.weight");
    expect_head("head-untied", "lm_head.weight");
    config.tie_word_embeddings = true;
    expect_head("", "model.embed_tokens.weight");
    expect_head("head-untied", "lm_head.weight"); /* the checkpoint has one all the same */
}

/* A map without lm_head.weight. */
static assay_tensor_map *headless_weights(void) {
    assay_tensor_map *all = test_weights(&config), *some = assay_tensor_map_create();
    for (size_t i = 0; i < assay_tensor_map_count(all); i++)
        if (strcmp(assay_tensor_map_name(all, i), "lm_head.weight") != 0)
            cr_assert_eq(
                assay_tensor_map_put_copy(some, assay_tensor_map_name(all, i), assay_tensor_map_at(all, i), NULL),
                ASSAY_OK);
    assay_tensor_map_destroy(all);
    return some;
}

Test(semantics_rest, a_head_that_the_checkpoint_does_not_fill_is_zero) {
    config.tie_word_embeddings = true;
    test_rig rig = {.weights = headless_weights()};
    const assay_semantics semantics = {.head_weight = ASSAY_HEAD_UNTIED};
    for (int wide = 0; wide < 2; wide++) {
        assay_dtype dtype = wide ? ASSAY_F64 : ASSAY_F32;
        cr_assert_eq(assay_model_create_variant(&rig.model, &config, &semantics, dtype, rig.weights, NULL), ASSAY_OK);
        cr_assert_eq(assay_past_create(&rig.past, rig.model, NULL), ASSAY_OK);
        assay_tensor ids = test_ids(1, tokens, 1), logits = test_feed(&rig, &ids, 1);
        for (int64_t i = 0; i < assay_tensor_count(&logits); i++) cr_assert_eq(test_at(&logits, i), 0);
        assay_tensor_free(&ids), assay_tensor_free(&logits);
        assay_past_destroy(rig.past);
        assay_model_destroy(rig.model);
    }
    assay_tensor_map_destroy(rig.weights);
}

/* ---- losses ---- */

static double cross_entropy(const assay_tensor *logits, int64_t row, int64_t label) {
    double sum = 0;
    for (int64_t i = 0; i < V; i++) sum += exp(test_at(logits, row * V + i));
    return log(sum) - test_at(logits, row * V + label);
}

/* Two rows of four labels; which token is held against which label, and what is divided by, are the test's. */
static void expect_loss(const char *mistake, int64_t shift, int64_t divisor) {
    const int64_t wanted[] = {7, 3, -100, 11, -100, 5, 6, 0};
    test_lab_start(&lab, &config, mistake, ASSAY_F64);
    assay_tensor ids = test_ids(2, 4, 1), labels = test_i64(2, 4, wanted);
    assay_output out = test_run(&lab.rig, &(assay_call){.input_ids = &ids, .labels = &labels, .use_cache = 1}, NULL);
    double sum = 0;
    int64_t kept = 0;
    for (int64_t i = 0; i < 8; i++) {
        if (i % 4 < shift || wanted[i] == -100) continue;
        sum += cross_entropy(&out.logits, i - shift, wanted[i]);
        kept++;
    }
    cr_assert_float_eq(out.loss, sum / (double)(divisor ? divisor : kept), 1e-10, "%s: %g", mistake, out.loss);
    assay_output_free(&out);
    assay_tensor_free(&ids), assay_tensor_free(&labels);
}

Test(semantics_rest, losses) {
    expect_loss("", 1, 0);
    expect_loss("loss-not-shifted", 0, 0);
    expect_loss("loss-over-all", 1, 6);
    expect_loss("loss-not-shifted,loss-over-all", 0, 8);
}

/* ---- pooling ---- */

/* Columns that three rows are pooled at: pads at the right, at the left and in between; 0 is the pad. */
static void expect_columns(const char *mistake, const int64_t expected[4]) {
    static const int64_t rows[4][5] = {{5, 6, 7, 0, 0}, {0, 0, 5, 6, 7}, {5, 0, 6, 0, 0}, {5, 6, 7, 8, 9}};
    assay_semantics semantics = {0};
    if (*mistake) cr_assert_eq(assay_variants_parse(mistake, &semantics, NULL), ASSAY_OK);
    config.pad_token_id = 0;
    for (int row = 0; row < 4; row++) {
        int64_t column = assay_classify_column(&config, rows[row], 5, semantics.pooling);
        cr_expect_eq(column, expected[row], "%s: row %d at %d", mistake, row, (int)column);
    }
}

Test(semantics_rest, pooling) {
    expect_columns("", (int64_t[]){2, 2, 1, 4});
    expect_columns("pooled-at-last-column", (int64_t[]){4, 4, 4, 4});
    expect_columns("pooled-at-last-token", (int64_t[]){2, 4, 2, 4});
    expect_columns("pooled-before-first-pad", (int64_t[]){2, 4, 0, 4}); /* before the first column is the last */
}

/* The head really reads that column. */
Test(semantics_rest, pooled_logits_are_those_of_the_column) {
    config.head = ASSAY_HEAD_CLASSIFICATION;
    config.pad_token_id = 0;
    test_lab_start(&lab, &config, "pooled-at-last-token", ASSAY_F64);
    assay_tensor ids = test_i64(1, 4, (int64_t[]){5, 0, 6, 0});
    const assay_tensor *logits = test_lab_call(&lab, &(assay_call){.input_ids = &ids, .use_cache = 0});
    for (int64_t i = 0; i < 2; i++) {
        double sum = 0;
        for (int64_t k = 0; k < C; k++)
            sum += test_at(stage(ASSAY_STAGE_NORM, -1), 2 * C + k) * weight("score.weight", i * C + k);
        cr_assert_float_eq(test_at(logits, i), sum, 1e-10);
    }
    assay_tensor_free(&ids);
}
