/*
 * Greedy generation of the oracle (GEN-1 to GEN-4, POS-4).
 */
#ifndef ASSAY_FUZZ_ORACLE_GENERATE_H
#define ASSAY_FUZZ_ORACLE_GENERATE_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "fuzz/oracle_call.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What tokens were chosen from. */
typedef struct {
    int64_t batch, vocab;
    double *logits; /* (B, V): of the last token of each row */
    int64_t *own;   /* (B): what the oracle would choose; -1 of a row that had finished, where there is no choice */
} assay_oracle_choice;

typedef struct {
    assay_tensor tokens; /* (B, prompt + new) int64 */
    int64_t prompt;      /* tokens of the prompt */
    int64_t *windows;    /* (window_count, 2) of the prompt's call */
    int64_t window_count;
    assay_oracle_choice *choices; /* (choice_count): one for each new token */
    size_t choice_count;
} assay_oracle_generation;

/* Another run's results of the step. Its tokens are taken wherever the oracle would choose one itself: which of two nearly equal logits is larger is
 * settled by rounding. Whoever compares holds the choices against the tolerance. */
typedef struct {
    const assay_tensor *tokens;          /* NULL: none */
    const assay_oracle_followed *memory; /* NULL, or (layers) */
} assay_oracle_other;

/* Generates as `step` says, on a history that holds all of its calls afterwards; after a refusal (refusal->refused; the status is
 * ASSAY_OK) or an error it is of no use. Release *out with assay_oracle_generation_free. */
assay_status assay_oracle_generate(assay_oracle_generation *out, assay_oracle_model *model,
                                   assay_oracle_history *history, const assay_step *step,
                                   const assay_oracle_other *other, assay_oracle_refusal *refusal, assay_error *err);

/* Releases what a choice holds. */
void assay_oracle_choice_free(assay_oracle_choice *choice);
void assay_oracle_generation_free(assay_oracle_generation *g);

#ifdef __cplusplus
}
#endif

#endif
