#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/nearest.h"

enum { first_code = 1000 }; /* of getopt, above all letters */

/* The options of every command. */
static const cli_option shared[] = {
    {"quiet", 'q', NULL, "print nothing but errors; the exit code is the verdict"},
    {"verbose", 'v', NULL, "say on stderr what is read and run, with what, and how long it takes"},
    {"help", 'h', NULL, "show this text"},
};
enum { shared_count = sizeof shared / sizeof *shared };

static size_t own_count(const cli_command *command) {
    size_t n = 0;
    while (command->options && command->options[n].name) n++;
    assert(n + shared_count <= CLI_MAX_OPTIONS);
    return n;
}

static size_t option_count(const cli_command *command) { return own_count(command) + shared_count; }

const cli_option *cli_option_at(const cli_command *command, size_t index) {
    size_t own = own_count(command);
    if (index < own) return &command->options[index];
    return index - own < shared_count ? &shared[index - own] : NULL;
}

/* getopt's two descriptions of the same options. */
static void build_tables(const cli_command *command, struct option *longs, char *letters) {
    size_t n = option_count(command);
    *letters++ = ':'; /* tells a missing argument from an unknown option */
    for (size_t i = 0; i < n; i++) {
        const cli_option *o = cli_option_at(command, i);
        longs[i] = (struct option){o->name, o->argument ? required_argument : no_argument, NULL, first_code + (int)i};
        if (!o->letter) continue;
        *letters++ = o->letter;
        if (o->argument) *letters++ = ':';
    }
    longs[n] = (struct option){0};
    *letters = '\0';
}

static int index_of_letter(const cli_command *command, int letter) {
    for (size_t i = 0; i < option_count(command); i++)
        if (cli_option_at(command, i)->letter == letter) return (int)i;
    return -1;
}

static assay_status unknown_option(const cli_command *command, const char *word, assay_error *err) {
    const char *name = word + strspn(word, "-");
    size_t length = strcspn(name, "=");
    assay_nearest near = assay_nearest_begin(name, length);
    for (size_t i = 0; i < option_count(command); i++) assay_nearest_offer(&near, cli_option_at(command, i)->name);
    char what[80];
    snprintf(what, sizeof what, "%.*s", (int)(length + (size_t)(name - word)), word);
    if (near.best)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: unknown option '%s'; did you mean '--%s'?", command->name, what,
                          near.best);
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: unknown option '%s'; see 'assay %s --help'", command->name, what,
                      command->name);
}

/* `code` is what getopt returned, and `word` what it was about. */
static assay_status bad_option(const cli_command *command, int code, const char *word, assay_error *err) {
    if (code == ':')
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: option '%s' needs an argument; see 'assay %s --help'",
                          command->name, word, command->name);
    if (optopt >= first_code)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: option '--%s' takes no argument; see 'assay %s --help'",
                          command->name, cli_option_at(command, (size_t)(optopt - first_code))->name, command->name);
    return unknown_option(command, word, err);
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

static assay_status take_option(cli_args *args, int code, assay_error *err) {
    const cli_command *command = args->command;
    int index = code >= first_code ? code - first_code : index_of_letter(command, code);
    args->values[index] = cli_option_at(command, (size_t)index)->argument ? optarg : "";
    if (args->given_count == CLI_MAX_GIVEN)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: more than %d options", command->name, CLI_MAX_GIVEN);
    args->given[args->given_count].option = index;
    args->given[args->given_count++].value = args->values[index];
    return ASSAY_OK;
}

static assay_status parse_options(cli_args *args, int argc, char **argv, assay_error *err) {
    struct option longs[CLI_MAX_OPTIONS + 1];
    char letters[2 * CLI_MAX_OPTIONS + 2];
    build_tables(args->command, longs, letters);
    opterr = 0;
    optind = 0; /* glibc: start over */
    for (;;) {
        int code = getopt_long(argc, argv, letters, longs, NULL);
        if (code == -1) return ASSAY_OK;
        if (code == '?' || code == ':') {
            char short_word[] = {'-', (char)optopt, '\0'};
            bool is_letter = optopt > 0 && optopt < first_code && strncmp(argv[optind - 1], "--", 2) != 0;
            return bad_option(args->command, code, is_letter ? short_word : argv[optind - 1], err);
        }
        assay_status st = take_option(args, code, err);
        if (st) return st;
    }
}

assay_status cli_parse(cli_args *out, const cli_command *command, int argc, char **argv, assay_error *err) {
    cli_args args = {.command = command};
    assay_status st = parse_options(&args, argc, argv, err);
    if (st) return st;
    args.arguments = argv + optind;
    args.argument_count = argc - optind;
    args.words = argv;
    args.word_count = argc;
    args.help = cli_value(&args, "help") != NULL;
    args.quiet = cli_value(&args, "quiet") != NULL;
    args.verbose = cli_value(&args, "verbose") != NULL;
    if (args.quiet && args.verbose)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: --quiet and --verbose do not go together", command->name);
    st = check_count(&args, err);
    if (!st) *out = args;
    return st;
}

const char *cli_value(const cli_args *args, const char *name) {
    for (size_t i = 0; i < option_count(args->command); i++)
        if (strcmp(cli_option_at(args->command, i)->name, name) == 0) return args->values[i];
    assert(false && "no such option");
    return NULL;
}

const char *cli_nth_value(const cli_args *args, const char *name, int nth) {
    for (int i = 0; i < args->given_count; i++)
        if (strcmp(cli_option_at(args->command, (size_t)args->given[i].option)->name, name) == 0 && nth-- == 0)
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

static void print_option(FILE *out, const cli_option *o) {
    char left[64];
    char letter_text[8] = "    ";
    if (o->letter) snprintf(letter_text, sizeof letter_text, "-%c, ", o->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s", letter_text, o->name, o->argument ? " " : "",
             o->argument ? o->argument : "");
    fprintf(out, "%-32s%s\n", left, o->help);
}

void cli_print_help(FILE *out, const cli_command *command) {
    fprintf(out, "assay %s - %s\n\nExamples:\n%s\nUsage: assay %s [OPTIONS] %s\n\n%s\nOptions:\n", command->name,
            command->summary, command->examples, command->name, command->usage, command->description);
    for (size_t i = 0; i < option_count(command); i++) print_option(out, cli_option_at(command, i));
}
