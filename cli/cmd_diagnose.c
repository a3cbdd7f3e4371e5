/* assay diagnose: which known mistake explains a port's dump? */
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/map_option.h"
#include "cli/progress.h"
#include "golden/golden_file.h"
#include "reports/diagnosis_json.h"
#include "reports/diagnosis_text.h"
#include "run/diagnose.h"

static void show_progress(void *context, size_t done, size_t count) {
    cli_progress_step(context, done, count, "mistakes and pairs of mistakes");
}

static assay_status diagnose_files(assay_diagnosis *out, const cli_args *args, const assay_diagnosis_names *names,
                                   const assay_diagnose_options *options, assay_error *err) {
    assay_golden golden = {0};
    cli_candidate candidate = {0};
    assay_status st = assay_golden_open(&golden, names->golden, err);
    if (!st) st = cli_candidate_open(&candidate, args, names->candidate, &golden, NULL, err);
    if (!st) st = assay_diagnose(out, &golden, names->golden, cli_candidate_source(&candidate), options, err);
    cli_candidate_close(&candidate);
    assay_golden_close(&golden);
    return st;
}

static assay_status read_options(const cli_args *args, assay_diagnose_options *out, assay_error *err) {
    *out = (assay_diagnose_options){.model_dir = cli_value(args, "model"), .seconds = 8, .progress = show_progress};
    if (args->argument_count != 2)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "diagnose: give GOLDEN and CANDIDATE, or --list; see 'assay diagnose --help'");
    assay_status st = cli_check_output(args, "json", err);
    if (!st) st = cli_number(args, "seconds", &out->seconds, err);
    if (!st && !(out->seconds >= 0))
        st = assay_fail(err, ASSAY_EINPUT, NULL, "diagnose: --seconds is %g; it must not be negative", out->seconds);
    return st ? st : cli_start_engine(args, err);
}

static int diagnose(const cli_args *args) {
    if (cli_value(args, "list")) {
        assay_report_mistakes(stdout);
        return 0;
    }
    assay_error err;
    assay_diagnose_options options;
    if (read_options(args, &options, &err)) return cli_fail(&err);
    options.context = cli_progress_begin(args);
    const assay_diagnosis_names names = {args->arguments[0], args->arguments[1]};
    assay_diagnosis diagnosis = {0};
    assay_status st = diagnose_files(&diagnosis, args, &names, &options, &err);
    cli_progress_end(options.context);
    if (!st) st = assay_report_diagnosis_text(stdout, &diagnosis, &names, &err);
    const char *json = cli_value(args, "json");
    if (!st && json) st = assay_report_diagnosis_json(json, &diagnosis, &names, &err);
    int code = st ? cli_fail(&err) : diagnosis.verdict == ASSAY_DIAGNOSIS_MATCH ? 0 : 1;
    assay_diagnosis_free(&diagnosis);
    return code;
}

static const cli_option options[] = {
    {"list", 'l', NULL, "list the known mistakes and their names"},
    {"seconds", 0, "S", "time in all (default 8); single mistakes are always tried, pairs in what is left"},
    {"model", 0, "DIR", "folder of weights, for a golden that holds none"},
    CLI_OPTION_MAP,
    CLI_OPTION_JSON,
    CLI_OPTION_THREADS,
    {0}};

const cli_command cmd_diagnose = {.name = "diagnose",
                                  .summary = "find the known mistake that explains a port's dump",
                                  .usage = "GOLDEN CANDIDATE",
                                  .examples =
                                      "  assay diagnose golden.h5 port.h5\n"
                                      "  assay diagnose golden.h5 port.safetensors --json diagnosis.json\n"
                                      "  assay diagnose --list\n",
                                  .description =
                                      "Runs the golden's case with each known mistake made on purpose, then with "
                                      "pairs, and ranks what comes closest to the\n"
                                      "candidate's tensors. Any subset of the tensors will do, logits alone too. Exits "
                                      "0 when the candidate matches the golden,\n"
                                      "1 when it does not, explained or not.\n",
                                  .options = options,
                                  .least = 0,
                                  .most = 2,
                                  .reads_hdf5 = true,
                                  .run = diagnose};
