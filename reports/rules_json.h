/* The matrix of rules, cases and mistakes as JSON, "assay-rules/1" (docs/result-json.md). */
#ifndef ASSAY_REPORTS_RULES_JSON_H
#define ASSAY_REPORTS_RULES_JSON_H

#include "core/status.h"
#include "run/rule_matrix.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the file, which appears whole or not at all. */
assay_status assay_report_rules_json(const char *path, const assay_rule_matrix *matrix, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
