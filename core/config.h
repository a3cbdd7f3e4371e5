/*
 * The model's configuration: the fields of a LongLLaMA config.json that change what is computed, as plain values.
 *
 * golden/ parses it from JSON, engine/ reads it. Names and defaults are those of the original's LongLlamaConfig.
 */
#ifndef ASSAY_CORE_CONFIG_H
#define ASSAY_CORE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "core/dtype.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_MAX_LAYERS 1024
#define ASSAY_NO_TOKEN INT64_MIN /* pad_token_id: null */

typedef enum { ASSAY_HEAD_CAUSAL_LM, ASSAY_HEAD_CLASSIFICATION } assay_head;

/* CLS-1. UNSET lets the first labels decide; that choice then sticks. */
typedef enum {
    ASSAY_PROBLEM_UNSET,
    ASSAY_PROBLEM_REGRESSION,
    ASSAY_PROBLEM_SINGLE_LABEL,
    ASSAY_PROBLEM_MULTI_LABEL
} assay_problem;

/* MLP-1: the activations of transformers 4.33.2's ACT2FN, aliases folded. */
typedef enum {
    ASSAY_ACT_SILU,        /* silu, swish */
    ASSAY_ACT_GELU,        /* with erf */
    ASSAY_ACT_GELU_PYTHON, /* the same, by several operations: other roundings in half precision */
    ASSAY_ACT_GELU_TANH,   /* gelu_pytorch_tanh */
    ASSAY_ACT_GELU_NEW,    /* gelu_new, gelu_accurate: the same, by several operations */
    ASSAY_ACT_GELU_FAST,   /* the same, by others */
    ASSAY_ACT_GELU_10,     /* gelu clipped to [-10, 10] */
    ASSAY_ACT_QUICK_GELU,
    ASSAY_ACT_RELU,
    ASSAY_ACT_RELU2,
    ASSAY_ACT_RELU6,
    ASSAY_ACT_SIGMOID,
    ASSAY_ACT_TANH,
    ASSAY_ACT_MISH,
    ASSAY_ACT_LAPLACE,
    ASSAY_ACT_LINEAR
} assay_activation;

typedef struct {
    assay_head head; /* from architectures[0] */
    int64_t vocab_size;
    int64_t hidden_size; /* C in kernel comments; H*D */
    int64_t intermediate_size;
    int64_t num_hidden_layers;
    int64_t num_attention_heads;     /* H */
    int64_t max_position_embeddings; /* W: the context window */
    int64_t last_context_length;     /* C of the spec: tokens of the final window; a call may override it. Any value. */
    assay_activation hidden_act;
    double rms_norm_eps;
    double rope_theta;
    bool use_cache;
    bool tie_word_embeddings;
    bool mem_positionals;
    bool torch_attention;
    bool is_memory_layer[ASSAY_MAX_LAYERS]; /* M */
    assay_dtype mem_dtype;
    bool has_attention_grouping;
    int64_t attention_grouping[2]; /* (heads, queries); checked when a memory layer runs (MEM-10) */
    int64_t pad_token_id;          /* ASSAY_NO_TOKEN when null; may be negative, as nn.Embedding allows */
    int64_t num_labels;
    assay_problem problem_type;
} assay_config;

/* Head size D. */
static inline int64_t assay_config_head_dim(const assay_config *c) { return c->hidden_size / c->num_attention_heads; }

/* Sets every field to the default of the original's class (LongLlamaConfig; PretrainedConfig for the labels). */
void assay_config_set_defaults(assay_config *config);

/* Finds an activation by its name in ACT2FN. False for an unknown one. */
bool assay_activation_from_name(const char *name, assay_activation *out);

/* The name that a config.json has it by ("gelu_new"); of aliases the first. */
const char *assay_activation_config_name(assay_activation act);

/* Its name in the canonical configuration (docs/golden-format.md): "silu", "gelu_tanh" ... */
const char *assay_activation_name(assay_activation act);

/* The first of those that compute the same function, whatever they round between its operations. */
assay_activation assay_activation_function(assay_activation act);

/* True when some layer is in M. */
bool assay_config_has_memory(const assay_config *config);

/* Refuses what the original refuses when a model is built (ERR-1: hidden size not divisible by heads, odd D, pad token
 * outside the vocabulary) and sizes that cannot be (zero, negative, or so large that a weight matrix overflows). */
assay_status assay_config_check(const assay_config *config, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
