/*
 * Losses (rules LOSS-1, CLS-1). Sums are in double; callers round the result to the dtype of the run.
 *
 * Source: torch.nn.CrossEntropyLoss, MSELoss and BCEWithLogitsLoss with their default arguments.
 */
#ifndef ASSAY_ENGINE_LOSS_H
#define ASSAY_ENGINE_LOSS_H

#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"
#include "engine/semantics.h"

/* Label that cross entropy leaves out. */
#define ASSAY_IGNORE_LABEL (-100)

/* Cross entropy of one row of n logits (starting at element `first`) against a label in [0, n). */
double assay_cross_entropy(const assay_tensor *logits, int64_t first, int64_t n, int64_t label);

/* LOSS-1: mean cross entropy of logits[:, :-1] (B,T,V) against labels[:, 1:] (B,T) over the labels that are not -100; NaN when
 * there is none. ASSAY_EINPUT: labels of another shape, or a label outside [0, V) where one is read. */
assay_status assay_loss_check_labels(const assay_tensor *labels, int64_t batch, int64_t tokens, int64_t vocab_size,
                                     assay_error *err);
double assay_loss_causal(const assay_tensor *logits, const assay_tensor *labels, const assay_semantics *semantics);

/* Mean squared error of n logits against labels. */
double assay_loss_squared(const assay_tensor *logits, const assay_tensor *labels);

/* Mean binary cross entropy with logits, of equally many labels. */
double assay_loss_binary(const assay_tensor *logits, const assay_tensor *labels);

#endif
