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
    {"windows_by_hand", "SCHED-1 SCHED-2 SCHED-3 MEM-2 POS-5",
     "a long call is the calls of its windows, one after the other", false,
     "a window's logits come from products of other sizes", assay_relation_windows_by_hand},
    {"decode_partition", "CACHE-1 CACHE-6 POS-1 POS-6",
     "up to min(W, C) tokens are the same in one call and in several", false, "products have other sizes",
     assay_relation_decode_partition},
    {"flip", "CACHE-1 CACHE-2 CACHE-3 MEM-1 MEM-5 MEM-8",
     "a cache that is dropped at W + 1 tokens is what a call without cache leaves", true,
     "the same windows on the same memory", assay_relation_flip},
    {"later_tokens", "ATT-5", "no kept token's logits depend on later tokens", true,
     "the same operations; a hidden key's weight is 0", assay_relation_later_tokens},
    {"shared_windows", "SCHED-1 MEM-2", "the full windows that two calls start with give the same", true,
     "the same windows", assay_relation_shared_windows},
    {"unused_memory", "SCHED-1 MEM-7 MEM-11",
     "a first call of up to C tokens is that of plain LLaMA, whatever layers have memory", true,
     "a memory that is empty adds no operation", assay_relation_unused_memory},
    {"lost_prefix", "SCHED-5 POS-2", "without memory layers a long call is that of its last C tokens", true,
     "the final window is the same", assay_relation_lost_prefix},
    {"memory_order", "MEM-3 MEM-4 MEM-9 CACHE-5", "the order of what is in memory changes no logits", false,
     "sums over keys run in another order", assay_relation_memory_order},
    {"masked_removed", "SCHED-6 MEM-5 ATT-1",
     "hidden tokens that are left out change nothing, where windows are cut at the same tokens", false,
     "sums have fewer terms", assay_relation_masked_removed},
    {"memory_dtype", "MEM-6", "a memory of float64 is one of float32 in a float32 model", true,
     "float32 values survive the cast both ways", assay_relation_memory_dtype},
    {"grouping", "MEM-10", "a grouping of heads and queries changes no result", true,
     "the engine always works in blocks of its own", assay_relation_grouping},
    {"value_scale", "ATT-2 MEM-6", "v_proj times 2 with o_proj by 2 changes no result", true,
     "powers of two pass through every sum and through bfloat16 unrounded", assay_relation_value_scale},
    {"silent_memory", "MEM-2 MEM-11",
     "with an o_proj of zeros in memory layers, a long call is that of its last C tokens", true,
     "what memory adds is times 0", assay_relation_silent_memory},
    {"tied_head", "HEAD-1", "a tied head is a copy of the embedding", true, "the same numbers in the same operations",
     assay_relation_tied_head},
    {"pad_id", "SCHED-6 GEN-2", "a forward does not look at pad_token_id", true, "the same operations",
     assay_relation_pad_id},
    {"hidden_tokens", "SCHED-6 MEM-5 ATT-1", "what a hidden token is changes no kept token's logits in its call", true,
     "the same operations; a hidden key's weight is 0", assay_relation_hidden_tokens},
    {"mask_form", "SCHED-6 CACHE-8",
     "0, 0.5 and 2 hide alike, columns before cache and input do not count, no mask is a mask of ones", true,
     "the same operations", assay_relation_mask_form},
    {"cache_default", "MEM-8 CACHE-5", "use_cache unset is the configuration's", true, "the same operations",
     assay_relation_cache_default},
    {"longer_context", "SCHED-1", "a C beyond the tokens of a call changes nothing", true, "the same operations",
     assay_relation_longer_context},
    {"embeddings", "EMB-1", "inputs_embeds of the embedding's rows are the ids", true,
     "the same numbers in the same operations", assay_relation_embeddings},
    {"generation_by_hand", "GEN-1 POS-4", "generation is the prompt in one call and then its tokens one by one", false,
     "generation computes the last logits alone, in products of other sizes", assay_relation_generation_by_hand},
    {"loss_parts", "LOSS-1", "the losses of two parts of the labels add up to that of all, by their counts", false,
     "sums are divided by other counts", assay_relation_loss_parts},
    {"case_text", "EMB-1 SCHED-6", "a case written as text and read again gives the same", true, "the same case",
     assay_relation_case_text},
    {"weights_file", "HEAD-1", "weights written to a .safetensors file and read again give the same", true,
     "the file has their bits", assay_relation_weights_file},
    {"dump_file", "CACHE-5 MEM-6", "results written to an HDF5 and a .safetensors file are read as they were", true,
     "the files have their bits", assay_relation_dump_file},
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
