/*
 * The two forms of a case in a relation: making, running and comparing them. For relation_*.c.
 *
 * A job remembers the first error; after it, and after a verdict of BROKEN, every function here does nothing. So a relation
 * is written without tests in between.
 */
#ifndef ASSAY_FUZZ_RELATION_JOB_H
#define ASSAY_FUZZ_RELATION_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/tensor.h"
#include "engine/engine.h"
#include "fuzz/relation.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One form. `c` starts as a copy of the case, to be edited before the run. */
typedef struct {
    assay_case c;
    const assay_tensor_map *weights;  /* what it runs on; starts as the job's */
    const assay_semantics *semantics; /* NULL: the original's */
    assay_status (*edit_past)(void *context, int64_t step, assay_past *past, assay_error *err); /* or NULL */
    void *edit_context;
    /* after assay_relation_run */
    assay_tensor_map *results; /* by path: "steps/0/logits" */
    assay_error *refusals;     /* (c.step_count) status ASSAY_OK where the step ran */
} assay_relation_form;

struct assay_relation_job {
    const assay_case *source; /* the case */
    const assay_relation *relation;
    assay_dtype dtype; /* of both runs */
    double tolerance;  /* 0: equal */
    assay_relation_form a, b;
    assay_tensor_map *weights, *edited_weights; /* of the case; those that a relation made, or NULL */
    uint64_t key;                               /* for whatever a relation chooses at random */
    assay_relation_result *result;
    assay_status status;
    assay_error *err;
};

/* False once there was an error or the relation is broken. */
bool assay_relation_goes_on(const assay_relation_job *job);

/* Keeps the first error. */
void assay_relation_note(assay_relation_job *job, assay_status status);

/* Runs a form; a refused step is noted and the run goes on. At most once for each form. */
void assay_relation_run(assay_relation_job *job, assay_relation_form *form);

/* Runs both. */
void assay_relation_run_both(assay_relation_job *job);

/* The number of leading steps that were not refused. */
size_t assay_relation_steps_run(const assay_relation_form *form);

/* Whether all steps of a form ran. */
bool assay_relation_all_ran(const assay_relation_job *job, const assay_relation_form *form);

/* What a form's past held after a step; all 0 for step -1 and where there was none. */
typedef struct {
    int64_t batch, cached, remembered;
} assay_relation_past;
assay_relation_past assay_relation_past_after(const assay_relation_form *form, int64_t step);

/* A number from 0 to count - 1, the n-th of the job. */
int64_t assay_relation_choose(const assay_relation_job *job, uint64_t n, int64_t count);

/* Makes job->edited_weights: a copy of the case's weights for the second form. NULL on an error. */
assay_tensor_map *assay_relation_copy_weights(assay_relation_job *job);

#ifdef __cplusplus
}
#endif

#endif
