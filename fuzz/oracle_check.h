/*
 * What the rules refuse (ERR-1): a model, and a call's tensors by themselves. Positions with gaps (POS-3) are judged by the call, which
 * knows its windows.
 */
#ifndef ASSAY_FUZZ_ORACLE_CHECK_H
#define ASSAY_FUZZ_ORACLE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "core/tensor.h"
#include "fuzz/oracle_refusal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One call of the model's forward, as a step of a case gives it. A tensor whose data is NULL is absent. */
typedef struct {
    assay_tensor ids;       /* (B,T) int64; either this or embeds (EMB-1) */
    assay_tensor embeds;    /* (B,T,C) */
    assay_tensor mask;      /* (B,S) float64 */
    assay_tensor positions; /* (B,T) int64 */
    assay_tensor labels;    /* LOSS-1, CLS-1 */
    int use_cache;          /* -1: the configuration's */
    int64_t context;        /* last_context_length in force */
} assay_oracle_request;

/* The past that a call is made on. */
typedef struct {
    int64_t batch; /* 0: there is none */
    int64_t local; /* tokens in its local cache */
} assay_oracle_base;

/* Refuses a configuration that no model can be built of. */
void assay_oracle_check_config(assay_oracle_refusal *r, const assay_config *c);

/* Refuses a call: input, past, schedule, mask, positions' shape, grouping. Batch and tokens are those of request->ids or embeds. */
void assay_oracle_check_call(assay_oracle_refusal *r, const assay_config *c, const assay_oracle_request *request,
                             const assay_oracle_base *base);

/* Refuses labels (LOSS-1), and what a classification head does (CLS-1). *problem becomes what the labels are judged by. */
void assay_oracle_check_head(assay_oracle_refusal *r, const assay_config *c, const assay_oracle_request *request,
                             assay_problem *problem);

#ifdef __cplusplus
}
#endif

#endif
