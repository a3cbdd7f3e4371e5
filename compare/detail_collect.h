/* Looks at a tensor that has been judged once more, for where its distances lie (compare/detail.h). */
#ifndef ASSAY_COMPARE_DETAIL_COLLECT_H
#define ASSAY_COMPARE_DETAIL_COLLECT_H

#include "compare/judge.h"
#include "compare/result.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* *out becomes the detail of a judged entry, whose stage, verdict, tolerance, ratio and metrics are set: by token of any entry, all of it of one
 * that fails. *out is NULL where there is nothing to look at. `at` of worst elements are indices of the golden's tensor. The caller frees it
 * with assay_detail_free. Errors: as assay_judge. */
assay_status assay_detail_collect(assay_detail **out, const assay_entry *entry, const assay_judge_input *in,
                                  assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
