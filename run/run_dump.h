/* Runs a case and writes what it computed as a dump (docs/golden-format.md). */
#ifndef ASSAY_RUN_RUN_DUMP_H
#define ASSAY_RUN_RUN_DUMP_H

#include <stdbool.h>

#include "core/status.h"
#include "golden/case.h"
#include "run/load_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which stages go into the dump. */
typedef enum {
    ASSAY_DUMP_PUBLIC, /* those of docs/case-format.md: logits, loss, tokens, schedule, past */
    ASSAY_DUMP_ALL     /* every stage */
} assay_dump_capture;

/* Runs the case on the loaded model and writes the dump to `path`, which appears whole or not at all. Errors: as
 * assay_run_case, and those of writing. */
assay_status assay_run_to_dump(const assay_loaded_model *m, const assay_case *c, const char *path, assay_dtype dtype,
                               assay_dump_capture capture, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
