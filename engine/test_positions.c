/* Position ids (POS-1, POS-2, POS-4). How calls use them is in test_forward.c. */
#include "engine/positions.h"

#include <criterion/criterion.h>
#include <string.h>

static void check_default(const int64_t *cached, int64_t cached_count, const int64_t *expected, int64_t tokens) {
    int64_t out[8];
    assay_positions_default(out, tokens, cached, cached_count);
    for (int64_t i = 0; i < tokens; i++)
        cr_assert_eq(out[i], expected[i], "token %lld: %lld", (long long)i, (long long)out[i]);
}

Test(positions, default_positions_start_at_0_or_after_the_largest_cached) { /* POS-1 */
    check_default(NULL, 0, (int64_t[]){0, 1, 2, 3}, 4);
    check_default((int64_t[]){0, 1, 2}, 3, (int64_t[]){3, 4}, 2);
    check_default((int64_t[]){9, 3, 4}, 3, (int64_t[]){10, 11}, 2);
    check_default((int64_t[]){3, 9, 4}, 3, (int64_t[]){10}, 1);
    check_default((int64_t[]){0, 0}, 2, (int64_t[]){1}, 1);
}

Test(positions, negative_cached_positions_count_like_any_others) { /* POS-1, POS-4: pads may sit at -1 */
    check_default((int64_t[]){-1, -1}, 2, (int64_t[]){0, 1}, 2);
    check_default((int64_t[]){-7, -9}, 2, (int64_t[]){-6, -5}, 2);
}

Test(positions, the_base_is_the_smallest) { /* POS-2 */
    cr_assert_eq(assay_positions_base((int64_t[]){5}, 1), 5);
    cr_assert_eq(assay_positions_base((int64_t[]){5, 3, 4}, 3), 3);
    cr_assert_eq(assay_positions_base((int64_t[]){-1, -1, 0, 1}, 4), -1);
    cr_assert_eq(assay_positions_base((int64_t[]){INT64_MAX, INT64_MIN}, 2), INT64_MIN);
}

Test(positions, relative_positions_ignore_a_common_offset) { /* POS-2 */
    const int64_t positions[] = {4, 2, 2, 7, 3};
    int64_t plain[5], moved[5], shifted[5];
    for (int i = 0; i < 5; i++) shifted[i] = positions[i] + 1000000;
    cr_assert_eq(assay_positions_relative(plain, positions, 5, assay_positions_base(positions, 5)), 5);
    cr_assert_eq(assay_positions_relative(moved, shifted, 5, assay_positions_base(shifted, 5)), 5);
    cr_assert_arr_eq(plain, ((int64_t[]){2, 0, 0, 5, 1}), sizeof plain);
    cr_assert_arr_eq(plain, moved, sizeof plain);
}

static void check_mask(const double *mask, const int64_t *expected, int64_t count) {
    int64_t out[8];
    assay_positions_from_mask(out, mask, count);
    for (int64_t i = 0; i < count; i++)
        cr_assert_eq(out[i], expected[i], "column %lld: %lld", (long long)i, (long long)out[i]);
}

Test(positions, generation_counts_the_mask) { /* POS-4 */
    check_mask((double[]){1, 1, 1}, (int64_t[]){0, 1, 2}, 3);
    check_mask((double[]){0, 0, 1, 1}, (int64_t[]){-1, -1, 0, 1}, 4); /* left pads stay at -1 */
    check_mask((double[]){1, 0, 1, 0}, (int64_t[]){0, 0, 1, 1}, 4);
    check_mask((double[]){0, 0}, (int64_t[]){-1, -1}, 2);
}

Test(positions, mask_entries_are_truncated_one_by_one) { /* POS-4: .long() comes before the sum */
    check_mask((double[]){0.5, 0.5, 1.9, 2, -0.5}, (int64_t[]){-1, -1, 0, 2, 2}, 5);
}
