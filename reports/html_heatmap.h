/*
 * Maps of where distances lie: tokens by layer, and tokens by head, windows side by side with their borders.
 */
#ifndef ASSAY_REPORTS_HTML_HEATMAP_H
#define ASSAY_REPORTS_HTML_HEATMAP_H

#include "reports/html_context.h"
#include "reports/html_grid.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a map of tokens by layer of one stage over all windows. Nothing where no entry of that stage has one. */
void html_put_layer_map(html_context *html, const assay_case_result *c, const html_grid *grid, assay_stage stage);

/* Writes a map of tokens by head of an entry's stage in its layer and step, over all windows that have one. Nothing when none has. */
void html_put_head_map(html_context *html, const assay_case_result *c, const html_grid *grid, const assay_entry *entry);

#ifdef __cplusplus
}
#endif

#endif
