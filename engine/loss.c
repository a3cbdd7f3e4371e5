#include "engine/loss.h"

#include <math.h>

#include "core/rounding.h"
#include "engine/term_sum.h"

double assay_cross_entropy(const assay_tensor *logits, int64_t first, int64_t n, int64_t label) {
    double largest = -INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, assay_load_f64(logits->data, logits->dtype, (size_t)(first + i)));
    for (int64_t i = 0; i < n; i++)
        sum += exp(assay_load_f64(logits->data, logits->dtype, (size_t)(first + i)) - largest);
    double own = assay_load_f64(logits->data, logits->dtype, (size_t)(first + label));
    if (!assay_dtype_is_half(logits->dtype)) return log(sum) + largest - own;
    /* PREC-3: torch keeps the sum and its logarithm in the logits' dtype. */
    double log_sum = assay_round_to(log(assay_round_to(sum, logits->dtype)), logits->dtype);
    return assay_round_to(log_sum + largest - own, logits->dtype);
}

assay_status assay_loss_check_labels(const assay_tensor *labels, int64_t batch, int64_t tokens, int64_t vocab_size,
                                     assay_error *err) {
    bool fits =
        labels->rank == 2 && labels->dtype == ASSAY_I64 && labels->shape[0] == batch && labels->shape[1] == tokens;
    char text[96];
    if (!fits)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 LOSS-1",
                          "labels have the shape %s; they must be whole numbers of shape (%lld, %lld) (LOSS-1)",
                          assay_tensor_shape_text(labels, text, sizeof text), (long long)batch, (long long)tokens);
    const int64_t *label = labels->data;
    for (int64_t i = 0; i < batch * tokens; i++) {
        bool read = i % tokens != 0; /* the first label of a row is never compared with anything */
        if (!read || label[i] == ASSAY_IGNORE_LABEL || (label[i] >= 0 && label[i] < vocab_size)) continue;
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 LOSS-1",
                          "labels[%lld][%lld] is %lld; it must be -100 or between 0 and %lld (LOSS-1)",
                          (long long)(i / tokens), (long long)(i % tokens), (long long)label[i],
                          (long long)vocab_size - 1);
    }
    return ASSAY_OK;
}

double assay_loss_causal(const assay_tensor *logits, const assay_tensor *labels, const assay_semantics *semantics) {
    int64_t batch = logits->shape[0], tokens = logits->shape[1], n = logits->shape[2];
    int64_t shift = semantics->label_shift == ASSAY_LABELS_SHIFTED ? 1 : 0;
    const int64_t *label = labels->data;
    assay_term_sum sum = assay_term_sum_begin(logits->dtype, batch * (tokens - shift));
    int64_t count = 0, kept = 0;
    for (int64_t b = 0; b < batch; b++)
        for (int64_t t = 0; t + shift < tokens; t++, count++) {
            int64_t wanted = label[b * tokens + t + shift];
            if (wanted < 0 || wanted >= n) { /* -100; without the shift, a first label that was never checked */
                assay_term_sum_skip(&sum);
                continue;
            }
            assay_term_sum_add(&sum, assay_cross_entropy(logits, (b * tokens + t) * n, n, wanted));
            kept++;
        }
    if (semantics->loss_mean == ASSAY_LOSS_OVER_KEPT) count = kept;
    return assay_term_sum_mean(&sum, count);
}

double assay_loss_squared(const assay_tensor *logits, const assay_tensor *labels) {
    int64_t n = assay_tensor_count(logits);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double difference = assay_load_f64(logits->data, logits->dtype, (size_t)i) -
                            assay_load_f64(labels->data, labels->dtype, (size_t)i);
        sum += difference * difference;
    }
    return sum / (double)n;
}

double assay_loss_binary(const assay_tensor *logits, const assay_tensor *labels) {
    int64_t n = assay_tensor_count(logits);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double x = assay_load_f64(logits->data, logits->dtype, (size_t)i);
        double y = assay_load_f64(labels->data, labels->dtype, (size_t)i);
        /* -(y log s(x) + (1 - y) log(1 - s(x))) without overflow */
        sum += fmax(x, 0) - x * y + log1p(exp(-fabs(x)));
    }
    return sum / (double)n;
}
