/*
 * A suggested mapping as a mapping file, and with all that speaks for it.
 */
#ifndef ASSAY_REPORTS_SUGGESTION_JSON_H
#define ASSAY_REPORTS_SUGGESTION_JSON_H

#include "compare/suggest_map.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the mapping as "assay-map/1" (docs/mapping.md), a rule a line, one for entries that differ in
 * nothing but their numbers (compare/suggest_rules.h); what is not sure says so in its note. The file appears whole or
 * not at all. */
assay_status assay_report_map(const char *path, const assay_suggestion *suggestion, assay_error *err);

/* Writes "assay-suggestion/1" (docs/mapping.md): entries with confidence, reason, correlation and distance; missing stages; unused
 * tensors. */
assay_status assay_report_suggestion_json(const char *path, const assay_suggestion *suggestion, assay_error *err);

/* The layout of an entry as JSON text, "[]" when nothing moves; the caller frees *out with free(). */
assay_status assay_report_layout_text(char **out, const assay_suggested *entry, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
