/*
 * One context window of the oracle: all layers, each query on its own, over the keys that the plan says it sees.
 */
#ifndef ASSAY_FUZZ_ORACLE_WINDOW_H
#define ASSAY_FUZZ_ORACLE_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"
#include "fuzz/oracle_history.h"
#include "fuzz/oracle_model.h"
#include "fuzz/oracle_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The memory that another run stored, of one layer: (B,H,m,D) keys and values; NULL: none. Its values are taken in place of the
 * oracle's own roundings (MEM-6: near a tie a value may round either way). */
typedef struct {
    const assay_tensor *key, *value;
} assay_oracle_followed;

/* What a window runs on. */
typedef struct {
    assay_oracle_model *model;
    assay_oracle_history *history;
    const assay_oracle_plan *plan;         /* of the history */
    const assay_oracle_followed *followed; /* NULL, or (layers) */
} assay_oracle_context;

/* Runs window k: `hidden` (T, B, C) holds the embeddings of its tokens, and then the final norm's output. Writes the tokens' keys and
 * values into the history. ASSAY_EINTERNAL: out of memory. */
assay_status assay_oracle_run_window(const assay_oracle_context *context, size_t k, double *hidden, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
