/* Completion of command lines in a shell, from the table of commands. */
#ifndef ASSAY_CLI_COMPLETIONS_H
#define ASSAY_CLI_COMPLETIONS_H

#include <stddef.h>
#include <stdio.h>

/* The shell number `index`: "bash"; NULL past the last. */
const char *cli_shell_at(size_t index);

/* Writes the script of a shell; each is for a file that the shell finds by itself (`make install`), or to be read by its start-up file. */
void cli_write_bash(FILE *out);
void cli_write_zsh(FILE *out);
void cli_write_fish(FILE *out);

/* Prints a text in single quotes, as bash and zsh, or fish, read it. */
void cli_print_quoted(FILE *out, const char *text);
void cli_print_fish_quoted(FILE *out, const char *text);

#endif
