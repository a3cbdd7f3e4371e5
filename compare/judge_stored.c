#include "compare/judge_stored.h"

#include <math.h>
#include <stdio.h>

#include "core/rounding.h"

static double load(const assay_tensor *t, int64_t i) { return assay_load_f64(t->data, t->dtype, (size_t)i); }

static bool is_nan(double value) { return assay_classify(value) == ASSAY_CLASS_NAN; }

int64_t assay_first_not_representable(const assay_tensor *t, assay_dtype dtype) {
    if (t->dtype == dtype) return -1;
    int64_t n = assay_tensor_count(t);
    for (int64_t i = 0; i < n; i++) {
        double value = load(t, i);
        if (assay_classify(value) == ASSAY_CLASS_FINITE && assay_round_to(value, dtype) != value) return i;
    }
    return -1;
}

bool assay_judge_cast(assay_entry *e, const assay_judge_input *in) {
    int64_t at = assay_first_not_representable(in->candidate, in->mem_dtype);
    if (at < 0) return true;
    assay_judge_set_worst(e, in, at);
    e->verdict = ASSAY_VERDICT_FAIL;
    e->deviation = INFINITY;
    snprintf(e->rules, sizeof e->rules, "MEM-6");
    snprintf(e->reason, sizeof e->reason, "not cast to %s (MEM-6): it holds %.9g, which is no %s number",
             assay_dtype_name(in->mem_dtype), e->worst.candidate, assay_dtype_name(in->mem_dtype));
    return false;
}

/* Elements that fail, and the worst of them. */
typedef struct {
    int64_t failing;
    double deviation; /* largest, passing elements included */
    int64_t worst;    /* its index; -1 when nothing was noted */
} stored_walk;

static void note(stored_walk *w, double deviation, bool fails, int64_t at) {
    bool first_failure = fails && w->failing == 0; /* its deviation may be 0: a tie that went the other way */
    w->failing += fails;
    if (!first_failure && !(deviation > w->deviation)) return;
    w->deviation = fmax(w->deviation, deviation);
    w->worst = at;
}

/* Whether the candidate holds the very bits that the original stored: the usual case, and fast. */
static bool has_golden_bits(const assay_judge_input *in, int64_t i) {
    if (in->golden->dtype != in->mem_dtype || in->candidate->dtype != in->mem_dtype) return false;
    return ((const uint16_t *)in->golden->data)[i] == ((const uint16_t *)in->candidate->data)[i] &&
           !is_nan(load(in->golden, i));
}

static void check_unrounded(stored_walk *w, const assay_judge_input *in, int64_t i) {
    if (has_golden_bits(in, i)) return;
    double u = load(in->unrounded, i), c = load(in->candidate, i);
    bool golden_nan = is_nan(load(in->golden, i)), candidate_nan = is_nan(c);
    if (golden_nan && candidate_nan) return;
    if (golden_nan || candidate_nan || is_nan(u)) {
        note(w, INFINITY, true, i);
        return;
    }
    if (assay_round_to(u, in->mem_dtype) == c) return;
    double lowest = assay_round_to(u - in->tolerance, in->mem_dtype);
    double highest = assay_round_to(u + in->tolerance, in->mem_dtype);
    note(w, assay_rounding_move(u, c, in->mem_dtype), c < lowest || c > highest, i);
}

void assay_judge_against_unrounded(assay_entry *e, const assay_judge_input *in) {
    stored_walk w = {.worst = -1};
    for (size_t s = 0; s < in->span_count; s++)
        for (int64_t i = in->spans[s].begin; i < in->spans[s].begin + in->spans[s].count; i++)
            check_unrounded(&w, in, i);
    assay_judge_set_worst(e, in, w.worst >= 0 ? w.worst : e->metrics.max_abs_at);
    e->deviation = w.deviation;
    if (w.failing == 0) return;
    e->verdict = ASSAY_VERDICT_FAIL;
    snprintf(e->reason, sizeof e->reason,
             "no rounding to %s of the golden's %.9g within %.3g gives the candidate's %.9g; %lld of %lld places fail",
             assay_dtype_name(in->mem_dtype), load(in->unrounded, w.worst), in->tolerance, e->worst.candidate,
             (long long)w.failing, (long long)e->metrics.count);
}

static void check_unit(stored_walk *w, const assay_judge_input *in, int64_t i) {
    double g = load(in->golden, i), c = load(in->candidate, i);
    if (g == c || assay_classify(g) != ASSAY_CLASS_FINITE || assay_ulp_distance(g, c, in->mem_dtype) <= 1) return;
    double distance = fabs(g - c);
    note(w, distance, distance > in->tolerance, i);
}

void assay_judge_by_unit(assay_entry *e, const assay_judge_input *in) {
    stored_walk w = {.worst = -1};
    for (size_t s = 0; s < in->span_count; s++)
        for (int64_t i = in->spans[s].begin; i < in->spans[s].begin + in->spans[s].count; i++) check_unit(&w, in, i);
    assay_judge_set_worst(e, in, w.worst >= 0 ? w.worst : e->metrics.max_abs_at);
    e->deviation = w.deviation;
    if (w.failing == 0) return;
    e->verdict = ASSAY_VERDICT_FAIL;
    snprintf(e->reason, sizeof e->reason,
             "more than one unit of %s and more than the tolerance %.3g from the golden, at %lld of %lld places",
             assay_dtype_name(in->mem_dtype), in->tolerance, (long long)w.failing, (long long)e->metrics.count);
}
