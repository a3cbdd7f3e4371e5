/*
 * Attention of one window over its local context and its memory, in one softmax (rules ATT-1 to ATT-5, MEM-4, MEM-9).
 *
 * Source: LongLlamaAttention.forward of the original; Vaswani et al., 2017; Tworkowski et al., "Focused Transformer", 2023.
 */
#ifndef ASSAY_ENGINE_ATTENTION_H
#define ASSAY_ENGINE_ATTENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "engine/memory.h"
#include "engine/real.h"
#include "engine/semantics.h"

/* B batch, H heads, T queries, L local keys (the last T of them are the queries' own), m keys in memory, D head size. */
typedef struct {
    int64_t batch, heads, queries, local, head_dim;
    const real *query;       /* (B,H,T,D), rotated */
    const real *key, *value; /* (B*H, local_capacity, D), the first L of each row in use; keys rotated */
    int64_t local_capacity;
    const uint8_t *keep; /* (B,L): 1 where the pad mask keeps the key; row b at keep + b * keep_stride */
    int64_t keep_stride;
    const real *memory_query;   /* (B,H,T,D): what reads the memory; NULL: `query`, as in the original */
    const assay_memory *memory; /* NULL, or m keys and values */
    const real *memory_mask;    /* (B,m) additive (MEM-5); row b at memory_mask + b * memory_mask_stride */
    int64_t memory_mask_stride;
    bool unclamped;            /* ATT-4: torch_attention */
    bool fused;                /* PREC-4: torch_attention. In half precision only weights and output are rounded */
    assay_dtype run;           /* of the run: in half precision every result is rounded to it (PREC-3) */
    assay_semantics semantics; /* zero: the original's */
    real *out;                 /* (B,T,H*D) */
    real *scores, *probs;      /* (B,H,T,L+m) for taps, local keys first (MEM-3); or NULL */
} REAL(assay_attention);

/* Number of reals of scratch space that one thread needs. */
size_t REAL(assay_attention_scratch)(const REAL(assay_attention) * a);

/* Fills a->out, and a->scores and a->probs where given. scratch: `threads` times assay_attention_scratch. Each (batch, head,
 * block of queries) is computed by one thread in a fixed order: results do not depend on the number of threads. */
void REAL(assay_attend)(const REAL(assay_attention) * a, real *scratch, int threads);

#endif
