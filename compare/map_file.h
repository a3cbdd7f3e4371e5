/*
 * The mapping file "assay-map/1" (docs/mapping.md): which tensor of a port is which stage, and how its layout becomes the stage's.
 */
#ifndef ASSAY_COMPARE_MAP_FILE_H
#define ASSAY_COMPARE_MAP_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/map_layout.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One element of "tensors". */
typedef struct {
    char **from; /* (from_count) patterns of names in the candidate (compare/map_pattern.h) */
    size_t from_count;
    char *to;                /* pattern of the stage's path; every placeholder of it is one of each `from` */
    assay_layout_op *layout; /* (layout_count) applied in order */
    size_t layout_count;
    bool joins; /* several tensors make one stage: they follow each other along join_axis */
    int join_axis;
    bool optional; /* may match nothing */
} assay_map_rule;

typedef struct {
    char *name; /* what messages call it: its path */
    assay_map_rule *rules;
    size_t rule_count;
} assay_map;

/* Parses a mapping. `where` (a path, say) starts every message. ASSAY_EINPUT for anything that is not a strict mapping file: unknown
 * or duplicate keys, wrong types, a `to` that is no stage's path or has a placeholder that `from` lacks, operations that cannot be,
 * several tensors for one stage without `join`. Release with assay_map_free. */
assay_status assay_map_parse(assay_map *out, const char *text, size_t text_nbytes, const char *where, assay_error *err);

/* Reads and parses a file. */
assay_status assay_map_read(assay_map *out, const char *path, assay_error *err);

/* Frees what the mapping holds and clears it. Safe on a cleared one. */
void assay_map_free(assay_map *map);

#ifdef __cplusplus
}
#endif

#endif
