/* A source that shows in the line of progress which of its tensors is read. */
#ifndef ASSAY_CLI_COUNTED_SOURCE_H
#define ASSAY_CLI_COUNTED_SOURCE_H

#include "cli/progress.h"
#include "compare/source.h"

typedef struct {
    assay_source view; /* what is read from; borrows all of the inner source */
    const assay_source *inner;
    cli_progress *progress;
} cli_counted_source;

/* The source, seen through *out, which stays where it is; itself where there is no progress to show. */
const assay_source *cli_count_source(cli_counted_source *out, const assay_source *source, cli_progress *progress);

#endif
