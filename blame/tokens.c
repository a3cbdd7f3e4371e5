#include "blame/tokens.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void assay_choices_clear(assay_choices *c) {
    for (size_t i = 0; i < c->count; i++) assay_value_free(&c->below[i]);
    free(c->below);
    free(c->tolerance);
    *c = (assay_choices){0};
}

static assay_status reserve(assay_choices *c, assay_error *err) {
    assay_value *below = realloc(c->below, (c->count + 1) * sizeof *below);
    if (below) c->below = below;
    double *tolerance = realloc(c->tolerance, (c->count + 1) * sizeof *tolerance);
    if (tolerance) c->tolerance = tolerance;
    return below && tolerance ? ASSAY_OK : assay_fail_nomem(err, "choices of tokens");
}

/* Logits become distances below the row's largest. Returns the largest magnitude. */
static double count_from_largest(assay_tensor *logits) {
    int64_t n = logits->shape[logits->rank - 1], rows = n ? assay_tensor_count(logits) / n : 0;
    double scale = 0;
    for (int64_t r = 0; r < rows; r++) {
        double *row = (double *)logits->data + r * n, largest = -(double)INFINITY;
        for (int64_t i = 0; i < n; i++) {
            largest = fmax(largest, row[i]);
            scale = fmax(scale, fabs(row[i]));
        }
        for (int64_t i = 0; i < n; i++) row[i] = largest - row[i];
    }
    return scale;
}

assay_status assay_choices_add(assay_choices *c, const assay_walker *w, assay_error *err) {
    const assay_value *norm = &w->slots[ASSAY_STAGE_NORM];
    assay_value last = {0}, below = {0};
    assay_status st = reserve(c, err);
    if (st) return st;
    int64_t tokens = norm->known ? norm->tensor.shape[1] : 0;
    if (tokens > 0) st = assay_value_join(&last, norm, (int64_t[]){tokens - 1, tokens}, NULL, 1, err);
    const assay_tensor *in[ASSAY_RECIPE_INPUTS] = {&last.tensor};
    if (!st && last.known) st = assay_recipe_run(ASSAY_STAGE_LOGITS, &w->recipe, in, &below.tensor, err);
    below.known = !st && last.known && below.tensor.rank > 0;
    if (st == ASSAY_EINPUT) st = ASSAY_OK; /* not known, then */
    below.via = last.via;
    double scale = below.known ? count_from_largest(&below.tensor) : 0;
    double factor = fmax(8, sqrt((double)w->recipe.config->hidden_size));
    bool half = w->recipe.round != ASSAY_F64;
    assay_value_free(&last);
    c->tolerance[c->count] = half ? 2 * assay_dtype_epsilon(w->recipe.round) * scale : factor * ldexp(scale, -22);
    c->below[c->count++] = below;
    return st;
}

/* How far one choice is from a right one, in what rounding explains. */
static double distance_of(const assay_choices *c, size_t i, int64_t b, int64_t id) {
    const assay_tensor *t = &c->below[i].tensor;
    int64_t vocab = t->shape[t->rank - 1];
    if (id < 0 || id >= vocab || b >= t->shape[0]) return (double)INFINITY;
    double below = ((const double *)t->data)[b * vocab + id];
    return below <= 0 ? 0 : below / c->tolerance[i];
}

/* The number of new tokens that are not among the largest; of a row that has ended, not what it is filled with. */
static int64_t count_wrong(const assay_choices *c, const assay_walker *w, const assay_step *step, double *worst) {
    const assay_tensor *tokens = &w->slots[ASSAY_STAGE_TOKENS].tensor;
    int64_t all = tokens->shape[1], wrong = 0, first = all - (int64_t)c->count;
    int64_t pad = w->recipe.config->pad_token_id, fill = pad == ASSAY_NO_TOKEN ? step->eos_token_id : pad;
    for (int64_t b = 0; b < tokens->shape[0]; b++) {
        bool finished = false;
        for (size_t i = 0; i < c->count; i++) {
            double found = ((const double *)tokens->data)[b * all + first + (int64_t)i];
            int64_t id = found >= 0 && found < 0x1p53 ? (int64_t)found : -1;
            double distance = !finished ? distance_of(c, i, b, id) : id == fill ? 0 : (double)INFINITY;
            *worst = fmax(*worst, distance);
            wrong += !(distance <= 1);
            finished = finished || (step->has_eos_token_id && id == step->eos_token_id);
        }
    }
    return wrong;
}

/* One choice a new token: with several windows a call (GEN-4) they cannot be told apart. */
static bool one_a_token(const assay_choices *c, const assay_tensor *tokens, const assay_step *step) {
    return tokens->rank == 2 && step->input_ids.rank == 2 && tokens->shape[0] == step->input_ids.shape[0] &&
           tokens->shape[1] == step->input_ids.shape[1] + (int64_t)c->count;
}

static bool all_known(const assay_choices *c, assay_stage_set *via) {
    bool known = c->count > 0;
    for (size_t i = 0; i < c->count; i++) {
        known = known && c->below[i].known;
        *via |= c->below[i].via;
    }
    return known;
}

assay_status assay_choices_judge(const assay_choices *c, assay_walker *w, const assay_step *step, assay_error *err) {
    size_t before = w->out->count;
    assay_status st = assay_judge_given(w, ASSAY_STAGE_TOKENS, true, err);
    if (st || w->out->count == before) return st;
    assay_blame_entry *e = &w->out->entries[before];
    const assay_tensor *tokens = &w->slots[ASSAY_STAGE_TOKENS].tensor;
    bool fits = all_known(c, &e->via) && one_a_token(c, tokens, step) && isfinite(e->own);
    if (!fits) return ASSAY_OK;
    double worst = 0;
    int64_t wrong = count_wrong(c, w, step, &worst);
    e->own = worst;
    e->tolerance = 1;
    if (wrong == 0) return ASSAY_OK;
    e->verdict = e->via ? ASSAY_BLAME_SUSPECT : ASSAY_BLAME_FAULT;
    snprintf(e->reason, sizeof e->reason,
             "%lld tokens are neither those of the largest logit that follows from the final norms, nor the fill of an "
             "ended row",
             (long long)wrong);
    return ASSAY_OK;
}
