/*
 * A golden or a dump on disk as a tensor source.
 */
#ifndef ASSAY_COMPARE_SOURCE_FILE_H
#define ASSAY_COMPARE_SOURCE_FILE_H

#include "compare/source.h"
#include "core/status.h"
#include "golden/golden_file.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A view of an open golden or dump. `golden` and `name` (what messages call it) must outlive the source.
 * ASSAY_EINTERNAL when out of memory. Release with assay_source_close. */
assay_status assay_source_of_file(assay_source *out, const assay_golden *golden, const char *name, assay_error *err);

/* For a source of a golden whose memory the candidate went on from (docs/methodology.md): takes the floors of such a run where
 * the golden has them. */
void assay_source_use_replayed_floors(assay_source *source);

#ifdef __cplusplus
}
#endif

#endif
