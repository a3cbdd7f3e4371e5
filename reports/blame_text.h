/* What an operation-by-operation judgement found, as a person reads it in a terminal. */
#ifndef ASSAY_REPORTS_BLAME_TEXT_H
#define ASSAY_REPORTS_BLAME_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "blame/blame.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the verdict, a line for each operation, the first fault of each that is at fault, and what cannot be judged; `all`: every stage
 * besides. ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_blame_text(FILE *out, const assay_blame *blame, const char *candidate, bool all,
                                     assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
