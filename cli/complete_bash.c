/* assay completions bash. Needs nothing but bash 4, not even bash-completion. */
#include "cli/commands.h"
#include "cli/completions.h"
#include "cli/kinds.h"

static const char head[] =
    "# Completion of assay in bash, made by 'assay completions bash'.\n"
    "_assay_words() { # WORDS: of which one is meant\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
    "}\n"
    "_assay_list() { # WORDS: of which some are meant, with commas between them\n"
    "    local before=\n"
    "    [[ $cur == *,* ]] && before=${cur%,*},\n"
    "    compopt -o nospace\n"
    "    mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$1\" -- \"${cur##*,}\")\n"
    "}\n"
    "_assay_files() { # ACTION: file, directory or command\n"
    "    local more\n"
    "    compopt -o filenames\n"
    "    mapfile -t more < <(compgen -A \"$1\" -- \"$cur\")\n"
    "    COMPREPLY+=(\"${more[@]}\")\n"
    "}\n"
    "# The words before the one that is completed: an option in front of an '=', the command, and how many stand "
    "behind it\n"
    "# that are no options.\n"
    "_assay() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} places=0 i\n"
    "    [[ $option == = ]] && ((COMP_CWORD > 2)) && option=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    [[ $cur == = ]] && cur=\n"
    "    COMPREPLY=()\n"
    "    for ((i = 2; i < COMP_CWORD; i++)); do [[ ${COMP_WORDS[i]} == -* ]] || ((places++)); done\n";

/* The pattern "--dtype" or "--threads|-t". */
static void print_names(FILE *out, const cli_option *o, const char *between) {
    fprintf(out, "--%s", o->name);
    if (o->letter) fprintf(out, "%s-%c", between, o->letter);
}

static void print_argument(FILE *out, const cli_option *o) {
    static const char *const actions[] = {[CLI_FILE] = "file", [CLI_FOLDER] = "directory", [CLI_PROGRAM] = "command"};
    char choices[16384];
    cli_kind_of_value value = cli_kind_of(o->argument)->value;
    fprintf(out, "        ");
    print_names(out, o, " | ");
    fprintf(out, ") ");
    if (value == CLI_CHOICE) {
        cli_choices_of(o->argument, choices, sizeof choices);
        fprintf(out, "%s ", cli_kind_is_list(o->argument) ? "_assay_list" : "_assay_words");
        cli_print_quoted(out, choices);
    } else if (value == CLI_ANY) fprintf(out, ":");
    else fprintf(out, "_assay_files %s", actions[value]);
    fprintf(out, "; return ;;\n");
}

static void print_places(FILE *out, const cli_command *command) {
    cli_places p;
    cli_places_of(command, &p);
    if (*p.subcommands) {
        fprintf(out, "        if ((places == 0)); then _assay_words ");
        cli_print_quoted(out, p.subcommands);
        fprintf(out, "; return; fi\n");
    }
    if (*p.choices) {
        fprintf(out, "        _assay_words ");
        cli_print_quoted(out, p.choices);
        fprintf(out, "\n");
    }
    if (p.files || p.folders) fprintf(out, "        _assay_files %s\n", p.files ? "file" : "directory");
}

static void print_command(FILE *out, const cli_command *command) {
    const cli_option *o;
    fprintf(out, "    %s)\n        case $option in\n", command->name);
    for (size_t i = 0; (o = cli_option_at(command, i)); i++)
        if (o->argument) print_argument(out, o);
    fprintf(out, "        esac\n        if [[ $cur == -* ]]; then _assay_words '");
    for (size_t i = 0; (o = cli_option_at(command, i)); i++) {
        if (i > 0) fprintf(out, " ");
        print_names(out, o, " ");
    }
    fprintf(out, "'; return; fi\n");
    print_places(out, command);
    fprintf(out, "        ;;\n");
}

void cli_write_bash(FILE *out) {
    const cli_command *command;
    fprintf(out, "%s    if ((COMP_CWORD == 1)); then _assay_words '", head);
    for (size_t i = 0; (command = cli_command_at(i)); i++) fprintf(out, "%s ", command->name);
    fprintf(out, "help --help --version'; return; fi\n    case $command in\n    help) ((places)) || _assay_words '");
    for (size_t i = 0; (command = cli_command_at(i)); i++) fprintf(out, i > 0 ? " %s" : "%s", command->name);
    fprintf(out, "' ;;\n");
    for (size_t i = 0; (command = cli_command_at(i)); i++) print_command(out, command);
    fprintf(out, "    esac\n}\ncomplete -F _assay assay\n");
}
