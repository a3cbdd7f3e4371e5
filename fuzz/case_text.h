/* A case as the text of a case file (docs/case-format.md). */
#ifndef ASSAY_FUZZ_CASE_TEXT_H
#define ASSAY_FUZZ_CASE_TEXT_H

#include "core/status.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the text in *out; free it. golden/case.h reads an equal case back. The case must have a configuration that makes a model (has_config,
 * not config_refused); an `expect_error` is written too, rules are not. ASSAY_EINTERNAL when out of memory. */
assay_status assay_fuzz_case_text(char **out, const assay_case *c, assay_error *err);

/* The config.json of its model; free it. */
assay_status assay_fuzz_config_text(char **out, const assay_case *c, assay_error *err);

/* Replaces a case by the one that its text is read as, so that it has its texts too (out->text, out->model_json). On an error *c stays. */
assay_status assay_fuzz_case_settle(assay_case *c, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
