/* assay run MODEL_DIR --ids: generation from token ids, without text. */
#ifndef ASSAY_CLI_RUN_GENERATE_H
#define ASSAY_CLI_RUN_GENERATE_H

#include "cli/options.h"

/* Prints the new token ids, one row; returns the exit code. The options are those of `assay run`. */
int cli_run_generate(const cli_args *args);

#endif
