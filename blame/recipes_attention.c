#include "blame/recipes_attention.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "blame/plain_math.h"
#include "core/rounding.h"

#define RECIPE(name) \
    assay_status name(const assay_recipe_context *c, const assay_tensor *const *in, assay_tensor *out, assay_error *err)

static double *values_of(const assay_tensor *t) { return t->data; }

RECIPE(assay_recipe_memory_mask) {
    assay_status st = assay_tensor_copy(out, in[0], ASSAY_F64, err);
    for (int64_t i = 0; !st && i < assay_tensor_count(out); i++)
        values_of(out)[i] = assay_plain_mask(values_of(out)[i] != 1, c->run);
    return st;
}

RECIPE(assay_recipe_relative) {
    (void)c;
    if (in[0]->rank != 2) return assay_recipe_misfit(err);
    assay_status st = assay_tensor_copy(out, in[0], ASSAY_F64, err);
    for (int64_t b = 0; !st && b < out->shape[0]; b++) {
        double *row = values_of(out) + b * out->shape[1], least = (double)INFINITY;
        for (int64_t i = 0; i < out->shape[1]; i++) least = fmin(least, row[i]);
        for (int64_t i = 0; i < out->shape[1]; i++) row[i] -= least;
    }
    return st;
}

static assay_status table(const assay_recipe_context *c, const assay_tensor *rel, bool sine, assay_tensor *out,
                          assay_error *err) {
    int64_t d = assay_config_head_dim(c->config);
    if (rel->rank != 2) return assay_recipe_misfit(err);
    assay_status st = assay_recipe_new(out, 2, (int64_t[]){rel->shape[1], d}, err);
    if (!st) assay_plain_rotary_table(out->data, rel->shape[1], d, c->config->rope_theta, sine, c->round);
    return st;
}

RECIPE(assay_recipe_cos) { return table(c, in[0], false, out, err); }
RECIPE(assay_recipe_sin) { return table(c, in[0], true, out, err); }

static bool has_rotary(const assay_recipe_context *c) {
    return !c->config->is_memory_layer[c->layer] || c->config->mem_positionals;
}

/* Rotates x (B,H,n,D) in place by the last n of rel (B,L). */
static assay_status rotate(const assay_recipe_context *c, assay_tensor *x, const assay_tensor *const *in,
                           assay_error *err) {
    const assay_tensor *rel = in[1], *cosine = in[2], *sine = in[3];
    int64_t heads = x->shape[1], n = x->shape[2], d = x->shape[3];
    bool fits = rel->rank == 2 && rel->shape[0] == x->shape[0] && rel->shape[1] >= n && cosine->rank == 2 &&
                cosine->shape[1] == d && assay_tensor_same_shape(cosine, sine);
    if (!fits) return assay_recipe_misfit(err);
    double *turned = malloc((size_t)d * sizeof *turned);
    if (!turned) return assay_fail_nomem(err, "a rotated token");
    assay_status st = ASSAY_OK;
    for (int64_t row = 0; !st && row < x->shape[0] * heads; row++)
        for (int64_t i = 0; !st && i < n; i++) {
            double at = values_of(rel)[row / heads * rel->shape[1] + rel->shape[1] - n + i];
            if (!(at >= 0 && at < (double)cosine->shape[0])) {
                st = assay_recipe_misfit(err);
                continue;
            }
            double *token = values_of(x) + (row * n + i) * d;
            assay_plain_rotate(turned, token, values_of(cosine) + (int64_t)at * d, values_of(sine) + (int64_t)at * d, d,
                               c->round);
            memcpy(token, turned, (size_t)d * sizeof *turned);
        }
    free(turned);
    return st;
}

static assay_status rotate_heads(const assay_recipe_context *c, assay_value *heads, const assay_tensor *const *in,
                                 assay_tensor *out, assay_error *err) {
    assay_status st = !heads->known   ? assay_recipe_misfit(err)
                      : has_rotary(c) ? rotate(c, &heads->tensor, in, err)
                                      : ASSAY_OK;
    if (st) assay_value_free(heads);
    else *out = heads->tensor;
    return st;
}

RECIPE(assay_recipe_rotate_query) {
    const assay_value q = {*in[0], true, 0};
    assay_value heads;
    assay_status st = assay_value_split_heads(&heads, &q, c->config->num_attention_heads, err);
    return st ? st : rotate_heads(c, &heads, in, out, err);
}

RECIPE(assay_recipe_rotate_key) {
    assay_value key;
    if (in[0]->rank != 4) return assay_recipe_misfit(err);
    assay_status st = assay_value_copy(&key, in[0], 0, err);
    return st ? st : rotate_heads(c, &key, in, out, err);
}

static bool are_heads(const assay_tensor *t, const assay_tensor *like) {
    return t->rank == 4 && t->shape[0] == like->shape[0] && t->shape[1] == like->shape[1] &&
           t->shape[3] == like->shape[3];
}

/* What scores are made of: q (B,H,T,D), local keys (B,H,L,D) and what they keep (B,L), memory keys (B,H,m,D) and masks (B,m). */
typedef struct {
    const assay_tensor *query, *key, *keep, *memory, *mask;
    int64_t tokens, local, stored, d;
} score_inputs;

static bool gather(score_inputs *s, const assay_tensor *const *in) {
    *s = (score_inputs){.query = in[0], .key = in[1], .keep = in[2], .memory = in[3], .mask = in[4]};
    bool fits = s->query->rank == 4 && are_heads(s->key, s->query) && are_heads(s->memory, s->query) &&
                s->keep->rank == 2 && s->mask->rank == 2 && s->keep->shape[0] == s->query->shape[0] &&
                s->mask->shape[0] == s->query->shape[0];
    if (!fits) return false;
    s->tokens = s->query->shape[2];
    s->local = s->key->shape[2];
    s->stored = s->memory->shape[2];
    s->d = s->query->shape[3];
    return s->keep->shape[1] == s->local && s->mask->shape[1] == s->stored && s->local >= s->tokens;
}

/* Scores of one query: row (L+m). */
static void score_row(const assay_recipe_context *c, const score_inputs *s, int64_t head_row, int64_t t, double *row) {
    int64_t b = head_row / s->query->shape[1];
    const double *q = values_of(s->query) + (head_row * s->tokens + t) * s->d;
    double clamp = c->config->torch_attention ? -(double)INFINITY : assay_plain_clamp(c->run);
    assay_dtype round = c->config->torch_attention ? ASSAY_F64 : c->round; /* PREC-4 */
    for (int64_t j = 0; j < s->local; j++) {
        int hides = (values_of(s->keep)[b * s->local + j] != 1) + (j > s->local - s->tokens + t);
        double mask = assay_plain_mask(hides, c->run);
        row[j] = assay_plain_score(q, values_of(s->key) + (head_row * s->local + j) * s->d, s->d, mask, round);
        if (row[j] < clamp) row[j] = clamp; /* NaN stays */
    }
    for (int64_t j = 0; j < s->stored; j++) {
        double mask = values_of(s->mask)[b * s->stored + j];
        const double *k = values_of(s->memory) + (head_row * s->stored + j) * s->d;
        double score = assay_plain_score(q, k, s->d, mask, round);
        row[s->local + j] = score < clamp ? clamp : score;
    }
}

RECIPE(assay_recipe_scores) {
    score_inputs s;
    if (!gather(&s, in)) return assay_recipe_misfit(err);
    int64_t keys = s.local + s.stored, rows = s.query->shape[0] * s.query->shape[1];
    assay_status st = assay_recipe_new(out, 4, (int64_t[]){s.query->shape[0], s.query->shape[1], s.tokens, keys}, err);
    if (st) return st;
#pragma omp parallel for schedule(static) collapse(2)
    for (int64_t row = 0; row < rows; row++)
        for (int64_t t = 0; t < s.tokens; t++) score_row(c, &s, row, t, values_of(out) + (row * s.tokens + t) * keys);
    return ASSAY_OK;
}

RECIPE(assay_recipe_softmax) {
    if (in[0]->rank != 4) return assay_recipe_misfit(err);
    assay_status st = assay_tensor_copy(out, in[0], ASSAY_F64, err);
    int64_t n = st ? 0 : out->shape[3], rows = n ? assay_tensor_count(out) / n : 0;
    for (int64_t i = 0; i < rows; i++) assay_plain_softmax(values_of(out) + i * n, n, c->round);
    return st;
}

/* out (D) += probs (n) * values (n,D). */
static void mix(double *out, const double *probs, const double *values, int64_t n, int64_t d) {
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < d; i++) out[i] += probs[j] * values[j * d + i];
}

RECIPE(assay_recipe_values) {
    const assay_tensor *probs = in[0], *local = in[1], *memory = in[2];
    bool fits = probs->rank == 4 && local->rank == 4 && local->shape[0] == probs->shape[0] &&
                local->shape[1] == probs->shape[1] && are_heads(memory, local) &&
                probs->shape[3] == local->shape[2] + memory->shape[2];
    if (!fits) return assay_recipe_misfit(err);
    int64_t batch = probs->shape[0], heads = probs->shape[1], tokens = probs->shape[2], keys = probs->shape[3];
    int64_t n = local->shape[2], m = memory->shape[2], d = local->shape[3];
    assay_status st = assay_recipe_new(out, 3, (int64_t[]){batch, tokens, heads * d}, err);
    if (st) return st;
#pragma omp parallel for schedule(static) collapse(2)
    for (int64_t row = 0; row < batch * heads; row++)
        for (int64_t t = 0; t < tokens; t++) {
            double *to = values_of(out) + ((row / heads * tokens + t) * heads + row % heads) * d;
            const double *p = values_of(probs) + (row * tokens + t) * keys;
            mix(to, p, values_of(local) + row * n * d, n, d);
            mix(to, p + n, values_of(memory) + row * m * d, m, d);
            for (int64_t i = 0; i < d; i++) to[i] = assay_round_to(to[i], c->round);
        }
    return ASSAY_OK;
}
