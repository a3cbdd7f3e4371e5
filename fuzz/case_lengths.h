/*
 * How long the caches of a case are before each of its steps: what lengths are chosen by, and what the boundary grid counts. A judgement
 * never rests on it.
 */
#ifndef ASSAY_FUZZ_CASE_LENGTHS_H
#define ASSAY_FUZZ_CASE_LENGTHS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int64_t batch;         /* of the past; 0: there is none */
    int64_t cached;        /* tokens of the local cache */
    int64_t remembered;    /* tokens in memory */
    int64_t next_position; /* after the last token, where positions count from 0 */
} assay_fuzz_lengths;

/* B and T of a step that computes; 0 where it has no tokens. */
int64_t assay_fuzz_step_batch(const assay_step *step);
int64_t assay_fuzz_step_tokens(const assay_step *step);

/* Tokens of a step's first call on `cached` tokens: of a generation on a local cache its last one alone (GEN-3). */
int64_t assay_fuzz_step_fed(const assay_step *step, int64_t cached);

/* The last_context_length that a step runs with. */
int64_t assay_fuzz_step_context(const assay_config *config, const assay_step *step);

/* The lengths after a step, by its window schedule (SCHED-1, SCHED-2, CACHE-1). A step whose schedule is refused changes nothing; one that is
 * refused for another reason counts as if it ran, and a generation as if no end token stopped it. */
void assay_fuzz_lengths_step(assay_fuzz_lengths *lengths, const assay_config *config, const assay_step *step);

#ifdef __cplusplus
}
#endif

#endif
