/* The file of a baseline, "assay-baseline/1" (docs/baselines.md): JSON with a line for each stage of each case, for reading a diff. */
#ifndef ASSAY_REPORTS_BASELINE_FILE_H
#define ASSAY_REPORTS_BASELINE_FILE_H

#include <stdio.h>

#include "compare/baseline.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the file, which appears whole or not at all. Cases come by name, stages in execution order; numbers have three digits. */
assay_status assay_baseline_write(const char *path, const assay_baseline *baseline, assay_error *err);

/* The text of that file; the caller frees it. */
assay_status assay_baseline_print(char **text, const assay_baseline *baseline, assay_error *err);

/* Reads what assay_baseline_write wrote, strictly: unknown keys, stages that are none, numbers that are negative, and those that a stage lacks or cannot
 * have are ASSAY_EINPUT. Release with assay_baseline_free. */
assay_status assay_baseline_read(assay_baseline *out, const char *path, assay_error *err);

/* The same of a text in memory; `where` begins every message. */
assay_status assay_baseline_parse(assay_baseline *out, const char *text, size_t nbytes, const char *where,
                                  assay_error *err);

/* Prints a line for each stage: places, largest deviation, root mean square. */
void assay_report_baseline(FILE *out, const assay_baseline *baseline);

#ifdef __cplusplus
}
#endif

#endif
