/*
 * How far a correct run may be from the oracle: floors from runs of the oracle itself, whose numbers are moved by a unit in the last place.
 *
 * The run that is judged has no part in them but for what it stored and chose (assay_oracle_options.follow), which is the same in all
 * runs: a wrong run cannot widen its own tolerance.
 */
#ifndef ASSAY_FUZZ_ORACLE_FLOOR_H
#define ASSAY_FUZZ_ORACLE_FLOOR_H

#include "core/status.h"
#include "fuzz/oracle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Gives every tensor of the run that is judged by a tolerance its least floor: 4 units in the last place of `unit` at its largest magnitude
 * (of a loss: at that of the logits, where it is larger). */
void assay_oracle_floors_begin(assay_oracle_run *run, assay_dtype unit);

/* Makes floors as wide as the largest distance to `moved`, a run of the same case with noise that followed the same run. What came out of
 * another shape, or not finite, says nothing. */
void assay_oracle_floors_widen(assay_oracle_run *run, const assay_oracle_run *moved);

/* Puts the oracle's own token where the followed run chose one whose logit is smaller by more than twice `factor` floors of what it was chosen
 * from. Floors are made of `moved` (count) runs and `unit` as above. */
void assay_oracle_settle_tokens(assay_oracle_run *run, const assay_oracle_run *moved, size_t count, assay_dtype unit,
                                double factor);

#ifdef __cplusplus
}
#endif

#endif
