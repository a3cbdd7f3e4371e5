/*
 * Everything that was ever fed to a past: all calls in order, and what each token had as key and value when it ran.
 *
 * This is a record, not a cache: nothing is dropped, moved, rotated or rounded in it. Which tokens a later query sees, and how, is asked of
 * the plan (fuzz/oracle_plan.h).
 */
#ifndef ASSAY_FUZZ_ORACLE_HISTORY_H
#define ASSAY_FUZZ_ORACLE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/status.h"
#include "fuzz/oracle_plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One call. Its mask covers what is local when it starts, then its own tokens. */
typedef struct {
    assay_oracle_cut cut;
    int64_t end;   /* one past its last column */
    int64_t width; /* columns of its mask, the last of which is end - 1 */
    uint8_t *keep; /* (width, B): 1 keeps (SCHED-6) */
} assay_oracle_call;

typedef struct {
    int64_t batch, columns;
    int64_t layers, hidden;   /* of the model: C numbers a key or value, heads one after the other */
    int64_t *positions;       /* (columns, B) */
    double **keys, **values;  /* (layers) of (columns, B, C), as k_proj and v_proj gave them */
    assay_oracle_call *calls; /* (call_count) */
    size_t call_count;
} assay_oracle_history;

/* An empty one for a model. Release with assay_oracle_history_free. */
assay_status assay_oracle_history_make(assay_oracle_history *out, const assay_config *config, assay_error *err);
void assay_oracle_history_free(assay_oracle_history *h);

/* A history of its own whose row i is row rows[i] of `from` (CACHE-7), n of them; with rows NULL all as they are. */
assay_status assay_oracle_history_pick(assay_oracle_history *out, const assay_oracle_history *from, const int64_t *rows,
                                       int64_t n, assay_error *err);

/* Appends a call of `batch` rows with its positions (T, B); its keys and values are for the caller to fill in. Takes over
 * call->keep on success. */
assay_status assay_oracle_history_append(assay_oracle_history *h, const assay_oracle_call *call, int64_t batch,
                                         const int64_t *positions, assay_error *err);

/* The plan of all its calls, with `next` behind them unless that is NULL. Release with assay_oracle_plan_free. */
assay_status assay_oracle_history_plan(const assay_oracle_history *h, const assay_oracle_cut *next, int64_t window,
                                       assay_oracle_plan *out, assay_error *err);

/* Whether a call's mask keeps a column, which must be one that it covers, in row b. */
bool assay_oracle_keeps(const assay_oracle_call *call, int64_t batch, int64_t column, int64_t b);

#ifdef __cplusplus
}
#endif

#endif
