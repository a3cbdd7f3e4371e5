/* A diagnosis as a person reads it in a terminal. */
#ifndef ASSAY_REPORTS_DIAGNOSIS_TEXT_H
#define ASSAY_REPORTS_DIAGNOSIS_TEXT_H

#include <stdio.h>

#include "core/status.h"
#include "run/diagnose.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the diagnosis is of. */
typedef struct {
    const char *golden, *candidate; /* paths */
} assay_diagnosis_names;

/* Writes the verdict, the explanations, and what else comes near. ASSAY_EINTERNAL when writing fails. */
assay_status assay_report_diagnosis_text(FILE *out, const assay_diagnosis *diagnosis,
                                         const assay_diagnosis_names *names, assay_error *err);

/* Writes every named mistake: its rule, its name, what it does. */
void assay_report_mistakes(FILE *out);

#ifdef __cplusplus
}
#endif

#endif
