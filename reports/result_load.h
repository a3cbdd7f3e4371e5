/* Reads a result back from JSON, "assay-result/1" (reports/result_json.h). */
#ifndef ASSAY_REPORTS_RESULT_LOAD_H
#define ASSAY_REPORTS_RESULT_LOAD_H

#include "compare/result.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads the file. Counts, first divergence and worst pass are computed anew from the entries; a file whose verdicts do not follow from its
 * entries is refused. What a later version may have added is ignored. ASSAY_EINPUT: the file cannot be read, or is no result. Release *out
 * with assay_result_free. */
assay_status assay_result_load(assay_result *out, const char *path, assay_error *err);

/* The same of a text in memory; `where` begins every message. */
assay_status assay_result_parse(assay_result *out, const char *text, size_t nbytes, const char *where,
                                assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
