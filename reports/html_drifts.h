/* What moved since a baseline (compare/baseline.h), as a section of the HTML report. */
#ifndef ASSAY_REPORTS_HTML_DRIFTS_H
#define ASSAY_REPORTS_HTML_DRIFTS_H

#include <stdio.h>

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes it; nothing for a result that was held against no baseline. */
void html_put_drifts(FILE *out, const assay_result *result);

#ifdef __cplusplus
}
#endif

#endif
