/*
 * The matrix of rules, cases and mistakes as CSV: one line for each golden that notices a mistake. It holds no measured numbers, so
 * that a diff of the committed file shows what goldens gained or lost, on any machine.
 */
#ifndef ASSAY_REPORTS_RULES_CSV_H
#define ASSAY_REPORTS_RULES_CSV_H

#include <stdio.h>

#include "core/status.h"
#include "run/rule_matrix.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes "rule,mistake,golden,first_stage,first_result", rules in the order of docs/semantics.md, mistakes in that of
 * engine/variants.h, goldens by name. first_result is empty where results alone do not show it; a rule without a mistake has a line
 * for each golden that names it, with the other fields empty. ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_rules_csv(FILE *out, const assay_rule_matrix *matrix, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
