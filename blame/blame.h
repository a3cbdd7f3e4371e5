/*
 * Which operation of a port is at fault? Each operation is run again, in float64, on the candidate's OWN inputs: what its output is off
 * by then is its own error; what a right operation would have been off by as well is inherited.
 */
#ifndef ASSAY_BLAME_BLAME_H
#define ASSAY_BLAME_BLAME_H

#include <stdbool.h>
#include <stddef.h>

#include "blame/operation.h"
#include "compare/result.h"
#include "compare/source.h"
#include "core/status.h"
#include "golden/golden_file.h"
#include "run/arithmetic.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_BLAME_RIGHT,     /* the operation computes what it should, and the stage agrees with the original */
    ASSAY_BLAME_INHERITED, /* the operation computes what it should; the stage differs because its inputs do */
    ASSAY_BLAME_FAULT,     /* the operation does not compute what it should on these inputs */
    ASSAY_BLAME_SUSPECT,   /* one of several operations does not: what lies between them was not dumped */
    ASSAY_BLAME_UNJUDGED,  /* `reason` says why */
    ASSAY_BLAME_VERDICT_COUNT
} assay_blame_verdict;

/* "right", "inherited", "fault", "suspect", "unjudged". */
const char *assay_blame_verdict_name(assay_blame_verdict verdict);

/* One stage that the candidate dumped. Errors are largest absolute distances; infinite where shape, class or a whole number differs. */
typedef struct {
    assay_place place;
    char path[160];
    assay_operation operation;
    assay_blame_verdict verdict;
    double own, tolerance;         /* of the operation: candidate's output against what follows from its inputs */
    double inherited;              /* what follows from its inputs against the original */
    double total, total_tolerance; /* candidate's output against the original; NaN where that is not known */
    bool own_only;                 /* half precision without a floor: whether the total is too large is not judged */
    assay_stage_set via;           /* stages between that were not dumped: they are judged together with this one */
    assay_worst worst;             /* element with the largest own error; `golden` is what should be there */
    char reason[200];              /* one line; "" where the numbers say all */
} assay_blame_entry;

/* All entries of one operation. */
typedef struct {
    size_t judged, faults, suspects, inherited;
    double worst;  /* largest own error in tolerances */
    int64_t first; /* entry of its first fault, else of its first suspect; -1 without */
} assay_blame_summary;

typedef struct {
    assay_blame_entry *entries; /* (count) in execution order */
    size_t count, capacity;
    assay_blame_summary operations[ASSAY_OPERATION_COUNT];
    assay_stage_set suspects; /* stages of which some are at fault, beyond the operations that are named */
    size_t counts[ASSAY_BLAME_VERDICT_COUNT];
    size_t not_dumped; /* stages of the case that the candidate lacks */
    size_t unknown;    /* tensors of the candidate whose names are no stages', mapped or not */
    assay_dtype dtype; /* what the candidate computes in */
} assay_blame;

/* Blames. `arithmetic` says what the candidate computes in and on which weights, as for assay_compare_arithmetic. The golden is any file
 * that holds a case. ASSAY_EINPUT: files that cannot be read, do not belong together, hold no case, or a
 * candidate without any tensor of it. Release *out with assay_blame_free. */
assay_status assay_blame_run(assay_blame *out, const assay_golden *golden, const char *golden_name,
                             const assay_source *candidate, const assay_arithmetic *arithmetic, assay_error *err);

/* True when some operation is at fault or suspected, or something differs from the original. */
bool assay_blame_found(const assay_blame *blame);

void assay_blame_free(assay_blame *blame);

#ifdef __cplusplus
}
#endif

#endif
