#include "cli/verify_rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/common.h"
#include "cli/progress.h"
#include "core/atomic_file.h"
#include "reports/rules_csv.h"
#include "reports/rules_json.h"
#include "reports/rules_markdown.h"
#include "reports/rules_text.h"
#include "run/rule_matrix.h"

static assay_status build(assay_rule_matrix *matrix, const cli_args *args, const cli_suite *suite, assay_error *err) {
    assay_status st = ASSAY_OK;
    cli_progress *progress = cli_progress_begin(args);
    for (size_t i = 0; !st && i < suite->count; i++) {
        cli_progress_step(progress, i, suite->count, suite->paths[i]);
        st = assay_rule_matrix_add(matrix, suite->paths[i], err);
    }
    cli_progress_end(progress);
    return st;
}

typedef assay_status (*writer)(FILE *out, const assay_rule_matrix *matrix, assay_error *err);

/* Writes a report to the file of an option; nothing when the option was not given. */
static assay_status write_file(const cli_args *args, const char *option, writer write, const assay_rule_matrix *matrix,
                               assay_error *err) {
    const char *path = cli_value(args, option);
    if (!path) return ASSAY_OK;
    char *text = NULL;
    size_t nbytes = 0;
    FILE *out = open_memstream(&text, &nbytes);
    if (!out) return assay_fail_nomem(err, "a report");
    assay_status st = write(out, matrix, err);
    if (fclose(out) && !st) st = assay_fail_nomem(err, "a report");
    if (!st) st = assay_write_file_atomically(path, text, nbytes, err);
    free(text);
    return st;
}

static assay_status report(const cli_args *args, const assay_rule_matrix *matrix, assay_error *err) {
    assay_status st = assay_report_rules_text(stdout, matrix, err);
    if (!st) st = write_file(args, "csv", assay_report_rules_csv, matrix, err);
    if (!st) st = write_file(args, "markdown", assay_report_rules_markdown, matrix, err);
    const char *json = cli_value(args, "json");
    return st || !json ? st : assay_report_rules_json(json, matrix, err);
}

int cli_verify_rules(const cli_args *args, const cli_suite *suite) {
    assay_error err;
    assay_rule_matrix matrix = {0};
    assay_status st = build(&matrix, args, suite, &err);
    if (!st) st = report(args, &matrix, &err);
    int code = st ? cli_fail(&err) : assay_rule_matrix_summary(&matrix).passed ? 0 : 1;
    assay_rule_matrix_free(&matrix);
    return code;
}
