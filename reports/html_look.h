/*
 * A closer look at stages, in the HTML report: error against magnitude, the worst elements, heads, logits side by side.
 */
#ifndef ASSAY_REPORTS_HTML_LOOK_H
#define ASSAY_REPORTS_HTML_LOOK_H

#include "reports/html_context.h"
#include "reports/html_grid.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The first failing entry of each of the first stages that fail, each with charts and values. Nothing when none has detail. */
void html_put_looks(html_context *html, const assay_case_result *c, const html_grid *grid);

/* The largest logits of both sides, in the row that is furthest off. Nothing without. */
void html_put_logits(html_context *html, const assay_case_result *c);

#ifdef __cplusplus
}
#endif

#endif
