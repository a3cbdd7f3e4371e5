#include "engine/positions.h"

#include <assert.h>

void assay_positions_default(int64_t *out, int64_t tokens, const int64_t *cached, int64_t cached_count) {
    int64_t next = 0;
    for (int64_t i = 0; i < cached_count; i++)
        if (i == 0 || cached[i] + 1 > next) next = cached[i] + 1;
    for (int64_t i = 0; i < tokens; i++) out[i] = next + i;
}

int64_t assay_positions_base(const int64_t *positions, int64_t count) {
    assert(count >= 1);
    int64_t base = positions[0];
    for (int64_t i = 1; i < count; i++)
        if (positions[i] < base) base = positions[i];
    return base;
}

int64_t assay_positions_relative(int64_t *rel, const int64_t *positions, int64_t count, int64_t base) {
    int64_t largest = 0;
    for (int64_t i = 0; i < count; i++) {
        rel[i] = positions[i] - base;
        if (rel[i] > largest) largest = rel[i];
    }
    return largest;
}

void assay_positions_from_mask(int64_t *out, const double *mask, int64_t count) {
    int64_t sum = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += (int64_t)mask[i];
        out[i] = sum - 1;
    }
}
