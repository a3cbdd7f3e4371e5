/*
 * Would the goldens notice? Every named mistake (engine/variants.h) against every golden: each is made in the engine, and the run
 * is held against the golden as a port's dump would be, by all stages and by results alone.
 */
#ifndef ASSAY_RUN_RULE_MATRIX_H
#define ASSAY_RUN_RULE_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/stages.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a run first differs from a golden. */
typedef struct {
    bool differs;
    bool by_refusal;   /* a step was refused, or was not although the golden's was */
    assay_stage stage; /* valid when it differs, and not by a refusal */
} assay_rule_sign;

/* The name of the stage, "refusal", or NULL where nothing differs. */
const char *assay_rule_sign_name(const assay_rule_sign *sign);

/* One run against one golden. */
typedef struct {
    assay_rule_sign stages;  /* when all stages are compared */
    assay_rule_sign results; /* when only results are: logits, loss, tokens, past */
} assay_rule_cell;

typedef struct {
    char *name;   /* of the golden's file, without folder and suffix */
    char **rules; /* (rule_count) ids that its case says it exercises */
    size_t rule_count;
    assay_rule_cell control; /* the engine without a mistake: nothing may differ */
    assay_rule_cell *cells;  /* one a variant, in the order of engine/variants.h */
} assay_rule_case;

typedef struct {
    assay_rule_case *cases; /* (case_count) */
    size_t case_count;
} assay_rule_matrix;

/* Adds a golden: runs its case as it is and with each mistake, in float32, on all threads. Errors: a golden that cannot be read
 * or run; out of memory. Release the matrix with assay_rule_matrix_free. */
assay_status assay_rule_matrix_add(assay_rule_matrix *matrix, const char *path, assay_error *err);

void assay_rule_matrix_free(assay_rule_matrix *matrix);

/* What the matrix says of one mistake. */
typedef enum {
    ASSAY_VARIANT_CAUGHT,           /* it shows wherever it can: in stages, and in results unless it is proven not to */
    ASSAY_VARIANT_SURVIVES,         /* no golden's stages show it */
    ASSAY_VARIANT_SURVIVES_RESULTS, /* stages show it, results do not, and there is no proof that they cannot */
    ASSAY_VARIANT_INVISIBLE,        /* it shows nowhere, as proven */
    ASSAY_VARIANT_DISPROVEN         /* it shows where its proof says that it cannot */
} assay_variant_verdict;

/* "caught", "survives", "survives in results", "invisible", "shows against its proof". */
const char *assay_variant_verdict_name(assay_variant_verdict verdict);

typedef struct {
    size_t by_stages, by_results; /* goldens that catch it */
    assay_variant_verdict verdict;
} assay_variant_summary;

assay_variant_summary assay_rule_matrix_variant(const assay_rule_matrix *matrix, size_t variant);

/* Whether the golden's case says that it exercises the rule. */
bool assay_rule_case_names(const assay_rule_case *c, const char *rule);

/* Goldens whose case names the rule. */
size_t assay_rule_matrix_cases_of(const assay_rule_matrix *matrix, const char *rule);

/* NULL, or why a rule needs no case: it is about what no case file can hold. */
const char *assay_rule_exempt(const char *rule);

typedef struct {
    size_t rules, rules_with_case, rules_exempt, rules_with_variant;
    size_t variants, caught, invisible;          /* by stages */
    size_t caught_in_results, hidden_in_results; /* by results; those proven not to show there */
    size_t false_alarms;                         /* goldens that the engine itself does not match */
    bool passed; /* every rule has a case or is exempt, every mistake is caught wherever it can show, no false alarm */
} assay_matrix_summary;

assay_matrix_summary assay_rule_matrix_summary(const assay_rule_matrix *matrix);

#ifdef __cplusplus
}
#endif

#endif
