/*
 * The result model: what a comparison found, as plain data. Every report writer reads this and nothing else.
 */
#ifndef ASSAY_COMPARE_RESULT_H
#define ASSAY_COMPARE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/detail.h"
#include "compare/drift.h"
#include "compare/metrics.h"
#include "core/date.h"
#include "core/dtype.h"
#include "core/stages.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_VERDICT_PASS,
    ASSAY_VERDICT_FAIL,
    ASSAY_VERDICT_MISSING,          /* the candidate lacks it; listed, does not fail the case */
    ASSAY_VERDICT_MISSING_REQUIRED, /* the candidate lacks it and the policy requires it; fails the case */
    ASSAY_VERDICT_EXTRA,            /* the golden lacks it; listed */
    ASSAY_VERDICT_NOT_COMPARED,     /* not judged, and `reason` says why; listed */
    ASSAY_VERDICT_WAIVED, /* it fails, and a waiver of the policy is about it; listed, does not fail the case */
    ASSAY_VERDICT_COUNT
} assay_verdict;

/* "pass", "fail", "missing", "missing_required", "extra", "not_compared", "waived". */
const char *assay_verdict_name(assay_verdict verdict);

/* True for the verdicts that fail a case: FAIL and MISSING_REQUIRED. */
bool assay_verdict_fails(assay_verdict verdict);

/* Where a tolerance comes from. */
typedef enum {
    ASSAY_TOLERANCE_NONE,   /* exact */
    ASSAY_TOLERANCE_FLOOR,  /* factor times the golden's noise floor */
    ASSAY_TOLERANCE_POLICY, /* atol or rtol of the policy */
    ASSAY_TOLERANCE_DEFAULT /* built in, because the reference has no floor */
} assay_tolerance_origin;

/* "none", "floor", "policy", "default". */
const char *assay_tolerance_origin_name(assay_tolerance_origin origin);

/* Dtype and shape of one side; rank -1 when that side has no tensor. */
typedef struct {
    assay_dtype dtype;
    int rank;
    int64_t shape[ASSAY_MAX_RANK];
} assay_result_shape;

/* The element that differs most, or the first whose class differs. */
typedef struct {
    int64_t index; /* row-major, in the golden's tensor; -1 when there is none */
    int rank;
    const char *axes[ASSAY_MAX_RANK]; /* static names (compare/layout.h): "batch", "head", "token", "dim" ... */
    int64_t at[ASSAY_MAX_RANK];       /* index along each axis; along a `kept` axis that of the whole tensor */
    double golden, candidate;
} assay_worst;

typedef enum {
    ASSAY_ENTRY_STAGE,  /* a tensor at a place */
    ASSAY_ENTRY_STEP,   /* a step as a whole (refusals): place.step, path, verdict, reason and rules are meant */
    ASSAY_ENTRY_UNKNOWN /* a tensor of the candidate that is no stage: path, verdict and reason are meant */
} assay_entry_kind;

/* "stage", "step", "unknown". */
const char *assay_entry_kind_name(assay_entry_kind kind);

/* What was found at one place. */
typedef struct {
    assay_entry_kind kind;
    assay_place place;
    char path[160];    /* without leading slash; "steps/<n>" of a step */
    bool uses_float64; /* the golden side is "float64/<path>" */
    assay_verdict verdict;
    char reason[320]; /* one line; "" on a plain pass */
    char rules[64];   /* rule ids that the stage shows, separated by spaces */
    assay_result_shape golden, candidate;
    bool has_metrics;
    assay_metrics metrics;
    assay_worst worst;
    assay_tolerance_origin origin;
    bool has_floor;
    double floor;
    double tolerance;       /* absolute; 0 when exact */
    double deviation;       /* what is held against the tolerance: max abs; of stored memory see compare/judge.h */
    double ratio_floor;     /* deviation / floor; 0 without a floor */
    double ratio_tolerance; /* deviation / tolerance; infinite when tolerance is 0 and deviation is not */
    int64_t pad_elements;   /* left out because the policy ignores pad rows */
    /* 1 + index into the case's waivers; 0: none. Of a waived entry the one that waives it, of one that fails an expired one that
     * would have. */
    size_t waiver;
    assay_verdict waived_from; /* of a waived entry: FAIL or MISSING_REQUIRED */
    double goodness;      /* distance to the exact result, in distances of the half-precision run; 0: not measured */
    assay_detail *detail; /* owned by the case; NULL where it was not asked for */
} assay_entry;

/* A waiver of the policy (compare/waiver.h), and what it did. Texts that it does not give are NULL. */
typedef struct {
    char *stage, *rule, *test_case, *reason;
    assay_date expires; /* the last day on which it waives */
    bool expired;       /* that day is over */
    bool in_scope;      /* its pattern matches the name of the case, or it has none */
    size_t count;       /* failures that it waived; of an expired one those that it would have */
} assay_waiver_use;

typedef struct {
    assay_waiver_use *items; /* (count) in the order of the policy */
    size_t count;
} assay_waiver_uses;

/* Frees the list and clears it. Safe on a cleared one. */
void assay_waiver_uses_free(assay_waiver_uses *uses);

/* One line of a finding. Texts are never NULL. */
typedef struct {
    char *name;    /* of a known mistake (engine/variants.h), or of an operation (blame/operation.h) */
    char *rules;   /* rule ids, separated by spaces */
    char *summary; /* a sentence */
    char *path;    /* the first stage where it shows; "" without */
} assay_finding_item;

/* What a closer look at a case that fails said. */
typedef struct {
    char *source;              /* "diagnosis": which known mistake explains it; "blame": which operation is at fault */
    char *verdict;             /* of that look, such as "explained" or "fault" */
    char *summary;             /* a sentence */
    assay_finding_item *items; /* (count) the best explanation first */
    size_t count;
} assay_finding;

typedef struct {
    char *key, *value;
} assay_fact;

/* Texts by key, in order of insertion. */
typedef struct {
    assay_fact *items;
    size_t count, capacity;
} assay_facts;

typedef enum { ASSAY_CASE_PASS, ASSAY_CASE_FAIL, ASSAY_CASE_ERROR, ASSAY_CASE_UNSUPPORTED } assay_case_verdict;
#define ASSAY_CASE_VERDICT_COUNT 4

/* "pass", "fail", "error", "unsupported". */
const char *assay_case_verdict_name(assay_case_verdict verdict);

/* One golden against one candidate. */
typedef struct {
    char *name, *golden_name, *candidate_name; /* never NULL in a finished result */
    assay_case_verdict verdict;
    char error[1024]; /* ASSAY_CASE_ERROR: why nothing could be compared */
    char note[160];   /* why a case without a failing entry fails ("nothing was compared"); else "" */
    char unsupported
        [512]; /* why the port says that it cannot run the case, else "". With another verdict than UNSUPPORTED there
                            * is a dump, which was judged: what the port says is wrong */
    assay_entry *entries; /* (entry_count) in execution order */
    size_t entry_count, entry_capacity;
    size_t counts[ASSAY_VERDICT_COUNT];
    int64_t first_divergence;  /* index of the first failing entry; -1 when none fails */
    int64_t worst_pass;        /* index of the passing entry with the largest ratio to its tolerance; -1 when none */
    int64_t pad_elements;      /* sum over entries */
    assay_waiver_uses waivers; /* of the policy */
    bool ignore_pad_rows;
    bool has_dtypes;
    assay_dtype golden_dtype, candidate_dtype;
    bool is_half; /* judged by half-precision arithmetic, `arithmetic` (run/arithmetic.h) */
    assay_dtype arithmetic;
    char reference[200];     /* what was held against, where it is not the golden alone; else "" */
    size_t goodness_count;   /* entries whose goodness was measured */
    double goodness;         /* root of their mean square */
    bool is_as_good;         /* as near to the exact results as the half-precision run is */
    double seconds;          /* wall time of the comparison; filled in by the caller, 0 when not known */
    assay_finding *findings; /* (finding_count) filled in by the caller */
    size_t finding_count;
    assay_facts facts; /* where the golden comes from: "provenance", "golden_digest" ...; filled in by the caller */
} assay_case_result;

/* One run: any number of cases, and where they ran. */
typedef struct {
    assay_case_result *cases;
    size_t case_count, case_capacity;
    assay_facts facts;   /* BLAS kernel, threads, dtype, the command ... */
    assay_drifts drifts; /* what moved since a baseline, where it was held against one */
} assay_result;

/* Appends an entry. ASSAY_EINTERNAL when out of memory. */
assay_status assay_case_result_add(assay_case_result *c, const assay_entry *entry, assay_error *err);

/* Sets both ratios of an entry from its deviation, floor and tolerance. */
void assay_entry_set_ratios(assay_entry *e);

/* The entry of a stage at a place; NULL when there is none. */
const assay_entry *assay_case_result_find(const assay_case_result *c, const assay_place *place);

/* Computes counts, first divergence, worst pass and the verdict from the entries. A case in which nothing was compared
 * fails; what is waived was compared. Leaves ASSAY_CASE_ERROR and ASSAY_CASE_UNSUPPORTED as they are. */
void assay_case_result_finish(assay_case_result *c);

/* Appends a finding without items, and an item to it. Strings are copied. ASSAY_EINTERNAL when out of memory. */
assay_status assay_case_result_add_finding(assay_case_result *c, const char *source, const char *verdict,
                                           const char *summary, assay_error *err);
assay_status assay_finding_add(assay_finding *finding, const char *name, const char *rules, const char *summary,
                               const char *path, assay_error *err);

/* The finding of a source, such as "blame"; NULL when there is none. */
const assay_finding *assay_case_result_finding(const assay_case_result *c, const char *source);

/* Makes a result of a case that could not be compared. Names may be NULL (then ""). */
assay_status assay_case_result_error(assay_case_result *out, const char *name, const char *golden_name,
                                     const assay_error *why, assay_error *err);

/* Makes a result of a case that the port says it cannot run. Names may be NULL (then ""); `why` is one line. */
assay_status assay_case_result_unsupported(assay_case_result *out, const char *name, const char *golden_name,
                                           const char *why, assay_error *err);

void assay_case_result_free(assay_case_result *c);

/* Takes over *c on every outcome and clears it. ASSAY_EINTERNAL when out of memory. */
assay_status assay_result_add_case(assay_result *result, assay_case_result *c, assay_error *err);

/* Appends a fact, or replaces the value of one with the same key. Strings are copied. */
assay_status assay_facts_set(assay_facts *facts, const char *key, const char *value, assay_error *err);

/* The value of a fact; NULL when there is none. */
const char *assay_facts_get(const assay_facts *facts, const char *key);

void assay_facts_free(assay_facts *facts);

/* assay_facts_set of the result's. */
assay_status assay_result_set_fact(assay_result *result, const char *key, const char *value, assay_error *err);

/* True when at least one case passes, each of the others passes or is unsupported, and nothing drifted. */
bool assay_result_passed(const assay_result *result);

void assay_result_free(assay_result *result);

#ifdef __cplusplus
}
#endif

#endif
