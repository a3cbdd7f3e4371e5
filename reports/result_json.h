/*
 * The complete result as JSON, "assay-result/1": docs/result-json.md, reports/result.schema.json.
 */
#ifndef ASSAY_REPORTS_RESULT_JSON_H
#define ASSAY_REPORTS_RESULT_JSON_H

#include <stdio.h>

#include "compare/result.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The text, one line, NUL-terminated after a newline; the caller frees *out with free(). Numbers read back to the same
 * double; NaN and infinities are the strings "NaN", "Infinity", "-Infinity". ASSAY_EINTERNAL when out of memory. */
assay_status assay_report_json_text(char **out, const assay_result *result, assay_error *err);

/* Writes that text. ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_json(FILE *out, const assay_result *result, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
