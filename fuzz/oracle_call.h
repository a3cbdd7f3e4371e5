/*
 * One call of the oracle's model: checked, appended to the history, and run window by window.
 */
#ifndef ASSAY_FUZZ_ORACLE_CALL_H
#define ASSAY_FUZZ_ORACLE_CALL_H

#include <stdint.h>

#include "core/status.h"
#include "fuzz/oracle_check.h"
#include "fuzz/oracle_history.h"
#include "fuzz/oracle_model.h"
#include "fuzz/oracle_window.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int64_t batch, tokens, outputs; /* outputs: vocabulary, or labels */
    double *logits;                 /* (T, B, outputs): of every token (HEAD-1, SCHED-3) */
    int64_t *windows;               /* (window_count, 2): first token and one past the last */
    int64_t window_count;
} assay_oracle_output;

/* Runs a call on a history, which it is then part of. A refused call (refusal->refused; the status is ASSAY_OK) leaves the history as
 * it was and *out empty. ASSAY_EINTERNAL: out of memory; the history is then of no use. Release *out with
 * assay_oracle_output_free. */
assay_status assay_oracle_run_call(assay_oracle_output *out, assay_oracle_model *model, assay_oracle_history *history,
                                   const assay_oracle_request *request, const assay_oracle_followed *followed,
                                   assay_oracle_refusal *refusal, assay_error *err);
void assay_oracle_output_free(assay_oracle_output *out);

/* What there is for a next call to be made on: local and remembered tokens of a history. */
typedef struct {
    int64_t local, remembered;
} assay_oracle_reach;

assay_status assay_oracle_reach_of(const assay_oracle_history *history, const assay_config *config,
                                   assay_oracle_reach *out, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
