/* The attention of one layer with its local cache and memory: the middle of LongLlamaAttention.forward. */
#ifndef ASSAY_ENGINE_LAYER_ATTENTION_H
#define ASSAY_ENGINE_LAYER_ATTENTION_H

#include "engine/window.h"

/* From run->query, key, value (R,C), unrotated, to run->mixed (R,C). In this order: a dropped local cache goes to memory
 * (CACHE-1), the new keys join the local cache, queries and keys are rotated (ROPE-2, POS-2), attention, and a window without
 * local cache goes to memory (MEM-2). */
assay_status REAL(assay_layer_attention)(REAL(assay_window_run) * run, int64_t layer, assay_error *err);

#endif
