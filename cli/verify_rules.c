#include "cli/verify_rules.h"

#include <stdio.h>

#include "cli/common.h"
#include "core/atomic_file.h"
#include "reports/rules_csv.h"
#include "reports/rules_text.h"
#include "run/rule_matrix.h"

static assay_status build(assay_rule_matrix *matrix, const cli_suite *suite, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < suite->count; i++) {
        cli_progress(i, suite->count, suite->paths[i]);
        st = assay_rule_matrix_add(matrix, suite->paths[i], err);
    }
    cli_progress(suite->count, suite->count, "");
    return st;
}

int cli_verify_rules(const cli_args *args, const cli_suite *suite) {
    (void)args;
    assay_error err;
    assay_rule_matrix matrix = {0};
    assay_status st = build(&matrix, suite, &err);
    if (!st) st = assay_report_rules_text(stdout, &matrix, &err);
    FILE *f = fopen("/tmp/rules.csv", "w");
    if (!st) st = assay_report_rules_csv(f, &matrix, &err);
    fclose(f);
    int code = st ? cli_fail(&err) : assay_rule_matrix_summary(&matrix).passed ? 0 : 1;
    assay_rule_matrix_free(&matrix);
    return code;
}
