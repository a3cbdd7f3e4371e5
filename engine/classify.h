/* The sequence classification head (rule CLS-1). Source: LongLlamaForSequenceClassification.forward. */
#ifndef ASSAY_ENGINE_CLASSIFY_H
#define ASSAY_ENGINE_CLASSIFY_H

#include "engine/engine.h"

/* Column that row b is pooled at: count of ids that are not the pad, minus 1, or the last column where no pad is set or the call
 * gave embeddings; -1 means the last column as well. ids (T) of the row, or NULL. */
int64_t assay_classify_column(const assay_config *config, const int64_t *ids, int64_t tokens, assay_pooling pooling);

/* Refuses labels that do not fit: for each problem type the shapes and ranges that torch's losses take. `batch` rows of the
 * config's number of labels. *problem is what the labels are judged by; an unset one is decided, also by labels that are then
 * refused (CLS-1). */
assay_status assay_classify_check_labels(const assay_config *config, int64_t batch, const assay_tensor *labels,
                                         assay_problem *problem, assay_error *err);

/* Loss of pooled logits (B,labels) by a decided problem type. */
double assay_classify_loss(const assay_tensor *logits, const assay_tensor *labels, assay_problem problem);

#endif
