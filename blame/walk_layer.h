/*
 * One layer of one window on a walk.
 */
#ifndef ASSAY_BLAME_WALK_LAYER_H
#define ASSAY_BLAME_WALK_LAYER_H

#include "blame/carried.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The window at hand, in tokens. */
typedef struct {
    int64_t batch, tokens, cached;
    bool keeps_local; /* its keys stay in the local cache (MEM-8) */
} assay_walk_window;

/* Judges the stages of the layer at hand, from slot HIDDEN to slot HIDDEN, and moves its past on. */
assay_status assay_walk_layer(assay_walker *w, assay_carried *past, const assay_walk_window *window, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
