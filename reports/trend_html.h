/* The trend of runs as an HTML page: charts (SVG) of the worst ratio to the tolerance, and the same as tables. */
#ifndef ASSAY_REPORTS_TREND_HTML_H
#define ASSAY_REPORTS_TREND_HTML_H

#include <stdio.h>

#include "core/status.h"
#include "reports/trend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a self-contained page; `name` is what the history is called. It needs no script. ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_trend_html(FILE *out, const assay_trend *trend, const char *name, assay_error *err);

/* Writes the chart of one stage over the runs, or of the worst of all stages with ASSAY_STAGE_COUNT, as an SVG element of that many
 * pixels. Runs are named under the large one (`names`). */
typedef struct {
    int width, height;
    bool names;
} assay_trend_chart;
void assay_trend_svg(FILE *out, const assay_trend *trend, assay_stage stage, const assay_trend_chart *chart);

/* A legend of what the charts draw, as an HTML list. */
void assay_trend_legend(FILE *out);

#ifdef __cplusplus
}
#endif

#endif
