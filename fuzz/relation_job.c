#include "fuzz/relation_job.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "core/stages.h"
#include "run/run_case.h"

bool assay_relation_goes_on(const assay_relation_job *job) {
    return !job->status && job->result->verdict != ASSAY_RELATION_BROKEN;
}

void assay_relation_note(assay_relation_job *job, assay_status status) {
    if (!job->status) job->status = status;
}

/* ---- running ---- */

static assay_status keep_tensor(void *context, const assay_place *place, const assay_tensor *tensor, assay_error *err) {
    char path[160];
    return assay_tensor_map_put_copy(((assay_relation_form *)context)->results,
                                     assay_place_path(place, path, sizeof path), tensor, err);
}

static assay_status keep_step(void *context, int64_t step, const assay_step *what, const assay_error *refusal,
                              assay_error *err) {
    (void)what;
    (void)err;
    if (refusal) ((assay_relation_form *)context)->refusals[step] = *refusal;
    return ASSAY_OK;
}

static assay_status edit_past(void *context, int64_t step, assay_past *past, assay_error *err) {
    const assay_relation_form *form = context;
    return form->edit_past(form->edit_context, step, past, err);
}

static assay_status run(const assay_relation_job *job, assay_relation_form *form, assay_error *err) {
    static const assay_semantics original = {0};
    form->results = assay_tensor_map_create();
    form->refusals = calloc(form->c.step_count + 1, sizeof *form->refusals);
    if (!form->results || !form->refusals) return assay_fail_nomem(err, "the results of a case");
    const assay_semantics *semantics = form->semantics ? form->semantics : &original;
    assay_model *model;
    assay_status st = assay_model_create_variant(&model, &form->c.config, semantics, job->dtype, form->weights, err);
    if (st) return st;
    assay_run_sink sink = {.context = form,
                           .tensor = keep_tensor,
                           .step = keep_step,
                           .past = form->edit_past ? edit_past : NULL,
                           .tolerates = true};
    st = assay_run_case(model, &form->c, &sink, err);
    assay_model_destroy(model);
    return st;
}

void assay_relation_run(assay_relation_job *job, assay_relation_form *form) {
    if (assay_relation_goes_on(job)) assay_relation_note(job, run(job, form, job->err));
}

void assay_relation_run_both(assay_relation_job *job) {
    assay_relation_run(job, &job->a);
    assay_relation_run(job, &job->b);
}

size_t assay_relation_steps_run(const assay_relation_form *form) {
    size_t n = 0;
    while (form->refusals && n < form->c.step_count && form->refusals[n].status == ASSAY_OK) n++;
    return n;
}

bool assay_relation_all_ran(const assay_relation_job *job, const assay_relation_form *form) {
    return assay_relation_goes_on(job) && assay_relation_steps_run(form) == form->c.step_count;
}

/* ---- what there was ---- */

static const assay_tensor *longest(const assay_relation_form *form, int64_t step, assay_stage stage) {
    const assay_tensor *found = NULL;
    for (int64_t layer = 0; !found && layer < form->c.config.num_hidden_layers; layer++) {
        char path[160];
        assay_place place = {step, -1, layer, stage};
        found = assay_tensor_map_get(form->results, assay_place_path(&place, path, sizeof path));
    }
    return found;
}

assay_relation_past assay_relation_past_after(const assay_relation_form *form, int64_t step) {
    assay_relation_past past = {0};
    if (step < 0 || !form->results) return past;
    const assay_tensor *local = longest(form, step, ASSAY_STAGE_PAST_KEY);
    const assay_tensor *memory = longest(form, step, ASSAY_STAGE_PAST_MEM_KEY);
    if (local) past = (assay_relation_past){local->shape[0], local->shape[2], 0};
    if (memory) past = (assay_relation_past){memory->shape[0], past.cached, memory->shape[2]};
    return past;
}

int64_t assay_relation_choose(const assay_relation_job *job, uint64_t n, int64_t count) {
    return (int64_t)(assay_random_at(job->key, n) % (uint64_t)count);
}

assay_tensor_map *assay_relation_copy_weights(assay_relation_job *job) {
    if (!assay_relation_goes_on(job)) return NULL;
    job->edited_weights = assay_tensor_map_create();
    if (!job->edited_weights) assay_relation_note(job, assay_fail_nomem(job->err, "a copy of weights"));
    for (size_t i = 0; !job->status && i < assay_tensor_map_count(job->weights); i++)
        assay_relation_note(job, assay_tensor_map_put_copy(job->edited_weights, assay_tensor_map_name(job->weights, i),
                                                           assay_tensor_map_at(job->weights, i), job->err));
    return job->status ? NULL : job->edited_weights;
}
