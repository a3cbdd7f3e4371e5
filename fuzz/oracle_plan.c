#include "fuzz/oracle_plan.h"

#include <stdlib.h>

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t prefix_of(const assay_oracle_cut *call) {
    return call->tokens > call->context ? call->tokens - call->context : 0;
}

/* SCHED-1 of one call, whose first token is column `first`. */
static void cut_call(assay_oracle_plan *plan, const assay_oracle_cut *call, size_t index, int64_t window) {
    int64_t first = plan->column_count, prefix = prefix_of(call);
    for (int64_t at = 0; at < prefix; at += window)
        plan->windows[plan->window_count++] =
            (assay_oracle_window){index, first + at, first + smaller(at + window, prefix), false};
    plan->windows[plan->window_count++] = (assay_oracle_window){index, first + prefix, first + call->tokens, true};
    plan->column_count += call->tokens;
}

static size_t count_windows(const assay_oracle_cut *calls, size_t count, int64_t window, int64_t *columns) {
    size_t windows = 0;
    *columns = 0;
    for (size_t i = 0; i < count; i++) {
        windows += (size_t)(prefix_of(&calls[i]) / window) + 2;
        *columns += calls[i].tokens;
    }
    return windows;
}

bool assay_oracle_is_local(const assay_oracle_plan *plan, size_t k, int64_t column) {
    bool is_there = k == plan->window_count || column < plan->windows[k].end;
    return is_there && plan->columns[column].leaves > k;
}

bool assay_oracle_is_in_memory(const assay_oracle_plan *plan, size_t k, int64_t column) {
    const assay_oracle_column *c = &plan->columns[column];
    return c->is_remembered && c->leaves <= k;
}

int64_t assay_oracle_local_columns(const assay_oracle_plan *plan, size_t k, int64_t *out) {
    int64_t n = 0;
    for (int64_t g = 0; g < plan->column_count; g++)
        if (assay_oracle_is_local(plan, k, g)) out[n++] = g;
    return n;
}

int64_t assay_oracle_memory_columns(const assay_oracle_plan *plan, size_t k, int64_t *out) {
    int64_t n = 0;
    for (int64_t g = 0; g < plan->column_count; g++)
        if (assay_oracle_is_in_memory(plan, k, g)) out[n++] = g;
    return n;
}

/* Columns [begin, end) that are still local go: before window k looks at them, or, of window k - 1, after it has. */
static void let_go(assay_oracle_plan *plan, int64_t begin, int64_t end, size_t k, assay_oracle_column how) {
    for (int64_t g = begin; g < end; g++) {
        if (plan->columns[g].leaves != SIZE_MAX) continue;
        plan->columns[g] = how;
        plan->columns[g].leaves = k;
    }
}

/* What window k does to the columns that are there when it starts, and to its own. */
static void pass_window(assay_oracle_plan *plan, size_t k, const assay_oracle_cut *call, int64_t window) {
    const assay_oracle_window *w = &plan->windows[k];
    int64_t cached = 0;
    for (int64_t g = 0; g < w->begin; g++) cached += plan->columns[g].leaves == SIZE_MAX;
    /* SCHED-2: a prefix window on no local cache runs without one. */
    bool use_cache = call->use_cache && (w->is_final || cached > 0);
    /* CACHE-1: with more than W keys all that were cached leave before the attention, to memory under use_cache. */
    if (cached + w->end - w->begin > window)
        let_go(plan, 0, w->begin, k, (assay_oracle_column){.is_remembered = use_cache, .let_go_by = w->call});
    if (use_cache) return;
    /* Without use_cache nothing stays local. MEM-2, MEM-8: a window that had no local cache goes to memory after its attention; one that
     * had one is forgotten, with its cache (CACHE-5). */
    let_go(plan, 0, w->begin, k + 1, (assay_oracle_column){.is_remembered = false, .let_go_by = w->call});
    let_go(plan, w->begin, w->end, k + 1, (assay_oracle_column){.is_remembered = cached == 0, .let_go_by = w->call});
}

assay_status assay_oracle_plan_make(assay_oracle_plan *out, const assay_oracle_cut *calls, size_t count, int64_t window,
                                    assay_error *err) {
    assay_oracle_plan plan = {0};
    int64_t columns;
    size_t windows = count_windows(calls, count, window, &columns);
    plan.windows = calloc(windows + 1, sizeof *plan.windows);
    plan.columns = calloc((size_t)columns + 1, sizeof *plan.columns);
    if (!plan.windows || !plan.columns) {
        assay_oracle_plan_free(&plan);
        return assay_fail_nomem(err, "the oracle's plan");
    }
    for (int64_t g = 0; g < columns; g++) plan.columns[g].leaves = SIZE_MAX;
    for (size_t i = 0; i < count; i++) cut_call(&plan, &calls[i], i, window);
    for (size_t k = 0; k < plan.window_count; k++) pass_window(&plan, k, &calls[plan.windows[k].call], window);
    *out = plan;
    return ASSAY_OK;
}

void assay_oracle_plan_free(assay_oracle_plan *plan) {
    free(plan->windows);
    free(plan->columns);
    *plan = (assay_oracle_plan){0};
}
