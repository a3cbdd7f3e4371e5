/* Man pages, made of the tables that --help is made of. */
#ifndef ASSAY_CLI_MAN_PAGE_H
#define ASSAY_CLI_MAN_PAGE_H

#include <stdio.h>

#include "cli/options.h"

/* Writes assay-<command>.1; assay.1 where command is NULL. */
void cli_write_man_page(FILE *out, const cli_command *command);

#endif
