/*
 * One case, one subject: does it compute what it should?
 */
#ifndef ASSAY_FUZZ_CHECK_H
#define ASSAY_FUZZ_CHECK_H

#include <stdbool.h>

#include "compare/result.h"
#include "core/status.h"
#include "fuzz/subject.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_FUZZ_PASS,
    ASSAY_FUZZ_UNSUPPORTED, /* the subject says that it does not do this */
    ASSAY_FUZZ_MISMATCH,    /* it computes something else, or less */
    ASSAY_FUZZ_ERROR,       /* this and what follows: see assay_port_outcome */
    ASSAY_FUZZ_CRASHED,
    ASSAY_FUZZ_EXITED,
    ASSAY_FUZZ_HUNG,
    ASSAY_FUZZ_FLOODED,
    ASSAY_FUZZ_GARBLED,
    ASSAY_FUZZ_NONDETERMINISTIC, /* the same case twice gives two answers */
    ASSAY_FUZZ_ENGINE,           /* Assay's own engine and its oracle disagree: the subject was not asked */
    ASSAY_FUZZ_INTERRUPTED,      /* the user ended it: nothing is known */
    ASSAY_FUZZ_OUTCOME_COUNT
} assay_fuzz_outcome;

/* "pass", "unsupported", "mismatch", "error", "crashed", "exited", "hung", "flooded", "garbled", "nondeterministic", "engine",
 * "interrupted". */
const char *assay_fuzz_outcome_name(assay_fuzz_outcome outcome);

/* True of all that a campaign reports as a find. */
bool assay_fuzz_outcome_fails(assay_fuzz_outcome outcome);

typedef struct {
    assay_fuzz_outcome outcome;
    char where[160];          /* of a mismatch: the path of the first that differs; else "" */
    char stage[80];           /* its name without numbers: "past/mem_key"; of a step as a whole "refusal"; else "" */
    char rules[64];           /* that it shows, separated by spaces; else "" */
    char message[1200];       /* one line that says what happened; "" of PASS */
    bool has_result;          /* whether there was something to compare */
    assay_case_result result; /* the comparison; valid when has_result */
    assay_fuzz_answer answer; /* of the subject */
} assay_fuzz_verdict;

/* Runs the case on the engine and on the subject and holds the second against the first. Writes into the case which steps are refused
 * (expect_error). Errors: Assay's own failures. Release with assay_fuzz_verdict_release. */
assay_status assay_fuzz_check(assay_fuzz_verdict *out, assay_case *c, const assay_fuzz_subject *subject,
                              assay_error *err);

/* Runs the case on the engine and writes into it which steps are refused. Errors: Assay's own failures. */
assay_status assay_fuzz_expect_refusals(assay_case *c, assay_error *err);

/* As assay_fuzz_check, and the subject leaves a dump, as complete as it can write one, at `dump` with a suffix of its own. */
assay_status assay_fuzz_check_keeping(assay_fuzz_verdict *out, assay_case *c, const assay_fuzz_subject *subject,
                                      const char *dump, assay_error *err);

/* Runs a case that failed once more; where the two answers differ by more than tolerances, *verdict becomes NONDETERMINISTIC. */
assay_status assay_fuzz_check_again(assay_fuzz_verdict *verdict, assay_case *c, const assay_fuzz_subject *subject,
                                    assay_error *err);

/* Frees what a verdict holds; its texts stay. */
void assay_fuzz_verdict_release(assay_fuzz_verdict *verdict, const assay_fuzz_subject *subject);

#ifdef __cplusplus
}
#endif

#endif
