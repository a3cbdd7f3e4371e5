/*
 * Which keys each window of a whole history of calls sees: from the rules alone, numbers in and numbers out.
 *
 * A history is all calls that a past stands for, in order. Its tokens are columns, numbered through all calls. Nothing is carried from
 * call to call: the plan of a history is made anew from its first call on. What it says of a column is when it stops being local, and
 * whether memory layers remember it from then on. (The mask of what is remembered is in the call that let it go.)
 */
#ifndef ASSAY_FUZZ_ORACLE_PLAN_H
#define ASSAY_FUZZ_ORACLE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the windows of a call depend on. */
typedef struct {
    int64_t tokens;  /* T >= 1 */
    int64_t context; /* C >= 1: the call's last_context_length */
    bool use_cache;  /* the call's, or the configuration's where the call says nothing */
} assay_oracle_cut;

typedef struct {
    size_t call;
    int64_t begin, end; /* columns of its own tokens */
    bool is_final;      /* the last one of its call */
} assay_oracle_window;

/* One token of the history. Windows are numbered through all calls. */
typedef struct {
    size_t leaves;      /* first window that no longer has it in the local context; SIZE_MAX: none so far */
    bool is_remembered; /* memory layers keep it in memory from then on */
    size_t let_go_by;   /* the call in which that happens: its mask is the one that is stored (MEM-5) */
} assay_oracle_column;

typedef struct {
    assay_oracle_window *windows; /* (window_count) */
    size_t window_count;
    assay_oracle_column *columns; /* (column_count) */
    int64_t column_count;
} assay_oracle_plan;

/* Plans `count` calls on a model of context window W. Release with assay_oracle_plan_free. Rules: SCHED-1, SCHED-2, SCHED-4, CACHE-1,
 * MEM-2, MEM-8, CACHE-5. */
assay_status assay_oracle_plan_make(assay_oracle_plan *out, const assay_oracle_cut *calls, size_t count, int64_t window,
                                    assay_error *err);
void assay_oracle_plan_free(assay_oracle_plan *plan);

/* Whether window k (or, with k = window_count, whatever comes next) has a column in its local context; in memory. */
bool assay_oracle_is_local(const assay_oracle_plan *plan, size_t k, int64_t column);
bool assay_oracle_is_in_memory(const assay_oracle_plan *plan, size_t k, int64_t column);

/* The columns for which that is so, in ascending order (MEM-3: older first), into `out`, which has room for all. Returns their number. */
int64_t assay_oracle_local_columns(const assay_oracle_plan *plan, size_t k, int64_t *out);
int64_t assay_oracle_memory_columns(const assay_oracle_plan *plan, size_t k, int64_t *out);

#ifdef __cplusplus
}
#endif

#endif
