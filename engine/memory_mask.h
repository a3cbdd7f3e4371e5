/* The mask that keys take with them into memory (rule MEM-5). */
#ifndef ASSAY_ENGINE_MEMORY_MASK_H
#define ASSAY_ENGINE_MEMORY_MASK_H

#include "engine/window.h"

/* out (B,n), row b at out + b * stride: the additive mask to store for the plan's columns of a window, once its local columns are
 * known: the last query's mask row, on which no column is in the future. */
void REAL(assay_memory_mask_rows)(const REAL(assay_window_run) * run, assay_columns columns, real *out, int64_t stride);

#endif
