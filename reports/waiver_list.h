/* The waivers of a policy and what they did, as lines of a report. */
#ifndef ASSAY_REPORTS_WAIVER_LIST_H
#define ASSAY_REPORTS_WAIVER_LIST_H

#include <stddef.h>
#include <stdio.h>

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "used", "expired", "unused", "other cases". */
const char *assay_waiver_state(const assay_waiver_use *use);

/* Writes what a waiver is about, "stage logits, rule HEAD-1, case decode-*", into text. Returns text. */
const char *assay_waiver_scope(const assay_waiver_use *use, char *text, size_t text_nbytes);

/* Writes a line for each waiver: what it waived and until when, that it expired, or that it is of no use. Nothing when there is
 * none. */
void assay_report_waivers(FILE *out, const assay_waiver_uses *uses);

#ifdef __cplusplus
}
#endif

#endif
