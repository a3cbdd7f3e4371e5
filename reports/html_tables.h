/*
 * The entries of a case as tables of the HTML report: what fails, what is missing, extra, not compared, waived, and what passes, apart.
 */
#ifndef ASSAY_REPORTS_HTML_TABLES_H
#define ASSAY_REPORTS_HTML_TABLES_H

#include "reports/html_context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A table for each kind of verdict that the case has. One with more rows than may still be written is folded to a row a stage. */
void html_put_tables(html_context *html, const assay_case_result *c);

/* The policy's waivers and what they did. Nothing without one. */
void html_put_waivers(html_context *html, const assay_case_result *c);

/* Facts as a list of terms; nothing without one. */
void html_put_facts(html_context *html, const assay_facts *facts);

#ifdef __cplusplus
}
#endif

#endif
