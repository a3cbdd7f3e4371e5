/*
 * The beginning of the HTML report: the verdict in a sentence, where the first failing case diverges first and for which rules, what a
 * closer look said, and how to run it again.
 */
#ifndef ASSAY_REPORTS_HTML_SUMMARY_H
#define ASSAY_REPORTS_HTML_SUMMARY_H

#include "reports/html_context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What all cases are in sum. */
typedef struct {
    size_t cases[ASSAY_CASE_VERDICT_COUNT], entries[ASSAY_VERDICT_COUNT];
    const assay_entry *worst;      /* that fails, or where none does that passes, with the largest ratio; NULL: none */
    const assay_case_result *of;   /* its case */
    const assay_case_result *lead; /* the first case that fails with a divergence, else that fails; NULL: none fails */
} html_totals;

html_totals html_totals_of(const assay_result *result);

void html_put_summary(html_context *html, const html_totals *totals);

/* Where a case diverges first, with the values of the worst element and what its rules say. Nothing when nothing diverges. */
void html_put_divergence(FILE *out, const assay_case_result *c);

/* What diagnose and blame said of a case. Nothing when they said nothing. */
void html_put_findings(html_context *html, const assay_case_result *c);

#ifdef __cplusplus
}
#endif

#endif
