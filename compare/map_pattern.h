/*
 * Names with placeholders for numbers, as a mapping has them: "model.layers.{layer}.mlp" (docs/mapping.md).
 */
#ifndef ASSAY_COMPARE_MAP_PATTERN_H
#define ASSAY_COMPARE_MAP_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_MAP_MAX_PLACEHOLDERS 6
#define ASSAY_MAP_PLACEHOLDER_NBYTES 16

/* The numbers that placeholders stand for, in the order of the pattern. */
typedef struct {
    struct {
        char name[ASSAY_MAP_PLACEHOLDER_NBYTES];
        int64_t value;
    } items[ASSAY_MAP_MAX_PLACEHOLDERS];
    size_t count;
} assay_map_numbers;

/* Checks the syntax: a placeholder is a name of lower-case letters and '_' in braces; nothing that could be a digit follows it.
 * `with_offset` allows "{layer-1}" and "{layer+1}". ASSAY_EINPUT, `where` first, for anything else, and for too many. */
assay_status assay_map_pattern_check(const char *pattern, bool with_offset, const char *where, assay_error *err);

/* Whether `name` is the pattern with a number (digits, at most 15) for each placeholder, the same one where a placeholder occurs
 * twice. *out, which may be NULL, holds them then. The pattern is a checked one without offsets. */
bool assay_map_pattern_match(const char *pattern, const char *name, assay_map_numbers *out);

/* Writes a checked pattern with its placeholders replaced. False when one has no number, a number with its offset is negative,
 * or out_nbytes are too few. */
bool assay_map_pattern_fill(const char *pattern, const assay_map_numbers *numbers, char *out, size_t out_nbytes);

#ifdef __cplusplus
}
#endif

#endif
