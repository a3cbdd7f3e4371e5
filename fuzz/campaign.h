/*
 * A campaign: case after case on one subject, and what came of it.
 *
 * Everything in its report follows from seed, number of cases and subject: times and the order of shards leave no trace.
 */
#ifndef ASSAY_FUZZ_CAMPAIGN_H
#define ASSAY_FUZZ_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "fuzz/boundary_grid.h"
#include "fuzz/case_bytes.h"
#include "fuzz/check.h"
#include "fuzz/subject.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A failure: the first case of its kind, shrunk. Kinds are told apart by outcome and stage. */
typedef struct {
    assay_fuzz_outcome outcome;
    char stage[80];        /* see assay_fuzz_verdict */
    int64_t index;         /* of the first case that failed so */
    int64_t count;         /* cases that failed so */
    char shrunk_stage[80]; /* where the shrunk case fails: another one where two mistakes are near */
    char where[160];       /* of the shrunk case */
    char rules[64];        /* likewise */
    char message[1200];    /* likewise; one line */
    char diagnosis[400];   /* known mistakes that explain it, or ""; one line */
    char blame[400];       /* operations at fault, or ""; one line */
    char folder[256];      /* name of the folder that it was written to, or "" */
    int64_t tokens;        /* of the shrunk case; of the case as it was found */
    int64_t tokens_before;
    char *case_text; /* the shrunk case */
} assay_fuzz_find;

typedef struct {
    char subject[512];
    uint64_t seed;
    char settings[120];    /* what else the cases follow from: shards of other settings are of other campaigns */
    int64_t first, stride; /* shard first/stride */
    int64_t cases;         /* that were run */
    int64_t steps, refused_steps;
    int64_t outcomes[ASSAY_FUZZ_OUTCOME_COUNT]; /* cases of each */
    int64_t unsupported_index;                  /* the first case that is not supported, and why; -1 without one */
    char unsupported[400];
    assay_boundary_grid grid;
    assay_fuzz_find *finds; /* (find_count) by index */
    size_t find_count;
    bool interrupted; /* by the user: the report holds what was run until then */
} assay_fuzz_campaign;

typedef struct {
    const assay_fuzz_bounds *bounds;
    uint64_t seed;
    int64_t cases;         /* over all shards; -1: no limit */
    double seconds;        /* 0: no limit */
    int64_t first, stride; /* runs cases first, first + stride, ...; 0 and 1 for all */
    size_t shrink_checks;  /* most cases that are run to shrink a find; 0: finds stay as they are */
    int64_t most_finds;    /* it ends after so many kinds of failure */
    const char *folder;    /* where finds are written; NULL: nowhere */
    void *context;
    void (*progress)(void *context, const assay_fuzz_campaign *so_far, bool shrinking); /* NULL, or after every case */
    bool (*interrupted)(void *context); /* NULL, or asked before every case */
} assay_fuzz_options;

/* Runs it. Errors: ASSAY_EINPUT, a find cannot be written; ASSAY_EINTERNAL. Release *out with assay_fuzz_campaign_free. */
assay_status assay_fuzz_campaign_run(assay_fuzz_campaign *out, const assay_fuzz_subject *subject,
                                     const assay_fuzz_options *options, assay_error *err);

/* True when cases were judged, none failed, and it was not interrupted. */
bool assay_fuzz_campaign_passed(const assay_fuzz_campaign *campaign);

void assay_fuzz_campaign_free(assay_fuzz_campaign *campaign);

#ifdef __cplusplus
}
#endif

#endif
