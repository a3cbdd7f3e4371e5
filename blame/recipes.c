#include "blame/recipes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blame/plain_math.h"
#include "blame/recipes_attention.h"
#include "core/rounding.h"

/* ---- help ---- */

assay_status assay_recipe_misfit(assay_error *err) {
    return assay_fail(err, ASSAY_EINPUT, NULL, "its inputs do not fit together");
}

assay_status assay_recipe_new(assay_tensor *out, int rank, const int64_t *shape, assay_error *err) {
    return assay_tensor_alloc(out, ASSAY_F64, rank, shape, "a result", err);
}

static const double *values_of(const assay_tensor *t) { return t->data; }

/* The weight of a name in the layer, rounded as a half-precision model holds it. The caller frees *rounded. */
static assay_status find_weight(const assay_recipe_context *c, const char *name, const assay_tensor **out,
                                assay_tensor *rounded, assay_error *err) {
    char full[96];
    bool of_layer = strncmp(name, "model.", 6) != 0 && strchr(name, '.') && strcmp(name, "lm_head.weight") != 0 &&
                    strcmp(name, "score.weight") != 0;
    if (of_layer) snprintf(full, sizeof full, "model.layers.%lld.%s", (long long)c->layer, name);
    else snprintf(full, sizeof full, "%s", name);
    *rounded = (assay_tensor){0};
    *out = assay_tensor_map_get(c->weights, full);
    if (!*out) return assay_fail(err, ASSAY_EINPUT, NULL, "the weight %s is missing", full);
    if (c->round == ASSAY_F64) return ASSAY_OK;
    assay_status st = assay_tensor_copy(rounded, *out, ASSAY_F64, err);
    if (st) return st;
    for (int64_t i = 0; i < assay_tensor_count(rounded); i++)
        ((double *)rounded->data)[i] = assay_round_to(((double *)rounded->data)[i], c->round);
    *out = rounded;
    return ASSAY_OK;
}

/* x (B,T,K) through a matrix (N,K) to (B,T,N). */
static assay_status linear(const assay_recipe_context *c, const assay_tensor *x, const char *name, assay_tensor *out,
                           assay_error *err) {
    const assay_tensor *w;
    assay_tensor rounded;
    assay_status st = find_weight(c, name, &w, &rounded, err);
    if (st) return st;
    bool fits = x->rank == 3 && x->shape[2] == w->shape[1];
    st = fits ? assay_recipe_new(out, 3, (int64_t[]){x->shape[0], x->shape[1], w->shape[0]}, err)
              : assay_recipe_misfit(err);
    if (!st && assay_tensor_count(out) > 0)
        assay_plain_linear(out->data, values_of(x), values_of(w),
                           (int64_t[]){x->shape[0] * x->shape[1], w->shape[1], w->shape[0]}, c->round);
    assay_tensor_free(&rounded);
    return st;
}

static assay_status norm(const assay_recipe_context *c, const assay_tensor *x, const char *name, assay_tensor *out,
                         assay_error *err) {
    const assay_tensor *w;
    assay_tensor rounded;
    assay_status st = find_weight(c, name, &w, &rounded, err);
    if (st) return st;
    bool fits = x->rank == 3 && x->shape[2] == w->shape[0];
    st = fits ? assay_recipe_new(out, 3, x->shape, err) : assay_recipe_misfit(err);
    if (!st)
        assay_plain_norm(out->data, values_of(x), values_of(w), (int64_t[]){x->shape[0] * x->shape[1], x->shape[2]},
                         c->config->rms_norm_eps, c->round);
    assay_tensor_free(&rounded);
    return st;
}

/* ---- the operations ---- */

#define RECIPE(name)                                                                                          \
    static assay_status name(const assay_recipe_context *c, const assay_tensor *const *in, assay_tensor *out, \
                             assay_error *err)

RECIPE(copy) {
    (void)c;
    return assay_tensor_copy(out, in[0], ASSAY_F64, err);
}

/* EMB-1: rows of the table by id, or what was given in their place. */
RECIPE(embed) {
    if (in[1]) return copy(c, in + 1, out, err);
    const assay_tensor *w;
    assay_tensor rounded;
    assay_status st = in[0] ? find_weight(c, "model.embed_tokens.weight", &w, &rounded, err) : assay_recipe_misfit(err);
    if (st) return st;
    int64_t hidden = w->shape[1], n = assay_tensor_count(in[0]);
    st = in[0]->rank == 2 ? assay_recipe_new(out, 3, (int64_t[]){in[0]->shape[0], in[0]->shape[1], hidden}, err)
                          : assay_recipe_misfit(err);
    for (int64_t i = 0; !st && i < n; i++) {
        double id = values_of(in[0])[i];
        if (!(id >= 0 && id < (double)w->shape[0])) st = assay_recipe_misfit(err);
        else
            memcpy((double *)out->data + i * hidden, values_of(w) + (int64_t)id * hidden,
                   (size_t)hidden * sizeof(double));
    }
    if (st) assay_tensor_free(out);
    assay_tensor_free(&rounded);
    return st;
}

RECIPE(input_norm) { return norm(c, in[0], "input_layernorm.weight", out, err); }
RECIPE(post_norm) { return norm(c, in[0], "post_attention_layernorm.weight", out, err); }
RECIPE(final_norm) { return norm(c, in[0], "model.norm.weight", out, err); }
RECIPE(query) { return linear(c, in[0], "self_attn.q_proj.weight", out, err); }
RECIPE(key) { return linear(c, in[0], "self_attn.k_proj.weight", out, err); }
RECIPE(value) { return linear(c, in[0], "self_attn.v_proj.weight", out, err); }
RECIPE(output) { return linear(c, in[0], "self_attn.o_proj.weight", out, err); }
RECIPE(gate) { return linear(c, in[0], "mlp.gate_proj.weight", out, err); }
RECIPE(up) { return linear(c, in[0], "mlp.up_proj.weight", out, err); }

RECIPE(add) {
    if (!assay_tensor_same_shape(in[0], in[1])) return assay_recipe_misfit(err);
    assay_status st = copy(c, in, out, err);
    for (int64_t i = 0; !st && i < assay_tensor_count(out); i++)
        ((double *)out->data)[i] = assay_round_to(values_of(in[0])[i] + values_of(in[1])[i], c->round);
    return st;
}

RECIPE(activate) {
    assay_status st = copy(c, in, out, err);
    for (int64_t i = 0; !st && i < assay_tensor_count(out); i++)
        ((double *)out->data)[i] =
            assay_round_to(assay_plain_activation(values_of(in[0])[i], c->config->hidden_act), c->round);
    return st;
}

RECIPE(down) {
    if (!assay_tensor_same_shape(in[0], in[1])) return assay_recipe_misfit(err);
    assay_tensor product;
    assay_status st = copy(c, in, &product, err);
    if (st) return st;
    for (int64_t i = 0; i < assay_tensor_count(&product); i++)
        ((double *)product.data)[i] = assay_round_to(values_of(in[0])[i] * values_of(in[1])[i], c->round);
    st = linear(c, &product, "mlp.down_proj.weight", out, err);
    assay_tensor_free(&product);
    return st;
}

/* CLS-1: the row of each sequence that is read. */
static assay_status pool(const assay_tensor *all, const assay_tensor *pooled, assay_tensor *out, assay_error *err) {
    int64_t labels = all->shape[2];
    if (!pooled || pooled->shape[0] != all->shape[0] || all->shape[1] == 0) return assay_recipe_misfit(err);
    assay_status st = assay_recipe_new(out, 2, (int64_t[]){all->shape[0], labels}, err);
    for (int64_t b = 0; !st && b < all->shape[0]; b++)
        memcpy((double *)out->data + b * labels,
               values_of(all) + (b * all->shape[1] + (int64_t)values_of(pooled)[b]) * labels,
               (size_t)labels * sizeof(double));
    return st;
}

RECIPE(head) {
    bool classifies = c->config->head == ASSAY_HEAD_CLASSIFICATION;
    bool tied = !classifies && c->config->tie_word_embeddings;
    const char *name = classifies ? "score.weight" : tied ? "model.embed_tokens.weight" : "lm_head.weight";
    assay_tensor all;
    assay_status st = linear(c, in[0], name, &all, err);
    if (st || !classifies) {
        if (!st) *out = all;
        return st;
    }
    st = pool(&all, in[1], out, err);
    assay_tensor_free(&all);
    return st;
}

/* Mean cross entropy of rows of logits against their labels; -100 does not count. `rows` of a sequence, the label `shift` further on. */
static double mean_cross_entropy(const assay_tensor *logits, const assay_tensor *labels, int64_t rows, int64_t shift,
                                 assay_dtype round) {
    int64_t n = logits->shape[logits->rank - 1], all = assay_tensor_count(logits) / n;
    double sum = 0, count = 0;
    for (int64_t i = 0; i < all; i++) {
        if (i % rows + shift >= rows) continue;
        int64_t label = (int64_t)assay_load_f64(labels->data, labels->dtype, (size_t)(i + shift));
        if (label < 0 || label >= n) continue;
        sum += assay_plain_cross_entropy(values_of(logits) + i * n, n, label, round);
        count++;
    }
    return count > 0 ? sum / count : (double)NAN;
}

static double elementwise_loss(const assay_tensor *logits, const assay_tensor *labels, bool squared) {
    double sum = 0;
    int64_t n = assay_tensor_count(logits);
    for (int64_t i = 0; i < n; i++) {
        double x = values_of(logits)[i], y = assay_load_f64(labels->data, labels->dtype, (size_t)i);
        sum += squared ? (x - y) * (x - y) : fmax(x, 0) - x * y + log1p(exp(-fabs(x)));
    }
    return sum / (double)n;
}

/* LOSS-1, CLS-1. */
RECIPE(mean_loss) {
    if (!c->labels || in[0]->rank == 0 || assay_tensor_count(in[0]) == 0) return assay_recipe_misfit(err);
    assay_status st = assay_recipe_new(out, 0, NULL, err);
    if (st) return st;
    const assay_tensor *logits = in[0];
    int64_t labels = assay_tensor_count(c->labels), rows = logits->rank == 3 ? logits->shape[1] : 1;
    bool by_row = logits->rank == 3 || c->problem == ASSAY_PROBLEM_SINGLE_LABEL;
    int64_t wanted = assay_tensor_count(logits) / (by_row ? logits->shape[logits->rank - 1] : 1);
    if (labels != wanted) {
        assay_tensor_free(out);
        return assay_recipe_misfit(err);
    }
    double loss = by_row ? mean_cross_entropy(logits, c->labels, rows, logits->rank == 3, c->round)
                         : elementwise_loss(logits, c->labels, c->problem == ASSAY_PROBLEM_REGRESSION);
    *(double *)out->data = assay_round_to(loss, c->round);
    return ASSAY_OK;
}

/* ---- the table ---- */

#define NONE ASSAY_SLOT_NONE
#define STAGE(name) ((assay_slot)ASSAY_STAGE_##name)
#define SLOT(name) ASSAY_SLOT_##name

static const assay_recipe recipes[ASSAY_STAGE_COUNT] = {
    [ASSAY_STAGE_EMBED_TOKENS] = {{STAGE(INPUT_IDS), SLOT(EMBEDS), NONE}, embed},
    [ASSAY_STAGE_INPUT_LAYERNORM] = {{SLOT(HIDDEN), NONE}, input_norm},
    [ASSAY_STAGE_Q_PROJ] = {{STAGE(INPUT_LAYERNORM), NONE}, query},
    [ASSAY_STAGE_K_PROJ] = {{STAGE(INPUT_LAYERNORM), NONE}, key},
    [ASSAY_STAGE_V_PROJ] = {{STAGE(INPUT_LAYERNORM), NONE}, value},
    [ASSAY_STAGE_MEM_WRITE_KEY] = {{SLOT(WRITE_KEY), NONE}, copy},
    [ASSAY_STAGE_MEM_WRITE_VALUE] = {{SLOT(WRITE_VALUE), NONE}, copy},
    [ASSAY_STAGE_MEM_WRITE_MASK] = {{SLOT(WRITE_KEEP), NONE}, assay_recipe_memory_mask},
    [ASSAY_STAGE_REL_POS_IDS] = {{SLOT(LOCAL_POSITION), NONE}, assay_recipe_relative},
    [ASSAY_STAGE_COS] = {{STAGE(REL_POS_IDS), NONE}, assay_recipe_cos},
    [ASSAY_STAGE_SIN] = {{STAGE(REL_POS_IDS), NONE}, assay_recipe_sin},
    [ASSAY_STAGE_ROTATE_QUERY] = {{STAGE(Q_PROJ), STAGE(REL_POS_IDS), STAGE(COS), STAGE(SIN), NONE},
                                  assay_recipe_rotate_query},
    [ASSAY_STAGE_ROTATE_KEY] = {{SLOT(LOCAL_KEY), STAGE(REL_POS_IDS), STAGE(COS), STAGE(SIN), NONE},
                                assay_recipe_rotate_key},
    [ASSAY_STAGE_MEM_READ_KEY] = {{SLOT(SEEN_KEY), NONE}, copy},
    [ASSAY_STAGE_MEM_READ_VALUE] = {{SLOT(SEEN_VALUE), NONE}, copy},
    [ASSAY_STAGE_MEM_READ_MASK] = {{SLOT(SEEN_MASK), NONE}, copy},
    [ASSAY_STAGE_ATTN_SCORES] = {{STAGE(ROTATE_QUERY), STAGE(ROTATE_KEY), SLOT(LOCAL_KEEP), STAGE(MEM_READ_KEY),
                                  STAGE(MEM_READ_MASK)},
                                 assay_recipe_scores},
    [ASSAY_STAGE_ATTN_PROBS] = {{STAGE(ATTN_SCORES), NONE}, assay_recipe_softmax},
    [ASSAY_STAGE_ATTN_OUTPUT] = {{STAGE(ATTN_PROBS), SLOT(LOCAL_VALUE), STAGE(MEM_READ_VALUE), NONE},
                                 assay_recipe_values},
    [ASSAY_STAGE_O_PROJ] = {{STAGE(ATTN_OUTPUT), NONE}, output},
    [ASSAY_STAGE_ATTN_RESIDUAL] = {{SLOT(HIDDEN), STAGE(O_PROJ), NONE}, add},
    [ASSAY_STAGE_POST_LAYERNORM] = {{STAGE(ATTN_RESIDUAL), NONE}, post_norm},
    [ASSAY_STAGE_GATE_PROJ] = {{STAGE(POST_LAYERNORM), NONE}, gate},
    [ASSAY_STAGE_ACT_FN] = {{STAGE(GATE_PROJ), NONE}, activate},
    [ASSAY_STAGE_UP_PROJ] = {{STAGE(POST_LAYERNORM), NONE}, up},
    [ASSAY_STAGE_DOWN_PROJ] = {{STAGE(ACT_FN), STAGE(UP_PROJ), NONE}, down},
    [ASSAY_STAGE_LAYER_OUTPUT] = {{STAGE(ATTN_RESIDUAL), STAGE(DOWN_PROJ), NONE}, add},
    [ASSAY_STAGE_NORM] = {{SLOT(HIDDEN), NONE}, final_norm},
    [ASSAY_STAGE_LOGITS] = {{SLOT(NORMS), SLOT(POOLED), NONE}, head},
    [ASSAY_STAGE_LOSS] = {{STAGE(LOGITS), NONE}, mean_loss},
    [ASSAY_STAGE_PAST_KEY] = {{SLOT(PAST_KEY), NONE}, copy},
    [ASSAY_STAGE_PAST_VALUE] = {{SLOT(PAST_VALUE), NONE}, copy},
    [ASSAY_STAGE_PAST_POSITION] = {{SLOT(PAST_POSITION), NONE}, copy},
    [ASSAY_STAGE_PAST_MEM_KEY] = {{SLOT(PAST_MEM_KEY), NONE}, copy},
    [ASSAY_STAGE_PAST_MEM_VALUE] = {{SLOT(PAST_MEM_VALUE), NONE}, copy},
    [ASSAY_STAGE_PAST_MEM_MASK] = {{SLOT(PAST_MEM_MASK), NONE}, copy},
};

const assay_recipe *assay_recipe_of(assay_stage stage) { return &recipes[stage]; }

assay_status assay_recipe_run(assay_stage stage, const assay_recipe_context *c, const assay_tensor *const *in,
                              assay_tensor *out, assay_error *err) {
    return recipes[stage].run(c, in, out, err);
}

/* Sums of squares and of exponentials have no cancellation: they round less. */
double assay_recipe_terms(assay_stage stage, const assay_recipe_context *c, const assay_tensor *out) {
    const assay_config *config = c->config;
    double hidden = (double)config->hidden_size;
    switch (assay_operation_of(stage)) {
    case ASSAY_OPERATION_NORM: return fmax(1, hidden / 16);
    case ASSAY_OPERATION_PROJECTIONS:
    case ASSAY_OPERATION_HEAD: return hidden;
    case ASSAY_OPERATION_OUTPUT: return stage == ASSAY_STAGE_O_PROJ ? hidden : 1;
    case ASSAY_OPERATION_MLP:
        if (stage == ASSAY_STAGE_DOWN_PROJ) return (double)config->intermediate_size;
        return stage == ASSAY_STAGE_GATE_PROJ || stage == ASSAY_STAGE_UP_PROJ ? hidden : 1;
    case ASSAY_OPERATION_SCORES: return (double)assay_config_head_dim(config);
    case ASSAY_OPERATION_SOFTMAX: return fmax(1, (double)out->shape[out->rank - 1] / 16);
    case ASSAY_OPERATION_VALUES: return 256; /* keys of a tile; probabilities add up to 1 */
    default: return 1;
    }
}

bool assay_slot_is_exact(assay_slot slot) {
    switch ((int)slot) {
    case ASSAY_STAGE_INPUT_IDS:
    case ASSAY_STAGE_REL_POS_IDS:
    case ASSAY_STAGE_MEM_READ_MASK:
    case ASSAY_SLOT_LOCAL_POSITION:
    case ASSAY_SLOT_LOCAL_KEEP:
    case ASSAY_SLOT_WRITE_KEEP:
    case ASSAY_SLOT_SEEN_MASK:
    case ASSAY_SLOT_POOLED:
    case ASSAY_SLOT_PAST_POSITION:
    case ASSAY_SLOT_PAST_MEM_MASK: return true;
    default: return false;
    }
}

bool assay_slot_is_optional(assay_slot slot) {
    return slot == (assay_slot)ASSAY_STAGE_INPUT_IDS || slot == ASSAY_SLOT_EMBEDS || slot == ASSAY_SLOT_POOLED;
}
