#include "cli/commands.h"

#include <string.h>

#include "core/nearest.h"

/* In the order of the overview. */
static const cli_command *const commands[] = {
    &cmd_verify,  &cmd_compare, &cmd_report,   &cmd_merge,   &cmd_baseline,
    &cmd_history, &cmd_blame,   &cmd_diagnose, &cmd_explain, &cmd_conformance,
    &cmd_fuzz,    &cmd_run,     &cmd_inspect,  &cmd_man,     &cmd_completions,
};
enum { command_count = sizeof commands / sizeof *commands };

const cli_command *cli_command_at(size_t index) { return index < command_count ? commands[index] : NULL; }

const cli_command *cli_command_find(const char *name) {
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}

assay_status cli_command_unknown(const char *name, assay_error *err) {
    char hint[128];
    assay_nearest near = assay_nearest_begin(name, strlen(name));
    for (size_t i = 0; i < command_count; i++) assay_nearest_offer(&near, commands[i]->name);
    if (name[0] == '-')
        return assay_fail(err, ASSAY_EINPUT, NULL, "'%.80s': options stand after the command; see 'assay --help'",
                          name);
    return assay_fail(err, ASSAY_EINPUT, NULL, "unknown command '%.80s'; %s", name,
                      assay_nearest_hint(&near, "'assay --help' lists the commands", hint, sizeof hint));
}
