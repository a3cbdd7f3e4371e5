/* The model of a fuzzed case; for case_bytes.c. */
#ifndef ASSAY_FUZZ_CASE_CONFIG_BYTES_H
#define ASSAY_FUZZ_CASE_CONFIG_BYTES_H

#include "core/config.h"
#include "fuzz/case_bytes.h"
#include "fuzz/choices.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Chooses a configuration that a model can be built with. */
void assay_fuzz_config_choose(assay_config *out, assay_choices *choices, const assay_fuzz_bounds *bounds);

#ifdef __cplusplus
}
#endif

#endif
