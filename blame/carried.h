/*
 * What a walk carries from window to window and from step to step: the local cache and the memory of each layer (CACHE-5).
 */
#ifndef ASSAY_BLAME_CARRIED_H
#define ASSAY_BLAME_CARRIED_H

#include "blame/judgement.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ASSAY_CARRIED_PARTS = 6 };

/* Of one layer, in the order of the stages of the past: key, value (B,H,t,D), position (B,t), mem_key, mem_value (B,H,m,D), mem_mask (B,m).
 */
typedef struct {
    assay_value parts[ASSAY_CARRIED_PARTS];
} assay_carried;

/* The axis of tokens of a part. */
int assay_carried_axis(int part);

/* Empties a layer's past, for a batch. */
assay_status assay_carried_clear(assay_carried *past, const assay_config *config, int64_t batch, assay_error *err);

/* Empties its local cache alone. */
assay_status assay_carried_drop_local(assay_carried *past, const assay_config *config, int64_t batch, assay_error *err);

/* Rows of the batch by index (CACHE-7). An index outside the batch makes the past unknown. */
assay_status assay_carried_reorder(assay_carried *past, const assay_tensor *beam_idx, assay_error *err);

/* Judges the candidate's past of the layer at hand against what was carried, and goes on with the candidate's own. */
assay_status assay_carried_judge(assay_carried *past, assay_walker *w, assay_error *err);

/* Takes the candidate's past of the layer at hand, else the reference's, without judging it. */
assay_status assay_carried_take(assay_carried *past, const assay_walker *w, assay_error *err);

void assay_carried_free(assay_carried *past);

#ifdef __cplusplus
}
#endif

#endif
