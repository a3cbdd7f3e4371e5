/* Command lines: parsing, hints, and what the table of commands must keep so that help, man pages and completions can be made of it. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/kinds.h"

static const cli_option some_options[] = {{"policy", 0, "FILE", "a file"},
                                          {"threads", 't', "N", "a number"},
                                          {"require", 0, "PATTERN", "may be repeated"},
                                          {"all", 'a', NULL, "a flag"},
                                          {0}};
static const cli_command some_command = {.name = "some", .usage = "GOLDEN", .options = some_options, .most = 1};

static assay_status parse(cli_args *out, assay_error *err, const char *line) {
    static char copy[256], *words[32];
    int count = 0;
    snprintf(copy, sizeof copy, "some %s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) words[count++] = word;
    words[count] = NULL;
    return cli_parse(out, &some_command, count, words, err);
}

Test(options, values_come_by_name_letter_and_shortened) {
    cli_args args;
    assay_error err;
    cr_assert_eq(parse(&args, &err, "--policy=p x --thr 3 -a --require a --require b"), ASSAY_OK, "%s", err.message);
    cr_expect_str_eq(cli_value(&args, "policy"), "p");
    cr_expect_str_eq(cli_value(&args, "threads"), "3");
    cr_expect_str_eq(cli_value(&args, "require"), "b");
    cr_expect_str_eq(cli_nth_value(&args, "require", 0), "a");
    cr_expect_str_eq(cli_nth_value(&args, "require", 1), "b");
    cr_expect_null(cli_nth_value(&args, "require", 2));
    cr_expect_str_eq(cli_value(&args, "all"), "");
    cr_expect_eq(args.argument_count, 1);
    cr_expect_str_eq(args.arguments[0], "x");
    cr_expect_not(args.help || args.quiet || args.verbose);
}

Test(options, every_command_has_those_that_are_shared) {
    cli_args args;
    assay_error err;
    cr_assert_eq(parse(&args, &err, "-q x"), ASSAY_OK);
    cr_expect(args.quiet && !args.verbose && !args.help);
    cr_expect_str_eq(cli_value(&args, "quiet"), "");
    cr_assert_eq(parse(&args, &err, "--verb x"), ASSAY_OK);
    cr_expect(args.verbose && !args.quiet);
    cr_assert_eq(parse(&args, &err, "-h a b c"), ASSAY_OK, "help needs no arguments");
    cr_expect(args.help);
    cr_expect_eq(parse(&args, &err, "-q -v x"), ASSAY_EINPUT);
    cr_expect_str_eq(cli_option_at(&some_command, 4)->name, "quiet");
    cr_expect_null(cli_option_at(&some_command, 7));
}

static void expect_refusal(const char *line, const char *message) {
    cli_args args;
    assay_error err;
    cr_expect_eq(parse(&args, &err, line), ASSAY_EINPUT, "%s", line);
    cr_expect_str_eq(err.message, message, "%s: %s", line, err.message);
}

Test(options, refusals_say_what_may_be_meant) {
    expect_refusal("--polcy", "some: unknown option '--polcy'; did you mean '--policy'?");
    expect_refusal("--polcy=file", "some: unknown option '--polcy'; did you mean '--policy'?");
    expect_refusal("--quite", "some: unknown option '--quite'; did you mean '--quiet'?");
    expect_refusal("--xyz", "some: unknown option '--xyz'; see 'assay some --help'");
    expect_refusal("-ax", "some: unknown option '-x'; see 'assay some --help'");
    expect_refusal("--all=1", "some: option '--all' takes no argument; see 'assay some --help'");
    expect_refusal("--policy", "some: option '--policy' needs an argument; see 'assay some --help'");
    expect_refusal("-t", "some: option '-t' needs an argument; see 'assay some --help'");
    expect_refusal("a b", "some: expected GOLDEN, got 2 arguments; see 'assay some --help'");
}

/* ---- the table of commands ---- */

static void check_option(const cli_command *command, const cli_option *o, size_t index) {
    cr_expect(*o->help && !strchr(o->help, '\n') && o->help[strlen(o->help) - 1] != '.', "%s --%s: '%s'", command->name,
              o->name, o->help);
    for (const char *c = o->name; *c; c++) cr_expect(islower((unsigned char)*c) || *c == '-', "--%s", o->name);
    for (size_t i = 0; i < index; i++) {
        const cli_option *other = cli_option_at(command, i);
        cr_expect_str_neq(o->name, other->name, "%s has --%s twice", command->name, o->name);
        cr_expect(!o->letter || o->letter != other->letter, "%s has -%c twice", command->name, o->letter);
    }
}

Test(commands, tables_are_fit_for_help_man_pages_and_completions) {
    const cli_command *command;
    const cli_option *option;
    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        cr_expect_eq(cli_command_find(command->name), command);
        cr_expect_leq(strlen(command->name), 12, "%s: too long for the overview", command->name);
        cr_expect_neq(strncmp(command->usage, "[OPTIONS]", 9), 0, "%s: said twice", command->name);
        cr_expect(command->run && command->usage && command->most >= -1, "%s", command->name);
        cr_expect(!strchr(command->summary, '\n') && islower((unsigned char)command->summary[0]), "%s", command->name);
        cr_expect_eq(strncmp(command->examples, "  ", 2), 0, "%s: examples are indented", command->name);
        cr_expect_eq(command->examples[strlen(command->examples) - 1], '\n', "%s", command->name);
        cr_expect_eq(command->description[strlen(command->description) - 1], '\n', "%s", command->name);
        for (size_t k = 0; (option = cli_option_at(command, k)); k++) check_option(command, option, k);
    }
}

Test(commands, an_unknown_one_is_refused_with_a_hint) {
    assay_error err;
    cr_expect_null(cli_command_find("verif"));
    cr_expect_eq(cli_command_unknown("verif", &err), ASSAY_EINPUT);
    cr_expect_str_eq(err.message, "unknown command 'verif'; did you mean 'verify'?");
    cli_command_unknown("frobnicate", &err);
    cr_expect_str_eq(err.message, "unknown command 'frobnicate'; 'assay --help' lists the commands");
}

/* ---- what may stand in a place ---- */

static const char *choices(const char *word) {
    static char text[16384];
    cli_choices_of(word, text, sizeof text);
    return text;
}

Test(kinds, words_of_options_have_a_kind) {
    cr_expect_eq(cli_kind_of("FILE")->value, CLI_FILE);
    cr_expect_eq(cli_kind_of("SOMETHING_NEW")->value, CLI_FILE);
    cr_expect_eq(cli_kind_of("DIR")->value, CLI_FOLDER);
    cr_expect_eq(cli_kind_of("CMD")->value, CLI_PROGRAM);
    cr_expect_eq(cli_kind_of("I/N")->value, CLI_ANY);
    cr_expect_str_eq(choices("TYPE"), "float64 float32 float16 bfloat16");
    cr_expect_str_eq(choices("auto|TYPE"), "auto float64 float32 float16 bfloat16");
    cr_expect_eq(strncmp(choices("FORMAT=FILE,..."), "text= json= ", 12), 0);
    cr_expect_eq(strncmp(choices("NAME,..."), "split-above-window final-window-of-w ", 37), 0);
    cr_expect_str_eq(choices("FILE"), "");
    cr_expect(cli_kind_is_list("NAME,...") && cli_kind_is_list("FORMAT=FILE,...") && !cli_kind_is_list("FILE"));
}

Test(kinds, a_usage_says_what_stands_where) {
    cli_places p;
    cli_places_of(&(cli_command){.name = "x", .usage = "[GOLDEN... | FOLDER]"}, &p);
    cr_expect(p.files && p.folders && !*p.subcommands && !*p.choices);
    cli_places_of(&(cli_command){.name = "x", .usage = "export DIR\n       assay x [OPTIONS] score DUMPS"}, &p);
    cr_expect(!p.files && p.folders);
    cr_expect_str_eq(p.subcommands, "export score");
    cli_places_of(&(cli_command){.name = "x", .usage = "[RULE]..."}, &p);
    cr_expect(!p.files && !p.folders);
    cr_expect_eq(strncmp(p.choices, "SCHED-1 SCHED-2 ", 16), 0);
    cli_places_of(&(cli_command){.name = "x", .usage = ""}, &p);
    cr_expect(!p.files && !p.folders && !*p.choices && !*p.subcommands);
}
