/*
 * Which boundaries a campaign has been to: how often each combination of a call's length, the cache before it, its use_cache and its mask
 * has been run.
 */
#ifndef ASSAY_FUZZ_BOUNDARY_GRID_H
#define ASSAY_FUZZ_BOUNDARY_GRID_H

#include <stddef.h>
#include <stdint.h>

#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ASSAY_GRID_LENGTHS = 11, /* 1, C-1, C, C+1, W-1, W, W+1, kW+C-1, kW+C, kW+C+1, other */
    ASSAY_GRID_CACHES = 5,   /* 0, 1, W-1, W, other */
    ASSAY_GRID_CALLS = 4,    /* use_cache unset, false, true; generate */
    ASSAY_GRID_MASKS = 2,    /* without, with */
    ASSAY_GRID_CELLS = ASSAY_GRID_LENGTHS * ASSAY_GRID_CACHES * ASSAY_GRID_CALLS * ASSAY_GRID_MASKS
};

/* counts[((length * CACHES + cache) * CALLS + call) * MASKS + mask] */
typedef struct {
    int64_t counts[ASSAY_GRID_CELLS];
} assay_boundary_grid;

/* "C+1", "W-1" ...: names of the axes' values. */
extern const char *const assay_grid_length_names[ASSAY_GRID_LENGTHS];
extern const char *const assay_grid_cache_names[ASSAY_GRID_CACHES];

/* Counts every step of a case that computes. A length that is several of the axis' values (C + 1 = W) counts for each. */
void assay_boundary_grid_add(assay_boundary_grid *grid, const assay_case *c);

/* The number of cells that were hit. */
size_t assay_boundary_grid_hit(const assay_boundary_grid *grid);

/* Calls of a length on a cache, of whatever kind. */
int64_t assay_boundary_grid_sum(const assay_boundary_grid *grid, size_t length, size_t cache);

#ifdef __cplusplus
}
#endif

#endif
