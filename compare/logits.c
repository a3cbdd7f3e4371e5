#include "compare/logits.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "compare/metrics_kernels.h"
#include "core/simd.h"

#define TOP 5

void assay_logits_begin(assay_logits_state *state) { *state = (assay_logits_state){.m = {.kl_worst_row = -1}}; }

ASSAY_SIMD static double largest_of(const double *row, int64_t n) {
    double largest = row[0];
#pragma omp simd reduction(max : largest)
    for (int64_t i = 0; i < n; i++) largest = row[i] > largest ? row[i] : largest;
    return largest;
}

static inline double of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* exp(x) of a finite x <= 0, within 2 units in the last place, and 0 below e-308: libm's is a call that does not vectorise. x is a whole
 * number of ln 2 and a rest of at most half of it; the rest's exponential is its Taylor series, of which the first term that is left
 * out is below 2^-57. */
static inline double exp_of(double x) {
    static const double rounder = 0x1.8p52; /* adding it leaves a whole number in the low bits */
    double bounded = x > -708 ? x : -708, shifted = bounded * 0x1.71547652b82fep0 + rounder, whole = shifted - rounder;
    double r = (bounded - whole * 0x1.62e42fefa38p-1) - whole * 0x1.ef35793c7673p-45, sum = 1.0 / 6227020800;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    sum = sum * r + 1.0 / 479001600, sum = sum * r + 1.0 / 39916800, sum = sum * r + 1.0 / 3628800;
    sum = sum * r + 1.0 / 362880, sum = sum * r + 1.0 / 40320, sum = sum * r + 1.0 / 5040, sum = sum * r + 1.0 / 720;
    sum = sum * r + 1.0 / 120, sum = sum * r + 1.0 / 24, sum = sum * r + 1.0 / 6, sum = sum * r + 0.5;
    sum = sum * r + 1, sum = sum * r + 1;
    return x > -708 ? sum * of_bits((bits + 1023) << 52) : 0;
}

/* Sums over a row: exp of each side less its largest, and exp of the golden's times how far it is above the candidate's. */
typedef struct {
    double golden, candidate, weighted;
} kl_sums;

ASSAY_SIMD static kl_sums sum_exponentials(const double *restrict golden, const double *restrict candidate, int64_t n,
                                           double golden_max, double candidate_max) {
    double golden_sum = 0, candidate_sum = 0, weighted = 0;
#pragma omp simd reduction(+ : golden_sum, candidate_sum, weighted)
    for (int64_t i = 0; i < n; i++) {
        double g = golden[i] - golden_max, c = candidate[i] - candidate_max, p = exp_of(g);
        golden_sum += p;
        candidate_sum += exp_of(c);
        weighted += p * (g - c);
    }
    return (kl_sums){golden_sum, candidate_sum, weighted};
}

double assay_kl_divergence(const double *golden, const double *candidate, int64_t n) {
    kl_sums sums = sum_exponentials(golden, candidate, n, largest_of(golden, n), largest_of(candidate, n));
    double kl = sums.weighted / sums.golden + (log(sums.candidate) - log(sums.golden));
    return kl > 0 ? kl : 0; /* the sum of rounding errors may be below 0, the divergence is not */
}

/* The `TOP + 1` largest of a row, descending; among equals the first comes first, as torch.argmax on a CPU has it. */
typedef struct {
    int64_t at[TOP + 1];
    double value[TOP + 1];
    int count;
} ranking;

static void rank_row(ranking *r, const double *row, int64_t n) {
    r->count = 0;
    for (int64_t i = 0; i < n; i++) {
        if (r->count == TOP + 1 && !(row[i] > r->value[TOP])) continue;
        int k = r->count < TOP + 1 ? r->count++ : TOP;
        for (; k > 0 && row[i] > r->value[k - 1]; k--) {
            r->value[k] = r->value[k - 1];
            r->at[k] = r->at[k - 1];
        }
        r->value[k] = row[i];
        r->at[k] = i;
    }
}

/* Whether the first k of a and b are the same set. */
static bool same_top(const ranking *a, const ranking *b, int k) {
    for (int i = 0; i < k; i++) {
        bool found = false;
        for (int j = 0; j < k; j++) found = found || a->at[i] == b->at[j];
        if (!found) return false;
    }
    return true;
}

/* Counts row agreement of the first k. A row with no more than k logits has nothing to decide. */
static void count_top(const ranking *g, const ranking *c, int k, double tolerance, int64_t counts[3]) {
    if (g->count <= k) return;
    bool differs = !same_top(g, c, k);
    bool decided = g->value[k - 1] - g->value[k] > 2 * tolerance;
    counts[0] += differs;
    counts[1] += decided;
    counts[2] += decided && differs;
}

void assay_logits_add_row(assay_logits_state *state, const double *golden_row, const double *candidate_row,
                          int64_t size, int64_t row, double tolerance) {
    assay_logit_metrics *m = &state->m;
    if (!assay_chunk_is_finite(golden_row, (size_t)size) || !assay_chunk_is_finite(candidate_row, (size_t)size)) {
        m->rows_skipped++;
        return;
    }
    double kl = assay_kl_divergence(golden_row, candidate_row, size);
    m->rows++;
    state->kl_sum += kl;
    if (m->kl_worst_row < 0 || kl > m->kl_max) {
        m->kl_max = kl;
        m->kl_worst_row = row;
    }
    ranking g, c;
    rank_row(&g, golden_row, size);
    rank_row(&c, candidate_row, size);
    int64_t top1[3] = {0}, top5[3] = {0};
    count_top(&g, &c, 1, tolerance, top1);
    count_top(&g, &c, TOP, tolerance, top5);
    m->top1_differs += top1[0], m->top1_decided += top1[1], m->top1_wrong += top1[2];
    m->top5_differs += top5[0], m->top5_decided += top5[1], m->top5_wrong += top5[2];
}

void assay_logits_fold(assay_logits_state *state, const assay_logits_state *part) {
    assay_logit_metrics *m = &state->m;
    const assay_logit_metrics *p = &part->m;
    if (p->kl_worst_row >= 0 && (m->kl_worst_row < 0 || p->kl_max > m->kl_max)) {
        m->kl_max = p->kl_max;
        m->kl_worst_row = p->kl_worst_row;
    }
    state->kl_sum += part->kl_sum;
    m->rows += p->rows, m->rows_skipped += p->rows_skipped;
    m->top1_differs += p->top1_differs, m->top1_decided += p->top1_decided, m->top1_wrong += p->top1_wrong;
    m->top5_differs += p->top5_differs, m->top5_decided += p->top5_decided, m->top5_wrong += p->top5_wrong;
}

assay_logit_metrics assay_logits_end(const assay_logits_state *state) {
    assay_logit_metrics m = state->m;
    m.kl_mean = m.rows ? state->kl_sum / (double)m.rows : 0;
    return m;
}
