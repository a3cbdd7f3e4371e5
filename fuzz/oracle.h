/*
 * The oracle: what a case must give, computed from the rules of docs/semantics.md by a second program.
 *
 * Slow and plain, in float64: every query asks the rules which keys it sees, among all tokens that were ever fed. It shares no code with
 * engine/ or blame/. docs/oracle.md says what it is worth, and how far a run may be from it.
 */
#ifndef ASSAY_FUZZ_ORACLE_H
#define ASSAY_FUZZ_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include "compare/source.h"
#include "core/config.h"
#include "core/status.h"
#include "core/tensor.h"
#include "fuzz/oracle_generate.h"
#include "fuzz/oracle_model.h"
#include "fuzz/sheet.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    assay_dtype
        run; /* of the run that it is to be held against: float32 or float64. It settles which mask entries are 1 (SCHED-6) and
                        what mem_dtype rounds (MEM-6); the oracle computes in float64 */
    assay_oracle_noise noise; /* zero: none */
    const assay_source
        *follow; /* NULL, or that run: what it stored in memory, and the tokens it chose, are gone on from. Both are
                                   judged where they stand (docs/oracle.md) */
} assay_oracle_options;

/* One step. */
typedef struct {
    assay_oracle_refusal refusal;
    assay_oracle_choice *choices; /* (choice_count): of a generate, one for each new token */
    size_t choice_count;
    int64_t prompt; /* tokens before the first choice */
} assay_oracle_step;

typedef struct {
    assay_sheet
        sheet; /* logits, loss, tokens, schedule, past; in float64, memory in mem_dtype, with the values before the cast where
                          that is a half type */
    assay_oracle_step *steps; /* (step_count) of the case */
    assay_source_step *source_steps;
    size_t step_count;
    assay_source source; /* all of it, to compare against: a golden without floors (fuzz/oracle_floor.h) */
} assay_oracle_run;

/* Runs a case. `config` is the case's, and one that may be refused (assay_oracle_check_config): then all steps are. `weights` by Hugging
 * Face names. A step that is refused has all rules that refuse it, and leaves the past as it was. ASSAY_EINPUT: weights that do
 * not fit. Everything but *out must outlive it. Release with assay_oracle_run_free. */
assay_status assay_oracle_run_case(assay_oracle_run *out, const assay_case *c, const assay_config *config,
                                   const assay_tensor_map *weights, const assay_oracle_options *options,
                                   assay_error *err);
void assay_oracle_run_free(assay_oracle_run *run);

#ifdef __cplusplus
}
#endif

#endif
