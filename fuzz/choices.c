#include "fuzz/choices.h"

#include <assert.h>

static int64_t next_byte(assay_choices *c) { return c->at < c->nbytes ? c->bytes[c->at++] : 0; }

int64_t assay_choose(assay_choices *c, int64_t low, int64_t high) {
    assert(low <= high && high - low < 65536);
    int64_t count = high - low + 1;
    if (count == 1) return low;
    int64_t value = next_byte(c);
    if (count > 256) value = value << 8 | next_byte(c);
    return low + value % count;
}

bool assay_choose_chance(assay_choices *c, int of_256) { return next_byte(c) >= 256 - of_256; }

int64_t assay_choose_of(assay_choices *c, const int64_t *values, size_t count) {
    return values[assay_choose(c, 0, (int64_t)count - 1)];
}
