#include "fuzz/relation_compare.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void assay_relation_break(assay_relation_job *job, const char *fmt, ...) {
    if (!assay_relation_goes_on(job)) return;
    job->result->verdict = ASSAY_RELATION_BROKEN;
    int n = snprintf(job->result->message, sizeof job->result->message, "%s (%s): ", job->relation->name,
                     job->relation->rules);
    va_list args;
    va_start(args, fmt);
    vsnprintf(job->result->message + n, sizeof job->result->message - (size_t)n, fmt, args);
    va_end(args);
}

void assay_relation_hold(assay_relation_job *job) {
    if (assay_relation_goes_on(job)) job->result->verdict = ASSAY_RELATION_HOLDS;
}

/* ---- numbers ---- */

/* Zeros are equal whatever their sign: a hidden key adds 0 times something. NaN is never right. */
static bool agree(assay_relation_job *job, double a, double b, double largest) {
    if (a == b) return true;
    if (job->tolerance == 0 || !isfinite(a) || !isfinite(b)) return false;
    double distance = fabs(a - b) / (job->tolerance * largest);
    if (distance > job->result->distance) job->result->distance = distance;
    return distance <= 1;
}

void assay_relation_same_number(assay_relation_job *job, const char *what, double a, double b, double largest) {
    if (!assay_relation_goes_on(job)) return;
    assay_relation_hold(job);
    if (!agree(job, a, b, largest)) assay_relation_break(job, "%s is %.17g, and %.17g in the second form", what, a, b);
}

static double load(const assay_tensor *t, int64_t i) {
    return t->dtype == ASSAY_I64 ? (double)((const int64_t *)t->data)[i] : assay_load_f64(t->data, t->dtype, (size_t)i);
}

/* Masks hold the dtype's minimum, which is no scale for anything. */
static double largest_of(const assay_tensor *t) {
    double largest = 0;
    for (int64_t i = 0; i < assay_tensor_count(t); i++) {
        double value = fabs(load(t, i));
        if (value > largest && value < 1e30) largest = value;
    }
    return largest;
}

/* `count` elements of each tensor, from a_at and b_at on. Element ids of the message count from the tensor's start. */
typedef struct {
    const char *what;
    const assay_tensor *a, *b;
    int64_t a_at, b_at, count;
    double largest, shift; /* what the second form's numbers are larger by */
} run_of_numbers;

static void compare_run(assay_relation_job *job, const run_of_numbers *run) {
    for (int64_t i = 0; i < run->count && assay_relation_goes_on(job); i++) {
        double a = load(run->a, run->a_at + i), b = load(run->b, run->b_at + i) - run->shift;
        if (!agree(job, a, b, run->largest))
            assay_relation_break(job, "%s: element %lld is %.17g, but element %lld of the second form is %.17g",
                                 run->what, (long long)(run->a_at + i), a, (long long)(run->b_at + i), b + run->shift);
    }
    assay_relation_hold(job);
}

/* ---- tensors ---- */

static const char *path_of(char text[160], int64_t step, int64_t layer, assay_stage stage) {
    return assay_place_path(&(assay_place){step, -1, layer, stage}, text, 160);
}

static bool same_sizes(const assay_tensor *a, const assay_tensor *b, bool any_rows) {
    if (a->rank != b->rank) return false;
    for (int i = any_rows ? 1 : 0; i < a->rank; i++)
        if (a->shape[i] != b->shape[i]) return false;
    return true;
}

/* A loss of no labels is NaN in both forms (LOSS-1). */
static bool both_nan(const assay_tensor *a, const assay_tensor *b, assay_stage stage) {
    return stage == ASSAY_STAGE_LOSS && isnan(load(a, 0)) && isnan(load(b, 0));
}

static void compare_rows(assay_relation_job *job, const assay_relation_pasts *which, run_of_numbers *run) {
    const int64_t *b_row = run->a->rank > 0 ? which->b_row : NULL; /* a loss has no rows */
    int64_t rows = b_row ? run->a->shape[0] : 1;
    run->count = assay_tensor_count(run->a) / (rows ? rows : 1);
    run->largest = largest_of(run->a);
    for (int64_t r = 0; r < rows; r++) {
        int64_t other = b_row ? b_row[r] : r;
        if (other < 0) continue;
        run->a_at = r * run->count;
        run->b_at = other * run->count;
        compare_run(job, run);
    }
}

void assay_relation_same_stage(assay_relation_job *job, const assay_relation_pasts *which, assay_stage stage,
                               int64_t layer) {
    char path[160], other[160];
    if (!assay_relation_goes_on(job)) return;
    path_of(path, (int64_t)which->a_step, layer, stage);
    path_of(other, (int64_t)which->b_step, layer, stage);
    const assay_tensor *a = assay_tensor_map_get(job->a.results, path),
                       *b = assay_tensor_map_get(job->b.results, other);
    if (!a && !b) return;
    if (!a || !b) {
        assay_relation_break(job, "%s is there in the %s form alone", a ? path : other, a ? "first" : "second");
        return;
    }
    char shape[96], other_shape[96];
    if (!same_sizes(a, b, which->b_row != NULL))
        assay_relation_break(job, "%s has the shape %s, but %s of the second form has %s", path,
                             assay_tensor_shape_text(a, shape, sizeof shape), other,
                             assay_tensor_shape_text(b, other_shape, sizeof other_shape));
    run_of_numbers run = {.what = path, .a = a, .b = b};
    if (stage == ASSAY_STAGE_PAST_POSITION) run.shift = (double)which->shift;
    if (assay_relation_goes_on(job) && !both_nan(a, b, stage)) compare_rows(job, which, &run);
}

void assay_relation_same_past(assay_relation_job *job, const assay_relation_pasts *which) {
    for (int64_t layer = 0; layer < job->a.c.config.num_hidden_layers; layer++)
        for (int stage = ASSAY_STAGE_PAST_KEY; stage <= ASSAY_STAGE_PAST_MEM_MASK; stage++)
            assay_relation_same_stage(job, which, (assay_stage)stage, layer);
}

/* ---- steps ---- */

/* Whether the steps ran in both forms; it breaks the relation when they did in one alone, or were refused by other rules. */
static bool both_ran(assay_relation_job *job, size_t a_step, size_t b_step) {
    if (!assay_relation_goes_on(job)) return false;
    const assay_error *a = &job->a.refusals[a_step], *b = &job->b.refusals[b_step];
    if (!a->status && !b->status) return true;
    if (!a->status != !b->status)
        assay_relation_break(job, "step %zu is refused in the %s form alone: %.200s", a->status ? a_step : b_step,
                             a->status ? "first" : "second", a->status ? a->message : b->message);
    else if (strcmp(a->rules, b->rules) != 0)
        assay_relation_break(job, "step %zu is refused by %s, and by %s in the second form", a_step, a->rules,
                             b->rules);
    return false;
}

void assay_relation_same_step(assay_relation_job *job, const assay_relation_pasts *which) {
    if (!both_ran(job, which->a_step, which->b_step)) return;
    for (int stage = ASSAY_STAGE_LOGITS; stage <= ASSAY_STAGE_TOKENS; stage++)
        assay_relation_same_stage(job, which, (assay_stage)stage, -1);
    assay_relation_pasts schedules = {.a_step = which->a_step, .b_step = which->b_step};
    assay_relation_same_stage(job, &schedules, ASSAY_STAGE_SCHEDULE, -1);
    assay_relation_same_past(job, which);
}

void assay_relation_same_results(assay_relation_job *job) {
    for (size_t i = 0; i < job->a.c.step_count; i++)
        assay_relation_same_step(job, &(assay_relation_pasts){.a_step = i, .b_step = i});
}

static void compare_logits(assay_relation_job *job, const assay_relation_logits *which, const assay_tensor *a,
                           const assay_tensor *b) {
    int64_t columns = a->shape[a->rank - 1], a_tokens = a->rank == 3 ? a->shape[1] : 1;
    int64_t b_tokens = b->rank == 3 ? b->shape[1] : 1;
    char what[64];
    snprintf(what, sizeof what, "logits of step %zu", which->a_step);
    run_of_numbers run = {.what = what, .a = a, .b = b, .count = columns, .largest = largest_of(a)};
    for (int64_t r = 0; r < a->shape[0]; r++) {
        int64_t other = which->b_row ? which->b_row[r] : r;
        for (int64_t t = 0; other >= 0 && t < which->count; t++) {
            if (which->skip && which->skip[r * a_tokens + which->a_first + t]) continue;
            run.a_at = (r * a_tokens + which->a_first + t) * columns;
            run.b_at = (other * b_tokens + which->b_first + t) * columns;
            compare_run(job, &run);
        }
    }
}

void assay_relation_same_logits(assay_relation_job *job, const assay_relation_logits *which) {
    char path[160];
    if (!both_ran(job, which->a_step, which->b_step)) return;
    const assay_tensor *a =
        assay_tensor_map_get(job->a.results, path_of(path, (int64_t)which->a_step, -1, ASSAY_STAGE_LOGITS));
    const assay_tensor *b =
        assay_tensor_map_get(job->b.results, path_of(path, (int64_t)which->b_step, -1, ASSAY_STAGE_LOGITS));
    if (a && b) compare_logits(job, which, a, b);
}
