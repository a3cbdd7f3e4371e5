/*
 * A baseline: how far each stage of each case was from its golden in a run that somebody accepted. A later run that is farther by
 * more than noise drifted, even where it is inside the tolerance. docs/baselines.md has the file, and why the band is what it is.
 */
#ifndef ASSAY_COMPARE_BASELINE_H
#define ASSAY_COMPARE_BASELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/result.h"
#include "compare/stage_fold.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A measure moved when it is more than BAND times as large as it was, or as its unit, below which it is noise: in noise floors half
 * of one for the largest deviation, an eighth for the root mean square. It is better when it was that much larger. */
#define ASSAY_BASELINE_BAND 3.0
#define ASSAY_BASELINE_UNIT_WORST 0.5
#define ASSAY_BASELINE_UNIT_RMS 0.125

/* What the refused steps of a case are called, beside the names of stages. */
#define ASSAY_BASELINE_REFUSALS "refusals"

typedef struct {
    size_t places; /* 0: the stage was not judged */
    bool has_worst, has_rms;
    double worst, rms; /* in noise floors (compare/stage_fold.h), to three digits */
} assay_baseline_stage;

typedef struct {
    char *name;
    bool has_dtype;
    assay_dtype dtype; /* that the candidate computed in */
    size_t refusals;   /* how many refused steps were judged */
    assay_baseline_stage stages[ASSAY_STAGE_COUNT];
} assay_baseline_case;

typedef struct {
    assay_baseline_case *cases; /* (count) sorted by name */
    size_t count;
} assay_baseline;

/* What a run becomes as a baseline. Stages and refusals that fail, and waived ones whose distance is no number, are left out and counted in
 * *left_out. ASSAY_EINPUT: a case could not be compared, or two have the same name. Release with assay_baseline_free. */
assay_status assay_baseline_of(assay_baseline *out, const assay_result *result, size_t *left_out, assay_error *err);

/* Puts the numbers of `old` into *inout where they are the same but for noise, so that a file changes only where something moved. */
void assay_baseline_keep(assay_baseline *inout, const assay_baseline *old);

/* Holds a run against a baseline, whose name `name` is copied: result->drifts becomes what moved, in the order of the run. `whole`: a
 * case of the baseline that was not run vanished; else it is not looked at. A case that fails to compare is not held against anything.
 * ASSAY_EINPUT: a case computed in another dtype than the baseline's. */
assay_status assay_baseline_hold(assay_result *result, const assay_baseline *baseline, const char *name, bool whole,
                                 assay_error *err);

/* Puts the cases in the order that the others rely on. */
void assay_baseline_sort(assay_baseline *baseline);

/* The case of that name, or NULL. */
const assay_baseline_case *assay_baseline_find(const assay_baseline *baseline, const char *name);

void assay_baseline_free(assay_baseline *baseline);

#ifdef __cplusplus
}
#endif

#endif
