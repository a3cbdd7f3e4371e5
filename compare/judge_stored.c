#include "compare/judge_stored.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compare/judge_internal.h"
#include "core/rounding.h"

#define CHUNK 256 /* elements that are compared by their bits at a time */

static double load(const assay_tensor *t, int64_t i) { return assay_load_f64(t->data, t->dtype, (size_t)i); }

static bool is_nan(double value) { return assay_classify(value) == ASSAY_CLASS_NAN; }

/* ---- what was not cast ---- */

/* Elements that the type cannot hold. */
typedef struct {
    int64_t count, first;
} uncast_count;

/* Whether all float32 values end in the 16 zero bits that bfloat16 leaves off: the usual case, and fast. */
static bool end_in_zeros(const assay_tensor *t) {
    const uint32_t *bits = t->data;
    uint32_t low = 0;
    for (int64_t i = 0, n = assay_tensor_count(t); i < n; i++) low |= bits[i];
    return (low & 0xffff) == 0;
}

static void count_uncast(uncast_count *u, const assay_tensor *t, assay_dtype dtype) {
    if (t->dtype == dtype || (t->dtype == ASSAY_F32 && dtype == ASSAY_BF16 && end_in_zeros(t))) return;
    for (int64_t i = 0, n = assay_tensor_count(t); i < n; i++) {
        double value = load(t, i);
        if (assay_classify(value) != ASSAY_CLASS_FINITE || assay_round_to(value, dtype) == value) continue;
        if (u->count++ == 0) u->first = i;
    }
}

bool assay_dtype_holds(assay_dtype dtype, const assay_tensor *t) {
    uncast_count uncast = {.count = 0};
    count_uncast(&uncast, t, dtype);
    return uncast.count == 0;
}

static void fold_uncast(uncast_count *total, const uncast_count *part, int64_t begin) {
    if (total->count == 0 && part->count > 0) total->first = begin + part->first;
    total->count += part->count;
}

static assay_status visit_golden(const void *context, const assay_block *b, void *part, assay_error *err) {
    (void)err; /* it needs no memory */
    count_uncast(part, &b->sides[ASSAY_WALK_GOLDEN], *(const assay_dtype *)context);
    return ASSAY_OK;
}

static void fold_golden(void *total, const void *part, int64_t begin) { fold_uncast(total, part, begin); }

assay_status assay_judge_is_cast(const assay_values *values, assay_dtype dtype, bool *is_cast, assay_error *err) {
    const assay_block_walk walk = {.sides = {values},
                                   .row = 1,
                                   .context = &dtype,
                                   .part_nbytes = sizeof(uncast_count),
                                   .visit = visit_golden,
                                   .fold = fold_golden};
    uncast_count uncast = {.count = 0};
    assay_status st = values->tensor.dtype == dtype ? ASSAY_OK : assay_block_walk_run(&walk, &uncast, err);
    if (!st) *is_cast = uncast.count == 0;
    return st;
}

/* ---- one block ---- */

/* What deviates: elements that fail, and the largest deviation, of passing elements too. Indices are those of the first. */
typedef struct {
    int64_t failing, first_failure;
    double deviation;
    int64_t largest; /* meant when deviation is above 0 */
} deviations;

typedef struct {
    assay_metrics_state metrics;
    uncast_count uncast;
    deviations found;
} stored_part;

/* A block while it is looked at. */
typedef struct {
    const assay_judge_input *in;
    const assay_tensor *golden, *candidate, *unrounded;
    deviations *found;
} stored_visit;

static void note(deviations *d, double deviation, bool fails, int64_t at) {
    if (fails && d->failing++ == 0) d->first_failure = at;
    if (!(deviation > d->deviation)) return;
    d->deviation = deviation;
    d->largest = at;
}

static void check_unrounded(const stored_visit *v, int64_t i) {
    double u = load(v->unrounded, i), c = load(v->candidate, i);
    bool golden_nan = is_nan(load(v->golden, i)), candidate_nan = is_nan(c);
    if (golden_nan && candidate_nan) return;
    if (golden_nan || candidate_nan || is_nan(u)) {
        note(v->found, INFINITY, true, i);
        return;
    }
    assay_dtype dtype = v->in->mem_dtype;
    if (assay_round_to(u, dtype) == c) return;
    double lowest = assay_round_to(u - v->in->tolerance, dtype), highest = assay_round_to(u + v->in->tolerance, dtype);
    note(v->found, assay_rounding_move(u, c, dtype), c < lowest || c > highest, i);
}

/* Where classes differ, which is a failure of its own, what it notes does not matter. */
static void check_unit(const stored_visit *v, int64_t i) {
    double g = load(v->golden, i), c = load(v->candidate, i);
    bool finite = assay_classify(g) == ASSAY_CLASS_FINITE && assay_classify(c) == ASSAY_CLASS_FINITE;
    if (g == c || !finite || assay_ulp_distance(g, c, v->in->mem_dtype) <= 1) return;
    double distance = fabs(g - c);
    note(v->found, distance, distance > v->in->tolerance, i);
}

/* Whether the candidate holds the very bits that the original stored, or what is NaN on both sides: the usual case, and fast. */
static bool has_golden_bits(const stored_visit *v, int64_t begin, int64_t n) {
    assay_dtype dtype = v->in->mem_dtype;
    if (v->golden->dtype != dtype || v->candidate->dtype != dtype) return false;
    const uint16_t *g = v->golden->data, *c = v->candidate->data;
    return memcmp(g + begin, c + begin, (size_t)n * sizeof *g) == 0;
}

static void check_chunk(const stored_visit *v, int64_t begin, int64_t n) {
    if (has_golden_bits(v, begin, n)) return;
    for (int64_t i = begin; i < begin + n; i++)
        if (!has_golden_bits(v, i, 1)) (v->in->unrounded ? check_unrounded : check_unit)(v, i);
}

static assay_status visit(const void *context, const assay_block *b, void *part, assay_error *err) {
    (void)err; /* it needs no memory */
    stored_part *p = part;
    const assay_judge_input *in = ((const assay_judge_context *)context)->in;
    const stored_visit v = {in, &b->sides[ASSAY_WALK_GOLDEN], &b->sides[ASSAY_WALK_CANDIDATE],
                            &b->sides[ASSAY_WALK_UNROUNDED], &p->found};
    assay_span span;
    assay_judge_measure(context, b, &p->metrics);
    count_uncast(&p->uncast, v.candidate, in->mem_dtype);
    if (p->uncast.count > 0) return ASSAY_OK;
    size_t cursor = 0;
    while (assay_block_next(b, &cursor, &span)) {
        int64_t end = span.begin + span.count;
        for (int64_t at = span.begin; at < end; at += CHUNK) check_chunk(&v, at, end - at < CHUNK ? end - at : CHUNK);
    }
    return ASSAY_OK;
}

static void fold(void *total, const void *part, int64_t begin) {
    stored_part *t = total;
    const stored_part *p = part;
    assay_metrics_fold(&t->metrics, &p->metrics, begin);
    fold_uncast(&t->uncast, &p->uncast, begin);
    if (t->found.failing == 0 && p->found.failing > 0) t->found.first_failure = begin + p->found.first_failure;
    t->found.failing += p->found.failing;
    if (!(p->found.deviation > t->found.deviation)) return;
    t->found.deviation = p->found.deviation;
    t->found.largest = begin + p->found.largest;
}

/* ---- conclusions ---- */

static assay_status fail_uncast(assay_entry *e, const assay_judge_input *in, const uncast_count *uncast,
                                assay_error *err) {
    assay_status st = assay_judge_set_worst(e, in, uncast->first, err);
    e->verdict = ASSAY_VERDICT_FAIL;
    e->deviation = INFINITY;
    snprintf(e->rules, sizeof e->rules, "MEM-6");
    snprintf(e->reason, sizeof e->reason, "not cast to %s (MEM-6): it holds %.9g, which is no %s number",
             assay_dtype_name(in->mem_dtype), e->worst.candidate, assay_dtype_name(in->mem_dtype));
    return st;
}

/* The element to show: the largest deviation, unless all that fail come after it (a tie that went the other way deviates by 0). */
static int64_t worst_of(const deviations *d, const assay_metrics *m) {
    if (d->deviation > 0 && (d->failing == 0 || d->largest > d->first_failure)) return d->largest;
    return d->failing > 0 ? d->first_failure : m->max_abs_at;
}

static assay_status explain_unrounded(assay_entry *e, const assay_judge_input *in, const deviations *d,
                                      assay_error *err) {
    double u = 0;
    assay_status st = assay_values_at(in->unrounded, e->worst.index, &u, err);
    snprintf(e->reason, sizeof e->reason,
             "no rounding to %s of the golden's %.9g within %.3g gives the candidate's %.9g; %lld of %lld places fail",
             assay_dtype_name(in->mem_dtype), u, in->tolerance, e->worst.candidate, (long long)d->failing,
             (long long)e->metrics.count);
    return st;
}

static assay_status conclude(assay_entry *e, const assay_judge_input *in, const deviations *d, assay_error *err) {
    assay_status st = assay_judge_set_worst(e, in, worst_of(d, &e->metrics), err);
    e->deviation = d->deviation;
    if (st || d->failing == 0) return st;
    e->verdict = ASSAY_VERDICT_FAIL;
    if (in->unrounded) return explain_unrounded(e, in, d, err);
    snprintf(e->reason, sizeof e->reason,
             "more than one unit of %s and more than the tolerance %.3g from the golden, at %lld of %lld places",
             assay_dtype_name(in->mem_dtype), in->tolerance, (long long)d->failing, (long long)e->metrics.count);
    return ASSAY_OK;
}

assay_status assay_judge_cast(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    const assay_judge_pass pass = {sizeof(stored_part), 1, in->mem_dtype, visit, fold};
    stored_part total = {.uncast = {0}};
    bool fails = false;
    assay_judge_begin(&total.metrics, pass.ulp_dtype);
    assay_status st = assay_judge_walk(in, &pass, &total, err);
    if (st) return st;
    e->metrics = assay_metrics_end(&total.metrics);
    if (total.uncast.count > 0) return fail_uncast(e, in, &total.uncast, err);
    if (!in->unrounded) st = assay_judge_classes(e, in, &fails, err);
    return st || fails ? st : conclude(e, in, &total.found, err);
}
