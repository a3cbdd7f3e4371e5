/*
 * The values of one tensor of a source, in memory or still in a file, read by ranges.
 */
#ifndef ASSAY_COMPARE_VALUES_H
#define ASSAY_COMPARE_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compare/source.h"
#include "core/status.h"
#include "core/tensor.h"
#include "golden/stored_values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Release with assay_values_close. */
typedef struct {
    assay_tensor tensor; /* dtype and shape; data is NULL when the values are in a file */
    bool owned;          /* data are */
    bool is_stored;
    assay_stored_values stored; /* when is_stored */
    const char *source;         /* name of the source, which messages begin with; borrowed; NULL without one */
} assay_values;

/* The values of a tensor in memory, borrowed. */
assay_values assay_values_of(const assay_tensor *tensor);

/* The values of an item, or (unrounded) those before the cast to mem_dtype, which item->has_unrounded promises. What cannot be read by
 * ranges is read now. The source must outlive *out. Errors: as assay_source_read. */
assay_status assay_values_open(assay_values *out, const assay_source *source, const assay_source_item *item,
                               bool unrounded, assay_error *err);

/* Frees and closes what is owned, and clears. Safe on cleared ones. */
void assay_values_close(assay_values *values);

/* *out becomes elements [begin, begin + count): where they are in memory, or in `buffer` (count * dtype size bytes), into which they are
 * read. Any number of threads may, each with its own buffer. ASSAY_EINPUT: the file cannot be read. */
assay_status assay_values_get(const assay_values *values, int64_t begin, int64_t count, void *buffer, const void **out,
                              assay_error *err);

/* One element as a double. Errors as above. */
assay_status assay_values_at(const assay_values *values, int64_t index, double *out, assay_error *err);

/* ASSAY_EINPUT when `hex`, the digest of all of the values, is not the one that their file says they have. */
assay_status assay_values_check(const assay_values *values, const char hex[ASSAY_XXH128_TEXT], assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
