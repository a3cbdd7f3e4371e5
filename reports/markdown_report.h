/*
 * The result as GitHub-flavoured Markdown, for the summary of a CI job: docs/reports.md.
 */
#ifndef ASSAY_REPORTS_MARKDOWN_REPORT_H
#define ASSAY_REPORTS_MARKDOWN_REPORT_H

#include <stdio.h>

#include "compare/result.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* GitHub takes summaries of up to 1 MiB. No result makes a longer report than this. */
#define ASSAY_MARKDOWN_NBYTES_MAX (1000 * 1024)

/* Writes the verdict in a sentence, the first divergence, and tables: cases, the worst failures, what is missing and the like, facts.
 * Each has a limit of rows and bytes, and says how much it left out. ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_markdown(FILE *out, const assay_result *result, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
