#include "engine/term_sum.h"

#include <math.h>

#include "core/rounding.h"

static double rounded(const assay_term_sum *sum, double value) {
    return assay_dtype_is_half(sum->dtype) ? assay_round_to(value, sum->dtype) : value;
}

/* A level is at least 16 terms; eight of them hold all. */
static int power_for(int64_t terms) {
    int bits = 0;
    while (bits < 62 && (INT64_C(1) << bits) < terms) bits++;
    int power = bits / ASSAY_TERM_SUM_LEVELS;
    return power > 4 ? power : 4;
}

assay_term_sum assay_term_sum_begin(assay_dtype dtype, int64_t terms) {
    return (assay_term_sum){.dtype = dtype, .power = power_for(terms)};
}

void assay_term_sum_add(assay_term_sum *sum, double term) {
    sum->levels[0] = rounded(sum, sum->levels[0] + term);
    int64_t mask = (INT64_C(1) << sum->power) - 1;
    for (int j = 0; assay_dtype_is_half(sum->dtype) && j + 1 < ASSAY_TERM_SUM_LEVELS; j++) {
        if (sum->index & (mask << (j * sum->power))) break;
        sum->levels[j + 1] = rounded(sum, sum->levels[j + 1] + sum->levels[j]);
        sum->levels[j] = 0;
    }
    sum->index++;
}

double assay_term_sum_mean(const assay_term_sum *sum, int64_t count) {
    double total = 0;
    for (int j = 0; j < ASSAY_TERM_SUM_LEVELS; j++) total = rounded(sum, total + sum->levels[j]);
    return count ? rounded(sum, total / rounded(sum, (double)count)) : (double)NAN;
}
