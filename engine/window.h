/* One context window through all layers. */
#ifndef ASSAY_ENGINE_WINDOW_H
#define ASSAY_ENGINE_WINDOW_H

#include "engine/plan.h"
#include "engine/real.h"

/* The local context of a layer. */
typedef struct {
    assay_columns local; /* its keys among the plan's columns; .count is L */
    int64_t *rel;        /* (B,L) relative positions */
} assay_context;

/* Everything a window's layers share. R = B*T rows of the window; the buffers have room for the longest window of a call. */
typedef struct {
    const assay_model *model;
    assay_past *past;
    const assay_plan *plan;
    const assay_taps *taps; /* NULL when nothing is tapped */
    const assay_window *window;
    int64_t index;             /* the window's number for taps */
    int64_t tokens;            /* T */
    assay_context contexts[2]; /* of layers that flip, which all do in the original (CACHE-1), and of others */
    assay_columns local;       /* those of the layer at hand */
    const int64_t *rel;
    real *hidden;              /* (R,C) the residual stream */
    real *normed;              /* (R,C) */
    real *query, *key, *value; /* (R,C) projections */
    real *rotated;             /* (B,H,T,D) */
    real *unrotated;           /* (B,H,T,D) queries for the memory, where they are not `rotated` (MEM-1); else NULL */
    real *mixed;               /* (R,C) */
    real *gate, *up;           /* (R,I) */
    real *scratch;             /* of assay_attend */
    int threads;
} REAL(assay_window_run);

/* Allocates the buffers for a call whose longest window has `tokens` tokens. Release with assay_window_run_free. */
assay_status REAL(assay_window_run_init)(REAL(assay_window_run) * run, int64_t tokens, assay_error *err);
void REAL(assay_window_run_free)(REAL(assay_window_run) * run);

/* Runs the window: run->hidden is filled from ids or embeds, goes through the layers, and run->normed ends as the final norm.
 * Updates the past. */
assay_status REAL(assay_window_forward)(REAL(assay_window_run) * run, const assay_call *call, assay_error *err);

/* Emits a stage when it is wanted. `data` has the shape given. layer -1: of the whole window. */
assay_status REAL(assay_window_tap)(const REAL(assay_window_run) * run, assay_stage stage, int64_t layer,
                                    const assay_tensor *tensor, assay_error *err);

/* Whether a stage is wanted at all. */
bool REAL(assay_window_wants)(const REAL(assay_window_run) * run, assay_stage stage);

#endif
