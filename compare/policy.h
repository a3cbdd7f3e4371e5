/*
 * The policy file "assay-policy/1" (docs/policy.md): tolerances and requirements that replace the defaults.
 */
#ifndef ASSAY_COMPARE_POLICY_H
#define ASSAY_COMPARE_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/date.h"
#include "core/dtype.h"
#include "core/stages.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The factor on a noise floor when no policy says otherwise. */
#define ASSAY_DEFAULT_FACTOR 8.0

/* One override. A field counts only where its has_ flag is set. */
typedef struct {
    char *stage; /* shell pattern, see assay_policy_matches */
    bool has_dtype;
    assay_dtype dtype; /* only where the golden's tensor has this type */
    bool has_factor;
    double factor; /* times the noise floor */
    bool has_atol;
    double atol; /* absolute */
    bool has_rtol;
    double rtol; /* relative to the largest magnitude in the golden's tensor */
} assay_policy_rule;

/* A known deviation that does not fail a case. Of stage and rule at least one is given; what is not is NULL. */
typedef struct {
    char *stage;        /* pattern, see assay_policy_matches */
    char *rule;         /* id; the failure must cite it */
    char *test_case;    /* shell pattern of the names of cases */
    char *reason;       /* never empty */
    assay_date expires; /* the last day on which it waives */
} assay_waiver;

typedef struct {
    double factor;        /* on every noise floor */
    bool ignore_pad_rows; /* leave tokens out that the window's attention_mask hides */
    char **required;      /* shell patterns: a stage that matches one must be in the candidate */
    size_t required_count;
    assay_policy_rule *rules; /* later ones override earlier ones, field by field */
    size_t rule_count;
    assay_waiver *waivers; /* of several that cover a failure the first in force counts (compare/waiver.h) */
    size_t waiver_count;
    assay_date
        today; /* the day on which waivers expire or not; no file says it. 0, when the caller does not set it: none is in force */
} assay_policy;

/* The defaults: factor 8, nothing required, pad rows judged. */
void assay_policy_init(assay_policy *policy);

/* Parses a policy. `where` (a path, say) starts every message. ASSAY_EINPUT for anything that is not a strict policy
 * file: unknown or duplicate keys, wrong types, negative or not finite numbers, patterns that no stage matches, dates
 * that the calendar lacks, rules that are none. `today` is left 0. Release with assay_policy_free. */
assay_status assay_policy_parse(assay_policy *out, const char *text, size_t text_nbytes, const char *where,
                                assay_error *err);

/* Reads and parses a file. */
assay_status assay_policy_read(assay_policy *out, const char *path, assay_error *err);

/* Adds a pattern to those that are required, as the key "required" does. `where` starts the message. ASSAY_EINPUT: no stage matches
 * it. */
assay_status assay_policy_require(assay_policy *policy, const char *pattern, const char *where, assay_error *err);

void assay_policy_free(assay_policy *policy);

/* True when `pattern` (with * ? [...], where * spans slashes too) matches the place: one that starts with "steps/" is
 * held against its whole path, any other against its stage's name as in the golden format ("self_attn.q_proj",
 * "logits"), with "past/" before the parts of the past ("past/mem_key"). */
bool assay_policy_matches(const char *pattern, const assay_place *place);

/* True when some stage can match the pattern, whatever its numbers: one that none can is a spelling mistake. */
bool assay_policy_can_match(const char *pattern);

/* True when a candidate must have this place. */
bool assay_policy_requires(const assay_policy *policy, const assay_place *place);

#ifdef __cplusplus
}
#endif

#endif
