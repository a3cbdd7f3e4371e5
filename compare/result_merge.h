/* Results of several runs as one: those of the shards of a CI matrix, or of single comparisons. */
#ifndef ASSAY_COMPARE_RESULT_MERGE_H
#define ASSAY_COMPARE_RESULT_MERGE_H

#include "compare/result.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Facts of a result that is a part of a run: "2/4", counted from 1, and how many cases the whole run has. */
#define ASSAY_FACT_SHARD "shard"
#define ASSAY_FACT_SHARD_CASES "cases_of_all_shards"

/* "2/4" as 2 and 4: whole numbers, the first from 1 to the second, which is at most 1000000. */
bool assay_shard_parse(const char *text, int64_t *index, int64_t *count);

/* Takes the cases of `count` results, which are named by `names` in messages, into *out, in the order of a run that was not divided: case k of
 * shard i comes before case k of shard i + 1. Facts that differ are joined, but `time`: the latest counts. Parts are left with what was not taken; the caller releases them, and
 * *out, on every outcome.
 *
 * ASSAY_EINPUT, with the files that are meant: no part; parts of other versions of Assay or of another dtype, or that were not held against the
 * same baseline; a case that is there twice; parts
 * of which some are shards and others are not, or of other numbers of shards; a shard that is missing or there twice; shards that have
 * together another number of cases than the run. */
assay_status assay_result_merge(assay_result *out, assay_result *parts, const char *const *names, size_t count,
                                assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
