/*
 * What a subject answered, in memory. Which rule it names for a refusal is left out: several may refuse a call, and whichever a port looks
 * at first, it does not carry the call out.
 */
#ifndef ASSAY_FUZZ_ANSWER_LOAD_H
#define ASSAY_FUZZ_ANSWER_LOAD_H

#include "compare/source.h"
#include "compare/source_memory.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads every stage of `from`, which must outlive it; handles of *out are tensors. ASSAY_EINPUT: a file is damaged, or has more than
 * 1 GiB of tensors, thousands of times what a fuzzed case gives. Release with assay_source_memory_free. */
assay_status assay_load_answer(assay_source_memory *out, const assay_source *from, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
