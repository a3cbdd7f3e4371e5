/*
 * A stream of bytes read as choices. Whatever makes random things reads its choices here, so that random numbers, libFuzzer's
 * inputs and corpora all go the same way; where the bytes end, every choice is the first.
 *
 * The idea is that of Hypothesis (MacIver and Donaldson, "Test-Case Reduction via Test-Case Generation", ECOOP 2020).
 */
#ifndef ASSAY_FUZZ_CHOICES_H
#define ASSAY_FUZZ_CHOICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const uint8_t *bytes; /* (nbytes) borrowed */
    size_t nbytes, at;
} assay_choices;

/* A number in [low, high], low <= high: of one byte where that is enough, else of two. At most 65,536 numbers. */
int64_t assay_choose(assay_choices *c, int64_t low, int64_t high);

/* True in `of_256` of 256 cases; false where the bytes have ended. */
bool assay_choose_chance(assay_choices *c, int of_256);

/* One of `count` values, 1 to 256. */
int64_t assay_choose_of(assay_choices *c, const int64_t *values, size_t count);

#ifdef __cplusplus
}
#endif

#endif
