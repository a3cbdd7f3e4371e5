#include "engine/positions.h"

#include <assert.h>

/* torch's .long(): toward zero; what int64 cannot hold (NaN too) becomes its smallest number. */
static int64_t truncated(double x) { return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN; }

void assay_positions_default(int64_t *out, int64_t tokens, const int64_t *cached, int64_t cached_count) {
    int64_t last = -1;
    for (int64_t i = 0; i < cached_count; i++)
        if (i == 0 || cached[i] > last) last = cached[i];
    for (int64_t i = 0; i < tokens; i++) out[i] = assay_wrapping_sum(last, i + 1);
}

int64_t assay_positions_base(const int64_t *positions, int64_t count) {
    assert(count >= 1);
    int64_t base = positions[0];
    for (int64_t i = 1; i < count; i++)
        if (positions[i] < base) base = positions[i];
    return base;
}

int64_t assay_positions_origin(const assay_position_rows *rows, int64_t b, int64_t count,
                               assay_position_origin choice) {
    const int64_t *row = rows->ids + b * rows->stride;
    switch (choice) {
    case ASSAY_ORIGIN_ROW_MINIMUM: break;
    case ASSAY_ORIGIN_ZERO: return 0;
    case ASSAY_ORIGIN_FIRST_KEY: return row[0];
    case ASSAY_ORIGIN_BATCH_MINIMUM: {
        int64_t least = assay_positions_base(rows->ids, count);
        for (int64_t other = 1; other < rows->batch; other++) {
            int64_t base = assay_positions_base(rows->ids + other * rows->stride, count);
            if (base < least) least = base;
        }
        return least;
    }
    }
    return assay_positions_base(row, count);
}

int64_t assay_positions_relative(int64_t *rel, const int64_t *positions, int64_t count, int64_t base) {
    int64_t largest = 0;
    for (int64_t i = 0; i < count; i++) {
        rel[i] = assay_wrapping_difference(positions[i], base);
        if (rel[i] > largest) largest = rel[i];
    }
    return largest;
}

void assay_positions_from_mask(int64_t *out, const double *mask, int64_t count) {
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++) {
        sum = assay_wrapping_sum(sum, truncated(mask[i]));
        out[i] = assay_wrapping_sum(sum, -1);
    }
}

void assay_positions_of_kept(int64_t *out, int64_t tokens, const uint8_t *keep, int64_t count) {
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++) {
        kept += keep[i];
        if (i >= count - tokens) out[i - (count - tokens)] = kept > 0 ? kept - 1 : 0;
    }
}
