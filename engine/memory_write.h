/* Keys and values on their way from the local context to memory (rules MEM-1, MEM-6). */
#ifndef ASSAY_ENGINE_MEMORY_WRITE_H
#define ASSAY_ENGINE_MEMORY_WRITE_H

#include "engine/window.h"

/* Appends the first local keys and values of a memory layer to its memory: unrotated, which is rotated at position 0 (MEM-1), cast
 * to mem_dtype (MEM-6). Before the attention those that the window drops, `after` it those that leave with the window: as many as
 * the schedule says. Nothing in other layers. */
assay_status REAL(assay_memory_write_local)(REAL(assay_window_run) * run, int64_t layer, bool after, assay_error *err);

#endif
