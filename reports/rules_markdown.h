/* The table of docs/rules.md: from a rule to the original's function, its mistakes, and a golden that shows each. */
#ifndef ASSAY_REPORTS_RULES_MARKDOWN_H
#define ASSAY_REPORTS_RULES_MARKDOWN_H

#include <stdio.h>

#include "core/status.h"
#include "run/rule_matrix.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the page. ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_rules_markdown(FILE *out, const assay_rule_matrix *matrix, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
