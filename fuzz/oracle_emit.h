/*
 * What a step of the oracle leaves, as tensors by place.
 */
#ifndef ASSAY_FUZZ_ORACLE_EMIT_H
#define ASSAY_FUZZ_ORACLE_EMIT_H

#include <stdint.h>

#include "core/stages.h"
#include "core/status.h"
#include "core/tensor.h"
#include "fuzz/oracle_history.h"
#include "fuzz/oracle_model.h"
#include "fuzz/oracle_window.h"
#include "fuzz/sheet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Takes over a tensor of a step. */
assay_status assay_oracle_put(assay_sheet *sheet, int64_t step, assay_stage stage, assay_tensor owned,
                              assay_error *err);

/* The schedule: (count, 2) numbers, copied. */
assay_status assay_oracle_put_schedule(assay_sheet *sheet, int64_t step, const int64_t *windows, int64_t count,
                                       assay_error *err);

/* All six parts of the past after a step, of each layer (CACHE-5), without those that are empty. Memory is the oracle's own, whatever
 * it went on from; a value that float32 memory of a float64 run may round either way is taken from `followed`. */
assay_status assay_oracle_put_past(assay_sheet *sheet, int64_t step, const assay_oracle_model *model,
                                   const assay_oracle_history *history, const assay_oracle_followed *followed,
                                   assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
