/* What commands share: options that mean the same everywhere, and the way errors end a command. */
#ifndef ASSAY_CLI_COMMON_H
#define ASSAY_CLI_COMMON_H

#include "cli/options.h"
#include "compare/baseline.h"
#include "compare/policy.h"
#include "compare/result.h"
#include "core/dtype.h"
#include "core/status.h"
#include "golden/port_limits.h"
#include "run/arithmetic.h"

/* Rows for tables of options. */
#define CLI_OPTION_THREADS \
    { "threads", 't', "N", "OpenMP threads (default: all cores); results do not depend on it" }
#define CLI_OPTION_POLICY \
    { "policy", 0, "FILE", "tolerances and requirements, assay-policy/1 (docs/policy.md)" }
#define CLI_OPTION_BASELINE \
    { "baseline", 0, "FILE", "an accepted run, assay-baseline/1: fail on what moved beyond noise (docs/baselines.md)" }
#define CLI_OPTIONS_ARITHMETIC                                                                                        \
    {"dtype", 0, "auto|TYPE", "what the candidate computes in: auto (default), float32, float64, bfloat16, float16"}, \
        {"weights", 0, "DIR", "folder of the weights that the candidate used in place of the golden's"}, {            \
        "model", 0, "DIR", "folder of weights, for a golden that holds none"                                          \
    }
#define CLI_OPTION_PORT \
    { "port", 0, "FILE", "what the port says that it cannot do, assay-port/1 (docs/port.md)" }
#define CLI_OPTION_JSON \
    { "json", 0, "FILE", "write the result as JSON (docs/result-json.md)" }
#define CLI_OPTION_MISTAKE                                                                            \
    {                                                                                                 \
        "mistake", 0, "NAME,...",                                                                     \
            "let the engine make these mistakes on purpose ('assay diagnose --list' shows the names)" \
    }
#define CLI_OPTION_ALL \
    { "all", 'a', NULL, "list every stage, not only those that fail" }

/* Prints "assay: <message>" to stderr and returns the exit code. That standard output cannot be written is left to the program's end to
 * say. */
int cli_fail(const assay_error *err);

/* Whether a folder is at `path`. */
bool cli_is_folder(const char *path);

/* --threads: sets up the engine's threads, of which there are `otherwise` where it is not given; 0: one for each core. */
assay_status cli_start_engine_with(const cli_args *args, int64_t otherwise, assay_error *err);

/* As above, with a thread for each core. */
assay_status cli_start_engine(const cli_args *args, assay_error *err);

/* Checks, before any work, that the file of option `name` (when given) can be written, and that it is no input: neither an
 * argument of the command nor the file of another option. */
assay_status cli_check_output(const cli_args *args, const char *name, assay_error *err);

/* The same of a path that an option holds, but for the files of other options. */
assay_status cli_check_output_path(const cli_args *args, const char *path, assay_error *err);

/* --policy: reads the file, or the defaults, and says which day it is for waivers. Release with assay_policy_free. */
assay_status cli_read_policy(const cli_args *args, assay_policy *out, assay_error *err);

/* --port: reads the file, or limits nothing. Release with assay_port_limits_free. */
assay_status cli_read_port(const cli_args *args, assay_port_limits *out, assay_error *err);

/* --dtype: float32 or float64; *inout stays when it was not given. */
assay_status cli_read_dtype(const cli_args *args, assay_dtype *inout, assay_error *err);

/* --dtype, --weights and --model of a candidate. */
assay_status cli_read_arithmetic(const cli_args *args, assay_arithmetic *out, assay_error *err);

/* Facts that a result carries: version, BLAS and its kernel, threads, the command line as a shell reads it. */
assay_status cli_add_facts(assay_result *result, const cli_args *args, assay_error *err);

/* --baseline: reads the file, or none. Release with assay_baseline_free. */
assay_status cli_read_baseline(const cli_args *args, assay_baseline *out, assay_error *err);

/* --baseline: holds the result against it. `whole`: all cases were to be run, so that one that was not vanished. */
assay_status cli_hold_baseline(const cli_args *args, assay_result *result, const assay_baseline *baseline, bool whole,
                               assay_error *err);

#endif
