/*
 * Command lines by table: one description of a command's options serves parsing, --help, and whatever else is made from it.
 */
#ifndef ASSAY_CLI_OPTIONS_H
#define ASSAY_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/status.h"

#define CLI_MAX_OPTIONS 40 /* of one command, with those that every command has */
#define CLI_MAX_GIVEN 256  /* options on one command line */

/* One option: --name, or -letter where letter is not 0. */
typedef struct {
    const char *name;
    char letter;
    const char *argument; /* what --help calls its argument; NULL: a flag */
    const char *help;
} cli_option;

typedef struct cli_args cli_args;

/* One command of the table in main.c. */
typedef struct {
    const char *name;
    const char *summary;       /* one line */
    const char *usage;         /* arguments after the options: "GOLDEN CANDIDATE" */
    const char *examples;      /* lines, shown first by --help */
    const char *description;   /* paragraphs */
    const cli_option *options; /* ends with a NULL name; every command has --help, --quiet and --verbose besides */
    int least, most;           /* number of arguments; most -1: any */
    bool reads_hdf5;           /* of users: it runs in a process of its own (run/supervise.h) */
    bool json_is_report;       /* --json is short for --report json=FILE (cli/report_option.h) */
    int (*run)(const cli_args *args); /* returns the exit code */
} cli_command;

/* The option number `index` of a command: its own, then those of every command. NULL past the last. */
const cli_option *cli_option_at(const cli_command *command, size_t index);

/* What was given. values[i] belongs to cli_option_at(command, i): its argument, "" for a flag, NULL when absent; the last one given
 * counts. given[] has them all in order. */
struct cli_args {
    const cli_command *command;
    const char *values[CLI_MAX_OPTIONS];
    struct {
        int option;
        const char *value;
    } given[CLI_MAX_GIVEN];
    int given_count;
    char **arguments; /* those that are no options, NULL-terminated */
    int argument_count;
    char *
        *words; /* (word_count) of the command line from the command's name on, in the order of getopt: options first */
    int word_count;
    bool help, quiet, verbose;
};

/* Parses argv[1..argc) of a command (argv[0] is its name; argv is permuted). ASSAY_EINPUT for an unknown option, a missing
 * argument, or the wrong number of arguments: one line with what to do. */
assay_status cli_parse(cli_args *out, const cli_command *command, int argc, char **argv, assay_error *err);

/* The value of an option of the command, by name; NULL when it was not given. The name must exist. */
const char *cli_value(const cli_args *args, const char *name);

/* The value of the occurrence `nth` (from 0) of an option that may be given several times; NULL when there are fewer. */
const char *cli_nth_value(const cli_args *args, const char *name, int nth);

/* A whole number in [range[0], range[1]]; *inout stays when the option was not given. */
assay_status cli_integer(const cli_args *args, const char *name, const int64_t range[2], int64_t *inout,
                         assay_error *err);

/* A finite number; *inout stays when the option was not given. */
assay_status cli_number(const cli_args *args, const char *name, double *inout, assay_error *err);

void cli_print_help(FILE *out, const cli_command *command);

#endif
