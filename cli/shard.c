#include "cli/shard.h"

#include <stdlib.h>

#include "compare/result_merge.h"

assay_status cli_read_shard(const cli_args *args, cli_shard *out, assay_error *err) {
    const char *text = cli_value(args, "shard");
    *out = (cli_shard){0, 1};
    if (!text) return ASSAY_OK;
    if (!assay_shard_parse(text, &out->index, &out->count))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: --shard is '%.40s'; give I/N with I from 1 to N, such as 2/4",
                          args->command->name, text);
    out->index--;
    return ASSAY_OK;
}

static void keep_every(cli_suite *suite, const cli_shard *shard) {
    size_t kept = 0;
    for (size_t i = 0; i < suite->count; i++) {
        if ((int64_t)i % shard->count == shard->index) suite->paths[kept++] = suite->paths[i];
        else free(suite->paths[i]);
    }
    suite->count = kept;
}

assay_status cli_shard_take(const cli_shard *shard, cli_suite *suite, assay_result *result, assay_error *err) {
    char text[48], total[24];
    if (shard->count == 1) return ASSAY_OK;
    if (shard->index >= (int64_t)suite->count)
        return assay_fail(err, ASSAY_EINPUT, NULL, "--shard %lld/%lld: there %s %zu golden%s only; take fewer shards",
                          (long long)shard->index + 1, (long long)shard->count, suite->count == 1 ? "is" : "are",
                          suite->count, suite->count == 1 ? "" : "s");
    snprintf(text, sizeof text, "%lld/%lld", (long long)shard->index + 1, (long long)shard->count);
    snprintf(total, sizeof total, "%zu", suite->count);
    assay_status st = assay_result_set_fact(result, ASSAY_FACT_SHARD, text, err);
    if (!st) st = assay_result_set_fact(result, ASSAY_FACT_SHARD_CASES, total, err);
    if (!st) keep_every(suite, shard);
    return st;
}
