#include "run/goodness.h"

#include <math.h>

#include "run/arithmetic.h"

static bool is_measured(const assay_entry *e) {
    return e && e->has_metrics && e->metrics.finite > 0 && assay_stage_get(e->place.stage)->judge != ASSAY_JUDGE_EXACT;
}

static double quotient(const assay_entry *own, const assay_entry *best, assay_dtype dtype) {
    double scale = best->metrics.golden_max;
    double least = scale > 0 ? ldexp(assay_dtype_epsilon(dtype), ilogb(scale) - 2) : 0;
    double rms = own->metrics.rms / fmax(best->metrics.rms, least);
    double largest = own->metrics.max_abs / fmax(best->metrics.max_abs, least);
    double worse = own->metrics.class_mismatches ? INFINITY : fmax(rms, largest);
    return isnan(worse) ? 0 : worse; /* both distances and the scale are 0 */
}

void assay_goodness_copy(assay_case_result *out, const assay_case_result *own, const assay_case_result *best,
                         assay_dtype dtype) {
    double sum = 0;
    for (size_t i = 0; i < out->entry_count; i++) {
        assay_entry *e = &out->entries[i];
        const assay_entry *mine = is_measured(e) ? assay_case_result_find(own, &e->place) : NULL;
        const assay_entry *other = mine ? assay_case_result_find(best, &e->place) : NULL;
        if (!is_measured(mine) || !is_measured(other)) continue;
        e->goodness = quotient(mine, other, dtype);
        sum += e->goodness * e->goodness;
        out->goodness_count++;
    }
    out->goodness = out->goodness_count ? sqrt(sum / (double)out->goodness_count) : 0;
    out->is_as_good = out->goodness_count > 0 && out->goodness <= ASSAY_AS_GOOD && out->verdict == ASSAY_CASE_PASS;
}

void assay_goodness_measure(assay_case_result *out, const assay_case_result *best, assay_dtype dtype) {
    assay_goodness_copy(out, out, best, dtype);
}
