/* What an operation-by-operation judgement found, as JSON, "assay-blame/1" (docs/result-json.md). */
#ifndef ASSAY_REPORTS_BLAME_JSON_H
#define ASSAY_REPORTS_BLAME_JSON_H

#include "blame/blame.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The two files, as the caller names them. */
typedef struct {
    const char *golden, *candidate;
} assay_blame_names;

/* Writes the file, which appears whole or not at all: operations at fault, suspected stages, a summary of each operation, every stage. */
assay_status assay_report_blame_json(const char *path, const assay_blame *blame, const assay_blame_names *names,
                                     assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
