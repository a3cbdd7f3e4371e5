#include "core/config.h"

#include <string.h>

void assay_config_set_defaults(assay_config *config) {
    *config = (assay_config){
        .head = ASSAY_HEAD_CAUSAL_LM,
        .vocab_size = 32000,
        .hidden_size = 4096,
        .intermediate_size = 11008,
        .num_hidden_layers = 32,
        .num_attention_heads = 32,
        .max_position_embeddings = 2048,
        .last_context_length = 1024,
        .hidden_act = ASSAY_ACT_SILU,
        .rms_norm_eps = 1e-6,
        .rope_theta = 10000.0,
        .use_cache = true,
        .mem_positionals = true,
        .mem_dtype = ASSAY_BF16,
        .pad_token_id = 0,
        .num_labels = 2,
    };
}

/* ACT2FN; the first name of an activation is the one that is written. */
static const struct {
    const char *name;
    assay_activation act;
} act_names[] = {
    {"silu", ASSAY_ACT_SILU},
    {"swish", ASSAY_ACT_SILU},
    {"gelu", ASSAY_ACT_GELU},
    {"gelu_python", ASSAY_ACT_GELU_PYTHON},
    {"gelu_new", ASSAY_ACT_GELU_NEW},
    {"gelu_fast", ASSAY_ACT_GELU_FAST},
    {"gelu_accurate", ASSAY_ACT_GELU_NEW},
    {"gelu_pytorch_tanh", ASSAY_ACT_GELU_TANH},
    {"gelu_10", ASSAY_ACT_GELU_10},
    {"quick_gelu", ASSAY_ACT_QUICK_GELU},
    {"relu", ASSAY_ACT_RELU},
    {"relu2", ASSAY_ACT_RELU2},
    {"relu6", ASSAY_ACT_RELU6},
    {"sigmoid", ASSAY_ACT_SIGMOID},
    {"tanh", ASSAY_ACT_TANH},
    {"mish", ASSAY_ACT_MISH},
    {"laplace", ASSAY_ACT_LAPLACE},
    {"linear", ASSAY_ACT_LINEAR},
};

bool assay_activation_from_name(const char *name, assay_activation *out) {
    for (size_t i = 0; i < sizeof act_names / sizeof *act_names; i++) {
        if (strcmp(name, act_names[i].name) != 0) continue;
        *out = act_names[i].act;
        return true;
    }
    return false;
}

const char *assay_activation_config_name(assay_activation act) {
    size_t i = 0;
    while (act_names[i].act != act) i++; /* all are there */
    return act_names[i].name;
}

const char *assay_activation_name(assay_activation act) {
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

assay_activation assay_activation_function(assay_activation act) {
    int first = 0;
    while (strcmp(assay_activation_name((assay_activation)first), assay_activation_name(act)) != 0) first++;
    return (assay_activation)first;
}

bool assay_config_has_memory(const assay_config *config) {
    for (int64_t i = 0; i < config->num_hidden_layers; i++)
        if (config->is_memory_layer[i]) return true;
    return false;
}

static assay_status check_size(const char *name, int64_t value, int64_t largest, assay_error *err) {
    if (value >= 1 && value <= largest) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s is %lld; it must be between 1 and %lld", name, (long long)value,
                      (long long)largest);
}

static assay_status check_sizes(const assay_config *c, assay_error *err) {
    const int64_t large = INT32_MAX;                  /* BLAS counts in int */
    const int64_t exact_positions = INT64_C(1) << 24; /* ROPE-1: positions are float32 in the rotary angle */
    const struct {
        const char *name;
        int64_t value, largest;
    } sizes[] = {
        {"vocab_size", c->vocab_size, large},
        {"hidden_size", c->hidden_size, large},
        {"intermediate_size", c->intermediate_size, large},
        {"num_hidden_layers", c->num_hidden_layers, ASSAY_MAX_LAYERS},
        {"num_attention_heads", c->num_attention_heads, large},
        {"max_position_embeddings", c->max_position_embeddings, exact_positions},
        {"num_labels", c->num_labels, large},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assay_status st = check_size(sizes[i].name, sizes[i].value, sizes[i].largest, err);
        if (st) return st;
    }
    int64_t rows = c->vocab_size > c->intermediate_size ? c->vocab_size : c->intermediate_size;
    int64_t nbytes;
    if (__builtin_mul_overflow(rows, c->hidden_size, &nbytes) || nbytes > (INT64_C(1) << 48))
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "hidden_size %lld with vocab_size %lld and intermediate_size %lld makes weights too large",
                          (long long)c->hidden_size, (long long)c->vocab_size, (long long)c->intermediate_size);
    return ASSAY_OK;
}

assay_status assay_config_check(const assay_config *c, assay_error *err) {
    assay_status st = check_sizes(c, err);
    if (st) return st;
    if (c->hidden_size % c->num_attention_heads != 0)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 HEAD-1",
                          "hidden_size %lld is not divisible by num_attention_heads %lld (ERR-1)",
                          (long long)c->hidden_size, (long long)c->num_attention_heads);
    if (assay_config_head_dim(c) % 2 != 0)
        return assay_fail(
            err, ASSAY_EINPUT, "ERR-1 ROPE-1",
            "the head size %lld (hidden_size / num_attention_heads) is odd; rotary pairs need an even one "
            "(ERR-1)",
            (long long)assay_config_head_dim(c));
    bool pad_fits =
        c->pad_token_id == ASSAY_NO_TOKEN || (c->pad_token_id >= -c->vocab_size && c->pad_token_id < c->vocab_size);
    if (!pad_fits)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 EMB-1",
                          "pad_token_id %lld is outside the vocabulary of %lld (ERR-1)", (long long)c->pad_token_id,
                          (long long)c->vocab_size);
    if (!(c->rms_norm_eps >= 0))
        return assay_fail(err, ASSAY_EINPUT, NULL, "rms_norm_eps is %g; it must not be negative", c->rms_norm_eps);
    if (!(c->rope_theta > 0) || !(c->rope_theta <= 3.4028234663852886e38))
        return assay_fail(err, ASSAY_EINPUT, NULL, "rope_theta is %g; it must be a positive float32 number",
                          c->rope_theta);
    return ASSAY_OK;
}
