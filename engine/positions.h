/*
 * Position ids (rules POS-1 to POS-6). Pure functions of numbers.
 */
#ifndef ASSAY_ENGINE_POSITIONS_H
#define ASSAY_ENGINE_POSITIONS_H

#include <stdint.h>

#include "engine/semantics.h"

/* Positions are any int64: their sums wrap, as torch's do. */
static inline int64_t assay_wrapping_sum(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static inline int64_t assay_wrapping_difference(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }

/* POS-1: positions of `tokens` new tokens of one row: 0.. without a local cache, else one past the largest position in it
 * onward. `cached` holds `cached_count` positions (may be NULL when 0). Source: _prepare_pos_ids. */
void assay_positions_default(int64_t *out, int64_t tokens, const int64_t *cached, int64_t cached_count);

/* POS-2: the smallest position of one row, which becomes relative position 0. count >= 1. */
int64_t assay_positions_base(const int64_t *positions, int64_t count);

/* Rows of position ids: row b at ids + b * stride. */
typedef struct {
    const int64_t *ids;
    int64_t batch, stride;
} assay_position_rows;

/* POS-2: the position that becomes relative position 0 for `count` columns of row b: the row's smallest, in the original. */
int64_t assay_positions_origin(const assay_position_rows *rows, int64_t b, int64_t count, assay_position_origin choice);

/* POS-2: rel[i] = positions[i] - base. Returns the largest, which POS-3 compares with count. */
int64_t assay_positions_relative(int64_t *rel, const int64_t *positions, int64_t count, int64_t base);

/* POS-4: generation's positions of one row: cumsum(mask) - 1, each mask entry truncated to an integer first (torch's
 * .long()). Pads at the left stay at -1. Source: prepare_inputs_for_generation. */
void assay_positions_from_mask(int64_t *out, const double *mask, int64_t count);

/* POS-1 with ASSAY_NEXT_WITHOUT_PADS: positions of the last `tokens` of `count` columns, counting only those that are kept. */
void assay_positions_of_kept(int64_t *out, int64_t tokens, const uint8_t *keep, int64_t count);

#endif
