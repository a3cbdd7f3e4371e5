#include "fuzz/relation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "fuzz/case_copy.h"
#include "fuzz/relation_set.h"
#include "golden/recipe.h"

static const assay_relation relations[] = {
    {"position_shift", "POS-2", "a constant added to all positions changes nothing but the position ids in the past",
     true, "positions count from the smallest of the local context: the same integers, so the same operations",
     assay_relation_position_shift},
    {"batch_order", "POS-2 MEM-5", "rows of the batch in another order give the same rows in that order", false,
     "a product of matrices may add a row in an order that depends on where the row is", assay_relation_batch_order},
    {"row_alone", "POS-2 SCHED-6", "a row of the batch gives the same alone", false,
     "a product of fewer rows may add in another order", assay_relation_row_alone},
    {"cache_reorder", "CACHE-7", "a reordered past goes on as the past of the reordered rows", false,
     "a product of matrices may add a row in an order that depends on where the row is", assay_relation_cache_reorder},
};
enum { relation_count = sizeof relations / sizeof *relations };

size_t assay_relation_count(void) { return relation_count; }
const assay_relation *assay_relation_at(size_t index) { return &relations[index]; }

const assay_relation *assay_relation_find(const char *name) {
    for (size_t i = 0; i < relation_count; i++)
        if (strcmp(relations[i].name, name) == 0) return &relations[i];
    return NULL;
}

/* Choices follow the case's first numbers, so that a fuzzer's inputs reach different ones. */
static uint64_t key_of(const assay_case *c) {
    uint64_t key = assay_random_key(c->weights_seed, "assay-relation/1");
    const assay_tensor *ids = c->step_count > 0 ? &c->steps[0].input_ids : NULL;
    for (int64_t i = 0; ids && ids->data && i < assay_tensor_count(ids); i++)
        key = assay_random_mix(key ^ (uint64_t)((const int64_t *)ids->data)[i]);
    return key;
}

static void form_free(assay_relation_form *form) {
    assay_case_free(&form->c);
    assay_tensor_map_destroy(form->results);
    free(form->refusals);
}

static void check(assay_relation_job *job) {
    const assay_case *c = job->source;
    assay_relation_note(job, assay_fuzz_case_copy(&job->a.c, c, job->err));
    if (!job->status) assay_relation_note(job, assay_fuzz_case_copy(&job->b.c, c, job->err));
    if (!job->status)
        assay_relation_note(job, assay_recipe_weights(&job->weights, &c->config, c->weights_seed, c->weights_gain,
                                                      job->dtype, job->err));
    job->a.weights = job->b.weights = job->weights;
    if (!job->status) job->relation->check(job);
    form_free(&job->a);
    form_free(&job->b);
    assay_tensor_map_destroy(job->weights);
    assay_tensor_map_destroy(job->edited_weights);
}

assay_status assay_relation_check(const assay_relation *relation, const assay_case *c,
                                  const assay_relation_mistakes *mistakes, assay_relation_result *out,
                                  assay_error *err) {
    assert(c->has_config && !c->config_refused && c->has_weights);
    assay_relation_result result = {0};
    assay_relation_job job = {.source = c,
                              .relation = relation,
                              .dtype = relation->exact ? ASSAY_F32 : ASSAY_F64,
                              .tolerance = relation->exact ? 0 : ASSAY_RELATION_TOLERANCE,
                              .key = key_of(c),
                              .result = &result,
                              .err = err};
    if (mistakes) {
        job.a.semantics = mistakes->first;
        job.b.semantics = mistakes->second;
    }
    check(&job);
    if (!job.status) *out = result;
    return job.status;
}
