/*
 * A source whose values have all been read into memory: for one that is compared many times, or by several threads.
 */
#ifndef ASSAY_COMPARE_SOURCE_MEMORY_H
#define ASSAY_COMPARE_SOURCE_MEMORY_H

#include "compare/source.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The values of a source, in memory. */
typedef struct {
    assay_source source; /* lists what the original source lists; any number of threads may read it at a time */
    assay_tensor *values;
    size_t value_count;
} assay_source_memory;

/* Reads all of `from`, which must outlive *out. Errors: as assay_source_read. Release with assay_source_memory_free. */
assay_status assay_source_memory_load(assay_source_memory *out, const assay_source *from, assay_error *err);

void assay_source_memory_free(assay_source_memory *memory);

#ifdef __cplusplus
}
#endif

#endif
