#include "blame/plain_math.h"

#include <cblas.h>
#include <math.h>

#include "core/rounding.h"

void assay_plain_norm(double *out, const double *x, const double *weight, const int64_t shape[2], double eps,
                      assay_dtype round) {
    int64_t rows = shape[0], c = shape[1];
    for (int64_t r = 0; r < rows; r++) {
        double sum = 0;
        for (int64_t i = 0; i < c; i++) sum += x[r * c + i] * x[r * c + i];
        double scale = 1 / sqrt(sum / (double)c + eps);
        for (int64_t i = 0; i < c; i++)
            out[r * c + i] = assay_round_to(weight[i] * assay_round_to(x[r * c + i] * scale, round), round);
    }
}

void assay_plain_linear(double *out, const double *x, const double *w, const int64_t shape[3], assay_dtype round) {
    int m = (int)shape[0], k = (int)shape[1], n = (int)shape[2];
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, x, k, w, k, 0, out, n);
    if (round == ASSAY_F64) return;
    for (int64_t i = 0; i < shape[0] * shape[2]; i++) out[i] = assay_round_to(out[i], round);
}

void assay_plain_rotary_table(double *out, int64_t rows, int64_t head_dim, double theta, bool sine, assay_dtype round) {
    int64_t half = head_dim / 2;
    for (int64_t i = 0; i < half; i++) {
        float exponent = (float)(2 * i) / (float)head_dim;
        float power = (float)pow((double)(float)theta, (double)exponent);
        float frequency = 1.0f / power;
        for (int64_t pos = 0; pos < rows; pos++) {
            float angle = (float)pos * frequency;
            double value = sine ? sin((double)angle) : cos((double)angle);
            out[pos * head_dim + i] = out[pos * head_dim + half + i] = assay_round_to((double)(float)value, round);
        }
    }
}

void assay_plain_rotate(double *out, const double *x, const double *cosine, const double *sine, int64_t head_dim,
                        assay_dtype round) {
    int64_t half = head_dim / 2;
    for (int64_t i = 0; i < head_dim; i++) {
        double turned = i < half ? -x[i + half] : x[i - half];
        out[i] =
            assay_round_to(assay_round_to(x[i] * cosine[i], round) + assay_round_to(turned * sine[i], round), round);
    }
}

double assay_plain_score(const double *q, const double *k, int64_t head_dim, double mask, assay_dtype round) {
    double sum = 0;
    for (int64_t i = 0; i < head_dim; i++) sum += q[i] * k[i];
    double scaled = assay_round_to(assay_round_to(sum, round) / sqrt((double)head_dim), round);
    return assay_round_to(scaled + mask, round);
}

double assay_plain_mask(int hides, assay_dtype run) {
    return hides == 0 ? 0 : hides == 1 ? -assay_dtype_max(run) : -(double)INFINITY;
}

double assay_plain_clamp(assay_dtype run) { return fmax(assay_round_to(-1e6, run), -assay_dtype_max(run)); }

void assay_plain_softmax(double *row, int64_t n, assay_dtype round) {
    double largest = -(double)INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, row[i]);
    for (int64_t i = 0; i < n; i++) sum += row[i] = exp(row[i] - largest);
    for (int64_t i = 0; i < n; i++) row[i] = assay_round_to(row[i] / sum, round);
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double gelu(double x) { return 0.5 * x * (1 + erf(x * M_SQRT1_2)); }

double assay_plain_activation(double x, assay_activation act) {
    switch (act) {
    case ASSAY_ACT_SILU: return x * sigmoid(x);
    case ASSAY_ACT_GELU:
    case ASSAY_ACT_GELU_PYTHON: return gelu(x);
    case ASSAY_ACT_GELU_TANH:
    case ASSAY_ACT_GELU_NEW:
    case ASSAY_ACT_GELU_FAST: return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case ASSAY_ACT_GELU_10: return fmin(fmax(gelu(x), -10), 10);
    case ASSAY_ACT_QUICK_GELU: return x * sigmoid(1.702 * x);
    case ASSAY_ACT_RELU: return x < 0 ? 0 : x;
    case ASSAY_ACT_RELU2: return x < 0 ? 0 : x * x;
    case ASSAY_ACT_RELU6: return x < 0 ? 0 : x > 6 ? 6 : x;
    case ASSAY_ACT_SIGMOID: return sigmoid(x);
    case ASSAY_ACT_TANH: return tanh(x);
    case ASSAY_ACT_MISH: return x * tanh(x > 20 ? x : log1p(exp(x)));
    case ASSAY_ACT_LAPLACE: return 0.5 * (1 + erf((x - 0.707107) / (0.282095 * M_SQRT2)));
    case ASSAY_ACT_LINEAR: break;
    }
    return x;
}

double assay_plain_cross_entropy(const double *logits, int64_t n, int64_t label, assay_dtype round) {
    double largest = -(double)INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, logits[i]);
    for (int64_t i = 0; i < n; i++) sum += exp(logits[i] - largest);
    double log_sum = assay_round_to(log(assay_round_to(sum, round)), round);
    return assay_round_to(log_sum + largest - logits[label], round);
}
