/* What diagnose and blame found, as findings of a case's result (compare/result.h). */
#ifndef ASSAY_REPORTS_FINDINGS_H
#define ASSAY_REPORTS_FINDINGS_H

#include "blame/blame.h"
#include "compare/result.h"
#include "core/status.h"
#include "engine/variants.h"
#include "run/diagnose.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds a finding "diagnosis": an item for each mistake of the best explanation, and for those that explain it equally well, eight at most.
 * ASSAY_EINTERNAL when out of memory. */
assay_status assay_findings_add_diagnosis(assay_case_result *c, const assay_diagnosis *diagnosis, assay_error *err);

/* Adds a finding "diagnosis" of `count` mistakes that explain a case equally well, which shows first at `path`. As above. */
assay_status assay_findings_add_mistakes(assay_case_result *c, const assay_variant *const *mistakes, size_t count,
                                         const char *path, assay_error *err);

/* Adds a finding "blame": an item for each operation at fault, else for each that is suspected. ASSAY_EINTERNAL when out of memory. */
assay_status assay_findings_add_blame(assay_case_result *c, const assay_blame *blame, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
