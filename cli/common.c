#include "cli/common.h"

#include <cblas.h>
#include <limits.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/progress.h"
#include "core/atomic_file.h"
#include "core/shell_quote.h"
#include "core/version.h"
#include "engine/engine.h"
#include "reports/baseline_file.h"

int cli_fail(const assay_error *err) {
    /* What did not reach standard output is said once, and at the end (cli/main.c). */
    bool said_later = err->status == ASSAY_EINTERNAL && ferror(stdout);
    if (!said_later) fprintf(stderr, "assay: %s\n", err->message);
    return (int)err->status;
}

bool cli_is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

assay_status cli_start_engine_with(const cli_args *args, int64_t otherwise, assay_error *err) {
    int64_t threads = otherwise;
    assay_status st = cli_integer(args, "threads", (const int64_t[]){1, 1024}, &threads, err);
    if (st) return st;
    assay_engine_init((int)threads);
    cli_note(args, "engine: %s, kernel %s, %d threads", openblas_get_config(), openblas_get_corename(),
             omp_get_max_threads());
    return ASSAY_OK;
}

assay_status cli_start_engine(const cli_args *args, assay_error *err) { return cli_start_engine_with(args, 0, err); }

/* A file that is there already, anywhere below a folder that the command reads. */
static bool is_in_folder(const char *path, const char *folder) {
    char file[PATH_MAX], top[PATH_MAX];
    if (!cli_is_folder(folder) || !realpath(path, file) || !realpath(folder, top)) return false;
    size_t length = strlen(top);
    return strncmp(file, top, length) == 0 && file[length] == '/';
}

/* Other options that name the same file, which may not be there yet. */
static bool is_named_twice(const cli_args *args, const char *path) {
    int count = 0;
    for (int i = 0; i < CLI_MAX_OPTIONS; i++) count += args->values[i] && strcmp(args->values[i], path) == 0;
    return count > 1;
}

assay_status cli_check_output_path(const cli_args *args, const char *path, assay_error *err) {
    for (int i = 0; i < args->argument_count; i++) {
        const char *input = args->arguments[i];
        if (is_in_folder(path, input))
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: lies in %s, which this command reads; choose another name",
                              path, input);
        assay_status st = assay_output_check(path, &input, 1, err);
        if (st) return st;
    }
    return assay_output_check(path, NULL, 0, err);
}

assay_status cli_check_output(const cli_args *args, const char *name, assay_error *err) {
    const char *path = cli_value(args, name);
    if (!path) return ASSAY_OK;
    assay_status st = cli_check_output_path(args, path, err);
    if (st) return st;
    if (is_named_twice(args, path))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: is named twice; choose another name for --%s", path, name);
    const char *others[CLI_MAX_OPTIONS];
    for (int i = 0; i < CLI_MAX_OPTIONS; i++) others[i] = args->values[i] == path ? NULL : args->values[i];
    return assay_output_check(path, others, CLI_MAX_OPTIONS, err);
}

assay_status cli_read_policy(const cli_args *args, assay_policy *out, assay_error *err) {
    const char *path = cli_value(args, "policy");
    assay_date today;
    assay_policy_init(out);
    if (!path) return ASSAY_OK;
    cli_note(args, "reads %s", path);
    assay_status st = assay_date_today(&today, err);
    if (!st) st = assay_policy_read(out, path, err);
    if (!st) out->today = today;
    return st;
}

assay_status cli_read_port(const cli_args *args, assay_port_limits *out, assay_error *err) {
    const char *path = cli_value(args, "port");
    if (path) cli_note(args, "reads %s", path);
    if (path) return assay_port_limits_read(out, path, err);
    assay_port_limits_init(out);
    return ASSAY_OK;
}

assay_status cli_read_baseline(const cli_args *args, assay_baseline *out, assay_error *err) {
    const char *path = cli_value(args, "baseline");
    *out = (assay_baseline){0};
    return path ? assay_baseline_read(out, path, err) : ASSAY_OK;
}

assay_status cli_hold_baseline(const cli_args *args, assay_result *result, const assay_baseline *baseline, bool whole,
                               assay_error *err) {
    const char *path = cli_value(args, "baseline");
    return path ? assay_baseline_hold(result, baseline, path, whole, err) : ASSAY_OK;
}

assay_status cli_read_dtype(const cli_args *args, assay_dtype *inout, assay_error *err) {
    const char *name = cli_value(args, "dtype");
    if (!name) return ASSAY_OK;
    assay_dtype dtype;
    if (!assay_dtype_from_name(name, &dtype) || !assay_dtype_is_float(dtype))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s: --dtype is '%s'; the engine computes in float32, float64, bfloat16 or float16",
                          args->command->name, name);
    *inout = dtype;
    return ASSAY_OK;
}

/* "auto" is what the candidate declares or shows. */
assay_status cli_read_arithmetic(const cli_args *args, assay_arithmetic *out, assay_error *err) {
    const char *name = cli_value(args, "dtype");
    *out = (assay_arithmetic){.has_dtype = name && strcmp(name, "auto") != 0,
                              .model_dir = cli_value(args, "model"),
                              .weights_dir = cli_value(args, "weights")};
    return out->has_dtype ? cli_read_dtype(args, &out->dtype, err) : ASSAY_OK;
}

static assay_status add_command(assay_result *result, const cli_args *args, assay_error *err) {
    /* A script that works in a folder which is gone afterwards says how it was run. */
    const char *script = getenv("ASSAY_COMMAND");
    if (script && *script) return assay_result_set_fact(result, "command", script, err);
    char *command = assay_shell_join(args->words, args->word_count);
    char *line = command ? malloc(strlen(command) + sizeof "assay ") : NULL;
    assay_status st = ASSAY_OK;
    if (line) {
        stpcpy(stpcpy(line, "assay "), command);
        st = assay_result_set_fact(result, "command", line, err);
    } else {
        st = assay_fail_nomem(err, "a result");
    }
    free(command);
    free(line);
    return st;
}

assay_status cli_add_facts(assay_result *result, const cli_args *args, assay_error *err) {
    char threads[16], now[ASSAY_TIME_TEXT];
    assay_status st = assay_time_now(now, err);
    if (st) return st;
    snprintf(threads, sizeof threads, "%d", omp_get_max_threads());
    const char *facts[][2] = {{"assay", ASSAY_VERSION},
                              {"blas", openblas_get_config()},
                              {"blas_kernel", openblas_get_corename()},
                              {"threads", threads},
                              {"time", now}};
    for (size_t i = 0; !st && i < sizeof facts / sizeof *facts; i++)
        st = assay_result_set_fact(result, facts[i][0], facts[i][1], err);
    return st ? st : add_command(result, args, err);
}
