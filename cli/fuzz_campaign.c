#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/common.h"
#include "cli/fuzz_modes.h"
#include "cli/progress.h"
#include "cli/shard.h"
#include "core/clock.h"
#include "fuzz/campaign.h"
#include "fuzz/campaign_json.h"
#include "fuzz/campaign_text.h"
#include "fuzz/interrupt.h"

/* What stands in the line of progress. */
typedef struct {
    cli_progress *progress;
    size_t count; /* of cases; 0 where time ends it */
    double started;
} progress_line;

static void show(void *context, const assay_fuzz_campaign *c, bool shrinking) {
    const progress_line *p = context;
    long long failed = 0;
    for (int i = 0; i < ASSAY_FUZZ_OUTCOME_COUNT; i++)
        if (assay_fuzz_outcome_fails((assay_fuzz_outcome)i)) failed += (long long)c->outcomes[i];
    double elapsed = assay_clock_seconds() - p->started;
    cli_progress_step(p->progress, (size_t)c->cases, p->count, "cases");
    cli_progress_detail(p->progress, ": %lld, %.0f/s, %zu of %d boundary cells, %lld failed in %zu way%s%s",
                        (long long)c->cases, (double)c->cases / elapsed, assay_boundary_grid_hit(&c->grid),
                        ASSAY_GRID_CELLS, failed, c->find_count, c->find_count == 1 ? "" : "s",
                        shrinking ? ", shrinking" : "");
}

/* The line of a campaign that ends after a number of cases, a time, or both. */
static progress_line begin_line(const cli_args *args, const assay_fuzz_options *o) {
    progress_line line = {.progress = cli_progress_begin(args), .started = assay_clock_seconds()};
    if (o->cases >= 0) line.count = (size_t)((o->cases - o->first + o->stride - 1) / o->stride);
    else cli_progress_budget(line.progress, o->seconds);
    return line;
}

static assay_status read_shard(const cli_args *args, assay_fuzz_options *o, assay_error *err) {
    cli_shard shard;
    assay_status st = cli_read_shard(args, &shard, err);
    if (st || !cli_value(args, "shard")) return st;
    if (o->cases < 0)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "fuzz: --shard %s: say with --cases N how many cases all shards have together",
                          cli_value(args, "shard"));
    o->first = shard.index;
    o->stride = shard.count;
    return ASSAY_OK;
}

static assay_status read_limits(const cli_args *args, assay_fuzz_options *o, assay_error *err) {
    int64_t seed = 1, shrink = 2000;
    const int64_t largest = INT64_MAX;
    assay_status st = cli_integer(args, "seed", (const int64_t[]){0, largest}, &seed, err);
    if (!st) st = cli_integer(args, "cases", (const int64_t[]){1, largest}, &o->cases, err);
    if (!st) st = cli_integer(args, "shrink", (const int64_t[]){0, 1000000000}, &shrink, err);
    if (!st) st = cli_number(args, "time", &o->seconds, err);
    if (!st && cli_value(args, "time") && !(o->seconds > 0))
        st = assay_fail(err, ASSAY_EINPUT, NULL, "fuzz: --time is %g; it must be positive", o->seconds);
    if (!cli_value(args, "time") && o->cases < 0) o->seconds = 60;
    o->seed = (uint64_t)seed;
    o->shrink_checks = (size_t)shrink;
    return st ? st : read_shard(args, o, err);
}

/* The engine in half precision has nothing to be held against but itself. */
static assay_status read_dtype(const cli_args *args, assay_dtype *inout, assay_error *err) {
    assay_status st = cli_read_dtype(args, inout, err);
    if (st || *inout == ASSAY_F32) return st;
    if (!assay_dtype_is_half(*inout))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "fuzz: --dtype is %s; cases are fuzzed in float32, bfloat16 or float16",
                          assay_dtype_name(*inout));
    if (cli_value(args, "port") || cli_value(args, "mistake")) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL,
                      "fuzz: --dtype %s: in half precision the engine is the reference; give a --port or a --mistake",
                      assay_dtype_name(*inout));
}

static int conclude(const cli_args *args, const assay_fuzz_campaign *c, const char *folder) {
    assay_error err;
    assay_campaign_text(stdout, c, folder, cli_value(args, "all") != NULL);
    const char *json = cli_value(args, "json");
    if (json && assay_campaign_write_json(json, c, &err)) return cli_fail(&err);
    if (c->interrupted) {
        assay_fail(&err, ASSAY_EINPUT, NULL, "fuzz: interrupted after %lld cases", (long long)c->cases);
        return cli_fail(&err);
    }
    return assay_fuzz_campaign_passed(c) ? 0 : 1;
}

static int run_campaign(const cli_args *args, const assay_fuzz_options *options) {
    assay_fuzz_subject subject;
    assay_fuzz_campaign campaign;
    assay_error err;
    if (cli_fuzz_subject(args, &subject, &err)) return cli_fail(&err);
    progress_line line = begin_line(args, options);
    assay_fuzz_options shown = *options;
    shown.context = &line;
    assay_status st = assay_fuzz_campaign_run(&campaign, &subject, &shown, &err);
    cli_progress_end(line.progress);
    assay_fuzz_subject_end(&subject);
    if (st) return cli_fail(&err);
    int code = conclude(args, &campaign, options->folder);
    assay_fuzz_campaign_free(&campaign);
    return code;
}

/* Early, for a campaign may take hours until it finds something. The folder itself is made then. */
static assay_status check_folder(const char *path, assay_error *err) {
    char parent[PATH_MAX];
    struct stat s;
    bool there = stat(path, &s) == 0;
    if (path[0] == '\0' || (there && !S_ISDIR(s.st_mode)))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "fuzz: --out '%s': is no folder; choose another name for the folder of finds", path);
    snprintf(parent, sizeof parent, "%s", path);
    if (access(there ? path : dirname(parent), W_OK | X_OK) == 0) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "fuzz: --out '%s': finds cannot be written there: %s", path,
                      strerror(errno));
}

int cli_fuzz_campaign(const cli_args *args) {
    assay_fuzz_bounds bounds = assay_fuzz_bounds_default;
    bounds.plain = cli_value(args, "plain") != NULL;
    bounds.refusals = cli_value(args, "no-refusals") == NULL;
    assay_fuzz_options options = {.bounds = &bounds,
                                  .cases = -1,
                                  .stride = 1,
                                  .most_finds = 50,
                                  .folder = cli_value(args, "out") ? cli_value(args, "out") : "fuzz-finds",
                                  .progress = show,
                                  .interrupted = assay_interrupted};
    assay_error err;
    assay_status st = cli_check_output(args, "json", &err);
    if (!st) st = read_dtype(args, &bounds.dtype, &err);
    if (!st) st = read_limits(args, &options, &err);
    if (!st) st = check_folder(options.folder, &err);
    if (!st) st = cli_fuzz_start_engine(args, &err);
    return st ? cli_fail(&err) : run_campaign(args, &options);
}
