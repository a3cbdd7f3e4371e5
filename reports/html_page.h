/*
 * The frame of the HTML report: what stands before and after its content. One file, which loads nothing.
 */
#ifndef ASSAY_REPORTS_HTML_PAGE_H
#define ASSAY_REPORTS_HTML_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes all up to the content, with a policy (CSP) that lets the page run its own style and script, by their digests, and nothing
 * else. ASSAY_EINTERNAL: no digest could be computed. */
assay_status html_page_begin(FILE *out, const char *title, assay_error *err);

void html_page_end(FILE *out);

/* A section with a heading, and its end. `id` is for links; title is text of ours. */
void html_section_begin(FILE *out, const char *id, const char *title);
void html_section_end(FILE *out);

/* A region that scrolls by itself where it is too wide, reachable by keyboard; the label is text of ours or of a file. */
void html_scroll_begin(FILE *out, const char *label);
void html_scroll_end(FILE *out);

#ifdef __cplusplus
}
#endif

#endif
