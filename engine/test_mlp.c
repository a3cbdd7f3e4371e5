/*
 * Activations against transformers 4.33.2's ACT2FN, run once in float64 under torch 2.13.0 (MLP-1), and the pointwise sums and
 * products. Compiled here for float; test_mlp_f64.c includes this file for double.
 */
#include "engine/mlp.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/real.h"

enum { inputs = 15 };
static const double xs[inputs] = {-20, -6.5, -3, -1, -0.5, -0.1, 0, 0.1, 0.5, 1, 2.5, 3, 6.5, 12, 25};

static const struct {
    const char *name;
    double y[inputs];
} expected[] = {
    {"silu",
     {-4.12230723638041e-08, -0.00975768466879045, -0.1422776195327, -0.268941421369995, -0.188770334399073,
      -0.047502081252106, 0, 0.052497918747894, 0.311229665600927, 0.731058578630005, 2.31035454994689, 2.8577223804673,
      6.49024231533121, 11.9999262699048, 24.9999999996528}},
    {"swish",
     {-4.12230723638041e-08, -0.00975768466879045, -0.1422776195327, -0.268941421369995, -0.188770334399073,
      -0.047502081252106, 0, 0.052497918747894, 0.311229665600927, 0.731058578630005, 2.31035454994689, 2.8577223804673,
      6.49024231533121, 11.9999262699048, 24.9999999996528}},
    {"gelu",
     {-0, -2.61039911908512e-10, -0.00404969409489031, -0.158655253931457, -0.154268769362993, -0.0460172162722971, 0,
      0.0539827837277029, 0.345731230637007, 0.841344746068543, 2.48447583668556, 2.99595030590511, 6.49999999973896,
      12, 25}},
    {"gelu_python",
     {-0, -2.61039911908512e-10, -0.00404969409489031, -0.158655253931457, -0.154268769362993, -0.0460172162722971, 0,
      0.0539827837277029, 0.345731230637007, 0.841344746068543, 2.48447583668556, 2.99595030590511, 6.49999999973896,
      12, 25}},
    {"gelu_new",
     {-0, -6.27831120425526e-13, -0.00363739208177299, -0.158808009391723, -0.154285990174856, -0.0460172489545648, 0,
      0.0539827510454352, 0.345714009825144, 0.841191990608277, 2.48491573391, 2.99636260791823, 6.49999999999937, 12,
      25}},
    {"gelu_fast",
     {-0, -6.27831120425526e-13, -0.00363739208186059, -0.158808009392523, -0.154285990175165, -0.0460172489545791, 0,
      0.0539827510454209, 0.345714009824835, 0.841191990607477, 2.48491573390973, 2.99636260791814, 6.49999999999937,
      12, 25}},
    {"gelu_accurate",
     {-0, -6.27831120425526e-13, -0.00363739208177299, -0.158808009391723, -0.154285990174856, -0.0460172489545648, 0,
      0.0539827510454352, 0.345714009825144, 0.841191990608277, 2.48491573391, 2.99636260791823, 6.49999999999937, 12,
      25}},
    {"gelu_pytorch_tanh",
     {-0, -6.27831120425526e-13, -0.00363739208177299, -0.158808009391723, -0.154285990174856, -0.0460172489545648, 0,
      0.0539827510454352, 0.345714009825144, 0.841191990608277, 2.48491573391, 2.99636260791823, 6.49999999999937, 12,
      25}},
    {"gelu_10",
     {-0, -2.61039911908512e-10, -0.00404969409489031, -0.158655253931457, -0.154268769362993, -0.0460172162722971, 0,
      0.0539827837277029, 0.345731230637007, 0.841344746068543, 2.48447583668556, 2.99595030590511, 6.49999999973896,
      10, 10}},
    {"quick_gelu",
     {-3.29341024139937e-14, -0.000101931095738666, -0.018071309707786, -0.154204234067179, -0.14961156339362,
      -0.0457552419163818, 0, 0.0542447580836182, 0.35038843660638, 0.845795765932821, 2.46501383495143,
      2.98192869029221, 6.49989806890426, 11.9999999838136, 25}},
    {"relu", {0, 0, 0, 0, 0, 0, 0, 0.1, 0.5, 1, 2.5, 3, 6.5, 12, 25}},
    {"relu2", {0, 0, 0, 0, 0, 0, 0, 0.01, 0.25, 1, 6.25, 9, 42.25, 144, 625}},
    {"relu6", {0, 0, 0, 0, 0, 0, 0, 0.1, 0.5, 1, 2.5, 3, 6, 6, 6}},
    {"sigmoid",
     {2.0611536181902e-09, 0.00150118225673699, 0.0474258731775668, 0.268941421369995, 0.377540668798145,
      0.47502081252106, 0.5, 0.52497918747894, 0.622459331201855, 0.731058578630005, 0.924141819978757,
      0.952574126822433, 0.998498817743263, 0.999993855825398, 0.999999999986112}},
    {"tanh",
     {-1, -0.999995479351404, -0.99505475368673, -0.761594155955765, -0.46211715726001, -0.0996679946249558, 0,
      0.0996679946249558, 0.46211715726001, 0.761594155955765, 0.98661429815143, 0.99505475368673, 0.999995479351404,
      0.999999999924497, 1}},
    {"mish",
     {-4.12230724062876e-08, -0.00976500869207133, -0.145647461275625, -0.303401461374109, -0.22074377465173,
      -0.0567885752128447, 0, 0.0631794174914897, 0.375245211304895, 0.86509838826731, 2.47139230455788,
      2.98653500496796, 6.49997070393984, 11.999999999094, 25}},
    {"laplace",
     {0, 0, 0, 7.17372605762989e-10, 9.38338116768245e-06, 0.00211075142418554, 0.00609445961793559, 0.0156932950250532,
      0.231421148410574, 0.85042964928457, 0.999999999896217, 1, 1, 1, 1}},
    {"linear", {-20, -6.5, -3, -1, -0.5, -0.1, 0, 0.1, 0.5, 1, 2.5, 3, 6.5, 12, 25}},
};

/* The constants have 15 digits; some activations cancel (gelu). gelu_fast has a factor that was written with 10 digits. */
static double tolerance_of(double y) { return (sizeof(real) == 4 ? 6e-7 : 2e-14) * (0.2 + fabs(y)); }

static void check_values(const char *name, assay_activation act, const double *y) {
    real x[inputs];
    for (int i = 0; i < inputs; i++) x[i] = (real)xs[i];
    REAL(assay_activate)(x, inputs, act, REAL_DTYPE);
    for (int i = 0; i < inputs; i++)
        cr_assert_float_eq((double)x[i], y[i], tolerance_of(y[i]), "%s(%g) is %.15g, not %.15g", name, xs[i],
                           (double)x[i], y[i]);
}

Test(REAL(mlp), every_activation_has_the_values_of_act2fn) {
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assay_activation act;
        cr_assert(assay_activation_from_name(expected[i].name, &act), "%s", expected[i].name);
        check_values(expected[i].name, act, expected[i].y);
    }
}

static real activated(real x, assay_activation act) {
    REAL(assay_activate)(&x, 1, act, REAL_DTYPE);
    return x;
}

Test(REAL(mlp), nan_stays_nan) {
    for (int act = ASSAY_ACT_SILU; act <= ASSAY_ACT_LINEAR; act++)
        cr_assert(isnan(activated((real)NAN, (assay_activation)act)), "activation %d", act);
}

/* torch 2.13.0: what the limits are at 1e4 and -1e4, where exp overflows. */
Test(REAL(mlp), large_arguments_do_not_overflow) {
    const assay_activation to_x[] = {ASSAY_ACT_SILU,       ASSAY_ACT_GELU, ASSAY_ACT_GELU_TANH,
                                     ASSAY_ACT_QUICK_GELU, ASSAY_ACT_RELU, ASSAY_ACT_MISH};
    for (size_t i = 0; i < sizeof to_x / sizeof *to_x; i++) {
        cr_assert(activated((real)1e4, to_x[i]) == (real)1e4, "activation %d", (int)to_x[i]);
        cr_assert(activated((real)-1e4, to_x[i]) == 0, "activation %d", (int)to_x[i]);
    }
    cr_assert(activated((real)-1e4, ASSAY_ACT_SIGMOID) == 0 && activated((real)1e4, ASSAY_ACT_SIGMOID) == 1);
    cr_assert(activated((real)-1e4, ASSAY_ACT_LAPLACE) == 0 && activated((real)1e4, ASSAY_ACT_LAPLACE) == 1);
    cr_assert(activated((real)-1e4, ASSAY_ACT_TANH) == -1 && activated((real)1e4, ASSAY_ACT_TANH) == 1);
}

static real *ramp(int64_t n, double step) {
    real *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = (real)((double)(i % 401) * step - 10);
    return x;
}

Test(REAL(mlp), long_arrays_are_as_single_elements) { /* parts of a parallel loop, and their remainders */
    const int64_t n = 16384 * 2 + 77;
    for (int act = ASSAY_ACT_SILU; act <= ASSAY_ACT_LINEAR; act++) {
        real *x = ramp(n, 0.05);
        REAL(assay_activate)(x, n, (assay_activation)act, REAL_DTYPE);
        for (int64_t i = 0; i < n; i += 97) {
            real one = activated((real)((double)(i % 401) * 0.05 - 10), (assay_activation)act);
            cr_assert_float_eq((double)x[i], (double)one, tolerance_of((double)one), "activation %d at %d", act,
                               (int)i);
        }
        free(x);
    }
}

Test(REAL(mlp), sums_and_products_are_elementwise) {
    const int64_t n = 16384 + 5;
    real *x = ramp(n, 0.05), *y = ramp(n, 0.03), *out = ramp(n, 0);
    memcpy(out, x, (size_t)n * sizeof *out);
    REAL(assay_add)(out, y, n, REAL_DTYPE);
    for (int64_t i = 0; i < n; i++) cr_assert(out[i] == x[i] + y[i]);
    REAL(assay_multiply)(out, y, n, REAL_DTYPE);
    for (int64_t i = 0; i < n; i++) cr_assert(out[i] == (x[i] + y[i]) * y[i]);
    free(x);
    free(y);
    free(out);
}
