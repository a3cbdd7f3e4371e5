/* assay verify --rules: would the goldens notice a mistake about each rule? */
#ifndef ASSAY_CLI_VERIFY_RULES_H
#define ASSAY_CLI_VERIFY_RULES_H

#include "cli/options.h"
#include "cli/suite.h"

/* Builds the matrix of the suite, prints it and writes --json and --csv. Returns the exit code. */
int cli_verify_rules(const cli_args *args, const cli_suite *suite);

#endif
