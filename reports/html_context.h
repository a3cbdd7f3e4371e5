/*
 * What the parts of the HTML report share: where they write, and how much more they may. The limits bound the page whatever the result:
 * failing cases come first and take of them first; what is left out is counted on the page, and is in the JSON.
 */
#ifndef ASSAY_REPORTS_HTML_CONTEXT_H
#define ASSAY_REPORTS_HTML_CONTEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HTML_CASES_MOST 1000        /* rows of the table of cases */
#define HTML_SECTIONS_MOST 300      /* cases with a section of their own */
#define HTML_FAILING_ROWS_MOST 2000 /* rows of tables of what fails */
#define HTML_ROWS_MOST 6000         /* rows of the other tables of entries */
#define HTML_CHARTED_CASES_MOST 8   /* cases with charts */
#define HTML_LOOKS_MOST 12          /* failing stages with a chart and values of their own */
#define HTML_LOOKS_OF_CASE 6        /* of one case */
#define HTML_FINDING_ITEMS_MOST 200 /* lines of findings */
#define HTML_FINDING_ITEMS_OF_CASE 12
#define HTML_FACTS_MOST 600 /* of cases */

typedef struct {
    FILE *out;
    const assay_result *result;
    size_t failing_rows, rows, charted_cases, looks, finding_items, facts; /* how many more of each may be written */
    bool list_all; /* entries of passing cases have a row each; else they are folded by stage */
} html_context;

#ifdef __cplusplus
}
#endif

#endif
