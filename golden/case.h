/*
 * The case file "assay-case/1" (docs/case-format.md): what is run on a model, step by step.
 */
#ifndef ASSAY_GOLDEN_CASE_H
#define ASSAY_GOLDEN_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/dtype.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { ASSAY_OP_FORWARD, ASSAY_OP_REORDER, ASSAY_OP_GENERATE, ASSAY_OP_CLASSIFY } assay_op;

/* "forward", "reorder", "generate", "classify". */
const char *assay_op_name(assay_op op);

/* One step. A tensor with data == NULL is absent. Shapes are what the file says: rectangular, but whether they fit the
 * model and each other is for the engine to judge (a case may expect the refusal). */
typedef struct {
    assay_op op;
    char expect_error[24];       /* rule id, or empty */
    assay_tensor input_ids;      /* (B,T) int64 */
    assay_tensor inputs_embeds;  /* (B,T,C) float64 */
    assay_tensor attention_mask; /* (B,S) float64 */
    assay_tensor position_ids;   /* (B,T) int64 */
    assay_tensor labels;   /* rank 1 or 2. int64 when every number is whole and a forward or of rank 1; else float64 */
    assay_tensor beam_idx; /* (n) int64 */
    int use_cache;         /* -1 unset, 0 false, 1 true */
    bool has_last_context_length;
    int64_t last_context_length;
    bool past_keep;
    int64_t max_new_tokens;
    bool has_eos_token_id;
    int64_t eos_token_id;
} assay_step;

typedef struct {
    char *text; /* the file, byte for byte, NUL-terminated */
    size_t text_nbytes;
    char *name; /* "" when the file has none */
    char **rules;
    size_t rule_count;
    char *model_json; /* the "model" value as JSON text; NULL when left out */
    bool has_config;
    bool config_refused;      /* the model is one that the original refuses when it is built; config_error says why. */
    assay_error config_error; /*   A case whose first step expects that refusal passes by it. */
    assay_config config;      /* parsed from "model"; valid when has_config and not config_refused */
    bool has_weights;
    uint64_t weights_seed;
    double weights_gain;
    assay_dtype dtype; /* float32 when left out */
    assay_step *steps;
    size_t step_count;
} assay_case;

/* Parses a case. `where` (a path, say) starts every message. Errors: ASSAY_EINPUT for anything that is not a strict
 * case file. Release with assay_case_free. The text is copied. */
assay_status assay_case_parse(assay_case *out, const char *text, size_t text_nbytes, const char *where,
                              assay_error *err);

/* Reads and parses a file. */
assay_status assay_case_read(assay_case *out, const char *path, assay_error *err);

void assay_case_free(assay_case *c);

#ifdef __cplusplus
}
#endif

#endif
