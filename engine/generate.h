/*
 * Generation (rules GEN-1 to GEN-4, POS-4). Source: prepare_inputs_for_generation of the original, and greedy search and
 * sampling of transformers 4.33.2.
 */
#ifndef ASSAY_ENGINE_GENERATE_H
#define ASSAY_ENGINE_GENERATE_H

#include "engine/engine.h"
#include "engine/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const assay_tensor *input_ids; /* (B,T) int64: the prompt. On a past with a local cache all tokens so far, of which
                                           the last is fed */
    const assay_tensor *attention_mask; /* (B,S) float64, or NULL: taken from the pads (GEN-2) */
    int64_t max_new_tokens;             /* >= 1 */
    bool has_eos_token_id;
    int64_t eos_token_id; /* a row that has produced it is filled with the pad token; all rows done ends generation */
    bool has_last_context_length;
    int64_t last_context_length;
    const assay_sampling *sampling; /* NULL: greedy */
} assay_generate_call;

typedef struct {
    assay_tensor tokens;   /* (B, prompt + new) int64 */
    assay_window *windows; /* schedule of the prompt's call */
    size_t window_count;
} assay_generation;

/* Generates on the past, which then holds the past after the last call (the last new token is not in it). Taps see the
 * windows of all calls, numbered on. Release with assay_generation_free. */
assay_status assay_generate(const assay_model *model, assay_past *past, const assay_generate_call *call,
                            const assay_taps *taps, assay_generation *out, assay_error *err);
void assay_generation_free(assay_generation *generation);

#ifdef __cplusplus
}
#endif

#endif
