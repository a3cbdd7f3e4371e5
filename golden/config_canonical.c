/* The canonical text of a configuration (docs/golden-format.md), which its digest is taken of. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/digest.h"
#include "golden/hf_config.h"

static const char *activation_name(assay_activation act) {
    static const char *const names[] = {
        [ASSAY_ACT_SILU] = "silu",          [ASSAY_ACT_GELU] = "gelu",
        [ASSAY_ACT_GELU_PYTHON] = "gelu",   [ASSAY_ACT_GELU_TANH] = "gelu_tanh",
        [ASSAY_ACT_GELU_NEW] = "gelu_tanh", [ASSAY_ACT_GELU_FAST] = "gelu_tanh",
        [ASSAY_ACT_GELU_10] = "gelu_10",    [ASSAY_ACT_QUICK_GELU] = "quick_gelu",
        [ASSAY_ACT_RELU] = "relu",          [ASSAY_ACT_RELU2] = "relu2",
        [ASSAY_ACT_RELU6] = "relu6",        [ASSAY_ACT_SIGMOID] = "sigmoid",
        [ASSAY_ACT_TANH] = "tanh",          [ASSAY_ACT_MISH] = "mish",
        [ASSAY_ACT_LAPLACE] = "laplace",    [ASSAY_ACT_LINEAR] = "linear",
    };
    return names[act];
}

static const char *problem_name(assay_problem problem) {
    switch (problem) {
    case ASSAY_PROBLEM_REGRESSION: return "regression";
    case ASSAY_PROBLEM_SINGLE_LABEL: return "single_label_classification";
    case ASSAY_PROBLEM_MULTI_LABEL: return "multi_label_classification";
    case ASSAY_PROBLEM_UNSET: break;
    }
    return "null";
}

static void put_int(FILE *f, const char *name, int64_t value) { fprintf(f, "%s=%" PRId64 "\n", name, value); }
static void put_text(FILE *f, const char *name, const char *value) { fprintf(f, "%s=%s\n", name, value); }

static void put_double(FILE *f, const char *name, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    fprintf(f, "%s=%016" PRIx64 "\n", name, bits);
}

static void put_memory_layers(FILE *f, const assay_config *c) {
    const char *separator = "";
    fputs("mem_layers=", f);
    for (int64_t i = 0; i < c->num_hidden_layers; i++) {
        if (!c->is_memory_layer[i]) continue;
        fprintf(f, "%s%" PRId64, separator, i);
        separator = ",";
    }
    fputc('\n', f);
}

static void put_grouping(FILE *f, const assay_config *c) {
    if (!c->has_attention_grouping) {
        put_text(f, "mem_attention_grouping", "null");
        return;
    }
    fprintf(f, "mem_attention_grouping=%" PRId64 ",%" PRId64 "\n", c->attention_grouping[0], c->attention_grouping[1]);
}

static void put_int_or_null(FILE *f, const char *name, int64_t value, bool is_null) {
    if (is_null) put_text(f, name, "null");
    else put_int(f, name, value);
}

static void put_config(FILE *f, const assay_config *c) {
    bool classifies = c->head == ASSAY_HEAD_CLASSIFICATION;
    put_text(f, "head", classifies ? "classification" : "causal_lm");
    put_int(f, "vocab_size", c->vocab_size);
    put_int(f, "hidden_size", c->hidden_size);
    put_int(f, "intermediate_size", c->intermediate_size);
    put_int(f, "num_hidden_layers", c->num_hidden_layers);
    put_int(f, "num_attention_heads", c->num_attention_heads);
    put_int(f, "max_position_embeddings", c->max_position_embeddings);
    put_int(f, "last_context_length", c->last_context_length);
    put_text(f, "hidden_act", activation_name(c->hidden_act));
    put_double(f, "rms_norm_eps", c->rms_norm_eps);
    put_double(f, "rope_theta", c->rope_theta);
    put_int(f, "use_cache", c->use_cache);
    put_int(f, "tie_word_embeddings", c->tie_word_embeddings);
    put_memory_layers(f, c);
    put_int(f, "mem_positionals", c->mem_positionals);
    put_text(f, "mem_dtype", assay_dtype_name(c->mem_dtype));
    put_grouping(f, c);
    put_int(f, "torch_attention", c->torch_attention);
    put_int_or_null(f, "pad_token_id", c->pad_token_id, c->pad_token_id == ASSAY_NO_TOKEN);
    put_int_or_null(f, "num_labels", c->num_labels, !classifies);
    put_text(f, "problem_type", problem_name(c->problem_type));
}

char *assay_config_canonical(const assay_config *config) {
    char *text = NULL;
    size_t nbytes = 0;
    FILE *f = open_memstream(&text, &nbytes);
    if (!f) return NULL;
    put_config(f, config);
    bool failed = ferror(f) != 0;
    failed |= fclose(f) != 0;
    if (!failed) return text;
    free(text);
    return NULL;
}

assay_status assay_config_sha256(const assay_config *config, char hex[65], assay_error *err) {
    char *text = assay_config_canonical(config);
    if (!text) return assay_fail_nomem(err, "a canonical configuration");
    assay_status st = assay_sha256_hex(text, strlen(text), hex, err);
    free(text);
    return st;
}
