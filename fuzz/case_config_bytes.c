#include "fuzz/case_config_bytes.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void choose_sizes(assay_config *c, assay_choices *choices, const assay_fuzz_bounds *b) {
    int64_t heads = assay_choose(choices, 1, b->heads);
    c->num_hidden_layers = assay_choose(choices, 1, b->layers);
    c->num_attention_heads = heads;
    c->hidden_size = heads * 2 * assay_choose(choices, 1, b->head_dim / 2);
    c->intermediate_size = assay_choose(choices, 1, b->intermediate);
    c->vocab_size = assay_choose(choices, 3, b->vocab);
}

/* W is small, so that a few tokens reach its end; in one of 64 cases it is that of a kernel's tile. */
static void choose_windows(assay_config *c, assay_choices *choices, const assay_fuzz_bounds *b) {
    bool large = assay_choose_chance(choices, 4) && b->tokens >= 65;
    int64_t w = large ? assay_choose(choices, 31, 66) : assay_choose(choices, 2, b->window);
    const int64_t contexts[] = {w / 2, 1, w - 1, w, w + 1, 2 * w, w / 2 + 1};
    c->max_position_embeddings = w;
    c->last_context_length = assay_choose_of(choices, contexts, COUNT(contexts));
    if (c->last_context_length < 1) c->last_context_length = 1;
}

static void choose_memory(assay_config *c, assay_choices *choices, const assay_fuzz_bounds *b) {
    static const assay_dtype dtypes[] = {ASSAY_F32, ASSAY_F32, ASSAY_BF16, ASSAY_F16};
    int64_t layers = c->num_hidden_layers, kind = assay_choose(choices, 0, 7);
    memset(c->is_memory_layer, 0, sizeof c->is_memory_layer);
    int64_t one = assay_choose(choices, 0, layers - 1);
    for (int64_t i = 0; i < layers; i++) c->is_memory_layer[i] = kind < 4 ? i == one : kind < 7;
    if (kind == 6) c->is_memory_layer[one] = layers == 1;
    c->mem_dtype = dtypes[assay_choose(choices, 0, 3)];
    c->mem_positionals = !assay_choose_chance(choices, 24);
    c->has_attention_grouping = !b->plain && assay_choose_chance(choices, 32);
    c->attention_grouping[0] = assay_choose(choices, 1, 3);
    c->attention_grouping[1] = assay_choose(choices, 1, 5);
    if (b->refusals && assay_choose_chance(choices, 4)) c->attention_grouping[1] = 0; /* MEM-10 */
}

static void choose_arithmetic(assay_config *c, assay_choices *choices, const assay_fuzz_bounds *b) {
    static const assay_activation acts[] = {ASSAY_ACT_GELU, ASSAY_ACT_GELU_NEW, ASSAY_ACT_RELU};
    static const double thetas[] = {10000, 1e6, 100, 10000};
    static const double epsilons[] = {1e-6, 1e-5, 0.25, 1e-6};
    c->hidden_act = assay_choose_chance(choices, 64) ? acts[assay_choose(choices, 0, 2)] : ASSAY_ACT_SILU;
    c->rope_theta = thetas[assay_choose(choices, 0, 3)];
    c->rms_norm_eps = epsilons[assay_choose(choices, 0, 3)];
    c->use_cache = !assay_choose_chance(choices, 40);
    c->tie_word_embeddings = assay_choose_chance(choices, 24);
    c->torch_attention = !b->plain && assay_choose_chance(choices, 32);
}

static void choose_tokens_and_head(assay_config *c, assay_choices *choices, const assay_fuzz_bounds *b) {
    const int64_t pads[] = {0, ASSAY_NO_TOKEN, c->vocab_size - 1, 1};
    c->pad_token_id = assay_choose_of(choices, pads, COUNT(pads));
    bool classifies = !b->plain && assay_choose_chance(choices, 16);
    c->head = classifies ? ASSAY_HEAD_CLASSIFICATION : ASSAY_HEAD_CAUSAL_LM;
    if (!classifies) return;
    c->num_labels = assay_choose(choices, 1, least(4, b->vocab));
    c->problem_type = (assay_problem)assay_choose(choices, 0, 3);
}

void assay_fuzz_config_choose(assay_config *out, assay_choices *choices, const assay_fuzz_bounds *bounds) {
    assay_config_set_defaults(out);
    choose_sizes(out, choices, bounds);
    choose_windows(out, choices, bounds);
    choose_memory(out, choices, bounds);
    choose_arithmetic(out, choices, bounds);
    choose_tokens_and_head(out, choices, bounds);
}
