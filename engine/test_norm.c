/* RMSNorm in a naive loop (NORM-1). Compiled here for float; test_norm_f64.c includes this file for double. */
#include "engine/norm.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "engine/real.h"

static const double tolerance = sizeof(real) == 4 ? 1e-6 : 1e-14;

static void fill(real *out, int64_t n, uint64_t seed, double scale) {
    for (int64_t i = 0; i < n; i++) out[i] = (real)(scale * (2 * assay_random_unit(seed, (uint64_t)i) - 1));
}

static void check_rows(const real *out, const real *x, const real *weight, int64_t rows, int64_t c, double eps) {
    for (int64_t row = 0; row < rows; row++) {
        double sum = 0;
        for (int64_t i = 0; i < c; i++) sum += (double)x[row * c + i] * (double)x[row * c + i];
        double root = sqrt(sum / (double)c + eps);
        for (int64_t i = 0; i < c; i++) {
            double expected = (double)x[row * c + i] / root * (double)weight[i];
            cr_assert_float_eq((double)out[row * c + i], expected, tolerance * (1 + fabs(expected)), "%d of %d", (int)i,
                               (int)c);
        }
    }
}

static void check_size(int64_t rows, int64_t c, double scale, double eps) {
    size_t n = (size_t)(rows * c);
    real *x = malloc(n * sizeof *x), *out = malloc(n * sizeof *out), *weight = malloc((size_t)c * sizeof *weight);
    fill(x, rows * c, 1, scale);
    fill(weight, c, 2, 1.5);
    REAL(assay_rms_norm)(out, x, weight, rows, c, &(assay_norm){.eps = eps});
    check_rows(out, x, weight, rows, c, eps);
    real *saved = malloc(n * sizeof *saved);
    memcpy(saved, out, n * sizeof *out);
    REAL(assay_rms_norm)(x, x, weight, rows, c, &(assay_norm){.eps = eps});
    cr_assert_eq(memcmp(x, saved, n * sizeof *x), 0, "in place");
    free(x);
    free(out);
    free(weight);
    free(saved);
}

Test(REAL(norm), every_width) {
    for (int64_t c = 1; c <= 70; c++) check_size(3, c, 1, 1e-6);
    check_size(70, 1000, 2, 1e-6); /* large enough to be shared among threads */
}

Test(REAL(norm), eps_is_inside_the_root) { /* where it matters: small numbers */
    check_size(2, 12, 1e-3, 1e-2);
    check_size(2, 12, 1e-3, 1e-6);
    const real x = (real)0.03, weight = 2;
    real out;
    REAL(assay_rms_norm)
    (&out, &x, &weight, 1, 1, &(assay_norm){.eps = 0.0016}); /* 0.03 / sqrt(0.0009 + 0.0016) = 0.6 */
    cr_assert_float_eq((double)out, 1.2, 1e-6);
}

Test(REAL(norm), a_row_of_zeros_stays_zero) {
    real x[5] = {0}, out[5];
    const real weight[5] = {1, 2, 3, 4, 5};
    REAL(assay_rms_norm)(out, x, weight, 1, 5, &(assay_norm){.eps = 1e-6});
    for (int i = 0; i < 5; i++) cr_assert(out[i] == 0);
}

Test(REAL(norm), rows_do_not_touch) {
    real x[6] = {1, 2, (real)NAN, 1, 2, 3}, out[6];
    const real weight[3] = {1, 1, 1};
    REAL(assay_rms_norm)(out, x, weight, 2, 3, &(assay_norm){.eps = 1e-6});
    cr_assert(isnan(out[0]) && isnan(out[2]), "a NaN spreads over its row");
    cr_assert(!isnan(out[3]) && !isnan(out[5]));
}
