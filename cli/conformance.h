/* The two halves of assay conformance. Both take the arguments after the sub-command, and return the exit code. */
#ifndef ASSAY_CLI_CONFORMANCE_H
#define ASSAY_CLI_CONFORMANCE_H

#include "cli/options.h"

/* assay conformance export DIR [GOLDEN... | FOLDER]: writes a suite for ports. */
int cli_conformance_export(const cli_args *args);

/* assay conformance score DUMPS [GOLDEN... | FOLDER]: scores a port's dumps, rule by rule. */
int cli_conformance_score(const cli_args *args);

#endif
