/* How far a candidate is from a run of the engine, in tolerances of the golden. */
#ifndef ASSAY_RUN_DISTANCE_H
#define ASSAY_RUN_DISTANCE_H

#include "compare/source_memory.h"
#include "run/diagnose.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A candidate that is measured again and again: its values in memory, with noise floors that the golden has for its places. */
typedef struct {
    assay_source_memory memory;
    int64_t numbers;
    assay_evidence evidence;
    bool has_floors; /* whether the golden has any for its places */
    assay_dtype
        mem_dtype; /* of the configuration, where the golden says it; else float64, in which everything can be held */
} assay_measured;

/* Reads the candidate. Both sources must outlive *out. Errors: those of reading. Release with assay_measured_free. */
assay_status assay_measured_load(assay_measured *out, const assay_source *candidate, const assay_source *golden,
                                 assay_error *err);
void assay_measured_free(assay_measured *m);

/* Leaves out tensors that no run of this case makes: of a step and stage that neither the golden nor the run without a mistake has. A
 * mistake may bring other windows and layers, and memory where there was none, but not a loss without labels. */
void assay_measured_drop_foreign(assay_measured *m, const assay_source *golden, const assay_source *run);

/* The same candidate with floors of its own, to be widened. It borrows the values of `m`, which must outlive it. Release
 * with assay_measured_fork_free. */
assay_status assay_measured_fork(assay_measured *out, const assay_measured *m, assay_error *err);
void assay_measured_fork_free(assay_measured *fork);

/* Makes the floors at least as wide as two runs are apart. */
void assay_measured_widen(assay_measured *m, const assay_source *run, const assay_source *other);

/* The distance to a run. Any number of threads may measure one candidate. */
assay_status assay_measure_distance(assay_distance *out, const assay_measured *m, const assay_source *run,
                                    assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
