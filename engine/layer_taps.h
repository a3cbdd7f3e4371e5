/* Stages of a layer that must be gathered before they can be shown. All of it is skipped where nothing is tapped. */
#ifndef ASSAY_ENGINE_LAYER_TAPS_H
#define ASSAY_ENGINE_LAYER_TAPS_H

#include "engine/attention.h"
#include "engine/window.h"

/* The tokens that have just joined the layer's memory, before or after the attention: keys, values and masks; and the caller's
 * chance to replay them. */
assay_status REAL(assay_tap_memory_write)(REAL(assay_window_run) * run, int64_t layer, bool after, assay_error *err);

/* The memory that the window's queries are about to see. Nothing where the layer has none. */
assay_status REAL(assay_tap_memory_read)(const REAL(assay_window_run) * run, int64_t layer, assay_error *err);

/* Relative positions, cos, sin, and rotated queries and keys. Nothing without rotary (MEM-7). */
assay_status REAL(assay_tap_rotary)(const REAL(assay_window_run) * run, int64_t layer, bool rotary, assay_error *err);

/* Allocates scores and probs (B,H,T,L+m) where they are wanted and points `a` at them. Not with torch_attention, whose scores
 * the original does not have. The caller frees both. */
assay_status REAL(assay_tap_attention_begin)(const REAL(assay_window_run) * run, REAL(assay_attention) * a,
                                             assay_tensor *scores, assay_tensor *probs, assay_error *err);

#endif
