/*
 * Which failures of a result to show, where there is no room for all.
 */
#ifndef ASSAY_REPORTS_WORST_FAILURES_H
#define ASSAY_REPORTS_WORST_FAILURES_H

#include <stddef.h>

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A failing entry and its case; entry NULL: the case as a whole, which could not be compared, or in which nothing was. Borrowed. */
typedef struct {
    const assay_case_result *of;
    const assay_entry *entry;
} assay_failure;

/* Puts the worst failures of all cases into worst (limit), the worst first, and returns how many there are in all, which may be more.
 * Worst: cases as a whole; then what no number measures (shapes, types, schedules, refusals, NaN and infinity); then what is
 * missing and required; then by deviation over tolerance. Of equals, in the order of cases and execution. */
size_t assay_worst_failures(const assay_result *result, assay_failure *worst, size_t limit);

/* True when the case fails, or could not be compared, and no entry says why. */
bool assay_case_fails_as_a_whole(const assay_case_result *c);

#ifdef __cplusplus
}
#endif

#endif
