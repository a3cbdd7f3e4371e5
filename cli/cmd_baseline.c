/* assay baseline: accept a run, and see what moved since. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "compare/baseline.h"
#include "core/atomic_file.h"
#include "reports/baseline_file.h"
#include "reports/drift_text.h"
#include "reports/result_load.h"

#define LIST_LIMIT 20

/* The cases of one file join those of the others. */
static assay_status add_file(assay_result *all, const char *path, assay_error *err) {
    assay_result one = {0};
    assay_status st = assay_result_load(&one, path, err);
    for (size_t i = 0; i < one.case_count && !st; i++) st = assay_result_add_case(all, &one.cases[i], err);
    assay_result_free(&one);
    return st;
}

static assay_status load_all(assay_result *all, char *const *paths, int count, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int i = 0; i < count && !st; i++) st = add_file(all, paths[i], err);
    return st;
}

static void print_accepted(const assay_baseline *baseline, size_t left_out, const char *path) {
    size_t stages = 0;
    for (size_t i = 0; i < baseline->count; i++)
        for (int s = 0; s < ASSAY_STAGE_COUNT; s++) stages += baseline->cases[i].stages[s].places > 0;
    printf("accepted: %zu case%s, %zu stage%s -> %s\n", baseline->count, baseline->count == 1 ? "" : "s", stages,
           stages == 1 ? "" : "s", path);
    if (left_out) printf("left out: %zu stage%s\n", left_out, left_out == 1 ? " that fails" : "s that fail");
}

/* What changes in a file that is there already, which must be a baseline. */
static assay_status print_changes(assay_result *all, assay_baseline *now, const char *path, assay_error *err) {
    assay_baseline old = {0};
    if (access(path, F_OK) != 0) return ASSAY_OK;
    assay_status st = assay_baseline_read(&old, path, err);
    if (!st) st = assay_baseline_hold(all, &old, path, true, err);
    if (!st) {
        assay_baseline_keep(now, &old);
        assay_report_drifts(stdout, &all->drifts, LIST_LIMIT);
    }
    assay_baseline_free(&old);
    return st;
}

static assay_status accept_runs(const cli_args *args, assay_error *err) {
    const char *path = cli_value(args, "out");
    assay_result all = {0};
    assay_baseline baseline = {0};
    size_t left_out = 0;
    if (!path) return assay_fail(err, ASSAY_EINPUT, NULL, "baseline accept: say --out FILE, the baseline to write");
    if (strcmp(path, "-") == 0)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "baseline accept: --out names a file, and - is none; standard output has what moved");
    assay_status st = cli_check_output(args, "out", err);
    if (!st) st = load_all(&all, args->arguments + 1, args->argument_count - 1, err);
    if (!st) st = assay_baseline_of(&baseline, &all, &left_out, err);
    if (!st && baseline.count == 0)
        st =
            assay_fail(err, ASSAY_EINPUT, NULL, "baseline accept: no case was compared, so there is nothing to accept");
    if (!st) st = print_changes(&all, &baseline, path, err);
    if (!st) st = assay_baseline_write(path, &baseline, err);
    if (!st) print_accepted(&baseline, left_out, path);
    assay_baseline_free(&baseline);
    assay_result_free(&all);
    return st;
}

static assay_status show(const cli_args *args, assay_error *err) {
    assay_baseline baseline = {0};
    assay_status st = assay_baseline_read(&baseline, args->arguments[1], err);
    if (!st) assay_report_baseline(stdout, &baseline);
    assay_baseline_free(&baseline);
    return st;
}

static assay_status diff(const cli_args *args, bool *drifted, assay_error *err) {
    assay_result all = {0};
    assay_baseline baseline = {0};
    const char *path = args->arguments[1];
    bool whole = !cli_value(args, "part");
    assay_status st = assay_baseline_read(&baseline, path, err);
    if (!st) st = load_all(&all, args->arguments + 2, args->argument_count - 2, err);
    if (!st) st = assay_baseline_hold(&all, &baseline, path, whole, err);
    if (!st) assay_report_drifts(stdout, &all.drifts, cli_value(args, "all") ? SIZE_MAX : LIST_LIMIT);
    *drifted = assay_drifts_fail(&all.drifts);
    assay_baseline_free(&baseline);
    assay_result_free(&all);
    return st;
}

/* What a sub-command takes. */
typedef struct {
    const char *name;
    int least, most; /* arguments after the name; most -1: any */
    const char *arguments;
    const char *options[3]; /* that go with it */
} form;

static const form forms[] = {{"accept", 1, -1, "RESULT.json... --out FILE", {"out"}},
                             {"show", 1, 1, "FILE", {0}},
                             {"diff", 2, -1, "FILE RESULT.json...", {"part", "all"}}};
enum { form_count = sizeof forms / sizeof *forms };

static bool goes_with(const form *f, const char *option) {
    for (int i = 0; i < 3 && f->options[i]; i++)
        if (strcmp(f->options[i], option) == 0) return true;
    return false;
}

static assay_status check_form(const form *f, const cli_args *args, assay_error *err) {
    int count = args->argument_count - 1;
    if (count < f->least || (f->most >= 0 && count > f->most))
        return assay_fail(err, ASSAY_EINPUT, NULL, "baseline: say 'assay baseline %s %s'", f->name, f->arguments);
    for (const cli_option *o = args->command->options; o->name; o++)
        if (cli_value(args, o->name) && !goes_with(f, o->name))
            return assay_fail(err, ASSAY_EINPUT, NULL,
                              "baseline %s: --%s does not go with it; see 'assay baseline --help'", f->name, o->name);
    return ASSAY_OK;
}

static int baseline(const cli_args *args) {
    assay_error err;
    const form *f = NULL;
    bool drifted = false;
    for (int i = 0; i < form_count; i++)
        if (strcmp(forms[i].name, args->arguments[0]) == 0) f = &forms[i];
    if (!f) {
        assay_fail(&err, ASSAY_EINPUT, NULL, "baseline: unknown sub-command '%.80s'; say accept, show or diff",
                   args->arguments[0]);
        return cli_fail(&err);
    }
    assay_status st = check_form(f, args, &err);
    if (!st && f == &forms[0]) st = accept_runs(args, &err);
    else if (!st && f == &forms[1]) st = show(args, &err);
    else if (!st) st = diff(args, &drifted, &err);
    if (st) return cli_fail(&err);
    return drifted ? 1 : 0;
}

static const cli_option options[] = {
    {"out", 'o', "FILE", "accept: the baseline to write; what moved since an older one is printed"},
    {"part", 0, NULL, "diff: the results are a part of the cases; what was not run did not vanish"},
    CLI_OPTION_ALL,
    {0}};

const cli_command cmd_baseline = {
    .name = "baseline",
    .summary = "accept a run, and see what moved since",
    .usage =
        "accept RESULT.json... --out FILE\n"
        "       assay baseline show FILE\n"
        "       assay baseline [OPTIONS] diff FILE RESULT.json...",
    .examples =
        "  assay verify --json run.json && assay baseline accept run.json --out baseline.json\n"
        "  assay verify --baseline baseline.json            fails on drift, even inside the tolerance\n"
        "  assay baseline diff baseline.json shard-1.json shard-2.json\n",
    .description =
        "A baseline is a small file for version control: how far each stage of each case was from its golden, in "
        "noise\n"
        "floors. accept makes it of results that --json wrote, and replaces an older one; numbers that moved no more "
        "than\n"
        "noise stay as they were. diff exits 1 when something moved beyond noise or vanished (docs/baselines.md).\n",
    .options = options,
    .least = 1,
    .most = -1,
    .run = baseline};
