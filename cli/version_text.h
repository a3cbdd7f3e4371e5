/* What `assay --version` says: of which sources, how, and with what the program was built. */
#ifndef ASSAY_CLI_VERSION_TEXT_H
#define ASSAY_CLI_VERSION_TEXT_H

#include <stdio.h>

/* "assay 1.2.3", then a line for each fact: the first word is its name. */
void cli_print_version(FILE *out);

/* The day of the sources, "2026-01-31": that of their commit. */
const char *cli_build_date(void);

#endif
