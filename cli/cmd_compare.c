/* assay compare: a port's dump against a golden. */
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "compare/candidate.h"
#include "compare/compare.h"
#include "compare/source_file.h"
#include "golden/golden_file.h"
#include "run/arithmetic.h"

/* --dtype: "auto" is what the candidate declares or shows. */
static assay_status read_dtype(const cli_args *args, assay_arithmetic *out, assay_error *err) {
    const char *name = cli_value(args, "dtype");
    if (!name || strcmp(name, "auto") == 0) return ASSAY_OK;
    out->has_dtype = true;
    return cli_read_dtype(args, &out->dtype, err);
}

static assay_status compare_sources(assay_case_result *out, const assay_golden *file, const assay_source *candidate,
                                    const cli_args *args, const assay_policy *policy, assay_error *err) {
    assay_source golden = {0};
    assay_status st = assay_source_of_file(&golden, file, args->arguments[0], err);
    const assay_compare_options options = {.name = file->has_case ? file->test_case.name : args->arguments[0],
                                           .policy = policy,
                                           .require_all = cli_value(args, "require-all") != NULL};
    assay_arithmetic arithmetic = {.model_dir = cli_value(args, "model"), .weights_dir = cli_value(args, "weights")};
    if (!st) st = read_dtype(args, &arithmetic, err);
    if (!st) st = assay_compare_arithmetic(out, file, &golden, candidate, &arithmetic, &options, err);
    assay_source_close(&golden);
    return st;
}

static assay_status compare_paths(assay_result *result, const cli_args *args, const assay_policy *policy,
                                  assay_error *err) {
    assay_golden golden = {0};
    assay_candidate *candidate = NULL;
    assay_case_result one = {0};
    assay_status st = assay_golden_open(&golden, args->arguments[0], err);
    if (!st) st = assay_candidate_open(&candidate, args->arguments[1], err);
    if (!st) st = compare_sources(&one, &golden, assay_candidate_source(candidate), args, policy, err);
    if (!st) st = assay_result_add_case(result, &one, err);
    if (!st) st = cli_add_facts(result, err);
    assay_candidate_close(candidate);
    assay_golden_close(&golden);
    return st;
}

static int compare(const cli_args *args) {
    assay_error err;
    assay_policy policy;
    if (cli_check_output(args, "json", &err) || cli_start_engine(args, &err) || cli_read_policy(args, &policy, &err))
        return cli_fail(&err);
    assay_result result = {0};
    assay_status st = compare_paths(&result, args, &policy, &err);
    int code = st ? cli_fail(&err) : cli_report(args, &result);
    assay_result_free(&result);
    assay_policy_free(&policy);
    return code;
}

static const cli_option options[] = {
    {"dtype", 0, "TYPE", "what the candidate computes in: auto (default), float32, float64, bfloat16, float16"},
    {"weights", 0, "DIR", "folder of the weights that the candidate used in place of the golden's"},
    {"model", 0, "DIR", "folder of weights, for a golden that holds none"},
    {"require-all", 0, NULL, "a stage that the candidate lacks is a failure"},
    CLI_OPTION_THREADS,
    CLI_OPTION_ALL,
    CLI_OPTION_POLICY,
    CLI_OPTION_JSON,
    {0},
};

const cli_command cmd_compare = {
    .name = "compare",
    .summary = "hold a port's dump against a golden",
    .usage = "GOLDEN CANDIDATE",
    .examples =
        "  assay compare golden.h5 port.h5\n"
        "  assay compare golden.h5 port.safetensors\n"
        "  assay compare golden.h5 folder/      .npy files, such as steps/0/logits.npy\n"
        "  assay compare golden.h5 port.h5 --policy policy.json --json result.json\n"
        "  assay compare golden.h5 port.h5 --dtype bfloat16       a port that computes in bfloat16\n"
        "  assay compare golden.h5 port.h5 --weights quantised/   a port whose weights were rounded\n",
    .description =
        "Aligns the stages of two files (docs/golden-format.md) and judges each. The first is the truth: a golden, "
        "whose\n"
        "noise floors make the tolerances, or any dump. The second may also be a .safetensors file or a folder of "
        ".npy\n"
        "files. A candidate in bfloat16 or float16 is judged by the noise of that arithmetic, as the engine's run of "
        "the case\n"
        "shows it. What the candidate lacks is listed, and fails only where it is required. Exits 0 on a match and 1 "
        "on a\n"
        "mismatch.\n",
    .options = options,
    .least = 2,
    .most = 2,
    .run = compare,
};
