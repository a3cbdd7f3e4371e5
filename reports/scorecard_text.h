/* A scorecard as a person reads it in a terminal. */
#ifndef ASSAY_REPORTS_SCORECARD_TEXT_H
#define ASSAY_REPORTS_SCORECARD_TEXT_H

#include <stdio.h>

#include "core/status.h"
#include "run/scorecard.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a line for each rule, with one below it that says why where it does not simply pass; a line for each case and each
 * unknown dump; and a summary line. ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_scorecard_text(FILE *out, const assay_scorecard *card, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
