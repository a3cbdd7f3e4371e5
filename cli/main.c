/* assay: finds the command, parses its options by its table, runs it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/overview.h"
#include "cli/progress.h"
#include "cli/report_option.h"
#include "cli/suite.h"
#include "cli/version_text.h"
#include "core/clock.h"
#include "core/shell_quote.h"
#include "run/supervise.h"

/* A command that takes longer has its files looked at, each for so long: they may be damaged. */
#define LOOK_AFTER_SECONDS 10
#define LOOK_SECONDS 10

/* --verbose: the command line as it was understood. */
static void note_command(const cli_args *args) {
    char *line = assay_shell_join(args->words, args->word_count);
    if (line) cli_note(args, "runs: assay %s", line);
    free(line);
}

static int run_parsed(const cli_args *args) {
    if (args->help) {
        cli_print_help(stdout, args->command);
        return 0;
    }
    assay_error err;
    bool silent = args->quiet && !cli_reports_use_stdout(args); /* a report is asked for */
    if (silent && !freopen("/dev/null", "w", stdout)) {
        assay_fail(&err, ASSAY_EINTERNAL, NULL, "/dev/null: cannot be opened: %s", strerror(errno));
        return cli_fail(&err);
    }
    double start = assay_clock_seconds();
    note_command(args);
    int code = args->command->run(args);
    cli_note(args, "took %.2f s; exit code %d", assay_clock_seconds() - start, code);
    return code;
}

static int run_command(const cli_command *command, int argc, char **argv) {
    cli_args args;
    assay_error err;
    return cli_parse(&args, command, argc, argv, &err) ? cli_fail(&err) : run_parsed(&args);
}

static bool is_one_of(const char *word, const char *a, const char *b) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int dispatch(int argc, char **argv) {
    if (argc < 2) {
        cli_print_overview(stderr);
        return 2;
    }
    bool is_help = strcmp(argv[1], "help") == 0;
    if (is_one_of(argv[1], "--help", "-h") || (is_help && (argc < 3 || strcmp(argv[2], "help") == 0))) {
        cli_print_overview(stdout);
        return 0;
    }
    if (is_one_of(argv[1], "--version", "-V")) {
        cli_print_version(stdout);
        return 0;
    }
    assay_error err;
    const char *name = argv[is_help ? 2 : 1];
    const cli_command *command = cli_command_find(name);
    if (!command) {
        cli_command_unknown(name, &err);
        return cli_fail(&err);
    }
    if (!is_help) return run_command(command, argc - 1, argv + 1);
    cli_print_help(stdout, command);
    return 0;
}

/* Output that did not arrive is a failure, whatever the verdict. */
static int run(int argc, char **argv) {
    int code = dispatch(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "assay: cannot write to standard output\n");
    return 2;
}

/* The shipped goldens are read where none is named. */
static char *const *input_paths(int argc, char **argv, cli_suite *shipped) {
    for (int i = 2; i < argc; i++)
        if (access(argv[i], F_OK) == 0) return argv + 2;
    return cli_suite_shipped(shipped, NULL) ? argv + argc : shipped->paths;
}

int main(int argc, char **argv) {
    const cli_command *command = argc > 1 ? cli_command_find(argv[1]) : NULL;
    if (!command || !command->reads_hdf5) return run(argc, argv);
    cli_suite shipped = {0};
    char *const *paths = input_paths(argc, argv, &shipped);
    const assay_work work = {run, argc, argv, paths, LOOK_AFTER_SECONDS, LOOK_SECONDS};
    int code = assay_supervise(&work);
    cli_suite_free(&shipped);
    return code;
}
