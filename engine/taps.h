/*
 * Taps: a caller sees every stage of the computation through a callback. Without one nothing is copied or built for it.
 */
#ifndef ASSAY_ENGINE_TAPS_H
#define ASSAY_ENGINE_TAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/stages.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One stage of one window. `layer` is -1 for stages of the whole window. The tensor is a view that ends with the callback. */
typedef struct {
    assay_stage stage;
    int64_t window, layer;
    const assay_tensor *tensor;
} assay_tap_event;

typedef struct {
    void *context;
    /* Whether the stage is wanted: what is not is neither built nor emitted. NULL: all are. */
    bool (*wants)(void *context, assay_stage stage);
    /* Sees a stage. Anything but ASSAY_OK ends the call with that status. */
    assay_status (*emit)(void *context, const assay_tap_event *event, assay_error *err);
    /* May be NULL. Called with keys (which 0) and values (1) that have just been stored in memory, (B,H,n,D) in mem_dtype:
     * it may change them in place and then returns true. This is how a run is judged from a golden's memory onward (MEM-6:
     * a rounding tie may fall either way). */
    bool (*replay_memory)(void *context, int64_t window, int64_t layer, int which, assay_tensor *stored);
    int64_t first_window; /* added to the window numbers of the call: generation counts on over its calls */
} assay_taps;

#ifdef __cplusplus
}
#endif

#endif
