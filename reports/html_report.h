/*
 * A result as one HTML page (docs/html-report.md): it loads nothing, and can be read without script and without style.
 */
#ifndef ASSAY_REPORTS_HTML_REPORT_H
#define ASSAY_REPORTS_HTML_REPORT_H

#include <stdio.h>

#include "compare/result.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the page, and does not close. The same result makes the same bytes. Charts need the entries' detail (compare/detail.h); without
 * it the others are there. The size is bounded whatever the result (reports/html_context.h). ASSAY_EINTERNAL when writing fails or out of
 * memory. */
assay_status assay_report_html(FILE *out, const assay_result *result, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
