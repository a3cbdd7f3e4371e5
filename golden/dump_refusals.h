/*
 * The steps that a dump without HDF5 says were refused: the list "refused" of dump.json, or of a .safetensors file's __metadata__
 * (docs/golden-format.md).
 */
#ifndef ASSAY_GOLDEN_DUMP_REFUSALS_H
#define ASSAY_GOLDEN_DUMP_REFUSALS_H

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One step that was refused. Texts are "" where the dump does not say. */
typedef struct {
    int64_t step;
    char *rules; /* rule ids separated by spaces */
    char *message;
} assay_dump_refusal;

typedef struct {
    assay_dump_refusal *items; /* (count) by ascending step, none twice */
    size_t count;
} assay_dump_refusals;

/* Reads a list of objects {"step": 3, "rules": "MEM-11", "message": "..."}, of which only the step must be there. `where` starts
 * every message. ASSAY_EINPUT: anything else, a negative step, a step that occurs twice. Release with assay_dump_refusals_free. */
assay_status assay_dump_refusals_read(assay_dump_refusals *out, const cJSON *list, const char *where, assay_error *err);

/* The same from JSON text. */
assay_status assay_dump_refusals_parse(assay_dump_refusals *out, const char *text, const char *where, assay_error *err);

/* Whether the step is one of them. */
bool assay_dump_refusals_have(const assay_dump_refusals *refusals, int64_t step);

/* Frees the list and clears it. Safe on a cleared one. */
void assay_dump_refusals_free(assay_dump_refusals *refusals);

#ifdef __cplusplus
}
#endif

#endif
