/*
 * Reading one step of a case; for case.c.
 */
#ifndef ASSAY_GOLDEN_CASE_STEP_H
#define ASSAY_GOLDEN_CASE_STEP_H

#include "core/status.h"
#include "golden/case.h"
#include "golden/json_strict.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a step. `where` ("case.json: step 2") starts every message. On an error what was read is freed. */
assay_status assay_case_step_read(assay_step *out, const cJSON *object, const char *where, assay_error *err);

void assay_case_step_free(assay_step *step);

#ifdef __cplusplus
}
#endif

#endif
