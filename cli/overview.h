/* What there is to say of the program as a whole: in `assay --help` and in its man page. */
#ifndef ASSAY_CLI_OVERVIEW_H
#define ASSAY_CLI_OVERVIEW_H

#include <stdio.h>

extern const char cli_program_summary[];
extern const char cli_program_examples[]; /* as those of a command (cli/options.h) */

/* A table of words and what they mean, which ends with a NULL word. */
typedef struct {
    const char *word, *meaning;
} cli_meaning;

extern const cli_meaning cli_exit_codes[];
extern const cli_meaning cli_environment[]; /* variables that the program or a library of it reads */

/* `assay --help`. */
void cli_print_overview(FILE *out);

#endif
