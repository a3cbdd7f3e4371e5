/* The commands, one cmd_<name>.c each. */
#ifndef ASSAY_CLI_COMMANDS_H
#define ASSAY_CLI_COMMANDS_H

#include "cli/options.h"

extern const cli_command cmd_verify;
extern const cli_command cmd_compare;
extern const cli_command cmd_blame;
extern const cli_command cmd_diagnose;
extern const cli_command cmd_conformance;
extern const cli_command cmd_fuzz;
extern const cli_command cmd_run;
extern const cli_command cmd_inspect;
extern const cli_command cmd_report;

#endif
