#include "cli/man_page.h"

#include <ctype.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/overview.h"
#include "cli/roff.h"
#include "cli/version_text.h"
#include "core/version.h"

static const char about[] =
    "Assay runs cases on a reference engine of LongLLaMA, and holds dumps of a port against goldens, which the "
    "original "
    "PyTorch model has\n"
    "computed: stage by stage, with tolerances that come from the original itself, and with the rule that is broken "
    "when "
    "something is.\n"
    "\n"
    "Each command has a man page of its own, and 'assay help COMMAND' says the same in short. Pages that are named "
    "docs/... are in share/doc/assay of the installation.\n";

static void text(FILE *out, const char *words) { cli_roff_text(out, words, strlen(words)); }
static void prose(FILE *out, const char *words) { cli_roff_prose(out, words, strlen(words)); }
static void bold(FILE *out, const char *words) { cli_roff_font(out, 'B', words, strlen(words)); }

static void section(FILE *out, const char *name) { fprintf(out, ".SH %s\n", name); }

/* "assay-verify", or "assay". */
static const char *page_name(const cli_command *command, char *buffer, size_t nbytes) {
    snprintf(buffer, nbytes, "assay%s%s", command ? "-" : "", command ? command->name : "");
    return buffer;
}

static void write_title(FILE *out, const cli_command *command) {
    char name[64];
    page_name(command, name, sizeof name);
    fprintf(out, ".\\\" Made by 'assay man'.\n.TH ");
    for (const char *c = name; *c; c++)
        if (*c == '-') fputs("\\-", out);
        else fputc(toupper((unsigned char)*c), out);
    fprintf(out, " 1 %s \"assay %s\" \"User Commands\"\n", cli_build_date(), ASSAY_VERSION);
    section(out, "NAME");
    text(out, name);
    fputs(" \\-\n", out);
    prose(out, command ? command->summary : cli_program_summary);
}

/* The lines of a usage; those after the first begin with the command. */
static void write_synopsis(FILE *out, const cli_command *command) {
    section(out, "SYNOPSIS");
    const char *line = command->usage;
    for (bool first = true; first || *line; first = false) {
        char start[64];
        int length = snprintf(start, sizeof start, "assay %s", command->name);
        line += strspn(line, " ");
        if (!first) fputs(".br\n", out);
        cli_roff_font(out, 'B', start, (size_t)length);
        if (first) fputs(" [\\fIOPTIONS\\fR] ", out);
        else if (strncmp(line, start, (size_t)length) == 0) line += length;
        size_t rest = strcspn(line, "\n");
        cli_roff_usage(out, line, rest);
        fputc('\n', out);
        line += rest + (line[rest] == '\n');
    }
}

static void write_options(FILE *out, const cli_command *command) {
    const cli_option *o;
    section(out, "OPTIONS");
    for (size_t i = 0; (o = cli_option_at(command, i)); i++) {
        char name[64];
        fputs(".TP\n", out);
        if (o->letter) {
            snprintf(name, sizeof name, "-%c", o->letter);
            bold(out, name);
            fputs(", ", out);
        }
        snprintf(name, sizeof name, "--%s", o->name);
        bold(out, name);
        if (o->argument) {
            fputc(' ', out);
            cli_roff_usage(out, o->argument, strlen(o->argument));
        }
        fputc('\n', out);
        prose(out, o->help);
    }
}

static void write_meanings(FILE *out, const char *title, const cli_meaning *table) {
    section(out, title);
    for (; table->word; table++) {
        fputs(".TP\n", out);
        bold(out, table->word);
        fputc('\n', out);
        prose(out, table->meaning);
    }
}

/* All pages but this one. */
static void write_see_also(FILE *out, const cli_command *command) {
    const cli_command *other;
    char name[64];
    section(out, "SEE ALSO");
    bool first = true;
    for (size_t i = 0; i == 0 || (other = cli_command_at(i - 1)); i++) {
        if (i == 0) other = NULL;
        if (other == command) continue;
        if (!first) fputs(",\n", out);
        bold(out, page_name(other, name, sizeof name));
        fputs("(1)", out);
        first = false;
    }
    fputc('\n', out);
}

static void write_command(FILE *out, const cli_command *command) {
    write_synopsis(out, command);
    section(out, "DESCRIPTION");
    cli_roff_paragraphs(out, command->description);
    write_options(out, command);
    section(out, "EXAMPLES");
    cli_roff_examples(out, command->examples);
    write_meanings(out, "EXIT STATUS", cli_exit_codes);
    section(out, "ENVIRONMENT");
    fputs("Those that are listed in ", out);
    bold(out, "assay");
    fputs("(1).\n", out);
}

static void write_program(FILE *out) {
    const cli_command *command;
    section(out, "SYNOPSIS");
    fputs("\\fBassay\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n.br\n", out);
    fputs("\\fBassay help\\fR [\\fICOMMAND\\fR]\n.br\n\\fBassay \\-\\-version\\fR\n", out);
    section(out, "DESCRIPTION");
    cli_roff_paragraphs(out, about);
    section(out, "COMMANDS");
    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        fputs(".TP\n", out);
        bold(out, command->name);
        fputc('\n', out);
        prose(out, command->summary);
    }
    section(out, "EXAMPLES");
    cli_roff_examples(out, cli_program_examples);
    write_meanings(out, "EXIT STATUS", cli_exit_codes);
    write_meanings(out, "ENVIRONMENT", cli_environment);
}

void cli_write_man_page(FILE *out, const cli_command *command) {
    write_title(out, command);
    if (command) write_command(out, command);
    else write_program(out);
    write_see_also(out, command);
}
