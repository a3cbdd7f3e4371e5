#include "fuzz/config_json.h"

#include <stdio.h>

static void add_integers(json_builder *b, cJSON *object, const assay_config *c) {
    json_add_integer(b, object, "vocab_size", c->vocab_size);
    json_add_integer(b, object, "hidden_size", c->hidden_size);
    json_add_integer(b, object, "intermediate_size", c->intermediate_size);
    json_add_integer(b, object, "num_hidden_layers", c->num_hidden_layers);
    json_add_integer(b, object, "num_attention_heads", c->num_attention_heads);
    json_add_integer(b, object, "max_position_embeddings", c->max_position_embeddings);
    json_add_integer(b, object, "last_context_length", c->last_context_length);
}

static void add_rest_of_arithmetic(json_builder *b, cJSON *object, const assay_config *c) {
    json_add_text(b, object, "hidden_act", assay_activation_config_name(c->hidden_act));
    json_add_real(b, object, "rms_norm_eps", c->rms_norm_eps);
    json_add_real(b, object, "rope_theta", c->rope_theta);
    json_add_bool(b, object, "use_cache", c->use_cache);
    json_add_bool(b, object, "tie_word_embeddings", c->tie_word_embeddings);
    json_add_bool(b, object, "torch_attention", c->torch_attention);
}

static void add_memory(json_builder *b, cJSON *object, const assay_config *c) {
    cJSON *layers = json_add_array(b, object, "mem_layers");
    for (int64_t i = 0; i < c->num_hidden_layers; i++)
        if (c->is_memory_layer[i]) json_add_integer(b, layers, NULL, i);
    json_add_bool(b, object, "mem_positionals", c->mem_positionals);
    json_add_text(b, object, "mem_dtype", assay_dtype_name(c->mem_dtype));
    if (!c->has_attention_grouping) return;
    cJSON *grouping = json_add_array(b, object, "mem_attention_grouping");
    for (int i = 0; i < 2; i++) json_add_integer(b, grouping, NULL, c->attention_grouping[i]);
}

static void add_pad(json_builder *b, cJSON *object, const assay_config *c) {
    if (c->pad_token_id != ASSAY_NO_TOKEN) json_add_integer(b, object, "pad_token_id", c->pad_token_id);
    else if (object && !cJSON_AddNullToObject(object, "pad_token_id")) b->failed = true;
}

static void add_labels(json_builder *b, cJSON *object, const assay_config *c) {
    static const char *const problems[] = {[ASSAY_PROBLEM_REGRESSION] = "regression",
                                           [ASSAY_PROBLEM_SINGLE_LABEL] = "single_label_classification",
                                           [ASSAY_PROBLEM_MULTI_LABEL] = "multi_label_classification"};
    cJSON *names = json_add_object(b, object, "id2label");
    for (int64_t i = 0; i < c->num_labels; i++) {
        char key[24], name[40];
        snprintf(key, sizeof key, "%lld", (long long)i);
        snprintf(name, sizeof name, "LABEL_%lld", (long long)i);
        json_add_text(b, names, key, name);
    }
    if (c->problem_type != ASSAY_PROBLEM_UNSET) json_add_text(b, object, "problem_type", problems[c->problem_type]);
}

void assay_fuzz_config_json(json_builder *b, cJSON *object, const assay_config *config) {
    bool classifies = config->head == ASSAY_HEAD_CLASSIFICATION;
    json_add_text(b, object, "model_type", "longllama");
    cJSON *architectures = json_add_array(b, object, "architectures");
    json_add_text(b, architectures, NULL, classifies ? "LongLlamaForSequenceClassification" : "LongLlamaForCausalLM");
    add_integers(b, object, config);
    add_rest_of_arithmetic(b, object, config);
    add_memory(b, object, config);
    add_pad(b, object, config);
    if (classifies) add_labels(b, object, config);
}
