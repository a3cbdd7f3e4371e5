/* assay compare: a port's dump against a golden. */
#include <string.h>
#include <unistd.h>

#include "cli/closer_look.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/compare_suggest.h"
#include "cli/map_option.h"
#include "cli/progress.h"
#include "cli/report_option.h"
#include "compare/compare.h"
#include "compare/source_file.h"
#include "golden/golden_file.h"
#include "run/golden_facts.h"

/* What the command line names besides the files. */
typedef struct {
    assay_policy policy;
    assay_port_limits port;
    assay_baseline baseline;
    cli_progress *progress;
} terms;

/* --policy, and what --require adds to it. */
static assay_status read_policy(const cli_args *args, assay_policy *out, assay_error *err) {
    assay_status st = cli_read_policy(args, out, err);
    if (st) return st;
    const char *pattern;
    for (int i = 0; !st && (pattern = cli_nth_value(args, "require", i)); i++)
        st = assay_policy_require(out, pattern, "compare: --require", err);
    if (st) assay_policy_free(out);
    return st;
}

static void free_terms(terms *t) {
    assay_policy_free(&t->policy);
    assay_port_limits_free(&t->port);
    assay_baseline_free(&t->baseline);
}

static assay_status read_terms(const cli_args *args, terms *out, assay_error *err) {
    assay_status st = read_policy(args, &out->policy, err);
    if (st) return st;
    st = cli_read_port(args, &out->port, err);
    if (!st) st = cli_read_baseline(args, &out->baseline, err);
    if (st) free_terms(out);
    return st;
}

/* Why the port says that it cannot run the golden's case; "" when it does not. */
static assay_status hold_against_port(const assay_golden *golden, const cli_args *args, const terms *t, char *why,
                                      size_t why_nbytes, assay_error *err) {
    *why = '\0';
    if (!cli_value(args, "port")) return ASSAY_OK;
    if (!golden->has_case)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: the file holds no case, so --port cannot be held against it; leave it out",
                          args->arguments[0]);
    assay_port_supports(&t->port, &golden->test_case, assay_golden_config(golden), why, why_nbytes);
    return ASSAY_OK;
}

static assay_status compare_sources(assay_case_result *out, const assay_golden *file, const assay_source *candidate,
                                    const cli_args *args, const terms *t, assay_error *err) {
    assay_source golden = {0};
    assay_status st = assay_source_of_file(&golden, file, args->arguments[0], err);
    const assay_compare_options options = {.name = file->has_case ? file->test_case.name : args->arguments[0],
                                           .policy = &t->policy,
                                           .require_all = cli_value(args, "require-all") != NULL,
                                           .detail = cli_wants_detail(args)};
    assay_arithmetic arithmetic;
    if (!st) st = cli_read_arithmetic(args, &arithmetic, err);
    if (!st) st = assay_compare_arithmetic(out, file, &golden, candidate, &arithmetic, &options, err);
    if (!st) st = assay_golden_add_facts(out, file, err);
    if (!st && cli_wants_detail(args) && !cli_value(args, "no-findings"))
        st = cli_look_closer(out, file, candidate, &arithmetic, t->progress, err);
    assay_source_close(&golden);
    return st;
}

/* What the port says that it cannot run needs no dump; where there is one it is judged all the same. */
static assay_status compare_case(assay_case_result *out, const assay_golden *golden, const cli_args *args,
                                 const terms *t, assay_error *err) {
    char why[sizeof out->unsupported];
    cli_candidate candidate = {0};
    assay_status st = hold_against_port(golden, args, t, why, sizeof why, err);
    if (st) return st;
    if (*why && access(args->arguments[1], F_OK) != 0)
        return assay_case_result_unsupported(out, golden->test_case.name, args->arguments[0], why, err);
    st = cli_candidate_open(&candidate, args, args->arguments[1], golden, t->progress, err);
    if (!st) st = compare_sources(out, golden, cli_candidate_source(&candidate), args, t, err);
    if (!st && out->verdict != ASSAY_CASE_UNSUPPORTED) memcpy(out->unsupported, why, sizeof why);
    cli_candidate_close(&candidate);
    return st;
}

static assay_status compare_paths(assay_result *result, const cli_args *args, const terms *t, assay_error *err) {
    assay_golden golden = {0};
    assay_case_result one = {0};
    assay_status st = assay_golden_open(&golden, args->arguments[0], err);
    if (!st) st = compare_case(&one, &golden, args, t, err);
    if (!st) st = assay_result_add_case(result, &one, err);
    if (!st) st = cli_add_facts(result, args, err);
    if (!st) st = cli_hold_baseline(args, result, &t->baseline, false, err);
    assay_case_result_free(&one); /* what was compared before something failed; the result has taken it else */
    assay_golden_close(&golden);
    return st;
}

static int compare(const cli_args *args) {
    assay_error err;
    terms t = {0};
    if (cli_value(args, "suggest-map")) return cli_compare_suggest(args);
    if (cli_value(args, "out")) {
        assay_fail(&err, ASSAY_EINPUT, NULL, "compare: --out is for the mapping that --suggest-map proposes");
        return cli_fail(&err);
    }
    if (cli_check_reports(args, &err) || cli_start_engine(args, &err) || read_terms(args, &t, &err))
        return cli_fail(&err);
    assay_result result = {0};
    t.progress = cli_progress_begin(args);
    cli_progress_step(t.progress, 0, 0, args->arguments[1]);
    assay_status st = compare_paths(&result, args, &t, &err);
    cli_progress_end(t.progress);
    int code = st ? cli_fail(&err) : cli_report(args, &result);
    assay_result_free(&result);
    free_terms(&t);
    return code;
}

static const cli_option options[] = {
    {"require-all", 0, NULL, "a stage that the candidate lacks is a failure"},
    {"require", 0, "PATTERN", "stages that must be there, such as 'past/*' (docs/policy.md); may be repeated"},
    CLI_OPTIONS_ARITHMETIC,
    CLI_OPTION_MAP,
    {"suggest-map", 0, NULL,
     "propose a mapping instead of comparing: which tensor is which stage, and how sure that is"},
    {"out", 0, "FILE", "write the proposed mapping, for --map"},
    CLI_OPTION_THREADS,
    CLI_OPTION_ALL,
    CLI_OPTION_POLICY,
    CLI_OPTION_PORT,
    CLI_OPTION_BASELINE,
    CLI_OPTION_REPORT,
    CLI_OPTION_JSON_REPORT,
    {"no-findings", 0, NULL, "let reports of a mismatch do without what diagnose and blame say of it"},
    {0}};

const cli_command cmd_compare = {
    .name = "compare",
    .summary = "hold a port's dump against a golden",
    .usage = "GOLDEN CANDIDATE",
    .examples =
        "  assay compare golden.h5 port.h5\n"
        "  assay compare golden.h5 port.safetensors\n"
        "  assay compare golden.h5 folder/      .npy files, such as steps/0/logits.npy; or port.zip, port.npz\n"
        "  assay compare golden.h5 port.npz --suggest-map --out map.json\n"
        "  assay compare golden.h5 port.npz --map map.json\n"
        "  assay compare golden.h5 port.h5 --require logits --require 'past/*'\n"
        "  assay compare golden.h5 port.h5 --policy policy.json --report html=report.html,json=result.json\n"
        "  assay compare golden.h5 port.h5 --dtype bfloat16       a port that computes in bfloat16\n"
        "  assay compare golden.h5 port.h5 --weights quantised/   a port whose weights were rounded\n",
    .description =
        "Aligns the stages of two files (docs/golden-format.md) and judges each. The "
        "first is the truth: a golden, whose\n"
        "noise floors make the tolerances, or any dump. The second may also be a "
        ".safetensors file or a folder of .npy\n"
        "files. A candidate in bfloat16 or float16 is judged by the noise of that arithmetic, as the engine's run of "
        "the case\n"
        "shows it. What the candidate lacks is listed, and fails only where it is required. Exits 0 on a match and 1 "
        "on a\n"
        "mismatch, or when the port cannot run the case: then nothing was compared.\n",
    .options = options,
    .least = 2,
    .most = 2,
    .reads_hdf5 = true,
    .json_is_report = true,
    .run = compare};
