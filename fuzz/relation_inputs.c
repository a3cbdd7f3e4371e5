/* Inputs that say the same in another way, and what a call does not look at. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/case_lengths.h"
#include "fuzz/relation_compare.h"
#include "fuzz/relation_set.h"
#include "fuzz/relation_steps.h"

/* Generation takes pads from the ids (GEN-2) and fills ended rows with them; a classification counts them (CLS-1). */
void assay_relation_pad_id(assay_relation_job *job) {
    if (job->a.c.config.head != ASSAY_HEAD_CAUSAL_LM) return;
    size_t n = 0;
    while (n < job->a.c.step_count && job->a.c.steps[n].op != ASSAY_OP_GENERATE) n++;
    assay_relation_cut(job, n);
    int64_t *pad = &job->b.c.config.pad_token_id;
    *pad = *pad == ASSAY_NO_TOKEN ? 0 : *pad > 0 ? *pad - 1 : ASSAY_NO_TOKEN;
    assay_relation_run_both(job);
    assay_relation_same_results(job);
}

/* ---- hidden tokens ---- */

static bool hides_some(const assay_step *step) {
    for (int64_t b = 0; b < assay_fuzz_step_batch(step); b++)
        for (int64_t t = 0; t < assay_fuzz_step_tokens(step); t++)
            if (!assay_relation_keeps(step, b, t)) return true;
    return false;
}

/* The last step that is a forward with a mask, or -1. */
static int64_t last_masked(const assay_case *c) {
    int64_t n = (int64_t)c->step_count - 1;
    while (n >= 0 && (c->steps[n].op != ASSAY_OP_FORWARD || !c->steps[n].attention_mask.data)) n--;
    return n;
}

static void change_hidden(const assay_relation_job *job, assay_step *step, const uint8_t *hidden) {
    int64_t count = assay_fuzz_step_batch(step) * assay_fuzz_step_tokens(step);
    int64_t *ids = step->input_ids.data, size = job->a.c.config.vocab_size, width = job->a.c.config.hidden_size;
    double *embeds = step->inputs_embeds.data;
    for (int64_t i = 0; i < count; i++) {
        if (!hidden[i]) continue;
        if (ids) ids[i] = (ids[i] + 1 + assay_relation_choose(job, (uint64_t)i, size - 1)) % size;
        for (int64_t j = 0; embeds && j < width; j++) embeds[i * width + j] -= 0.5;
    }
}

/* Hidden queries do change, and with them their keys; nobody kept sees those, in this call. Another call may (CACHE-8). */
void assay_relation_hidden_tokens(assay_relation_job *job) {
    int64_t n = last_masked(&job->a.c);
    if (n < 0) return;
    assay_relation_cut(job, (size_t)n + 1);
    assay_step *a = &job->a.c.steps[n], *b = &job->b.c.steps[n];
    assay_tensor_free(&a->labels);
    assay_tensor_free(&b->labels);
    assay_relation_run(job, &job->a);
    if (!assay_relation_all_ran(job, &job->a) || !hides_some(a)) return;
    uint8_t *hidden = assay_relation_hidden(job, a);
    if (!hidden) return;
    change_hidden(job, b, hidden);
    assay_relation_run(job, &job->b);
    assay_relation_logits logits = {.a_step = (size_t)n, .b_step = (size_t)n, .skip = hidden};
    logits.count = assay_fuzz_step_tokens(a);
    assay_relation_same_logits(job, &logits);
    free(hidden);
}

/* ---- forms of a mask ---- */

static void rewrite_mask(assay_relation_job *job, assay_step *step, int64_t cached) {
    static const double hiding[] = {0, 0.5, 2, -1};
    assay_tensor old = step->attention_mask;
    int64_t rows = assay_fuzz_step_batch(step), columns = cached + assay_fuzz_step_tokens(step);
    int64_t extra = assay_relation_choose(job, 0, 3), skipped = old.data ? old.shape[1] - columns : 0;
    step->attention_mask = (assay_tensor){0};
    double *mask = assay_relation_put_mask(job, step, rows, columns + extra);
    for (int64_t i = 0; mask && i < rows * (columns + extra); i++) {
        int64_t row = i / (columns + extra), column = i % (columns + extra) - extra;
        bool keeps = !old.data || (column >= 0 && ((double *)old.data)[row * old.shape[1] + skipped + column] == 1);
        mask[i] = keeps ? 1 : hiding[assay_relation_choose(job, (uint64_t)(100 + i), 4)];
    }
    assay_tensor_free(&old);
}

/* Generation counts positions by its mask (POS-4), so it keeps the one that it has. */
void assay_relation_mask_form(assay_relation_job *job) {
    assay_relation_run(job, &job->a);
    int64_t before = -1;
    bool any = false;
    for (size_t i = 0; i < job->a.c.step_count && assay_relation_goes_on(job); i++) {
        assay_step *step = &job->b.c.steps[i];
        if (job->a.refusals[i].status) continue;
        if (step->op == ASSAY_OP_FORWARD || step->op == ASSAY_OP_CLASSIFY) {
            rewrite_mask(job, step, step->past_keep ? assay_relation_past_after(&job->a, before).cached : 0);
            any = true;
        }
        before = (int64_t)i;
    }
    if (!any) return;
    assay_relation_run(job, &job->b);
    assay_relation_same_results(job);
}

/* ---- what is said by default ---- */

/* On a local cache, a use_cache that is false by the configuration is accepted and one of the call is not (CACHE-5). */
void assay_relation_cache_default(assay_relation_job *job) {
    assay_relation_run(job, &job->a);
    bool any = false, by_default = job->a.c.config.use_cache;
    int64_t before = -1;
    for (size_t i = 0; i < job->a.c.step_count && assay_relation_goes_on(job); i++) {
        assay_step *step = &job->b.c.steps[i];
        if (job->a.refusals[i].status) continue;
        bool cached = step->past_keep && assay_relation_past_after(&job->a, before).cached > 0;
        before = (int64_t)i;
        if ((step->op != ASSAY_OP_FORWARD && step->op != ASSAY_OP_CLASSIFY) || (cached && !by_default)) continue;
        if (step->use_cache >= 0 && step->use_cache != by_default) continue;
        step->use_cache = step->use_cache >= 0 ? -1 : by_default;
        any = true;
    }
    if (!any) return;
    assay_relation_run(job, &job->b);
    assay_relation_same_results(job);
}

void assay_relation_longer_context(assay_relation_job *job) {
    bool any = false;
    for (size_t i = 0; i < job->b.c.step_count; i++) {
        assay_step *step = &job->b.c.steps[i];
        int64_t tokens = assay_fuzz_step_tokens(step);
        bool fits = tokens <= assay_relation_context(&job->b, step);
        if (!fits || (step->op != ASSAY_OP_FORWARD && step->op != ASSAY_OP_CLASSIFY)) continue;
        int64_t more = assay_relation_choose(job, i, 3) * assay_relation_choose(job, 100 + i, 1000);
        assay_relation_set_context(step, tokens + more);
        any = true;
    }
    if (!any) return;
    assay_relation_run_both(job);
    assay_relation_same_results(job);
}

/* ---- EMB-1 ---- */

static void embed(assay_relation_job *job, assay_step *step) {
    const assay_tensor *table = assay_tensor_map_get(job->weights, "model.embed_tokens.weight");
    int64_t width = table->shape[1], count = assay_tensor_count(&step->input_ids);
    const int64_t shape[] = {step->input_ids.shape[0], step->input_ids.shape[1], width};
    assay_relation_note(
        job, assay_tensor_alloc(&step->inputs_embeds, ASSAY_F64, 3, shape, "embeddings of a case", job->err));
    if (job->status) return;
    for (int64_t i = 0; i < count * width; i++) {
        int64_t id = ((const int64_t *)step->input_ids.data)[i / width];
        ((double *)step->inputs_embeds.data)[i] =
            assay_load_f64(table->data, table->dtype, (size_t)(id * width + i % width));
    }
    assay_tensor_free(&step->input_ids);
}

/* A classification pools by ids where it has them (CLS-1), so this is about language models. */
void assay_relation_embeddings(assay_relation_job *job) {
    if (job->a.c.config.head != ASSAY_HEAD_CAUSAL_LM) return;
    assay_relation_run(job, &job->a);
    bool any = false;
    for (size_t i = 0; i < job->b.c.step_count && assay_relation_goes_on(job); i++) {
        assay_step *step = &job->b.c.steps[i];
        if (job->a.refusals[i].status || step->op != ASSAY_OP_FORWARD || !step->input_ids.data) continue;
        embed(job, step);
        any = true;
    }
    if (!any) return;
    assay_relation_run(job, &job->b);
    assay_relation_same_results(job);
}
