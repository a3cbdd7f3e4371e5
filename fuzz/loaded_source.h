/*
 * What a subject answered, in memory. Which rule it names for a refusal is left out: several may refuse a call, and whichever a port looks
 * at first, it does not carry the call out.
 */
#ifndef ASSAY_FUZZ_LOADED_SOURCE_H
#define ASSAY_FUZZ_LOADED_SOURCE_H

#include "compare/source.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    assay_tensor_map *tensors;
    assay_source_step *steps;
    assay_source source;
} assay_loaded_source;

/* Reads every stage of `from`, which must outlive it: facts and texts stay there. ASSAY_EINPUT: a file is damaged, or
 * has more than 1 GiB of tensors, thousands of times what a fuzzed case gives. Release with
 * assay_loaded_source_free. */
assay_status assay_loaded_source_make(assay_loaded_source *out, const assay_source *from, assay_error *err);

void assay_loaded_source_free(assay_loaded_source *loaded);

#ifdef __cplusplus
}
#endif

#endif
