#include "cli/kinds.h"

#include <ctype.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/completions.h"
#include "core/dtype.h"
#include "core/rules.h"
#include "engine/variants.h"
#include "reports/report_format.h"

/* The types that the engine computes in. */
static const char *dtype_at(size_t index) {
    for (int i = 0; i < ASSAY_DTYPE_COUNT; i++)
        if (assay_dtype_is_float((assay_dtype)i) && index-- == 0) return assay_dtype_name((assay_dtype)i);
    return NULL;
}

static const char *mistake_at(size_t index) {
    return index < assay_variant_count() ? assay_variant_at(index)->name : NULL;
}

static const char *rule_at(size_t index) { return index < assay_rule_count() ? assay_rule_at(index)->id : NULL; }

static const char *command_at(size_t index) {
    const cli_command *command = cli_command_at(index);
    return command ? command->name : NULL;
}

static const char *format_at(size_t index) {
    return index < assay_report_format_count() ? assay_report_format_at(index)->name : NULL;
}

static const cli_kind kinds[] = {
    {"TYPE", CLI_CHOICE, dtype_at},
    {"NAME,...", CLI_CHOICE, mistake_at},
    {"FORMAT=FILE,...", CLI_CHOICE, format_at},
    {"MISTAKE", CLI_CHOICE, mistake_at},
    {"RULE", CLI_CHOICE, rule_at},
    {"COMMAND", CLI_CHOICE, command_at},
    {"SHELL", CLI_CHOICE, cli_shell_at},
    {"DIR", CLI_FOLDER, NULL},
    {"FOLDER", CLI_FOLDER, NULL},
    {"MODEL_DIR", CLI_FOLDER, NULL},
    {"DUMPS", CLI_FOLDER, NULL},
    {"FIND", CLI_FOLDER, NULL},
    {"CMD", CLI_PROGRAM, NULL},
    {"PATTERN", CLI_ANY, NULL},
    {"TEXT", CLI_ANY, NULL},
    {"DATE", CLI_ANY, NULL},
    {"TIME", CLI_ANY, NULL},
    {"KEY=VALUE", CLI_ANY, NULL},
    {"RUN", CLI_ANY, NULL},
    {"IDS", CLI_ANY, NULL},
    {"ID", CLI_ANY, NULL},
    {"I/N", CLI_ANY, NULL},
    {"I", CLI_ANY, NULL},
    {"K", CLI_ANY, NULL},
    {"N", CLI_ANY, NULL},
    {"P", CLI_ANY, NULL},
    {"S", CLI_ANY, NULL},
    {"X", CLI_ANY, NULL},
};

static const cli_kind *find(const char *word, size_t length) {
    static const cli_kind file = {"FILE", CLI_FILE, NULL};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].word) == length && memcmp(kinds[i].word, word, length) == 0) return &kinds[i];
    return &file;
}

/* The part of "auto|TYPE" that is in capitals. */
static const char *kind_word(const char *word) {
    const char *last = strrchr(word, '|');
    return last ? last + 1 : word;
}

const cli_kind *cli_kind_of(const char *word) { return find(kind_word(word), strlen(kind_word(word))); }

bool cli_kind_is_list(const char *word) {
    size_t length = strlen(word);
    return length > 4 && strcmp(word + length - 4, ",...") == 0;
}

bool cli_kind_has_file(const char *word) { return strstr(word, "=FILE") != NULL; }

static void append(char *list, size_t list_nbytes, const char *word, size_t length) {
    size_t at = strlen(list);
    if (at + length + 2 > list_nbytes) return;
    snprintf(list + at, list_nbytes - at, "%s%.*s", at > 0 ? " " : "", (int)length, word);
}

static void append_choices(char *list, size_t list_nbytes, const cli_kind *kind) {
    const char *choice;
    for (size_t i = 0; kind->choice && (choice = kind->choice(i)); i++) {
        char word[128];
        snprintf(word, sizeof word, "%s%s", choice, cli_kind_has_file(kind->word) ? "=" : "");
        append(list, list_nbytes, word, strlen(word));
    }
}

void cli_choices_of(const char *word, char *out, size_t out_nbytes) {
    *out = '\0';
    for (const char *at = word; at < kind_word(word); at += strcspn(at, "|") + 1)
        append(out, out_nbytes, at, strcspn(at, "|"));
    append_choices(out, out_nbytes, cli_kind_of(word));
}

static void take_word(cli_places *places, const char *word, size_t length) {
    if (length == 7 && memcmp(word, "OPTIONS", 7) == 0) return;
    const cli_kind *kind = find(word, length);
    places->files |= kind->value == CLI_FILE;
    places->folders |= kind->value == CLI_FOLDER;
    append_choices(places->choices, sizeof places->choices, kind);
}

/* Skips "assay NAME [OPTIONS]", with which a further line of a usage begins. */
static const char *skip_start(const char *line, const char *name) {
    line += strspn(line, " ");
    if (strncmp(line, "assay ", 6) != 0) return line;
    line += 6;
    if (strncmp(line, name, strlen(name)) == 0) line += strlen(name);
    line += strspn(line, " ");
    if (strncmp(line, "[OPTIONS]", 9) == 0) line += 9;
    return line + strspn(line, " ");
}

void cli_places_of(const cli_command *command, cli_places *out) {
    static const char *const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    *out = (cli_places){0};
    for (const char *line = command->usage; *line; line += *line == '\n') {
        line = skip_start(line, command->name);
        if (islower((unsigned char)*line))
            append(out->subcommands, sizeof out->subcommands, line, strcspn(line, " \n"));
        while (*line && *line != '\n') {
            size_t length = strspn(line, letters);
            if (length > 1) take_word(out, line, length);
            line += length > 0 ? length : 1;
        }
    }
}
