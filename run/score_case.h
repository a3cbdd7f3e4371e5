/*
 * One case of a scorecard: a port's dump against its golden, and the mistakes that explain what differs.
 */
#ifndef ASSAY_RUN_SCORE_CASE_H
#define ASSAY_RUN_SCORE_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/policy.h"
#include "compare/result.h"
#include "core/status.h"
#include "engine/variants.h"
#include "golden/port_limits.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_SCORED_PASS,       /* all that was dumped matches, and what every step returns was dumped */
    ASSAY_SCORED_FAIL,       /* something differs, or the policy requires what was not dumped */
    ASSAY_SCORED_INCOMPLETE, /* nothing differs, and logits, loss, tokens or refusal of some step are not in the dump */
    ASSAY_SCORED_NOT_RUN,    /* there is no dump */
    ASSAY_SCORED_UNREADABLE, /* the dump cannot be read, or belongs to another case */
    ASSAY_SCORED_UNSUPPORTED /* the port says that it cannot run it, and did not */
} assay_scored;

/* "pass", "fail", "incomplete", "not run", "unreadable", "unsupported". */
const char *assay_scored_name(assay_scored outcome);

#define ASSAY_SCORE_MISTAKES 8

/* Paths and reasons are "" where they do not apply; no string but `dump` is NULL. */
typedef struct {
    char *name;  /* of the case in the suite */
    char *dump;  /* path; NULL when there is none */
    char *rules; /* ids that the case says it exercises, separated by spaces */
    assay_scored outcome;
    char note[1024];    /* why it is incomplete, unreadable or unsupported */
    char declared[512]; /* why the port says that it cannot run it, although there is a dump, which was judged; or "" */
    assay_waiver_uses waivers; /* of the policy, where something was compared */
    size_t waived;             /* failures and gaps that they waive; such a case proves none of its rules */
    char waived_path[160];     /* the first */
    size_t judged, failed,
        missing; /* tensors and refusals: compared; of these, wrong and not waived; of the golden, not dumped */
    char first_path[160];   /* where it differs first, */
    char first_reason[320]; /* how, */
    char first_rules[64];   /* and which rules show there */
    bool first_is_result;   /* logits, a loss or tokens: what shows anything that went wrong before */
    /* The known mistakes that explain it equally well; none when it was not diagnosed or none explains it. First those `likely_count`
     * that explain the most of the other cases as well. */
    const assay_variant *mistakes[ASSAY_SCORE_MISTAKES];
    size_t mistake_count, likely_count;
    assay_case_result *result; /* all that was found, where it is to be kept and something was compared; else NULL */
    char blamed[256];          /* rule ids that it is put down to, separated by spaces */
} assay_score_case;

typedef struct {
    const assay_policy *policy;    /* NULL: the defaults */
    const assay_port_limits *port; /* NULL: it can run all cases */
    bool keep_results;             /* with detail (compare/detail.h) */
    bool no_diagnosis;             /* do not look for the mistakes behind a case that fails */
    void *context;                 /* of progress */
    void (*progress)(void *context, size_t done, size_t count, const char *name); /* may be NULL; before each case */
} assay_score_options;

/* Scores one case, up to `likely_count` and `blamed`, which depend on the other cases. `dump` is NULL when there is none. ASSAY_EINPUT:
 * the golden cannot be read or holds no case. Whatever is wrong with the dump is an outcome. Release with assay_score_case_free. */
assay_status assay_score_case_run(assay_score_case *out, const char *golden_path, const char *dump,
                                  const assay_score_options *options, assay_error *err);

void assay_score_case_free(assay_score_case *c);

#ifdef __cplusplus
}
#endif

#endif
