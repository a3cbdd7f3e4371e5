/* The commands, one cmd_<name>.c each. The table is in commands.c. */
#ifndef ASSAY_CLI_COMMANDS_H
#define ASSAY_CLI_COMMANDS_H

#include "cli/options.h"

/* The command number `index`, in the order of the overview; NULL past the last. */
const cli_command *cli_command_at(size_t index);

/* NULL for a name that is none. */
const cli_command *cli_command_find(const char *name);

/* ASSAY_EINPUT: "unknown command", and which one may be meant. */
assay_status cli_command_unknown(const char *name, assay_error *err);

extern const cli_command cmd_verify;
extern const cli_command cmd_compare;
extern const cli_command cmd_report;
extern const cli_command cmd_merge;
extern const cli_command cmd_blame;
extern const cli_command cmd_diagnose;
extern const cli_command cmd_explain;
extern const cli_command cmd_conformance;
extern const cli_command cmd_fuzz;
extern const cli_command cmd_run;
extern const cli_command cmd_inspect;
extern const cli_command cmd_man;
extern const cli_command cmd_completions;
extern const cli_command cmd_baseline;
extern const cli_command cmd_history;

#endif
