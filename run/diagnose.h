/*
 * Which known mistake explains a port's dump? The case is run again with each named mistake (engine/variants.h), then with pairs,
 * and what comes closest to the candidate's tensors is ranked.
 */
#ifndef ASSAY_RUN_DIAGNOSE_H
#define ASSAY_RUN_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/source.h"
#include "core/status.h"
#include "engine/variants.h"
#include "golden/golden_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How far the candidate is from a run: each of its tensors is held against the run's, and the distance is counted in tolerances of
 * the golden's stage (8 times its noise floor, scaled with the tensor where the mistake makes it larger). */
typedef struct {
    size_t judged, differing; /* tensors compared; those further off than a tolerance, or of another shape */
    double worst;             /* largest distance; infinite where shapes, classes or exact values differ */
    double badness;           /* sum over differing tensors of 1 + log10 of their distance, 10 at most each */
    double closeness;         /* root mean square of the distances, each 1e9 at most */
    char worst_path[160];     /* where `worst` is; "" when nothing was judged */
    char first_path[160];     /* the first that differs; "" when none does */
} assay_distance;

/* One hypothesis. */
typedef struct {
    const assay_variant *mistakes[2]; /* (mistake_count) */
    size_t mistake_count;
    assay_distance distance; /* of the run with these mistakes */
    assay_distance original; /* of the run without a mistake, counted in the same tolerances */
    /* The candidate matches it: everything lies within its tolerance, or within 8 where that is 10 times nearer than to the original;
     * and it is on the whole twice as near. */
    bool explains;
    /* On this case, as far as the candidate shows, it cannot be told from the first of the ranking. */
    bool same_as_best;
} assay_hypothesis;

typedef enum {
    ASSAY_DIAGNOSIS_MATCH,     /* the candidate matches the golden: nothing to explain */
    ASSAY_DIAGNOSIS_EXPLAINED, /* the first of the ranking explains it */
    ASSAY_DIAGNOSIS_PARTLY,    /* the first explains at least half of what differs, and not all */
    ASSAY_DIAGNOSIS_UNKNOWN,   /* none of the known mistakes */
    ASSAY_DIAGNOSIS_ROUNDING   /* nothing is off by more than 8 tolerances, and no mistake explains it */
} assay_diagnosis_verdict;

/* "match", "explained", "partly explained", "unknown", "rounding". */
const char *assay_diagnosis_verdict_name(assay_diagnosis_verdict verdict);

/* What the candidate gave to judge by. */
typedef enum {
    ASSAY_EVIDENCE_STAGES,
    ASSAY_EVIDENCE_RESULTS,
    ASSAY_EVIDENCE_LOGITS,
    ASSAY_EVIDENCE_TOKENS
} assay_evidence;

typedef struct {
    assay_diagnosis_verdict verdict;
    assay_evidence evidence;
    int64_t numbers;           /* of the candidate's tensors, in all */
    assay_distance original;   /* to the run without a mistake */
    assay_hypothesis *ranking; /* (ranking_count) best first */
    size_t ranking_count;
    size_t singles, pairs; /* hypotheses tried */
    bool out_of_time;      /* the time was over before a pair explained it or all were tried */
} assay_diagnosis;

typedef struct {
    const char *model_dir; /* weights, for a golden that has none and no recipe; may be NULL */
    double seconds;        /* in all; single mistakes are tried whatever it takes, pairs in what is left */
    void *context;         /* of progress */
    void (*progress)(void *context, size_t done, size_t count); /* may be NULL; called by one thread at a time */
} assay_diagnose_options;

/* Diagnoses. The golden is any file that holds a case. Errors: ASSAY_EINPUT, files that cannot be read, do not belong together, hold
 * no case or nothing to compare. Release *out with assay_diagnosis_free. */
assay_status assay_diagnose(assay_diagnosis *out, const assay_golden *golden, const char *golden_name,
                            const assay_source *candidate, const assay_diagnose_options *options, assay_error *err);

void assay_diagnosis_free(assay_diagnosis *diagnosis);

#ifdef __cplusplus
}
#endif

#endif
