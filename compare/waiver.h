/*
 * Waivers of a policy (docs/policy.md): known deviations that do not fail a case until a day, and stay visible.
 *
 * Compared values are judged without them; assay_waivers_apply then looks at what fails.
 */
#ifndef ASSAY_COMPARE_WAIVER_H
#define ASSAY_COMPARE_WAIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/policy.h"
#include "compare/result.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a waiver is about this failing entry of a case called `name`, whatever the day. Each that is given must hold: the
 * case's pattern; the stage's pattern, as assay_policy_matches says (a step as a whole is matched by a pattern of paths alone);
 * the rule, which must be one of those that the entry cites. */
bool assay_waiver_covers(const assay_waiver *waiver, const char *name, const assay_entry *entry);

/* Applies the policy's waivers to the failing entries of a case, before assay_case_result_finish. The first waiver in force
 * that covers one makes it ASSAY_VERDICT_WAIVED; where only expired ones do, the entry stays and names the first of them. Fills
 * c->waivers, one for each of the policy. ASSAY_EINTERNAL when out of memory. */
assay_status assay_waivers_apply(assay_case_result *c, const assay_policy *policy, assay_error *err);

/* Adds what waivers of the same policy did in another case to *sum, which may be cleared at first. ASSAY_EINTERNAL when out of
 * memory; *sum is to be freed all the same. */
assay_status assay_waiver_uses_add(assay_waiver_uses *sum, const assay_waiver_uses *uses, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
