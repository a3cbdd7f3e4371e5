/*
 * The whole result in a sentence, which all reports begin or end with.
 */
#ifndef ASSAY_REPORTS_SUMMARY_WORDS_H
#define ASSAY_REPORTS_SUMMARY_WORDS_H

#include <stddef.h>

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "match"; "MISMATCH"; "DRIFT": every case matches, and something moved since the baseline; "nothing compared": every case is one that the port says it cannot run. */
const char *assay_run_verdict(const assay_result *result);

/* What every report means with "judged" and "missing", of a count for each verdict. What failed are those with ASSAY_VERDICT_FAIL. */
size_t assay_count_judged(
    const size_t counts[ASSAY_VERDICT_COUNT]); /* passed or failed; what is waived was not judged */
size_t assay_count_missing(const size_t counts[ASSAY_VERDICT_COUNT]); /* also what is required */

#define ASSAY_SUMMARY_TEXT 512

/* Writes "2 of 3 cases match, 1 differ, 0 could not be compared; 412 stages judged, 3 failures waived" into text: counts alone, so that
 * it needs no escape. Returns text. */
const char *assay_summary_text(const assay_result *result, char text[ASSAY_SUMMARY_TEXT]);

#ifdef __cplusplus
}
#endif

#endif
