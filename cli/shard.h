/* --shard I/N: a part of the work, for one job of several. */
#ifndef ASSAY_CLI_SHARD_H
#define ASSAY_CLI_SHARD_H

#include "cli/options.h"
#include "cli/suite.h"
#include "compare/result.h"

/* Which part. */
typedef struct {
    int64_t index, count; /* index from 0; count 1: there are no parts */
} cli_shard;

/* --shard of a command line, or all. ASSAY_EINPUT unless it is I/N with I from 1 to N. */
assay_status cli_read_shard(const cli_args *args, cli_shard *out, assay_error *err);

/* Leaves every count-th golden of the suite, from the index-th on, and says in the result's facts which part of how many cases it is, for
 * assay_result_merge. ASSAY_EINPUT when nothing is left. */
assay_status cli_shard_take(const cli_shard *shard, cli_suite *suite, assay_result *result, assay_error *err);

#endif
