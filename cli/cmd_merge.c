/* assay merge: results of several runs as one. */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/report_option.h"
#include "cli/shard.h"
#include "compare/result_merge.h"
#include "reports/result_load.h"

/* Loads them all; *out is the caller's to free, `count` results that are cleared or loaded. */
static assay_status load_all(assay_result **out, const cli_args *args, assay_error *err) {
    size_t count = (size_t)args->argument_count;
    *out = calloc(count, sizeof **out);
    if (!*out) return assay_fail_nomem(err, "a list of results");
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < count && !st; i++) st = assay_result_load(&(*out)[i], args->arguments[i], err);
    return st;
}

/* --shard says which part of a larger run the whole is. */
static assay_status name_shard(const cli_args *args, assay_result *result, assay_error *err) {
    const char *text = cli_value(args, "shard");
    return text ? assay_result_set_fact(result, ASSAY_FACT_SHARD, text, err) : ASSAY_OK;
}

static assay_status hold_baseline(const cli_args *args, assay_result *result, assay_error *err) {
    assay_baseline baseline;
    bool whole = !cli_value(args, "shard") && !cli_value(args, "part");
    if (!cli_value(args, "baseline")) return ASSAY_OK;
    if (result->drifts.baseline)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "merge: the results were held against the baseline %s before; leave out --baseline",
                          result->drifts.baseline);
    assay_status st = cli_read_baseline(args, &baseline, err);
    if (st) return st;
    st = cli_hold_baseline(args, result, &baseline, whole, err);
    assay_baseline_free(&baseline);
    return st;
}

static int merge(const cli_args *args) {
    assay_error err;
    cli_shard shard;
    assay_result all = {0}, *parts = NULL;
    assay_status st = cli_read_shard(args, &shard, &err);
    if (!st && cli_value(args, "part") && !cli_value(args, "baseline"))
        st = assay_fail(&err, ASSAY_EINPUT, NULL, "merge: --part goes with --baseline");
    if (!st) st = cli_check_reports(args, &err);
    if (st) return cli_fail(&err);
    st = load_all(&parts, args, &err);
    size_t count = (size_t)args->argument_count;
    if (!st) st = assay_result_merge(&all, parts, (const char *const *)args->arguments, count, &err);
    if (!st) st = name_shard(args, &all, &err);
    if (!st) st = hold_baseline(args, &all, &err);
    int code = st ? cli_fail(&err) : cli_report(args, &all);
    for (size_t i = 0; parts && i < count; i++) assay_result_free(&parts[i]);
    free(parts);
    assay_result_free(&all);
    return code;
}

static const cli_option options[] = {
    {"shard", 0, "I/N", "what is merged is itself the I-th of N shards of a run; merge those next"},
    CLI_OPTION_BASELINE,
    {"part", 0, NULL, "with --baseline: the results are a part of the cases; what was not run did not vanish"},
    CLI_OPTION_ALL,
    CLI_OPTION_REPORT,
    CLI_OPTION_JSON_REPORT,
    {0}};

const cli_command cmd_merge = {
    .name = "merge",
    .summary = "put the results of shards, or of single comparisons, together",
    .usage = "RESULT.json...",
    .examples =
        "  assay verify --shard 1/2 --json 1.json          on one machine\n"
        "  assay verify --shard 2/2 --json 2.json          on another\n"
        "  assay merge 1.json 2.json --report html=out.html,junit=out.xml\n",
    .description =
        "Reads what verify, compare or conformance score wrote with --report json=FILE, and reports it as one result. "
        "Shards must\n"
        "all be there, with the cases that they had together. Exits 0 when the whole is a match, 1 when it is a "
        "mismatch, 2 when a\n"
        "shard is missing, a case is there twice, or files are of other versions of Assay.\n",
    .options = options,
    .least = 1,
    .most = -1,
    .json_is_report = true,
    .run = merge};
