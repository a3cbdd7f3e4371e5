#include "fuzz/oracle_math.h"

#include <math.h>

#include "core/rounding.h"

void assay_oracle_project(double *out, const double *weight, const double *x, int64_t outputs, int64_t inputs) {
    for (int64_t o = 0; o < outputs; o++) {
        double sum = 0;
        for (int64_t i = 0; i < inputs; i++) sum += weight[o * inputs + i] * x[i];
        out[o] = sum;
    }
}

void assay_oracle_norm(double *out, const double *x, const double *weight, int64_t n, double eps) {
    double squares = 0;
    for (int64_t i = 0; i < n; i++) squares += x[i] * x[i];
    double root = sqrt(squares / (double)n + eps);
    for (int64_t i = 0; i < n; i++) out[i] = weight[i] * (x[i] / root);
}

static double logistic(double x) { return 1 / (1 + exp(-x)); }

static double gelu(double x) { return 0.5 * x * (1 + erf(x / sqrt(2))); }

static double gelu_by_tanh(double x, double factor) {
    return 0.5 * x * (1 + tanh(factor * x * (1 + 0.044715 * x * x)));
}

double assay_oracle_activate(double x, assay_activation act) {
    const double root_of_2_over_pi = sqrt(2 / M_PI);
    switch (act) {
    case ASSAY_ACT_SILU: return x * logistic(x);
    case ASSAY_ACT_GELU:
    case ASSAY_ACT_GELU_PYTHON: return gelu(x);
    case ASSAY_ACT_GELU_TANH:
    case ASSAY_ACT_GELU_NEW: return gelu_by_tanh(x, root_of_2_over_pi);
    case ASSAY_ACT_GELU_FAST: return gelu_by_tanh(x, 0.7978845608);
    case ASSAY_ACT_GELU_10: return fmin(fmax(gelu(x), -10), 10);
    case ASSAY_ACT_QUICK_GELU: return x * logistic(1.702 * x);
    case ASSAY_ACT_RELU: return x > 0 ? x : 0;
    case ASSAY_ACT_RELU2: return x > 0 ? x * x : 0;
    case ASSAY_ACT_RELU6: return fmin(fmax(x, 0), 6);
    case ASSAY_ACT_SIGMOID: return logistic(x);
    case ASSAY_ACT_TANH: return tanh(x);
    case ASSAY_ACT_MISH: return x * tanh(x > 20 ? x : log1p(exp(x)));
    case ASSAY_ACT_LAPLACE: return 0.5 * (1 + erf((x - 0.707107) / (0.282095 * sqrt(2))));
    case ASSAY_ACT_LINEAR: break;
    }
    return x;
}

void assay_oracle_softmax(double *scores, int64_t n) {
    double largest = scores[0], sum = 0;
    for (int64_t i = 1; i < n; i++) largest = fmax(largest, scores[i]);
    for (int64_t i = 0; i < n; i++) {
        scores[i] = exp(scores[i] - largest);
        sum += scores[i];
    }
    for (int64_t i = 0; i < n; i++) scores[i] /= sum;
}

float assay_oracle_angle(int64_t position, int64_t i, int64_t head_dim, double theta) {
    float exponent = (float)(2 * i) / (float)head_dim;
    float power = (float)pow((float)theta, exponent);
    float frequency = 1.0f / power;
    return (float)position * frequency;
}

void assay_oracle_turn(float angle, double *cosine, double *sine) {
    *cosine = (float)cos(angle);
    *sine = (float)sin(angle);
}

void assay_oracle_rotate(double *out, const double *x, const double *cosines, const double *sines, int64_t head_dim) {
    int64_t half = head_dim / 2;
    for (int64_t i = 0; i < head_dim; i++) {
        double partner = i < half ? -x[i + half] : x[i - half]; /* rotate_half(x) = [-x2, x1] */
        out[i] = x[i] * cosines[i % half] + partner * sines[i % half];
    }
}

static bool is_narrower(assay_dtype dtype, assay_dtype run) { return assay_dtype_size(dtype) < assay_dtype_size(run); }

double assay_oracle_unrounded(double x, assay_dtype run, assay_dtype mem_dtype) {
    bool by_float32 = run == ASSAY_F64 && assay_dtype_is_half(mem_dtype);
    return by_float32 ? assay_round_to(x, ASSAY_F32) : x;
}

double assay_oracle_stored(double x, assay_dtype run, assay_dtype mem_dtype) {
    if (!is_narrower(mem_dtype, run)) return x;
    return assay_round_to(assay_oracle_unrounded(x, run, mem_dtype), mem_dtype);
}

double assay_oracle_stored_near(double x, double slack, bool other_side, assay_dtype run, assay_dtype mem_dtype) {
    double own = assay_oracle_stored(x, run, mem_dtype), low = assay_oracle_stored(x - slack, run, mem_dtype);
    double high = assay_oracle_stored(x + slack, run, mem_dtype);
    if (!is_narrower(mem_dtype, run) || !other_side) return own;
    return low != own ? low : high;
}

double assay_oracle_cross_entropy(const double *x, int64_t n, int64_t label) {
    double largest = x[0], sum = 0;
    for (int64_t i = 1; i < n; i++) largest = fmax(largest, x[i]);
    for (int64_t i = 0; i < n; i++) sum += exp(x[i] - largest);
    return log(sum) + largest - x[label];
}

int64_t assay_oracle_argmax(const double *x, int64_t n) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}
