/* The part of a policy file that lists waivers (docs/policy.md). */
#ifndef ASSAY_COMPARE_POLICY_WAIVERS_H
#define ASSAY_COMPARE_POLICY_WAIVERS_H

#include <cJSON.h>

#include "compare/policy.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads the list "waivers" of the file's object `root`, where it has one, into the policy. `where` starts every message.
 * ASSAY_EINPUT: anything that is not strictly such a list; what was read until then is the policy's, to be freed. */
assay_status assay_policy_read_waivers(assay_policy *policy, const cJSON *root, const char *where, assay_error *err);

/* Frees the policy's waivers. */
void assay_policy_free_waivers(assay_policy *policy);

#ifdef __cplusplus
}
#endif

#endif
