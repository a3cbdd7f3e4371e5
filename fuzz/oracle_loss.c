#include "fuzz/oracle_loss.h"

#include <math.h>

#include "fuzz/oracle_math.h"

static const int64_t ignored = -100;

double assay_oracle_causal_loss(const assay_oracle_output *out, const assay_tensor *labels) {
    double sum = 0, count = 0;
    for (int64_t b = 0; b < out->batch; b++)
        for (int64_t t = 0; t + 1 < out->tokens; t++) {
            int64_t label = ((const int64_t *)labels->data)[b * out->tokens + t + 1];
            if (label == ignored) continue;
            sum += assay_oracle_cross_entropy(out->logits + (t * out->batch + b) * out->outputs, out->outputs, label);
            count++;
        }
    return sum / count;
}

int64_t assay_oracle_pooled_column(const assay_config *c, const assay_tensor *ids, int64_t tokens, int64_t b) {
    if (c->pad_token_id == ASSAY_NO_TOKEN || !ids->data) return tokens - 1;
    int64_t index = -1;
    for (int64_t t = 0; t < tokens; t++) index += ((const int64_t *)ids->data)[b * tokens + t] != c->pad_token_id;
    return index == -1 ? tokens - 1 : index;
}

static double squared_error(const double *logits, int64_t count, const assay_tensor *labels) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        double difference = logits[i] - assay_load_f64(labels->data, labels->dtype, (size_t)i);
        sum += difference * difference;
    }
    return sum / (double)count;
}

static double binary_cross_entropy(const double *logits, int64_t count, const assay_tensor *labels) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) {
        double x = logits[i], y = assay_load_f64(labels->data, labels->dtype, (size_t)i);
        /* -log(sigmoid(x)) is log(1 + exp(-x)); the other is that plus x. Written so that exp cannot overflow. */
        double minus_log = log1p(exp(-fabs(x))) + fmax(-x, 0);
        sum += y * minus_log + (1 - y) * (minus_log + x);
    }
    return sum / (double)count;
}

static double mean_cross_entropy(const double *logits, int64_t batch, int64_t n, const assay_tensor *labels) {
    double sum = 0, count = 0;
    for (int64_t b = 0; b < batch; b++) {
        int64_t label = ((const int64_t *)labels->data)[b];
        if (label == ignored) continue;
        sum += assay_oracle_cross_entropy(logits + b * n, n, label);
        count++;
    }
    return sum / count;
}

double assay_oracle_class_loss(const double *logits, int64_t batch, int64_t n, const assay_tensor *labels,
                               assay_problem problem) {
    switch (problem) {
    case ASSAY_PROBLEM_REGRESSION: return squared_error(logits, batch * n, labels);
    case ASSAY_PROBLEM_MULTI_LABEL: return binary_cross_entropy(logits, batch * n, labels);
    case ASSAY_PROBLEM_SINGLE_LABEL:
    case ASSAY_PROBLEM_UNSET: break;
    }
    return mean_cross_entropy(logits, batch, n, labels);
}
