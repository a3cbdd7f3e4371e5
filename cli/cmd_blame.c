/* assay blame: which operation of a port is at fault? */
#include "blame/blame.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/map_option.h"
#include "cli/progress.h"
#include "reports/blame_json.h"
#include "reports/blame_text.h"

static assay_status blame_files(assay_blame *out, const assay_blame_names *names, const cli_args *args,
                                cli_progress *progress, assay_error *err) {
    assay_golden golden = {0};
    cli_candidate candidate = {0};
    assay_arithmetic arithmetic;
    assay_status st = cli_read_arithmetic(args, &arithmetic, err);
    if (!st) st = assay_golden_open(&golden, names->golden, err);
    if (!st) st = cli_candidate_open(&candidate, args, names->candidate, &golden, progress, err);
    if (!st) st = assay_blame_run(out, &golden, names->golden, cli_candidate_source(&candidate), &arithmetic, err);
    cli_candidate_close(&candidate);
    assay_golden_close(&golden);
    return st;
}

static int blame(const cli_args *args) {
    assay_error err;
    const assay_blame_names names = {args->arguments[0], args->arguments[1]};
    const char *json = cli_value(args, "json");
    assay_blame found = {0};
    assay_status st = cli_check_output(args, "json", &err);
    if (!st) st = cli_start_engine(args, &err);
    if (st) return cli_fail(&err);
    cli_progress *progress = cli_progress_begin(args);
    cli_progress_step(progress, 0, 0, names.candidate);
    st = blame_files(&found, &names, args, progress, &err);
    cli_progress_end(progress);
    if (!st) st = assay_report_blame_text(stdout, &found, names.candidate, cli_value(args, "all") != NULL, &err);
    if (!st && json) st = assay_report_blame_json(json, &found, &names, &err);
    int code = st ? cli_fail(&err) : assay_blame_found(&found);
    assay_blame_free(&found);
    return code;
}

static const cli_option options[] = {CLI_OPTION_ALL,  CLI_OPTION_MAP,     CLI_OPTIONS_ARITHMETIC,
                                     CLI_OPTION_JSON, CLI_OPTION_THREADS, {0}};

const cli_command cmd_blame = {
    .name = "blame",
    .summary = "find the operation of a port that is at fault",
    .usage = "GOLDEN CANDIDATE",
    .examples =
        "  assay blame golden.h5 port.h5\n"
        "  assay blame golden.h5 dump/ --all            every stage, with own and inherited error\n"
        "  assay blame golden.h5 port.safetensors --json blame.json\n",
    .description =
        "Runs each operation again, in float64, on the candidate's OWN inputs: what its output is off "
        "by then is its own error,\n"
        "and not that of the operations before it. The more stages the candidate holds, the nearer "
        "the blame. Exits 0 when every\n"
        "operation is right and nothing differs from the original, 1 when not.\n",
    .options = options,
    .least = 2,
    .most = 2,
    .reads_hdf5 = true,
    .run = blame};
