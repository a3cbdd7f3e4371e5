/*
 * The chart of a case: each stage's error over its tolerance, in the order of execution, a row a layer, windows side by side.
 */
#ifndef ASSAY_REPORTS_HTML_STAGE_CHART_H
#define ASSAY_REPORTS_HTML_STAGE_CHART_H

#include "reports/html_context.h"
#include "reports/html_grid.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the figure. Nothing for a case without stages. */
void html_put_stage_chart(html_context *html, const assay_case_result *c, const html_grid *grid);

#ifdef __cplusplus
}
#endif

#endif
