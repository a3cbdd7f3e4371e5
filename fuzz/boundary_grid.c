#include "fuzz/boundary_grid.h"

#include <stdbool.h>

#include "fuzz/case_lengths.h"

const char *const assay_grid_length_names[ASSAY_GRID_LENGTHS] = {"1",   "C-1",    "C",    "C+1",    "W-1",  "W",
                                                                 "W+1", "kW+C-1", "kW+C", "kW+C+1", "other"};
const char *const assay_grid_cache_names[ASSAY_GRID_CACHES] = {"0", "1", "W-1", "W", "other"};

static bool is_windows_and(int64_t tokens, int64_t window, int64_t rest) {
    return tokens - rest >= window && (tokens - rest) % window == 0;
}

static void find_lengths(bool is[ASSAY_GRID_LENGTHS], int64_t t, int64_t w, int64_t c) {
    const bool found[ASSAY_GRID_LENGTHS] = {t == 1,
                                            t == c - 1,
                                            t == c,
                                            t == c + 1,
                                            t == w - 1,
                                            t == w,
                                            t == w + 1,
                                            is_windows_and(t, w, c - 1),
                                            is_windows_and(t, w, c),
                                            is_windows_and(t, w, c + 1)};
    bool any = false;
    for (int i = 0; i < ASSAY_GRID_LENGTHS - 1; i++) {
        is[i] = found[i];
        any = any || found[i];
    }
    is[ASSAY_GRID_LENGTHS - 1] = !any;
}

static void find_caches(bool is[ASSAY_GRID_CACHES], int64_t cached, int64_t w) {
    is[0] = cached == 0;
    is[1] = cached == 1;
    is[2] = cached == w - 1;
    is[3] = cached == w;
    is[4] = !is[0] && !is[1] && !is[2] && !is[3];
}

static size_t cell_of(size_t length, size_t cache, size_t call, size_t mask) {
    return ((length * ASSAY_GRID_CACHES + cache) * ASSAY_GRID_CALLS + call) * ASSAY_GRID_MASKS + mask;
}

static void add_step(assay_boundary_grid *grid, const assay_config *config, const assay_step *s, int64_t cached) {
    bool lengths[ASSAY_GRID_LENGTHS], caches[ASSAY_GRID_CACHES];
    int64_t w = config->max_position_embeddings;
    find_lengths(lengths, assay_fuzz_step_fed(s, cached), w, assay_fuzz_step_context(config, s));
    find_caches(caches, cached, w);
    size_t call = s->op == ASSAY_OP_GENERATE ? 3 : (size_t)(s->use_cache + 1), mask = s->attention_mask.data != NULL;
    for (size_t i = 0; i < ASSAY_GRID_LENGTHS; i++)
        for (size_t k = 0; k < ASSAY_GRID_CACHES; k++)
            if (lengths[i] && caches[k]) grid->counts[cell_of(i, k, call, mask)]++;
}

void assay_boundary_grid_add(assay_boundary_grid *grid, const assay_case *c) {
    assay_fuzz_lengths lengths = {0};
    for (size_t i = 0; i < c->step_count; i++) {
        const assay_step *s = &c->steps[i];
        if (s->op != ASSAY_OP_REORDER) add_step(grid, &c->config, s, s->past_keep ? lengths.cached : 0);
        assay_fuzz_lengths_step(&lengths, &c->config, s);
    }
}

size_t assay_boundary_grid_hit(const assay_boundary_grid *grid) {
    size_t hit = 0;
    for (size_t i = 0; i < ASSAY_GRID_CELLS; i++) hit += grid->counts[i] > 0;
    return hit;
}

int64_t assay_boundary_grid_sum(const assay_boundary_grid *grid, size_t length, size_t cache) {
    int64_t sum = 0;
    for (size_t i = 0; i < ASSAY_GRID_CALLS * ASSAY_GRID_MASKS; i++)
        sum += grid->counts[cell_of(length, cache, 0, 0) + i];
    return sum;
}
