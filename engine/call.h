/* The windows of a planned call, one after the other, and the head. Compiled for each precision. */
#ifndef ASSAY_ENGINE_CALL_H
#define ASSAY_ENGINE_CALL_H

#include "engine/plan.h"
#include "engine/real.h"

/* Runs all windows and fills `logits`, allocated by the caller: (B,T,V) or, with last_logits_only, (B,1,V); for a
 * classification head (B,labels). Updates the past. */
assay_status REAL(assay_call_run)(assay_past *past, const assay_plan *plan, const assay_call *call,
                                  const assay_taps *taps, assay_tensor *logits, assay_error *err);

#endif
