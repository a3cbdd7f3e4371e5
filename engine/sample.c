#include "engine/sample.h"

#include <math.h>
#include <stdlib.h>

#include "core/random.h"

assay_status assay_sampling_check(const assay_sampling *s, assay_error *err) {
    if (!(s->temperature > 0) || isinf(s->temperature))
        return assay_fail(err, ASSAY_EINPUT, NULL, "temperature is %g; it must be positive", s->temperature);
    if (s->top_k < 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "top_k is %lld; it must be 0 (all) or more", (long long)s->top_k);
    if (!(s->top_p > 0 && s->top_p <= 1))
        return assay_fail(err, ASSAY_EINPUT, NULL, "top_p is %g; it must be above 0 and at most 1", s->top_p);
    return ASSAY_OK;
}

double assay_sampling_uniform(const assay_sampling *sampling, int64_t row, int64_t step) {
    uint64_t key = assay_random_mix(sampling->seed) + (uint64_t)row * UINT64_C(0xd1342543de82ef95);
    return assay_random_unit(assay_random_mix(key), (uint64_t)step);
}

int64_t assay_argmax(const assay_tensor *logits, int64_t first, int64_t n) {
    int64_t best = 0;
    double largest = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        double value = assay_load_f64(logits->data, logits->dtype, (size_t)(first + i));
        if (isnan(value)) return i;
        if (value <= largest) continue;
        largest = value;
        best = i;
    }
    return best;
}

typedef struct {
    double value;
    int64_t index;
} candidate;

/* Largest first; equal ones by index, so that the order is one and the same everywhere. */
static int by_value(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static int64_t keep_top_k(const candidate *sorted, int64_t n, int64_t k) {
    if (k == 0 || k >= n) return n;
    while (k < n && sorted[k].value == sorted[k - 1].value) k++;
    return k;
}

/* Values become probabilities of the first n; returns how many reach top_p. */
static int64_t keep_top_p(candidate *sorted, int64_t n, double top_p) {
    double sum = 0, reached = 0;
    for (int64_t i = 0; i < n; i++) {
        sorted[i].value = exp(sorted[i].value);
        sum += sorted[i].value;
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) sorted[i].value /= sum;
    while (kept < n && (kept == 0 || reached < top_p)) reached += sorted[kept++].value;
    return kept;
}

static int64_t draw_one(const candidate *sorted, int64_t n, double uniform) {
    double total = 0, reached = 0;
    for (int64_t i = 0; i < n; i++) total += sorted[i].value;
    for (int64_t i = 0; i < n; i++) {
        reached += sorted[i].value;
        if (uniform * total < reached) return sorted[i].index;
    }
    return sorted[n - 1].index;
}

assay_status assay_sample(const assay_draw *draw, const assay_sampling *sampling, int64_t *out, assay_error *err) {
    candidate *sorted = malloc((size_t)draw->n * sizeof *sorted);
    if (!sorted) return assay_fail_nomem(err, "the candidates of a sample");
    int64_t best = draw->first + assay_argmax(draw->logits, draw->first, draw->n);
    double largest = assay_load_f64(draw->logits->data, draw->logits->dtype, (size_t)best);
    if (!isfinite(largest)) {
        free(sorted);
        return assay_fail(err, ASSAY_EINPUT, NULL, "the logits are not finite, so nothing can be drawn from them");
    }
    for (int64_t i = 0; i < draw->n; i++) {
        double value = assay_load_f64(draw->logits->data, draw->logits->dtype, (size_t)(draw->first + i));
        /* From the largest on: a tiny temperature must not make all of them infinite. */
        sorted[i] = (candidate){(value - largest) / sampling->temperature, i};
    }
    qsort(sorted, (size_t)draw->n, sizeof *sorted, by_value);
    int64_t kept = keep_top_k(sorted, draw->n, sampling->top_k);
    kept = keep_top_p(sorted, kept, sampling->top_p);
    *out = draw_one(sorted, kept, draw->uniform);
    free(sorted);
    return ASSAY_OK;
}
