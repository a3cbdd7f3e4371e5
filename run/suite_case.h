/*
 * What an exported suite says of one case (docs/conformance.md), as plain data.
 */
#ifndef ASSAY_RUN_SUITE_CASE_H
#define ASSAY_RUN_SUITE_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dtype.h"
#include "core/stages.h"
#include "core/status.h"
#include "golden/digest.h"
#include "golden/dump_refusals.h"
#include "golden/golden_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How one tensor of a golden is judged by default, for those who do not read HDF5. */
typedef struct {
    char path[176];          /* "steps/0/logits"; of the float64 run "float64/steps/0/logits" */
    assay_stage_judge judge; /* memory that is stored as wide as the run computes is judged as ASSAY_JUDGE_FLOAT */
    double tolerance;        /* absolute; 0 where judge is ASSAY_JUDGE_EXACT */
    bool has_floor;
    double floor;      /* noise floor; valid when has_floor */
    bool of_unrounded; /* tolerance and floor are those of the values before the cast, "<path>_unrounded" */
    int kept_axis;     /* -1: all indices are there; else only some along this axis */
    int64_t *kept;     /* (kept_count) those indices */
    size_t kept_count;
} assay_suite_tolerance;

/* One case. No string is NULL. */
typedef struct {
    char *name;  /* of its folder */
    char *title; /* what the case file calls it */
    char *rules; /* ids that it exercises, separated by spaces */
    char *ops;   /* "forward generate": each once, by first appearance */
    size_t step_count;
    assay_dtype dtype;                                                     /* what the golden's model computed in */
    char case_sha256[ASSAY_SHA256_TEXT], golden_sha256[ASSAY_SHA256_TEXT]; /* of the two files */
    char config_sha256[ASSAY_SHA256_TEXT];  /* of the canonical configuration; "" when has_model is false */
    char weights_xxh128[ASSAY_XXH128_TEXT]; /* likewise */
    bool has_model;                         /* false: the original refuses to build it */
    char unsupported[512];                  /* why the port says that it cannot run it; "" when it does not */
    assay_dump_refusals refusals;           /* steps that the original refuses */
    assay_suite_tolerance *tolerances;      /* (tolerance_count) main run, then float64, each in execution order */
    size_t tolerance_count;
} assay_suite_case;

/* The name of a golden's case in a suite: of its file without suffix, or of its folder when the file is called golden.h5. The
 * caller frees *out. */
assay_status assay_suite_case_name(char **out, const char *golden_path, assay_error *err);

/* Describes an open golden that holds a case; golden_sha256 is left "". Errors: those of reading it. Release with
 * assay_suite_case_free. */
assay_status assay_suite_case_describe(assay_suite_case *out, const assay_golden *g, const char *name,
                                       assay_error *err);

void assay_suite_case_free(assay_suite_case *c);

#ifdef __cplusplus
}
#endif

#endif
