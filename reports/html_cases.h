/*
 * The cases of a result in the HTML report: a table of all, and a section for each, those that fail first.
 */
#ifndef ASSAY_REPORTS_HTML_CASES_H
#define ASSAY_REPORTS_HTML_CASES_H

#include "reports/html_context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes them. `lead` is the case that the summary has spoken of; of a result of one case what it said is not said again.
 * ASSAY_EINTERNAL when out of memory. */
assay_status html_put_cases(html_context *html, const assay_case_result *lead, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
