/*
 * The formats of a report, by table: every one renders the same result (compare/result.h).
 */
#ifndef ASSAY_REPORTS_REPORT_FORMAT_H
#define ASSAY_REPORTS_REPORT_FORMAT_H

#include <stddef.h>
#include <stdio.h>

#include "compare/result.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *name;      /* "junit": what --report calls it */
    const char *extension; /* of its files, with the dot: ".xml" */
    const char *summary;   /* one line */
    assay_status (*write)(FILE *out, const assay_result *result, assay_error *err);
} assay_report_format;

size_t assay_report_format_count(void);
const assay_report_format *assay_report_format_at(size_t index);

/* NULL for an unknown name. */
const assay_report_format *assay_report_format_find(const char *name);

/* Writes the file, which appears whole or not at all; "-" is standard output. ASSAY_EINPUT when it cannot be written. */
assay_status assay_report_write(const assay_report_format *format, const char *path, const assay_result *result,
                                assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
