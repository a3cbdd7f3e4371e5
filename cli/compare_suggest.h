/* assay compare --suggest-map: a mapping for a port's own names and layouts. */
#ifndef ASSAY_CLI_COMPARE_SUGGEST_H
#define ASSAY_CLI_COMPARE_SUGGEST_H

#include "cli/options.h"

/* Proposes a mapping (compare/suggest_map.h), prints it, and writes it where --out and --json say. Returns the exit code: 0 when every
 * stage that the candidate has is mapped surely, 1 when one is not or none is there, 2 for bad input. */
int cli_compare_suggest(const cli_args *args);

#endif
