/*
 * Holds everything a candidate has against a golden: pairing, steps, schedules, stages in execution order.
 */
#ifndef ASSAY_COMPARE_COMPARE_H
#define ASSAY_COMPARE_COMPARE_H

#include <stdbool.h>

#include "compare/policy.h"
#include "compare/result.h"
#include "compare/source.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *name;           /* of the case, for reports */
    const assay_policy *policy; /* NULL: the defaults */
    bool require_all;           /* every stage of the golden must be in the candidate, and every refusal said */
    bool require_refusals;      /* the latter alone */
    bool detail; /* entries get their detail, for charts (compare/detail.h); a second look at every tensor */
} assay_compare_options;

/* Compares. A mismatch is a result, not an error; so is a candidate that says that the port cannot run the case
 * (ASSAY_CASE_UNSUPPORTED). Waivers of the policy are applied. Per step:
 *   - a step that one side refuses must be refused by the other, for a rule that both name (where both name any);
 *   - another window schedule is a failure, and no other tensor of that step is compared;
 *   - else every stage is judged (compare/judge.h), in the order of assay_place_compare.
 * A float64 candidate against another golden is held to the golden's float64 tensors where it has them.
 * ASSAY_EINPUT: the golden says that a port could not run the case; case, configuration or weights differ (both sides give a digest), or a file is damaged.
 * Release *out with assay_case_result_free. */
assay_status assay_compare(assay_case_result *out, const assay_source *golden, const assay_source *candidate,
                           const assay_compare_options *options, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
