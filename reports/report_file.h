/* The file of a report: it appears whole or not at all. */
#ifndef ASSAY_REPORTS_REPORT_FILE_H
#define ASSAY_REPORTS_REPORT_FILE_H

#include <stdio.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a report of `context` to `out`, and does not close it. */
typedef assay_status (*assay_report_put)(FILE *out, const void *context, assay_error *err);

/* Lets `put` write the file at `path`; "-" is standard output. ASSAY_EINPUT, with the path and the reason, when it cannot be written; else
 * what `put` returns. */
assay_status assay_report_file(const char *path, assay_report_put put, const void *context, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
