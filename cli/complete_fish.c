/* assay completions fish: for a file assay.fish in a folder of $fish_complete_path. */
#include "cli/commands.h"
#include "cli/completions.h"
#include "cli/kinds.h"

static const char head[] =
    "# Completion of assay in fish, made by 'assay completions fish'.\n"
    "function __assay_is # COMMAND: whether it is the command of the line\n"
    "    set -l words (commandline -opc)\n"
    "    test (count $words) -ge 2; and test $words[2] = $argv[1]\n"
    "end\n"
    "function __assay_first # COMMAND: whether its first word is completed\n"
    "    __assay_is $argv[1]; and test (count (commandline -opc)) -eq 2\n"
    "end\n"
    "function __assay_list # NAMES: behind the commas that are there\n"
    "    set -l before (commandline -ct | string replace -r '^--[^=]*=' '' | string replace -r '[^,]*$' '')\n"
    "    printf '%s\\n' $before$argv\n"
    "end\n"
    "complete -c assay -f\n"
    "complete -c assay -n __fish_use_subcommand -s h -l help -d 'list the commands'\n"
    "complete -c assay -n __fish_use_subcommand -s V -l version -d 'say which version it is, and how it was built'\n"
    "complete -c assay -n __fish_use_subcommand -a help -d 'explain a command'\n";

static void print_argument(FILE *out, const char *word) {
    char choices[16384];
    switch (cli_kind_of(word)->value) {
    case CLI_ANY: fprintf(out, " -x"); break;
    case CLI_FILE: fprintf(out, " -r -F"); break;
    case CLI_FOLDER: fprintf(out, " -x -a '(__fish_complete_directories)'"); break;
    case CLI_PROGRAM: fprintf(out, " -x -a '(__fish_complete_command)'"); break;
    case CLI_CHOICE:
        cli_choices_of(word, choices, sizeof choices);
        if (cli_kind_has_file(word)) fprintf(out, " -r -F -a '(__assay_list %s)'", choices);
        else fprintf(out, cli_kind_is_list(word) ? " -x -a '(__assay_list %s)'" : " -x -a '%s'", choices);
    }
}

static void print_option(FILE *out, const cli_command *command, const cli_option *o) {
    fprintf(out, "complete -c assay -n '__assay_is %s'", command->name);
    if (o->letter) fprintf(out, " -s %c", o->letter);
    fprintf(out, " -l %s", o->name);
    if (o->argument) print_argument(out, o->argument);
    fprintf(out, " -d ");
    cli_print_fish_quoted(out, o->help);
    fprintf(out, "\n");
}

static void print_places(FILE *out, const cli_command *command) {
    cli_places p;
    cli_places_of(command, &p);
    const char *name = command->name;
    if (*p.subcommands) fprintf(out, "complete -c assay -n '__assay_first %s' -a '%s'\n", name, p.subcommands);
    if (*p.choices) fprintf(out, "complete -c assay -n '__assay_is %s' -a '%s'\n", name, p.choices);
    if (p.files || p.folders)
        fprintf(out, "complete -c assay -n '__assay_is %s%s%s'%s\n", name,
                *p.subcommands ? "; and not __assay_first " : "", *p.subcommands ? name : "",
                p.files ? " -F" : " -a '(__fish_complete_directories)'");
}

void cli_write_fish(FILE *out) {
    const cli_command *command;
    const cli_option *o;
    fputs(head, out);
    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        fprintf(out, "complete -c assay -n __fish_use_subcommand -a %s -d ", command->name);
        cli_print_fish_quoted(out, command->summary);
        fprintf(out, "\ncomplete -c assay -n '__assay_first help' -a %s\n", command->name);
    }
    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        for (size_t k = 0; (o = cli_option_at(command, k)); k++) print_option(out, command, o);
        print_places(out, command);
    }
}
