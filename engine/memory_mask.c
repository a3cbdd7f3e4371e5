#include "engine/memory_mask.h"

#include "core/rounding.h"
#include "engine/real.h"

/* Of a port that casts masks to mem_dtype as well (MEM-6). */
static real as_stored(const REAL(assay_window_run) * run, real mask) {
    if (run->model->semantics.memory_mask_cast == ASSAY_MEMORY_MASK_NOT_CAST) return mask;
    return (real)assay_round_to((double)mask, run->model->config.mem_dtype);
}

/* Pad mask of a column of batch row b, as the choice has it. */
static bool is_hidden(const REAL(assay_window_run) * run, int64_t b, int64_t column, int64_t first) {
    const uint8_t *keep = run->plan->keep + b * (run->plan->cached + run->plan->tokens);
    switch (run->model->semantics.memory_mask_row) {
    case ASSAY_MEMORY_MASK_NONE: return false;
    case ASSAY_MEMORY_MASK_SHIFTED: return column > first && !keep[column - 1];
    case ASSAY_MEMORY_MASK_LAST_QUERY:
    case ASSAY_MEMORY_MASK_FIRST_QUERY: break;
    }
    return !keep[column];
}

void REAL(assay_memory_mask_rows)(const REAL(assay_window_run) * run, assay_columns columns, real *out,
                                  int64_t stride) {
    const real lowest = -(real)assay_dtype_max(run->model->dtype);
    bool first_row = run->model->semantics.memory_mask_row == ASSAY_MEMORY_MASK_FIRST_QUERY;
    int64_t seen =
        first_row ? run->plan->cached + run->window->begin + 1 : INT64_MAX; /* columns before are not in the future */
    for (int64_t b = 0; b < run->plan->batch; b++)
        for (int64_t j = 0; j < columns.count; j++) {
            int64_t column = columns.first + j;
            int hidden = is_hidden(run, b, column, columns.first) + (column >= seen);
            real mask = hidden == 0 ? 0 : hidden == 1 ? lowest : -(real)INFINITY; /* ATT-5: both add */
            out[b * stride + j] = as_stored(run, mask);
        }
}
