#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { help_code = 1000, first_code = 1001 };

static size_t option_count(const cli_command *command) {
    size_t n = 0;
    while (command->options && command->options[n].name) n++;
    assert(n <= CLI_MAX_OPTIONS);
    return n;
}

/* getopt's two descriptions of the same options. */
static void build_tables(const cli_command *command, struct option *longs, char *letters) {
    size_t n = option_count(command);
    *letters++ = ':'; /* tells a missing argument from an unknown option */
    for (size_t i = 0; i < n; i++) {
        const cli_option *o = &command->options[i];
        longs[i] = (struct option){o->name, o->argument ? required_argument : no_argument, NULL, first_code + (int)i};
        if (!o->letter) continue;
        *letters++ = o->letter;
        if (o->argument) *letters++ = ':';
    }
    longs[n] = (struct option){"help", no_argument, NULL, help_code};
    longs[n + 1] = (struct option){0};
    *letters++ = 'h';
    *letters = '\0';
}

static int index_of_letter(const cli_command *command, int letter) {
    for (size_t i = 0; i < option_count(command); i++)
        if (command->options[i].letter == letter) return (int)i;
    return -1;
}

static assay_status bad_option(const cli_command *command, int code, char *word, assay_error *err) {
    if (code == ':')
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: option '%s' needs an argument; see 'assay %s --help'",
                          command->name, word, command->name);
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: unknown option '%s'; see 'assay %s --help'", command->name, word,
                      command->name);
}

static assay_status check_count(const cli_args *args, assay_error *err) {
    const cli_command *c = args->command;
    if (args->help || (args->argument_count >= c->least && (c->most < 0 || args->argument_count <= c->most)))
        return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: expected %s%s, got %d argument%s; see 'assay %s --help'", c->name,
                      !*c->usage               ? "no arguments"
                      : strchr(c->usage, '\n') ? "more arguments"
                                               : c->usage,
                      "", args->argument_count, args->argument_count == 1 ? "" : "s", c->name);
}

assay_status cli_parse(cli_args *out, const cli_command *command, int argc, char **argv, assay_error *err) {
    struct option longs[CLI_MAX_OPTIONS + 2];
    char letters[2 * CLI_MAX_OPTIONS + 4];
    build_tables(command, longs, letters);
    cli_args args = {.command = command};
    opterr = 0;
    optind = 0; /* glibc: start over */
    for (;;) {
        int code = getopt_long(argc, argv, letters, longs, NULL);
        if (code == -1) break;
        if (code == '?' || code == ':') {
            char short_word[] = {'-', (char)optopt, '\0'};
            bool is_letter = optopt > 0 && optopt < help_code && strncmp(argv[optind - 1], "--", 2) != 0;
            return bad_option(command, code, is_letter ? short_word : argv[optind - 1], err);
        }
        if (code == 'h' || code == help_code) args.help = true;
        else {
            int index = code >= first_code ? code - first_code : index_of_letter(command, code);
            args.values[index] = command->options[index].argument ? optarg : "";
            if (args.given_count == CLI_MAX_GIVEN)
                return assay_fail(err, ASSAY_EINPUT, NULL, "%s: more than %d options", command->name, CLI_MAX_GIVEN);
            args.given[args.given_count].option = index;
            args.given[args.given_count++].value = args.values[index];
        }
    }
    args.arguments = argv + optind;
    args.argument_count = argc - optind;
    args.words = argv;
    args.word_count = argc;
    assay_status st = check_count(&args, err);
    if (!st) *out = args;
    return st;
}

const char *cli_value(const cli_args *args, const char *name) {
    for (size_t i = 0; i < option_count(args->command); i++)
        if (strcmp(args->command->options[i].name, name) == 0) return args->values[i];
    assert(false && "no such option");
    return NULL;
}

const char *cli_nth_value(const cli_args *args, const char *name, int nth) {
    for (int i = 0; i < args->given_count; i++)
        if (strcmp(args->command->options[args->given[i].option].name, name) == 0 && nth-- == 0)
            return args->given[i].value;
    return NULL;
}

assay_status cli_integer(const cli_args *args, const char *name, const int64_t range[2], int64_t *inout,
                         assay_error *err) {
    const char *text = cli_value(args, name);
    if (!text) return ASSAY_OK;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < range[0] || value > range[1])
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: --%s is '%s'; it must be a whole number from %lld to %lld",
                          args->command->name, name, text, (long long)range[0], (long long)range[1]);
    *inout = value;
    return ASSAY_OK;
}

assay_status cli_number(const cli_args *args, const char *name, double *inout, assay_error *err) {
    const char *text = cli_value(args, name);
    if (!text) return ASSAY_OK;
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: --%s is '%s'; it must be a finite number", args->command->name,
                          name, text);
    *inout = value;
    return ASSAY_OK;
}

static void print_option(FILE *out, char letter, const char *name, const char *argument, const char *help) {
    char left[64];
    char letter_text[8] = "    ";
    if (letter) snprintf(letter_text, sizeof letter_text, "-%c, ", letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter_text, name, argument ? " " : "", argument ? argument : "");
    fprintf(out, "%-32s%s\n", left, help);
}

void cli_print_help(FILE *out, const cli_command *command) {
    fprintf(out, "assay %s - %s\n\nExamples:\n%s\nUsage: assay %s [OPTIONS] %s\n\n%s\nOptions:\n", command->name,
            command->summary, command->examples, command->name, command->usage, command->description);
    for (size_t i = 0; i < option_count(command); i++) {
        const cli_option *o = &command->options[i];
        print_option(out, o->letter, o->name, o->argument, o->help);
    }
    print_option(out, 'h', "help", NULL, "show this text");
}
