/* Runs a golden's case on the reference engine and holds every stage against the golden. */
#ifndef ASSAY_RUN_VERIFY_GOLDEN_H
#define ASSAY_RUN_VERIFY_GOLDEN_H

#include <stdbool.h>

#include "compare/policy.h"
#include "compare/result.h"
#include "core/dtype.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *model_dir; /* weights, for a golden that has none and no recipe; may be NULL */
    assay_dtype dtype;     /* what the engine computes in; a golden in half precision is always run in its own type */
    const assay_policy *policy; /* NULL: the defaults */
    const char *mistakes;       /* NULL, or mistakes that the engine makes on purpose (engine/variants.h) */
    bool detail;                /* entries get their detail, for charts (compare/detail.h) */
    bool no_replay;             /* let the engine go on from its own memory (docs/methodology.md) */
} assay_verify_options;

/* Verifies one golden. Half-precision memory is judged where it is stored, then replaced by the golden's, so that what follows
 * is judged from the golden's memory onward. Every stage of the golden is required. Errors: a golden that cannot be read or
 * run, ASSAY_EINPUT. A mismatch is a result. Release *out with assay_case_result_free. */
assay_status assay_verify_golden(assay_case_result *out, const char *path, const assay_verify_options *options,
                                 assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
