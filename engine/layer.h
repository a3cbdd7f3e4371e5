/* One decoder layer of one window. Source: LongLlamaDecoderLayer and LongLlamaAttention of the original. */
#ifndef ASSAY_ENGINE_LAYER_H
#define ASSAY_ENGINE_LAYER_H

#include "engine/window.h"

/* run->hidden (R,C) goes in as the layer's input and comes out as its output. Updates the layer's part of the past. */
assay_status REAL(assay_layer_forward)(REAL(assay_window_run) * run, int64_t layer, assay_error *err);

#endif
