#include "fuzz/boundary_grid.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/case_bytes.h"

#define MODEL                                                                                                          \
    "{\"format\": \"assay-case/1\", \"model\": {\"model_type\": \"longllama\", \"vocab_size\": 5, \"hidden_size\": 4," \
    "\"intermediate_size\": 4, \"num_hidden_layers\": 1, \"num_attention_heads\": 1, \"mem_layers\": [0],"             \
    "\"max_position_embeddings\": 4, \"last_context_length\": 2}, \"weights\": {\"seed\": 1, \"gain\": 1}, "

static assay_boundary_grid grid_of(const char *steps) {
    char text[2000];
    assay_case c;
    assay_error err;
    assay_boundary_grid grid = {{0}};
    snprintf(text, sizeof text, MODEL "\"steps\": [%s]}", steps);
    cr_assert_eq(assay_case_parse(&c, text, strlen(text), "test", &err), ASSAY_OK, "%s", err.message);
    assay_boundary_grid_add(&grid, &c);
    assay_case_free(&c);
    return grid;
}

static int64_t at(const assay_boundary_grid *g, const char *length, const char *cache) {
    for (size_t i = 0; i < ASSAY_GRID_LENGTHS; i++)
        for (size_t k = 0; k < ASSAY_GRID_CACHES; k++)
            if (!strcmp(length, assay_grid_length_names[i]) && !strcmp(cache, assay_grid_cache_names[k]))
                return assay_boundary_grid_sum(g, i, k);
    cr_assert_fail("no such cell");
    return 0;
}

/* W = 4, C = 2: three tokens are C + 1 and W - 1. */
Test(boundary_grid, a_length_counts_for_all_that_it_is) {
    assay_boundary_grid g = grid_of("{\"op\": \"forward\", \"input_ids\": [[1, 2, 3]]}");
    cr_expect_eq(at(&g, "C+1", "0"), 1);
    cr_expect_eq(at(&g, "W-1", "0"), 1);
    cr_expect_eq(at(&g, "W", "0"), 0);
    cr_expect_eq(at(&g, "other", "0"), 0);
    cr_expect_eq(assay_boundary_grid_hit(&g), 2);
}

/* Three tokens leave the last window's two in the cache; two more fill it to W; one more flips. */
Test(boundary_grid, caches_are_followed_from_step_to_step) {
    assay_boundary_grid g = grid_of(
        "{\"op\": \"forward\", \"use_cache\": true, \"input_ids\": [[1, 2, 3]]},"
        "{\"op\": \"forward\", \"use_cache\": true, \"past\": \"keep\", \"input_ids\": [[1, 2]]},"
        "{\"op\": \"forward\", \"use_cache\": true, \"past\": \"keep\", \"input_ids\": [[1]]},"
        "{\"op\": \"forward\", \"use_cache\": true, \"past\": \"keep\", \"input_ids\": [[1]]}");
    cr_expect_eq(at(&g, "C", "other"), 1); /* 2 cached: neither 0, 1, W - 1 nor W */
    cr_expect_eq(at(&g, "1", "W"), 1);
    cr_expect_eq(at(&g, "1", "1"), 1, "after the flip");
}

/* With W = 4 and C = 2: 5 = W + C - 1, 6 = W + C, 7 = W + C + 1, 10 = 2W + C. */
Test(boundary_grid, whole_windows_before_the_last) {
    assay_boundary_grid g = grid_of(
        "{\"op\": \"forward\", \"input_ids\": [[0, 0, 0, 0, 0]]},"
        "{\"op\": \"forward\", \"input_ids\": [[0, 0, 0, 0, 0, 0]]},"
        "{\"op\": \"forward\", \"input_ids\": [[0, 0, 0, 0, 0, 0, 0]]},"
        "{\"op\": \"forward\", \"input_ids\": [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]}");
    cr_expect_eq(at(&g, "kW+C-1", "0"), 1);
    cr_expect_eq(at(&g, "kW+C", "0"), 2);
    cr_expect_eq(at(&g, "kW+C+1", "0"), 1);
}

/* A generation on a local cache starts with a call of one token: of its cells those of the six longer lengths, and of other ones, stay empty. */
enum { empty_cells = 7 * (ASSAY_GRID_CACHES - 1) * ASSAY_GRID_MASKS };

Test(boundary_grid, random_cases_come_to_nearly_all_cells) {
    assay_boundary_grid grid = {{0}};
    for (uint64_t i = 0; i < 5000; i++) {
        assay_case c;
        cr_assert_eq(assay_fuzz_case_random(&c, 1, i, &assay_fuzz_bounds_default, NULL), ASSAY_OK);
        assay_boundary_grid_add(&grid, &c);
        assay_case_free(&c);
    }
    cr_expect_geq(assay_boundary_grid_hit(&grid), ASSAY_GRID_CELLS - empty_cells - 25, "%zu",
                  assay_boundary_grid_hit(&grid));
}
