/*
 * Writing a dump ("assay-dump/1" of docs/golden-format.md), tensor by tensor, as a run goes.
 */
#ifndef ASSAY_GOLDEN_DUMP_WRITER_H
#define ASSAY_GOLDEN_DUMP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/dtype.h"
#include "core/stages.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the root says. NULL or "" leaves a part out. Nothing is kept after the call. */
typedef struct {
    const char *producer;
    assay_dtype dtype;     /* what the model computed in */
    const char *case_text; /* byte for byte; case_sha256 is made from it */
    size_t case_nbytes;
    const char *config_text; /* config.json, byte for byte */
    size_t config_nbytes;
    const assay_config *config; /* config_sha256 is made from it */
    const char *weights_xxh128;
} assay_dump_metadata;

typedef struct assay_dump_writer assay_dump_writer;

/* Starts a dump; nothing exists at `path` before assay_dump_commit. */
assay_status assay_dump_create(assay_dump_writer **out, const char *path, const assay_dump_metadata *metadata,
                               assay_error *err);

/* Writes one tensor at its place. */
assay_status assay_dump_put(assay_dump_writer *w, const assay_place *place, const assay_tensor *t, assay_error *err);

/* Makes /steps/<step> with its attribute `op`. */
assay_status assay_dump_step(assay_dump_writer *w, int64_t step, const char *op, assay_error *err);

/* Makes /steps/<step> with the attributes of a step that was refused: op, rule ids, message. */
assay_status assay_dump_refused_step(assay_dump_writer *w, int64_t step, const char *op, const assay_error *refusal,
                                     assay_error *err);

/* Finishes the file. The writer is gone on every outcome; on failure nothing is left behind. */
assay_status assay_dump_commit(assay_dump_writer *w, assay_error *err);

/* Drops everything; NULL is fine. */
void assay_dump_discard(assay_dump_writer *w);

#ifdef __cplusplus
}
#endif

#endif
