/* assay completions zsh: for a file _assay in a folder of $fpath. */
#include <string.h>

#include "cli/commands.h"
#include "cli/completions.h"
#include "cli/kinds.h"

static const char head[] =
    "#compdef assay\n"
    "# Completion of assay in zsh, made by 'assay completions zsh'.\n"
    "_assay() {\n"
    "    local context state state_descr line\n"
    "    typeset -A opt_args\n"
    "    local -a commands\n"
    "    commands=(\n";

static const char middle[] =
    "        'help:explain a command'\n"
    "    )\n"
    "    _arguments -C \\\n"
    "        '(- *)'{-h,--help}'[list the commands]' \\\n"
    "        '(- *)'{-V,--version}'[say which version it is, and how it was built]' \\\n"
    "        '1:command:->command' '*::argument:->argument' && return\n"
    "    case $state in\n"
    "    command) _describe -t commands 'assay command' commands ;;\n"
    "    argument)\n"
    "        curcontext=\"${curcontext%:*:*}:assay-$words[1]:\"\n"
    "        case $words[1] in\n"
    "        help) (( CURRENT == 2 )) && _describe -t commands 'assay command' commands ;;\n";

/* A text in single quotes, where `special` characters mean something to _arguments. */
static void print_escaped(FILE *out, const char *text, const char *special) {
    for (; *text; text++) {
        if (strchr(special, *text)) fputc('\\', out);
        if (*text == '\'') fputs("'\\'", out);
        fputc(*text, out);
    }
}

static void print_action(FILE *out, const char *word) {
    static const char *const actions[] = {
        [CLI_ANY] = " ", [CLI_FILE] = "_files", [CLI_FOLDER] = "_files -/", [CLI_PROGRAM] = "_cmdstring"};
    char choices[16384];
    cli_kind_of_value value = cli_kind_of(word)->value;
    fputc(':', out);
    print_escaped(out, word, ":\\");
    fputc(':', out);
    if (value != CLI_CHOICE) {
        fputs(actions[value], out);
        return;
    }
    cli_choices_of(word, choices, sizeof choices);
    if (cli_kind_has_file(word)) {
        fprintf(out, "_values -s , name");
        for (char *rest, *choice = strtok_r(choices, " =", &rest); choice; choice = strtok_r(NULL, " =", &rest))
            fprintf(out, " \"%s\\: \\:_files\"", choice);
    } else if (cli_kind_is_list(word)) fprintf(out, "_values -s , name %s", choices);
    else fprintf(out, "(%s)", choices);
}

/* '(-t --threads)'{-t+,--threads=}'[help]:N: ' ; one that may be repeated excludes nothing. */
static void print_option(FILE *out, const cli_option *o) {
    const char *plus = o->argument ? "+" : "", *equals = o->argument ? "=" : "";
    bool repeats = strcasestr(o->help, "may be repeated") != NULL;
    fprintf(out, "                '");
    if (strcmp(o->name, "help") == 0) fprintf(out, "(- *)");
    else if (repeats) fprintf(out, "*");
    else if (o->letter) fprintf(out, "(-%c --%s)", o->letter, o->name);
    if (o->letter) fprintf(out, "'{-%c%s,--%s%s}'[", o->letter, plus, o->name, equals);
    else fprintf(out, "--%s%s[", o->name, equals);
    print_escaped(out, o->help, "[]\\");
    fputc(']', out);
    if (o->argument) print_action(out, o->argument);
    fprintf(out, "' \\\n");
}

static void print_places(FILE *out, const cli_command *command) {
    cli_places p;
    cli_places_of(command, &p);
    const char *files = p.files ? "_files" : p.folders ? "_files -/" : "";
    if (*p.subcommands) fprintf(out, "                '1:sub-command:(%s)' \\\n", p.subcommands);
    if (*p.choices && *files)
        fprintf(out, "                '*: :{_alternative \"choices:choice:(%s)\" \"files:file:%s\"}'", p.choices,
                files);
    else if (*p.choices) fprintf(out, "                '*:choice:(%s)'", p.choices);
    else if (*files) fprintf(out, "                '*:file:%s'", files);
    else fprintf(out, "                ");
}

static void print_command(FILE *out, const cli_command *command) {
    const cli_option *o;
    fprintf(out, "        %s)\n            _arguments -s -S : \\\n", command->name);
    for (size_t i = 0; (o = cli_option_at(command, i)); i++) print_option(out, o);
    print_places(out, command);
    fprintf(out, " ;;\n");
}

void cli_write_zsh(FILE *out) {
    const cli_command *command;
    fputs(head, out);
    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        fprintf(out, "        '%s:", command->name);
        print_escaped(out, command->summary, "\\");
        fprintf(out, "'\n");
    }
    fputs(middle, out);
    for (size_t i = 0; (command = cli_command_at(i)); i++) print_command(out, command);
    fputs(
        "        esac ;;\n    esac\n}\n"
        "if [[ $funcstack[1] == _assay ]]; then _assay \"$@\"; else compdef _assay assay; fi\n",
        out);
}
