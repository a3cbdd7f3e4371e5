#include "engine/classify.h"

#include <math.h>

#include "engine/loss.h"
#include "engine/term_sum.h"

int64_t assay_classify_column(const assay_config *config, const int64_t *ids, int64_t tokens, assay_pooling pooling) {
    if (!ids || config->pad_token_id == ASSAY_NO_TOKEN || pooling == ASSAY_POOL_LAST_COLUMN) return tokens - 1;
    int64_t count = 0, last = -1, before_pad = tokens - 1;
    for (int64_t t = 0; t < tokens; t++) {
        bool is_pad = ids[t] == config->pad_token_id;
        count += !is_pad;
        if (!is_pad) last = t;
        else if (before_pad == tokens - 1) before_pad = t - 1;
    }
    int64_t column = pooling == ASSAY_POOL_LAST_TOKEN         ? last
                     : pooling == ASSAY_POOL_BEFORE_FIRST_PAD ? before_pad
                                                              : count - 1;
    return column >= 0 ? column : tokens - 1;
}

static assay_problem decide(const assay_config *config, const assay_tensor *labels) {
    if (config->num_labels == 1) return ASSAY_PROBLEM_REGRESSION;
    return assay_dtype_is_float(labels->dtype) ? ASSAY_PROBLEM_MULTI_LABEL : ASSAY_PROBLEM_SINGLE_LABEL;
}

/* Squared error and binary cross entropy take as many labels as logits; one label a row may come without its own axis. */
static bool matches_logits(const assay_tensor *labels, int64_t batch, int64_t n, bool may_be_flat) {
    if (labels->rank == 2) return labels->shape[0] == batch && labels->shape[1] == n;
    return may_be_flat && labels->rank == 1 && labels->shape[0] == batch && n == 1;
}

static assay_status check_classes(const assay_tensor *labels, int64_t batch, int64_t n, assay_error *err) {
    bool fits = labels->dtype == ASSAY_I64 && assay_tensor_count(labels) == batch;
    if (!fits)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 CLS-1", "labels must be %lld whole numbers, one a row (CLS-1)",
                          (long long)batch);
    const int64_t *label = labels->data;
    for (int64_t b = 0; b < batch; b++)
        if (label[b] != ASSAY_IGNORE_LABEL && (label[b] < 0 || label[b] >= n))
            return assay_fail(err, ASSAY_EINPUT, "ERR-1 CLS-1",
                              "labels[%lld] is %lld; it must be -100 or between 0 and %lld (CLS-1)", (long long)b,
                              (long long)label[b], (long long)n - 1);
    return ASSAY_OK;
}

assay_status assay_classify_check_labels(const assay_config *config, int64_t batch, const assay_tensor *labels,
                                         assay_problem *problem, assay_error *err) {
    if (*problem == ASSAY_PROBLEM_UNSET) *problem = decide(config, labels);
    int64_t n = config->num_labels;
    if (*problem == ASSAY_PROBLEM_SINGLE_LABEL) return check_classes(labels, batch, n, err);
    bool regression = *problem == ASSAY_PROBLEM_REGRESSION;
    bool fits = matches_logits(labels, batch, n, regression) && (regression || assay_dtype_is_float(labels->dtype));
    char text[96];
    if (fits) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, "ERR-1 CLS-1",
                      "labels have the shape %s; %s needs numbers of shape (%lld, %lld) (CLS-1)",
                      assay_tensor_shape_text(labels, text, sizeof text),
                      regression ? "squared error" : "binary cross entropy", (long long)batch, (long long)n);
}

static double mean_cross_entropy(const assay_tensor *logits, const assay_tensor *labels) {
    int64_t n = logits->shape[1], count = 0;
    const int64_t *label = labels->data;
    assay_term_sum sum = assay_term_sum_begin(logits->dtype, logits->shape[0]);
    for (int64_t b = 0; b < logits->shape[0]; b++) {
        if (label[b] == ASSAY_IGNORE_LABEL) {
            assay_term_sum_skip(&sum);
            continue;
        }
        assay_term_sum_add(&sum, assay_cross_entropy(logits, b * n, n, label[b]));
        count++;
    }
    return assay_term_sum_mean(&sum, count);
}

double assay_classify_loss(const assay_tensor *logits, const assay_tensor *labels, assay_problem problem) {
    switch (problem) {
    case ASSAY_PROBLEM_REGRESSION: return assay_loss_squared(logits, labels);
    case ASSAY_PROBLEM_MULTI_LABEL: return assay_loss_binary(logits, labels);
    case ASSAY_PROBLEM_SINGLE_LABEL:
    case ASSAY_PROBLEM_UNSET: break;
    }
    return mean_cross_entropy(logits, labels);
}
