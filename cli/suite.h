/* The goldens that ship with the program. */
#ifndef ASSAY_CLI_SUITE_H
#define ASSAY_CLI_SUITE_H

#include <stddef.h>

#include "core/status.h"

typedef struct {
    char **paths; /* sorted by name */
    size_t count;
} cli_suite;

/* Lists the *.h5 of a folder, or the cases of an exported suite (docs/conformance.md). ASSAY_EINPUT when it cannot be read or has
 * none. Release with cli_suite_free. */
assay_status cli_suite_list(cli_suite *out, const char *folder, assay_error *err);

/* The shipped suite: $ASSAY_GOLDENS, or the folder that belongs to the running program: golden/data of its source tree, or
 * share/assay/goldens of its installation. */
assay_status cli_suite_shipped(cli_suite *out, assay_error *err);

#define CLI_PATH_NBYTES 4096

/* The folder of the shipped goldens; "golden/data", as in the sources, where there is none. */
void cli_suite_folder(char out[CLI_PATH_NBYTES]);

/* What a command line names: `count` golden files, one folder of them, or nothing: then the shipped suite. */
assay_status cli_suite_choose(cli_suite *out, char *const *names, size_t count, assay_error *err);

void cli_suite_free(cli_suite *suite);

#endif
