/*
 * A suggested mapping for readers.
 */
#ifndef ASSAY_REPORTS_SUGGESTION_TEXT_H
#define ASSAY_REPORTS_SUGGESTION_TEXT_H

#include <stdio.h>

#include "compare/suggest_map.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A line for each stage: how sure, which stage, which tensor, the layout where one is needed, and why; then what is missing and unused.
 * ASSAY_EINTERNAL when out of memory. */
assay_status assay_report_suggestion_text(FILE *out, const assay_suggestion *suggestion, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
