/*
 * Values that lie in a file just as they do in memory: row-major, little-endian, one after the other. They are read by ranges, without
 * the rest of the tensor in memory.
 */
#ifndef ASSAY_GOLDEN_STORED_VALUES_H
#define ASSAY_GOLDEN_STORED_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"
#include "golden/byte_file.h"
#include "golden/digest.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the values of a tensor lie. Release with assay_stored_values_close. */
typedef struct {
    assay_tensor info; /* dtype and shape; data is NULL */
    assay_byte_file file;
    bool owns_file;                 /* otherwise it is borrowed from what the values were located in */
    uint64_t begin;                 /* byte of the first element */
    char name[448];                 /* what messages call the tensor */
    char xxh128[ASSAY_XXH128_TEXT]; /* what the file says of the digest of all the values; "" when it says nothing */
} assay_stored_values;

/* Reads nbytes, from byte `offset` of the values on. Any number of threads may, each into a buffer of its own. ASSAY_EINPUT when the
 * file ends before that. */
assay_status assay_stored_values_read(const assay_stored_values *values, void *buffer, size_t nbytes, uint64_t offset,
                                      assay_error *err);

/* Closes the file where it is owned, and clears. Safe on cleared ones. */
void assay_stored_values_close(assay_stored_values *values);

#ifdef __cplusplus
}
#endif

#endif
