/*
 * The result as a person reads it in a terminal.
 */
#ifndef ASSAY_REPORTS_TEXT_H
#define ASSAY_REPORTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "compare/result.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    bool colour;       /* ANSI colours; the caller knows whether `out` is a terminal and NO_COLOR is unset */
    bool list_passes;  /* every stage, not only those that fail */
    size_t list_limit; /* at most so many entries of each list and case are shown, the rest is counted; 0: 20, or all
                        * with list_passes */
} assay_text_options;

/* Writes the report to `out`: facts, one line a case, details of the failing ones, a summary line. options may be NULL.
 * ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_text(FILE *out, const assay_result *result, const assay_text_options *options,
                               assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
