/*
 * Whether a run is within the tolerances of the oracle, without saying where it is not.
 *
 * Most of a fuzzer's cases agree, and need no report. What this accepts, compare/ accepts; of what it does not, compare/ has the say.
 */
#ifndef ASSAY_FUZZ_ORACLE_AGREE_H
#define ASSAY_FUZZ_ORACLE_AGREE_H

#include <stdbool.h>

#include "compare/source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* True when both list the same steps and places, refuse the same steps for rules that both name, and every tensor of `run` equals the
 * oracle's, or differs by at most `factor` times its floor. All tensors must be in memory (assay_sheet_source, assay_source_of_map). */
bool assay_oracle_agrees(const assay_source *oracle, const assay_source *run, double factor);

#ifdef __cplusplus
}
#endif

#endif
