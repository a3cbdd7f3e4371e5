/*
 * Where compared tensors come from: one view of what the engine produced in memory and of what a file holds.
 *
 * A source lists its tensors by place, in execution order, with all that is known of each without reading its values.
 */
#ifndef ASSAY_COMPARE_SOURCE_H
#define ASSAY_COMPARE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dtype.h"
#include "core/stages.h"
#include "core/status.h"
#include "core/tensor.h"
#include "golden/stored_values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One tensor of a source. */
typedef struct {
    assay_place place;
    assay_tensor info; /* dtype and shape; data is NULL */
    bool has_floor;
    double floor;        /* noise floor, absolute; valid when has_floor */
    int kept_axis;       /* axis along which only some indices are held; -1: all are */
    const int64_t *kept; /* (kept_count) those indices, in the order held */
    size_t kept_count;
    bool has_unrounded; /* the values before the cast to mem_dtype are there too */
    bool has_unrounded_floor;
    double unrounded_floor;         /* their noise floor; valid when has_unrounded_floor */
    const void *values, *unrounded; /* the source's own handles */
} assay_source_item;

/* One step of the case, as the source saw it. Strings are never NULL, and "" when not known. */
typedef struct {
    int64_t step;
    bool refused;
    const char *op;              /* "forward", "reorder", "generate", "classify" */
    const char *refused_rules;   /* rule ids separated by spaces */
    const char *refused_message; /* one line */
    int past_captured; /* 1: the source holds the whole past after the step, so what is absent is empty; 0: it does
                                    not; -1: not known */
} assay_source_step;

/* What is known of a source as a whole. Strings are never NULL, and "" when not known; digests are lower-case
 * hexadecimal. */
typedef struct {
    const char *name;     /* what messages call it: a path, or "reference engine" */
    const char *producer; /* program and version */
    bool is_golden;       /* written from the original: what it lacks of a past is empty */
    bool has_dtype;
    assay_dtype dtype; /* what the model computed in; float32 when not known */
    bool has_mem_dtype;
    assay_dtype mem_dtype; /* of the configuration */
    const char *case_sha256, *config_sha256, *weights_xxh128;
    const char *unsupported; /* why the port cannot run the case; "" of all others */
} assay_source_info;

/* Made by assay_source_of_map or assay_source_of_file (compare/source_file.h); release with assay_source_close. Strings
 * and arrays live as long as the source and what it was made from. One thread uses a source at a time. */
typedef struct assay_source {
    assay_source_info info;
    assay_source_step *steps; /* (step_count) ascending */
    size_t step_count;
    assay_source_item *items; /* (item_count) in execution order, of the main run */
    size_t item_count;
    assay_source_item *float64; /* (float64_count) in execution order, of a golden's float64 run */
    size_t float64_count;
    const char **unknown; /* (unknown_count) names of tensors that are no stage */
    size_t unknown_count;
    const void *self; /* what it was made from */
    /* Reads the tensor unknown[index]; without `values` it says dtype and shape alone (data NULL, nothing to free). */
    assay_status (*read_unknown)(const struct assay_source *source, size_t index, bool values, assay_tensor *out,
                                 bool *owned, assay_error *err);
    /* Reads the tensor behind a handle of an item. When *owned, the caller frees it; else it is borrowed. */
    assay_status (*read)(const struct assay_source *source, const assay_source_item *item, bool unrounded,
                         assay_tensor *out, bool *owned, assay_error *err);
    /* Where the values behind a handle lie, when they can be read by ranges; otherwise *found is false, and they are read as above. NULL:
     * none can. */
    assay_status (*locate)(const struct assay_source *source, const assay_source_item *item, bool unrounded,
                           assay_stored_values *out, bool *found, assay_error *err);
} assay_source;

/* A tensor that was read. Release with assay_source_release. */
typedef struct {
    assay_tensor tensor;
    bool owned;
} assay_source_tensor;

/* A view of a map whose keys are paths of stages (assay_place_path), possibly behind "float64/", or followed by
 * "_unrounded". The map, the steps and the strings must outlive the source. Steps may be NULL with a count of 0; then
 * nothing counts as refused. No tensor has a floor or leaves indices out; set the items' fields to say otherwise.
 * ASSAY_EINTERNAL when out of memory. */
assay_status assay_source_of_map(assay_source *out, const assay_tensor_map *map, const assay_source_info *info,
                                 const assay_source_step *steps, size_t step_count, assay_error *err);

/* The `read` of sources whose items' handles are tensors in memory: lends them. Never fails. */
assay_status assay_source_lend(const assay_source *source, const assay_source_item *item, bool unrounded,
                               assay_tensor *out, bool *owned, assay_error *err);

/* Releases what the source itself holds, and clears it; what it was made from stays. Safe on a cleared one. */
void assay_source_close(assay_source *source);

/* An info with every string "" (not NULL) and dtype float32, for callers to fill in. */
assay_source_info assay_source_info_init(const char *name);

/* The tensor of a place in the main run, or in a golden's float64 run; NULL when absent. */
assay_source_item *assay_source_find(const assay_source *source, const assay_place *place);
assay_source_item *assay_source_find_float64(const assay_source *source, const assay_place *place);

/* Index of the first of the source's steps, which ascend, whose number is at least `from`; step_count when there is none. */
size_t assay_source_first_step(const assay_source *source, int64_t from);

/* The step's record, or NULL when the source has none. */
const assay_source_step *assay_source_find_step(const assay_source *source, int64_t step);

/* Reads the values of an item, or (unrounded) those before the cast to mem_dtype, which item->has_unrounded promises.
 * Errors: ASSAY_EINPUT for a damaged file; the message names source and path. */
assay_status assay_source_read(const assay_source *source, const assay_source_item *item, bool unrounded,
                               assay_source_tensor *out, assay_error *err);

/* The tensor unknown[index] of a source, or (without `values`) its dtype and shape. ASSAY_EINPUT: it holds no numbers, or is
 * damaged. */
assay_status assay_source_read_unknown(const assay_source *source, size_t index, bool values, assay_source_tensor *out,
                                       assay_error *err);

/* Frees the tensor where it is owned, and clears it. */
void assay_source_release(assay_source_tensor *t);

#ifdef __cplusplus
}
#endif

#endif
