/* The style and the script of the HTML report: reports/html_style.css and reports/html_script.js as arrays, which ci/embed writes. */
#ifndef ASSAY_REPORTS_HTML_ASSETS_H
#define ASSAY_REPORTS_HTML_ASSETS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

extern const unsigned char html_style[], html_script[];
extern const size_t html_style_nbytes, html_script_nbytes;

#ifdef __cplusplus
}
#endif

#endif
