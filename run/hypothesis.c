#include "run/hypothesis.h"

#include <math.h>

static assay_status run(assay_trace *out, const assay_hypothesis *h, const assay_diagnosed *about,
                        const assay_loaded_model *model, assay_error *err) {
    assay_semantics semantics = assay_variants_combine(h->mistakes, h->mistake_count);
    const assay_trace_options options = {.test_case = about->test_case,
                                         .kept = &about->candidate->memory.source,
                                         .semantics = &semantics,
                                         .tolerates = true};
    return assay_trace_run(out, model, &options, err);
}

/* Whether a run that is `d` away explains what is `original` away from the run without a mistake. */
static bool explains(const assay_distance *d, const assay_distance *original) {
    double nearly = fmin(8, original->worst / 10);
    return d->judged > 0 && original->worst > 1 && d->worst <= fmax(1, nearly) &&
           d->closeness < original->closeness / 2;
}

assay_status assay_hypothesis_try(assay_hypothesis *h, const assay_diagnosed *about, const assay_distance *original,
                                  assay_error *err) {
    assay_trace trace;
    assay_status st = run(&trace, h, about, about->model, err);
    if (st) return st;
    st = assay_measure_distance(&h->distance, about->candidate, &trace.source, err);
    assay_trace_free(&trace);
    if (st) return st;
    h->original = *original;
    h->explains = explains(&h->distance, original);
    return ASSAY_OK;
}

/* Both distances with the floors of `noisy`. */
static assay_status measure_both(assay_hypothesis *h, const assay_measured *noisy, const assay_trace *trace,
                                 const assay_trace *original, assay_error *err) {
    assay_distance with = {0}, without = {0};
    assay_status st = assay_measure_distance(&with, noisy, &trace->source, err);
    if (!st) st = assay_measure_distance(&without, noisy, &original->source, err);
    if (st || !explains(&with, &without)) return st;
    h->explains = true;
    h->distance = with;
    h->original = without;
    return ASSAY_OK;
}

static assay_status widen(assay_measured *noisy, const assay_hypothesis *h, const assay_diagnosed *about,
                          const assay_trace *trace, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < about->other_count; i++) {
        assay_trace other;
        st = run(&other, h, about, &about->others[i], err);
        if (st) return st;
        assay_measured_widen(noisy, &trace->source, &other.source);
        assay_trace_free(&other);
    }
    return st;
}

assay_status assay_hypothesis_refine(assay_hypothesis *h, const assay_diagnosed *about, assay_error *err) {
    assay_trace trace;
    assay_measured noisy = {0};
    assay_status st = run(&trace, h, about, about->model, err);
    if (st) return st;
    st = assay_measured_fork(&noisy, about->candidate, err);
    if (!st) st = widen(&noisy, h, about, &trace, err);
    if (!st) st = measure_both(h, &noisy, &trace, about->original, err);
    assay_measured_fork_free(&noisy);
    assay_trace_free(&trace);
    return st;
}
