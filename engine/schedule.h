/*
 * The window schedule of a call (rules SCHED-1, SCHED-2, SCHED-4; CACHE-1, MEM-8): how a call of T tokens is cut into context
 * windows, and what each does to the local cache and the memory. Pure functions of numbers.
 *
 * Source: _handle_long_input of the original, and the drop in LongLlamaAttention.forward.
 */
#ifndef ASSAY_ENGINE_SCHEDULE_H
#define ASSAY_ENGINE_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "engine/semantics.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One window. All counts are tokens. */
typedef struct {
    int64_t begin, end; /* its tokens are [begin, end) of the call */
    int64_t cached;     /* length of the local cache when it starts */
    int64_t gone;       /* of these, the first that layers which flip no longer hold: 0, for all flip together */
    int64_t
        dropped; /* cached tokens dropped before its attention: 0 or `cached` (CACHE-1; overflow alone with that mistake) */
    bool keeps_local;         /* whether its keys (with those still cached) stay in the local cache (MEM-8) */
    int64_t to_memory_before; /* dropped tokens that memory layers move to memory before the attention (CACHE-1) */
    int64_t to_memory_after;  /* tokens of its own that memory layers move to memory after the attention (MEM-2) */
} assay_window;

/* What the schedule depends on. */
typedef struct {
    int64_t tokens;              /* T >= 1 */
    int64_t cached, gone;        /* length of the local cache that the call brings; see assay_window */
    int64_t window;              /* W >= 1 */
    int64_t last_context_length; /* C; C <= 0 is refused (SCHED-4) */
    int use_cache;               /* the call's: -1 unset, 0, 1 */
    bool config_use_cache;
    bool has_memory;           /* whether some layer is in M */
    assay_semantics semantics; /* zero: the original's */
} assay_schedule_input;

/* Number of cached tokens that a call of `added` tokens drops: all of them when cached + added > window, else none
 * (CACHE-1). */
int64_t assay_cache_dropped(int64_t cached, int64_t added, int64_t window);

/* Allocates the windows of a call into *windows (release with free) and their number into *count; at least one.
 * ASSAY_EINPUT: C <= 0 (SCHED-4), T < 1 (ERR-1), or a local cache with use_cache 0 (CACHE-5). */
assay_status assay_schedule_plan(const assay_schedule_input *in, assay_window **windows, size_t *count,
                                 assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
