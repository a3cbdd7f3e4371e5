/* The oracle's plan on schedules that were worked out by hand, those of docs/semantics.md among them. */
#include <criterion/criterion.h>

#include "fuzz/oracle_plan.h"

static assay_oracle_plan make(const assay_oracle_cut *calls, size_t count, int64_t window) {
    assay_oracle_plan plan;
    cr_assert_eq(assay_oracle_plan_make(&plan, calls, count, window, NULL), ASSAY_OK);
    return plan;
}

static void expect_lengths(const assay_oracle_plan *plan, size_t first, size_t count, const int64_t *lengths) {
    cr_assert_eq(plan->window_count, first + count);
    for (size_t k = 0; k < count; k++)
        cr_expect_eq(plan->windows[first + k].end - plan->windows[first + k].begin, lengths[k], "window %zu", k);
}

static void expect_past(const assay_oracle_plan *plan, size_t k, int64_t local, int64_t remembered) {
    int64_t columns[100];
    cr_expect_eq(assay_oracle_local_columns(plan, k, columns), local);
    cr_expect_eq(assay_oracle_memory_columns(plan, k, columns), remembered);
}

/* SCHED-1 */
Test(oracle_plan, cuts_calls_as_the_spec_says) {
    const struct {
        int64_t tokens, lengths[4];
        size_t count;
    } examples[] = {{9, {1, 8}, 2}, {17, {9, 8}, 2}, {25, {16, 1, 8}, 3}, {33, {16, 9, 8}, 3}, {8, {8}, 1}};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const assay_oracle_cut call = {examples[i].tokens, 8, false};
        assay_oracle_plan plan = make(&call, 1, 16);
        expect_lengths(&plan, 0, examples[i].count, examples[i].lengths);
        assay_oracle_plan_free(&plan);
    }
}

/* SCHED-2: cached 5, T=28, W=16, C=8 leaves 12 local, 21 in memory. */
Test(oracle_plan, goes_on_from_a_local_cache) {
    const assay_oracle_cut calls[] = {{5, 8, true}, {28, 8, true}};
    assay_oracle_plan plan = make(calls, 2, 16);
    expect_lengths(&plan, 1, 3, (const int64_t[]){16, 4, 8});
    expect_past(&plan, 1, 16, 5);
    expect_past(&plan, 2, 4, 21);
    expect_past(&plan, 3, 12, 21);
    expect_past(&plan, plan.window_count, 12, 21);
    assay_oracle_plan_free(&plan);
}

/* CACHE-1, MEM-2: exactly W stays; a window that joins the memory did not see itself there. */
Test(oracle_plan, drops_above_the_window_alone) {
    const assay_oracle_cut calls[] = {{3, 8, true}, {1, 8, true}, {1, 8, true}, {2, 8, false}};
    assay_oracle_plan plan = make(calls, 3, 4);
    expect_past(&plan, 1, 4, 0);
    expect_past(&plan, 2, 1, 4);
    assay_oracle_plan_free(&plan);
    plan = make(&calls[3], 1, 4);
    expect_past(&plan, 0, 2, 0);
    expect_past(&plan, 1, 0, 2);
    assay_oracle_plan_free(&plan);
}

/* CACHE-5: on a local cache, without use_cache: nothing is kept, and nothing is written to memory. */
Test(oracle_plan, forgets_what_an_uncached_call_finds) {
    const assay_oracle_cut calls[] = {{3, 8, true}, {2, 1, false}};
    assay_oracle_plan plan = make(calls, 2, 4);
    expect_lengths(&plan, 1, 2, (const int64_t[]){1, 1});
    expect_past(&plan, 1, 4, 0);
    expect_past(&plan, 2, 1, 0);
    expect_past(&plan, plan.window_count, 0, 1);
    assay_oracle_plan_free(&plan);
}
