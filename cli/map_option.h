/* --map: the candidate of a command, seen through a mapping where one is given. */
#ifndef ASSAY_CLI_MAP_OPTION_H
#define ASSAY_CLI_MAP_OPTION_H

#include "cli/counted_source.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "compare/candidate.h"
#include "compare/map_file.h"
#include "compare/mapped_source.h"
#include "golden/golden_file.h"

#define CLI_OPTION_MAP \
    { "map", 0, "FILE", "names and layouts of the candidate's tensors, assay-map/1 (docs/mapping.md)" }

/* An open candidate. Release with cli_candidate_close. */
typedef struct {
    assay_candidate *candidate;
    assay_map map;
    assay_mapped_source *mapped; /* NULL without --map */
    cli_counted_source counted;
    const assay_source *source;
} cli_candidate;

/* Opens the candidate at `path`, through the mapping of --map; `golden` says how many heads there are. Where `progress` (may be NULL)
 * shows something, it shows what of it is read. *out starts cleared, and is to be closed on every outcome. */
assay_status cli_candidate_open(cli_candidate *out, const cli_args *args, const char *path, const assay_golden *golden,
                                cli_progress *progress, assay_error *err);

/* What is compared. */
const assay_source *cli_candidate_source(const cli_candidate *candidate);

/* Safe on a cleared one. */
void cli_candidate_close(cli_candidate *candidate);

#endif
