/* assay: finds the command, parses its options by its table, runs it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/suite.h"
#include "core/version.h"
#include "run/supervise.h"

/* A command that takes longer has its files looked at, each for so long: they may be damaged. */
#define LOOK_AFTER_SECONDS 10
#define LOOK_SECONDS 10

static const cli_command *const commands[] = {&cmd_verify, &cmd_compare, &cmd_blame,   &cmd_diagnose, &cmd_conformance,
                                              &cmd_fuzz,   &cmd_run,     &cmd_inspect, &cmd_report};
enum { command_count = sizeof commands / sizeof *commands };

static void print_overview(FILE *out) {
    fprintf(out,
            "assay - proves that a port of LongLLaMA computes what the original computes\n\n"
            "Examples:\n"
            "  assay verify                          check the reference engine against the shipped goldens\n"
            "  assay compare GOLDEN.h5 DUMP.h5       hold a port's dump against a golden\n"
            "  assay blame GOLDEN.h5 DUMP.h5         find the operation of the port that is at fault\n"
            "  assay diagnose GOLDEN.h5 DUMP.h5      find the known mistake that explains the dump\n"
            "  assay conformance score DUMPS         score a port's dumps of the shipped cases, rule by rule\n"
            "  assay fuzz --port CMD                 search for a case that a port computes differently\n"
            "  assay run MODEL --case C.json --out D.h5\n\n"
            "Commands:\n");
    for (int i = 0; i < command_count; i++) fprintf(out, "  %-13s%s\n", commands[i]->name, commands[i]->summary);
    fprintf(out,
            "\n'assay COMMAND --help' explains a command. Exit codes: 0 match, 1 mismatch, 2 bad input, 3 internal "
            "error.\n");
}

static const cli_command *find_command(const char *name) {
    for (int i = 0; i < command_count; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

static int run_command(const cli_command *command, int argc, char **argv) {
    cli_args args;
    assay_error err;
    if (cli_parse(&args, command, argc, argv, &err)) return cli_fail(&err);
    if (!args.help) return command->run(&args);
    cli_print_help(stdout, command);
    return 0;
}

static bool is_one_of(const char *word, const char *a, const char *b) {
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

static int dispatch(int argc, char **argv) {
    if (argc < 2) {
        print_overview(stderr);
        return 2;
    }
    if (is_one_of(argv[1], "--help", "-h") || is_one_of(argv[1], "help", "help")) {
        print_overview(stdout);
        return 0;
    }
    if (is_one_of(argv[1], "--version", "-V")) {
        printf("assay %s\n", ASSAY_VERSION);
        return 0;
    }
    const cli_command *command = find_command(argv[1]);
    if (command) return run_command(command, argc - 1, argv + 1);
    fprintf(stderr, "assay: unknown command '%s'; 'assay --help' lists the commands\n", argv[1]);
    return 2;
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
    const cli_command *command = argc > 1 ? find_command(argv[1]) : NULL;
    if (!command || !command->reads_hdf5) return run(argc, argv);
    cli_suite shipped = {0};
    char *const *paths = input_paths(argc, argv, &shipped);
    const assay_work work = {run, argc, argv, paths, LOOK_AFTER_SECONDS, LOOK_SECONDS};
    int code = assay_supervise(&work);
    cli_suite_free(&shipped);
    return code;
}
