#include "fuzz/oracle_floor.h"

#include <math.h>
#include <stdio.h>

static const double least_units = 4;

/* Distance of neighbours of `unit` at a magnitude. */
static double unit_at(double scale, assay_dtype unit) {
    return scale > 0 && isfinite(scale) ? ldexp(assay_dtype_epsilon(unit), ilogb(scale)) : 0;
}

static double largest(const double *x, int64_t n) {
    double scale = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(x[i])) scale = fmax(scale, fabs(x[i]));
    return scale;
}

static double largest_of(const assay_tensor *t) {
    double scale = 0;
    if (t->dtype == ASSAY_F64) return largest(t->data, assay_tensor_count(t));
    for (int64_t i = 0; i < assay_tensor_count(t); i++) {
        double x = assay_load_f64(t->data, t->dtype, (size_t)i);
        scale = fmax(scale, largest(&x, 1));
    }
    return scale;
}

/* What is judged by a tolerance has floats in it: masks are exact. */
static bool has_floor(const assay_source_item *item) {
    return assay_stage_get(item->place.stage)->judge != ASSAY_JUDGE_EXACT;
}

static void set_floor(assay_source_item *item, double floor) {
    item->has_floor = true;
    item->floor = floor;
    item->has_unrounded_floor = item->has_unrounded;
    item->unrounded_floor = floor;
}

/* Of memory in half precision the values before the cast. */
static const assay_tensor *judged_values(const assay_source_item *item) {
    return item->has_unrounded ? item->unrounded : item->values;
}

static double scale_of(const assay_oracle_run *run, const assay_source_item *item) {
    double scale = largest_of(judged_values(item));
    if (item->place.stage != ASSAY_STAGE_LOSS) return scale;
    assay_place place = item->place;
    place.stage = ASSAY_STAGE_LOGITS;
    const assay_source_item *logits = assay_source_find(&run->source, &place);
    return logits ? fmax(scale, largest_of(logits->values)) : scale;
}

void assay_oracle_floors_begin(assay_oracle_run *run, assay_dtype unit) {
    for (size_t i = 0; i < run->source.item_count; i++) {
        assay_source_item *item = &run->source.items[i];
        if (has_floor(item)) set_floor(item, least_units * unit_at(scale_of(run, item), unit));
    }
}

static double distance(const assay_tensor *a, const assay_tensor *b) {
    double most = 0;
    for (int64_t i = 0; i < assay_tensor_count(a); i++) {
        double moved =
            fabs(assay_load_f64(a->data, a->dtype, (size_t)i) - assay_load_f64(b->data, b->dtype, (size_t)i));
        if (isfinite(moved)) most = fmax(most, moved);
    }
    return most;
}

void assay_oracle_floors_widen(assay_oracle_run *run, const assay_oracle_run *moved) {
    for (size_t i = 0; i < run->source.item_count; i++) {
        assay_source_item *item = &run->source.items[i];
        const assay_source_item *other = assay_source_find(&moved->source, &item->place);
        if (!has_floor(item) || !other) continue;
        const assay_tensor *a = judged_values(item), *b = judged_values(other);
        if (!assay_tensor_same_shape(a, b)) continue;
        double most = distance(a, b);
        if (most > item->floor) set_floor(item, most);
    }
}

/* ---- tokens ---- */

static double choice_floor(const assay_oracle_run *run, const assay_oracle_run *moved, size_t count, size_t step,
                           size_t index, assay_dtype unit) {
    const assay_oracle_choice *choice = &run->steps[step].choices[index];
    int64_t n = choice->batch * choice->vocab;
    double floor = least_units * unit_at(largest(choice->logits, n), unit);
    for (size_t r = 0; r < count; r++) {
        const assay_oracle_step *s = &moved[r].steps[step];
        if (index >= s->choice_count || s->choices[index].batch * s->choices[index].vocab != n) continue;
        for (int64_t i = 0; i < n; i++) {
            double most = fabs(s->choices[index].logits[i] - choice->logits[i]);
            if (isfinite(most)) floor = fmax(floor, most);
        }
    }
    return floor;
}

static void settle_choice(const assay_oracle_choice *choice, int64_t column, assay_tensor *tokens, double allowed) {
    for (int64_t b = 0; b < choice->batch; b++) {
        int64_t *token = (int64_t *)tokens->data + b * tokens->shape[1] + column;
        const double *logits = choice->logits + b * choice->vocab;
        if (choice->own[b] >= 0 && !(logits[choice->own[b]] - logits[*token] <= allowed)) *token = choice->own[b];
    }
}

void assay_oracle_settle_tokens(assay_oracle_run *run, const assay_oracle_run *moved, size_t count, assay_dtype unit,
                                double factor) {
    for (size_t s = 0; s < run->step_count; s++) {
        const assay_place place = {(int64_t)s, -1, -1, ASSAY_STAGE_TOKENS};
        const assay_source_item *item = assay_source_find(&run->source, &place);
        assay_tensor tokens;
        if (!item) continue;
        tokens = *(const assay_tensor *)item->values;
        for (size_t i = 0; i < run->steps[s].choice_count; i++)
            settle_choice(&run->steps[s].choices[i], run->steps[s].prompt + (int64_t)i, &tokens,
                          2 * factor * choice_floor(run, moved, count, s, i, unit));
    }
}
