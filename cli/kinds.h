/*
 * What may stand in a place of a command line: by the word that the table of options, or the usage of a command, has there. Completions are
 * made of it. A word that is not known here stands for a file.
 */
#ifndef ASSAY_CLI_KINDS_H
#define ASSAY_CLI_KINDS_H

#include "cli/options.h"

typedef enum {
    CLI_ANY,  /* a number, a pattern: nothing that could be listed */
    CLI_FILE, /* or a folder that is on the way to one */
    CLI_FOLDER,
    CLI_PROGRAM, /* a command of the shell */
    CLI_CHOICE   /* one of a list */
} cli_kind_of_value;

typedef struct {
    const char *word; /* "TYPE", "NAME,..." */
    cli_kind_of_value value;
    const char *(*choice)(size_t index); /* of CLI_CHOICE; NULL past the last */
} cli_kind;

/* The kind of a word. "auto|TYPE" is a TYPE that may be "auto" too. */
const cli_kind *cli_kind_of(const char *word);

/* Whether values of the word stand in a list, with commas between them: "NAME,...". */
bool cli_kind_is_list(const char *word);

/* Whether a choice is followed by a file: "FORMAT=FILE,...". */
bool cli_kind_has_file(const char *word);

/* Writes the choices of an option's argument, separated by spaces, such as "text= json=" where a file follows; "" when it has none. */
void cli_choices_of(const char *word, char *out, size_t out_nbytes);

/* What may stand where a command has no option. */
typedef struct {
    char subcommands[128]; /* first words, such as "export score", separated by spaces; "" when there are none */
    char choices[16384];   /* such as ids of rules, separated by spaces */
    bool files, folders;   /* files include folders */
} cli_places;

/* Reads the usage of a command: words in capitals are kinds, others in front are sub-commands. */
void cli_places_of(const cli_command *command, cli_places *out);

#endif
