/* Other weights that make the same function. */
#include <stdio.h>
#include <string.h>

#include "fuzz/relation_compare.h"
#include "fuzz/relation_set.h"
#include "fuzz/relation_steps.h"

/* Multiplies a layer's weight of the edited ones by a power of two or 0, which is exact. */
static void scale_weight(const assay_relation_job *job, int64_t layer, const char *part, double factor) {
    char name[96];
    snprintf(name, sizeof name, "model.layers.%lld.self_attn.%s.weight", (long long)layer, part);
    const assay_tensor *t = assay_tensor_map_get(job->edited_weights, name);
    for (int64_t i = 0; i < assay_tensor_count(t); i++) {
        double value = assay_load_f64(t->data, t->dtype, (size_t)i) * factor;
        assay_convert((char *)t->data + (size_t)i * assay_dtype_size(t->dtype), t->dtype, &value, ASSAY_F64, 1);
    }
}

/* Values themselves are doubled, so the past is not compared. float16 would round small ones, its subnormals, otherwise. */
void assay_relation_value_scale(assay_relation_job *job) {
    assay_config *configs[] = {&job->a.c.config, &job->b.c.config};
    for (int i = 0; i < 2; i++)
        if (configs[i]->mem_dtype == ASSAY_F16) configs[i]->mem_dtype = ASSAY_BF16;
    job->b.weights = assay_relation_copy_weights(job);
    if (!job->b.weights) return;
    for (int64_t i = 0; i < job->a.c.config.num_hidden_layers; i++) {
        scale_weight(job, i, "v_proj", 2);
        scale_weight(job, i, "o_proj", 0.5);
    }
    assay_relation_run_both(job);
    for (size_t i = 0; i < job->a.c.step_count; i++)
        for (int stage = ASSAY_STAGE_LOGITS; stage <= ASSAY_STAGE_TOKENS; stage++)
            assay_relation_same_stage(job, &(assay_relation_pasts){.a_step = i, .b_step = i}, (assay_stage)stage, -1);
}

void assay_relation_silent_memory(assay_relation_job *job) {
    const assay_tensor *tokens = assay_relation_tokens(job);
    const assay_config *c = &job->a.c.config;
    if (!tokens || !assay_config_has_memory(c)) return;
    int64_t context = c->last_context_length,
            prefix = 1 + assay_relation_choose(job, 0, 2 * c->max_position_embeddings);
    job->a.weights = job->b.weights = assay_relation_copy_weights(job);
    if (!job->a.weights || !assay_relation_new_steps(job, &job->a, 1) || !assay_relation_new_steps(job, &job->b, 1))
        return;
    for (int64_t i = 0; i < c->num_hidden_layers; i++)
        if (c->is_memory_layer[i]) scale_weight(job, i, "o_proj", 0);
    assay_relation_put_ids(job, job->a.c.steps, tokens, 1, NULL, 0, prefix + context);
    assay_relation_put_ids(job, job->b.c.steps, tokens, 1, NULL, prefix, context);
    job->a.c.steps[0].use_cache = job->b.c.steps[0].use_cache = 1;
    assay_relation_run_both(job);
    assay_relation_same_logits(job, &(assay_relation_logits){.a_first = prefix, .count = context});
    for (int64_t i = 0; i < c->num_hidden_layers; i++)
        for (int stage = ASSAY_STAGE_PAST_KEY; stage <= ASSAY_STAGE_PAST_POSITION; stage++)
            assay_relation_same_stage(job, &(assay_relation_pasts){.shift = -prefix}, (assay_stage)stage, i);
}

/* Gives the edited weights a head that is the embedding. */
static void copy_head(assay_relation_job *job) {
    const assay_tensor *embedding = assay_tensor_map_get(job->edited_weights, "model.embed_tokens.weight");
    const assay_tensor *head = assay_tensor_map_get(job->edited_weights, "lm_head.weight");
    if (head) memcpy(head->data, embedding->data, assay_tensor_nbytes(embedding));
    else
        assay_relation_note(job, assay_tensor_map_put_copy(job->edited_weights, "lm_head.weight", embedding, job->err));
}

void assay_relation_tied_head(assay_relation_job *job) {
    if (job->a.c.config.head != ASSAY_HEAD_CAUSAL_LM) return;
    job->a.c.config.tie_word_embeddings = true;
    job->b.c.config.tie_word_embeddings = false;
    job->b.weights = assay_relation_copy_weights(job);
    if (!job->b.weights) return;
    copy_head(job);
    assay_relation_run_both(job);
    assay_relation_same_results(job);
}
