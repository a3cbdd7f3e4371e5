#include "fuzz/case_lengths.h"

#include <stdlib.h>

#include "engine/schedule.h"

static const assay_tensor *input_of(const assay_step *step) {
    return step->input_ids.data ? &step->input_ids : &step->inputs_embeds;
}

int64_t assay_fuzz_step_batch(const assay_step *step) { return input_of(step)->data ? input_of(step)->shape[0] : 0; }
int64_t assay_fuzz_step_tokens(const assay_step *step) { return input_of(step)->data ? input_of(step)->shape[1] : 0; }

int64_t assay_fuzz_step_fed(const assay_step *step, int64_t cached) {
    return step->op == ASSAY_OP_GENERATE && cached > 0 ? 1 : assay_fuzz_step_tokens(step);
}

int64_t assay_fuzz_step_context(const assay_config *config, const assay_step *step) {
    return step->has_last_context_length ? step->last_context_length : config->last_context_length;
}

static bool call(assay_fuzz_lengths *lengths, const assay_config *config, const assay_step *step, int64_t tokens) {
    assay_schedule_input in = {.tokens = tokens,
                               .cached = lengths->cached,
                               .window = config->max_position_embeddings,
                               .last_context_length = assay_fuzz_step_context(config, step),
                               .use_cache = step->op == ASSAY_OP_GENERATE ? -1 : step->use_cache,
                               .config_use_cache = config->use_cache,
                               .has_memory = assay_config_has_memory(config)};
    assay_window *windows;
    size_t count;
    if (assay_schedule_plan(&in, &windows, &count, NULL)) return false;
    for (size_t k = 0; k < count; k++) {
        const assay_window *w = &windows[k];
        int64_t own = w->end - w->begin;
        if (in.has_memory) lengths->remembered += w->to_memory_before + w->to_memory_after;
        lengths->cached = w->keeps_local ? w->cached - w->dropped + own : 0;
    }
    lengths->next_position += tokens;
    if (lengths->cached == 0) lengths->next_position = 0; /* POS-1 */
    free(windows);
    return true;
}

void assay_fuzz_lengths_step(assay_fuzz_lengths *lengths, const assay_config *config, const assay_step *step) {
    if (step->op == ASSAY_OP_REORDER) {
        if (lengths->batch > 0) lengths->batch = step->beam_idx.shape[0];
        return;
    }
    assay_fuzz_lengths next = step->past_keep ? *lengths : (assay_fuzz_lengths){0};
    next.batch = assay_fuzz_step_batch(step);
    bool runs = call(&next, config, step, assay_fuzz_step_fed(step, next.cached));
    for (int64_t i = 1; runs && step->op == ASSAY_OP_GENERATE && i < step->max_new_tokens; i++)
        runs = call(&next, config, step, 1);
    if (!runs) return;
    if (next.cached + next.remembered == 0) next = (assay_fuzz_lengths){0}; /* it left no past */
    *lengths = next;
}
