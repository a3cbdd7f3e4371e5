/* The matrix of rules, cases and mistakes as a person reads it in a terminal. */
#ifndef ASSAY_REPORTS_RULES_TEXT_H
#define ASSAY_REPORTS_RULES_TEXT_H

#include <stdio.h>

#include "core/status.h"
#include "run/rule_matrix.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a line for each rule and each mistake, the proofs of those that cannot show, and a summary line. ASSAY_EINTERNAL when
 * writing fails. */
assay_status assay_report_rules_text(FILE *out, const assay_rule_matrix *matrix, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
