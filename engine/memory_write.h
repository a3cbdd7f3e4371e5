/* Keys and values on their way from the local context to memory (rules MEM-1, MEM-6). */
#ifndef ASSAY_ENGINE_MEMORY_WRITE_H
#define ASSAY_ENGINE_MEMORY_WRITE_H

#include "engine/window.h"

/* Appends the first n local keys and values of a memory layer to its memory: unrotated, which is rotated at position 0 (MEM-1),
 * cast to mem_dtype (MEM-6). Nothing in other layers. */
assay_status REAL(assay_memory_write_local)(REAL(assay_window_run) * run, int64_t layer, int64_t n, assay_error *err);

#endif
