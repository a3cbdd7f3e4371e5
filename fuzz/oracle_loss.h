/*
 * The oracle's losses, and the column that a classification reads.
 */
#ifndef ASSAY_FUZZ_ORACLE_LOSS_H
#define ASSAY_FUZZ_ORACLE_LOSS_H

#include "core/config.h"
#include "core/tensor.h"
#include "fuzz/oracle_call.h"

#ifdef __cplusplus
extern "C" {
#endif

/* LOSS-1: of logits (T,B,V) against labels (B,T). NaN when no label counts. */
double assay_oracle_causal_loss(const assay_oracle_output *out, const assay_tensor *labels);

/* CLS-1: the column that row b is pooled at. `ids` (B,T) has no data when embeddings were given. */
int64_t assay_oracle_pooled_column(const assay_config *c, const assay_tensor *ids, int64_t tokens, int64_t b);

/* CLS-1: of pooled logits (B, labels). `problem` is not unset. */
double assay_oracle_class_loss(const double *logits, int64_t batch, int64_t n, const assay_tensor *labels,
                               assay_problem problem);

#ifdef __cplusplus
}
#endif

#endif
