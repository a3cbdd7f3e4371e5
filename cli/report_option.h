/* --report and --json: which reports of a result are written, and where. */
#ifndef ASSAY_CLI_REPORT_OPTION_H
#define ASSAY_CLI_REPORT_OPTION_H

#include "cli/options.h"
#include "compare/result.h"

#define CLI_OPTION_REPORT                                                                                             \
    {                                                                                                                 \
        "report", 'r', "FORMAT=FILE,...",                                                                             \
            "write reports: text, json, junit, markdown, github, html; FILE '-' is standard output (docs/reports.md)" \
    }
#define CLI_OPTION_JSON_REPORT \
    { "json", 0, "FILE", "the same as --report json=FILE" }

/* Checks, before any work, formats and files: each can be written, and none is an input or named twice. */
assay_status cli_check_reports(const cli_args *args, assay_error *err);

/* Whether a report goes to standard output, where then nothing else is printed. */
bool cli_reports_use_stdout(const cli_args *args);

/* Writes the reports. */
assay_status cli_write_reports(const cli_args *args, const assay_result *result, assay_error *err);

/* That none of the reports is one of the `count` paths. */
assay_status cli_check_reports_spare(const cli_args *args, const char *const *paths, size_t count, assay_error *err);

/* Whether one of the reports can draw charts (compare/detail.h) and show findings. */
bool cli_wants_detail(const cli_args *args);

/* Prints the result (--all), unless a report goes to standard output, and writes the reports; returns the exit code: 0 passed, 1 not, or
 * that of an error. A single case that could not be compared is its error on stderr, which says it all. */
int cli_report(const cli_args *args, const assay_result *result);

#endif
