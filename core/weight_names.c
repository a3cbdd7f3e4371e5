#include "core/weight_names.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static bool has_head(const assay_config *c) { return c->head == ASSAY_HEAD_CLASSIFICATION || !c->tie_word_embeddings; }

size_t assay_weight_count(const assay_config *config) {
    return 2 + ASSAY_WEIGHTS_PER_LAYER * (size_t)config->num_hidden_layers + (has_head(config) ? 1 : 0);
}

static assay_weight_info matrix(const char *name, int64_t rows, int64_t columns) {
    assay_weight_info info = {.rank = 2, .shape = {rows, columns}};
    strcpy(info.name, name); /* the longest has 53 bytes */
    return info;
}

static assay_weight_info vector(const char *name, int64_t n) {
    assay_weight_info info = matrix(name, n, 0);
    info.rank = 1;
    return info;
}

/* "model.layers.<layer>.<part>.weight". Small models are made by the thousand when cases are fuzzed, and printf shows there. */
static void write_name(char name[80], size_t layer, const char *part) {
    char digits[20], *at = stpcpy(name, "model.layers.");
    int n = 0;
    do digits[n++] = (char)('0' + layer % 10);
    while ((layer /= 10) > 0);
    while (n > 0) *at++ = digits[--n];
    *at++ = '.';
    stpcpy(stpcpy(at, part), ".weight");
}

static assay_weight_info layer_weight(const assay_config *c, size_t layer, size_t part) {
    static const char *const parts[ASSAY_WEIGHTS_PER_LAYER] = {
        "input_layernorm",          "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
        "post_attention_layernorm", "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj",
    };
    int64_t hidden = c->hidden_size, inner = c->intermediate_size;
    char name[80];
    write_name(name, layer, parts[part]);
    if (part == 0 || part == 5) return vector(name, hidden);
    if (part < 5) return matrix(name, hidden, hidden);
    return part == 8 ? matrix(name, hidden, inner) : matrix(name, inner, hidden);
}

assay_weight_info assay_weight_at(const assay_config *c, size_t index) {
    assert(index < assay_weight_count(c));
    if (index == 0) return matrix("model.embed_tokens.weight", c->vocab_size, c->hidden_size);
    index--;
    size_t in_layers = ASSAY_WEIGHTS_PER_LAYER * (size_t)c->num_hidden_layers;
    if (index < in_layers) return layer_weight(c, index / ASSAY_WEIGHTS_PER_LAYER, index % ASSAY_WEIGHTS_PER_LAYER);
    if (index == in_layers) return vector("model.norm.weight", c->hidden_size);
    if (c->head == ASSAY_HEAD_CLASSIFICATION) return matrix("score.weight", c->num_labels, c->hidden_size);
    return matrix("lm_head.weight", c->vocab_size, c->hidden_size);
}

int64_t assay_weight_elements(const assay_weight_info *info) {
    int64_t count = info->shape[0];
    if (info->rank == 2 && __builtin_mul_overflow(count, info->shape[1], &count)) return INT64_MAX;
    return count;
}

int64_t assay_weight_total_elements(const assay_config *config) {
    int64_t total = 0;
    for (size_t i = 0; i < assay_weight_count(config); i++) {
        assay_weight_info info = assay_weight_at(config, i);
        if (__builtin_add_overflow(total, assay_weight_elements(&info), &total)) return INT64_MAX;
    }
    return total;
}
