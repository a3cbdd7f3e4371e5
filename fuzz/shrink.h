/*
 * Makes a case that fails as small as it goes while it still fails: fewest tokens first, then the smallest model, then the plainest calls.
 */
#ifndef ASSAY_FUZZ_SHRINK_H
#define ASSAY_FUZZ_SHRINK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "fuzz/case_bytes.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    void *context;
    /* Runs a case and says in *fails whether it fails as the first one did. It may write into the case what it learns (expect_error). */
    assay_status (*check)(void *context, assay_case *c, bool *fails, assay_error *err);
    const assay_fuzz_bounds *bounds; /* of the random cases that are tried at last */
    size_t most_checks;              /* then it stops where it is */
    size_t searched;                 /* random cases of fewer tokens that are tried each time edits come to an end */
} assay_shrink_options;

/* Replaces *c, a case that fails, by a smaller one that fails too; *checks (may be NULL) is how many cases were run for that. Edits are tried
 * until none helps (fuzz/shrink_edits.h); then random cases of fewer tokens, half of them on the same model, for one that no edit leads to. The same case and
 * the same answers shrink to the same case. An error is that of `check`, or out of memory; *c is then what it had come to. */
assay_status assay_fuzz_shrink(assay_case *c, const assay_shrink_options *options, size_t *checks, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
