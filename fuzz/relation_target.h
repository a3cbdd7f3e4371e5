/* What the libFuzzer targets of the relations share: fuzz/<relation>/fuzz.c is one line. */
#ifndef ASSAY_FUZZ_RELATION_TARGET_H
#define ASSAY_FUZZ_RELATION_TARGET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a target defines. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads the bytes as a tiny case (fuzz/case_bytes.h) and checks the relation of that name on it. Aborts, and says why, when it is broken
 * or cannot be checked. Returns 0. */
int assay_relation_target(const char *relation, const uint8_t *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
