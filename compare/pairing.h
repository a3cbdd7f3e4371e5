/*
 * Whether a golden and a candidate belong together, and whether a step went the same way on both sides.
 */
#ifndef ASSAY_COMPARE_PAIRING_H
#define ASSAY_COMPARE_PAIRING_H

#include "compare/result.h"
#include "compare/source.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ASSAY_EINPUT when the golden is a dump of a case that its port could not run, and, with what differs, when both sides give a digest of case, configuration or weights and they differ. */
assay_status assay_check_pairing(const assay_source *golden, const assay_source *candidate, assay_error *err);

/* What a step's refusals mean for its tensors. */
typedef enum {
    ASSAY_STEP_RAN,             /* refused by neither side: judge its tensors; *entry is not set */
    ASSAY_STEP_REFUSED_BY_BOTH, /* *entry says so; there are no tensors */
    ASSAY_STEP_DISAGREES        /* *entry fails or is missing; the step's tensors cannot be judged */
} assay_step_outcome;

/* Compares the refusals of one step. `candidate_has_tensors` tells a candidate that ran the step from one that says
 * nothing of it. A refusal counts as the same when both name a common rule, when "ERR-1" (the list of all) is named, or
 * when one side names none. */
assay_step_outcome assay_compare_refusals(assay_entry *entry, const assay_source *golden, const assay_source *candidate,
                                          int64_t step, bool candidate_has_tensors);

#ifdef __cplusplus
}
#endif

#endif
