/* "How to read this", at the end of the HTML report. */
#ifndef ASSAY_REPORTS_HTML_GUIDE_H
#define ASSAY_REPORTS_HTML_GUIDE_H

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

void html_put_guide(FILE *out);

#ifdef __cplusplus
}
#endif

#endif
