/* assay verify: the reference engine against goldens, stage by stage. */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/progress.h"
#include "cli/report_option.h"
#include "cli/shard.h"
#include "cli/suite.h"
#include "cli/verify_rules.h"
#include "core/atomic_file.h"
#include "core/clock.h"
#include "core/terminal_text.h"
#include "engine/variants.h"
#include "run/verify_golden.h"

/* One golden; what cannot be run is a case with an error. */
static assay_status verify_one(assay_result *result, const char *path, const assay_verify_options *options,
                               assay_error *err) {
    assay_case_result one = {0};
    assay_error why;
    double start = assay_clock_seconds();
    assay_status st = assay_verify_golden(&one, path, options, &why);
    if (st == ASSAY_EINTERNAL) {
        *err = why;
        return st;
    }
    if (st) st = assay_case_result_error(&one, path, path, &why, err);
    if (st) return st;
    one.seconds = assay_clock_seconds() - start;
    return assay_result_add_case(result, &one, err);
}

static assay_status verify_all(assay_result *result, const cli_args *args, const cli_suite *suite,
                               const assay_verify_options *options, assay_error *err) {
    assay_status st = ASSAY_OK;
    cli_progress *progress = cli_progress_begin(args);
    for (size_t i = 0; !st && i < suite->count; i++) {
        cli_progress_step(progress, i, suite->count, suite->paths[i]);
        st = verify_one(result, suite->paths[i], options, err);
    }
    cli_progress_end(progress);
    return st;
}

/* A golden that cannot be run is an error of the command, not a verdict. */
static int exit_code(const cli_args *args, const assay_result *result) {
    int code = cli_report(args, result);
    for (size_t i = 0; i < result->case_count; i++)
        if (result->cases[i].verdict == ASSAY_CASE_ERROR && code == 1) {
            if (result->case_count > 1) {
                fputs("assay: ", stderr);
                assay_terminal_put(stderr, result->cases[i].error);
                fputc('\n', stderr);
            }
            return (int)ASSAY_EINPUT;
        }
    return code;
}

static const char *const outputs[] = {"csv", "markdown"};
enum { output_count = sizeof outputs / sizeof *outputs };

/* Options of the other way of running would be ignored in silence. */
static assay_status check_mode(const cli_args *args, assay_error *err) {
    static const char *const without_rules[] = {"dtype",  "model",  "mistake",  "no-replay", "all",
                                                "policy", "report", "baseline", "shard",     NULL};
    static const char *const with_rules[] = {"csv", "markdown", NULL};
    bool rules = cli_value(args, "rules") != NULL;
    for (const char *const *name = rules ? without_rules : with_rules; *name; name++)
        if (cli_value(args, *name))
            return assay_fail(err, ASSAY_EINPUT, NULL, "verify: --%s does not go %s --rules; see 'assay verify --help'",
                              *name, rules ? "with" : "without");
    return ASSAY_OK;
}

/* All that can be refused before any work: modes, and files that cannot be written or are inputs. */
static assay_status check_arguments(const cli_args *args, assay_error *err) {
    assay_status st = check_mode(args, err);
    assay_semantics semantics;
    const char *mistakes = cli_value(args, "mistake");
    if (!st && mistakes) st = assay_variants_parse(mistakes, &semantics, err);
    for (int i = 0; !st && i < output_count; i++) st = cli_check_output(args, outputs[i], err);
    return st ? st : cli_check_reports(args, err);
}

static assay_status check_not_golden(const cli_args *args, const cli_suite *suite, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && i < output_count; i++) {
        const char *path = cli_value(args, outputs[i]);
        if (path) st = assay_output_check(path, (const char *const *)suite->paths, suite->count, err);
    }
    return st ? st : cli_check_reports_spare(args, (const char *const *)suite->paths, suite->count, err);
}

static int verify_suite(const cli_args *args, cli_suite *suite, const assay_verify_options *options) {
    assay_error err;
    cli_shard shard;
    assay_result result = {0};
    assay_baseline baseline;
    if (cli_read_shard(args, &shard, &err)) return cli_fail(&err);
    assay_status st = cli_read_baseline(args, &baseline, &err);
    if (!st) st = cli_shard_take(&shard, suite, &result, &err);
    if (!st) st = cli_add_facts(&result, args, &err);
    if (!st) st = assay_result_set_fact(&result, "dtype", assay_dtype_name(options->dtype), &err);
    if (!st) st = verify_all(&result, args, suite, options, &err);
    /* Without a name all that ships was run. */
    if (!st) st = cli_hold_baseline(args, &result, &baseline, args->argument_count == 0 && shard.count == 1, &err);
    int code = st ? cli_fail(&err) : exit_code(args, &result);
    assay_baseline_free(&baseline);
    assay_result_free(&result);
    return code;
}

static int verify(const cli_args *args) {
    assay_error err;
    assay_policy policy;
    assay_verify_options options = {.model_dir = cli_value(args, "model"),
                                    .dtype = ASSAY_F32,
                                    .policy = &policy,
                                    .mistakes = cli_value(args, "mistake"),
                                    .detail = cli_wants_detail(args),
                                    .no_replay = cli_value(args, "no-replay") != NULL};
    assay_status st = check_arguments(args, &err);
    if (!st) st = cli_start_engine(args, &err);
    if (!st) st = cli_read_dtype(args, &options.dtype, &err);
    if (!st) st = cli_read_policy(args, &policy, &err);
    if (st) return cli_fail(&err);
    cli_suite suite = {0};
    st = cli_suite_choose(&suite, args->arguments, (size_t)args->argument_count, &err);
    if (!st) st = check_not_golden(args, &suite, &err);
    int code = 0;
    if (st) code = cli_fail(&err);
    else code = cli_value(args, "rules") ? cli_verify_rules(args, &suite) : verify_suite(args, &suite, &options);
    cli_suite_free(&suite);
    assay_policy_free(&policy);
    return code;
}

static const cli_option options[] = {
    {"dtype", 0, "TYPE",
     "what the engine computes in: float32 (default) or float64; a half-precision golden keeps its type"},
    {"model", 0, "DIR", "folder of weights, for a golden that holds none"},
    {"rules", 0, NULL, "make every known mistake in the engine and see whether the goldens notice"},
    {"csv", 0, "FILE", "with --rules: write the matrix as CSV"},
    {"markdown", 0, "FILE", "with --rules: write the table of rules, mistakes and goldens as Markdown"},
    CLI_OPTION_MISTAKE,
    {"shard", 0, "I/N", "every N-th golden, from the I-th on; 'assay merge' puts the results together"},
    {"no-replay", 0, NULL, "go on from the engine's own memory, not from the golden's"},
    CLI_OPTION_ALL,
    CLI_OPTION_POLICY,
    CLI_OPTION_BASELINE,
    CLI_OPTION_REPORT,
    CLI_OPTION_JSON_REPORT,
    CLI_OPTION_THREADS,
    {0}};

const cli_command cmd_verify = {
    .name = "verify",
    .summary = "run the reference engine on goldens and diff every stage",
    .usage = "[GOLDEN... | FOLDER]",
    .examples =
        "  assay verify                                   the shipped goldens\n"
        "  assay verify golden/data/decode-flip.h5 --all         one golden, every stage listed\n"
        "  assay verify --dtype float64 --report html=out.html,junit=out.xml\n",
    .description =
        "Runs the case of each golden on the C engine and holds every stage that the golden has against it, with a\n"
        "tolerance of 8 times the noise floor that the original itself shows (docs/methodology.md).\n",
    .options = options,
    .least = 0,
    .most = -1,
    .reads_hdf5 = true,
    .json_is_report = true,
    .run = verify};
