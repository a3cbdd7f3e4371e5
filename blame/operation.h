/*
 * The operations of the model that can be at fault, and the stages that show each.
 */
#ifndef ASSAY_BLAME_OPERATION_H
#define ASSAY_BLAME_OPERATION_H

#include <stdint.h>

#include "core/stages.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_OPERATION_INPUTS,       /* schedule, input_ids, attention_mask */
    ASSAY_OPERATION_POSITIONS,    /* position_ids, rel_pos_ids */
    ASSAY_OPERATION_EMBEDDING,    /* embed_tokens */
    ASSAY_OPERATION_NORM,         /* the three norms */
    ASSAY_OPERATION_PROJECTIONS,  /* q_proj, k_proj, v_proj */
    ASSAY_OPERATION_ROTARY,       /* cos, sin, rotated queries and keys */
    ASSAY_OPERATION_MEMORY_WRITE, /* what joins the memory */
    ASSAY_OPERATION_MEMORY_READ,  /* the memory that queries see */
    ASSAY_OPERATION_SCORES,       /* attn_scores */
    ASSAY_OPERATION_SOFTMAX,      /* attn_probs */
    ASSAY_OPERATION_VALUES,       /* attn_output */
    ASSAY_OPERATION_OUTPUT,       /* o_proj, attn_residual */
    ASSAY_OPERATION_MLP,          /* gate, up, activation, down, the layer's output */
    ASSAY_OPERATION_HEAD,         /* logits */
    ASSAY_OPERATION_LOSS,         /* loss */
    ASSAY_OPERATION_TOKENS,       /* tokens of a generate */
    ASSAY_OPERATION_CACHE,        /* the past: local cache and memory from window to window and after a step */
    ASSAY_OPERATION_COUNT
} assay_operation;

/* "inputs", "memory-write" ... */
const char *assay_operation_name(assay_operation operation);

/* What it does, in a few words: "root mean square norms". */
const char *assay_operation_text(assay_operation operation);

/* The operation whose result a stage is. */
assay_operation assay_operation_of(assay_stage stage);

/* Set of stages: bit number `stage`. */
typedef uint64_t assay_stage_set;

#define ASSAY_STAGE_BIT(stage) (UINT64_C(1) << (stage))

#ifdef __cplusplus
}
#endif

#endif
