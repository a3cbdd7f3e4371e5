/* config.json and the weights. */
#include <cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/port/port.h"

static int integer(const cJSON *config, const char *key, int otherwise) {
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(config, key);
    return cJSON_IsNumber(x) ? x->valueint : otherwise;
}

static double number(const cJSON *config, const char *key, double otherwise) {
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(config, key);
    return cJSON_IsNumber(x) ? x->valuedouble : otherwise;
}

static bool flag(const cJSON *config, const char *key, bool otherwise) {
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(config, key);
    return cJSON_IsBool(x) ? cJSON_IsTrue(x) : otherwise;
}

static const char *text(const cJSON *config, const char *key, const char *otherwise) {
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(config, key);
    return cJSON_IsString(x) ? x->valuestring : otherwise;
}

static port_refusal refuse(const char *rule, const char *why) { return (port_refusal){rule, why}; }
static port_refusal fine(void) { return (port_refusal){NULL, NULL}; }

static bool set_mem_dtype(port_model *m, const char *name) {
    static const char *const names[][3] = {
        {"float32", "float"}, {"float64", "double"}, {"float16", "half"}, {"bfloat16", NULL}};
    if (strncmp(name, "torch.", 6) == 0) name += 6;
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 2; k++)
            if (names[i][k] != NULL && strcmp(name, names[i][k]) == 0) {
                m->mem_dtype = (port_mem_dtype)i;
                return true;
            }
    return false;
}

/* MEM-10, MEM-11. */
static port_refusal set_memory(port_model *m, const cJSON *config) {
    const cJSON *id, *x, *grouping = cJSON_GetObjectItemCaseSensitive(config, "mem_attention_grouping");
    cJSON_ArrayForEach(id, cJSON_GetObjectItemCaseSensitive(config, "mem_layers")) {
        if (id->valueint < 0 || id->valueint >= m->layers)
            return refuse("MEM-11", "mem_layers names a layer that is not there");
        m->layer[id->valueint].memory = m->any_memory = true;
    }
    m->mem_positionals = flag(config, "mem_positionals", true);
    if (!set_mem_dtype(m, text(config, "mem_dtype", "bfloat16"))) return refuse("MEM-6", "mem_dtype is no dtype");
    cJSON_ArrayForEach(x, grouping) {
        if (m->any_memory && x->valuedouble <= 0) return refuse("MEM-10", "mem_attention_grouping is not positive");
    }
    return fine();
}

static port_refusal set_config(port_model *m, const cJSON *config) {
    m->vocab = integer(config, "vocab_size", 32000);
    m->hidden = integer(config, "hidden_size", 4096);
    m->inner = integer(config, "intermediate_size", 11008);
    m->layers = integer(config, "num_hidden_layers", 32);
    m->heads = integer(config, "num_attention_heads", 32);
    m->window = integer(config, "max_position_embeddings", 2048);
    m->last_context = integer(config, "last_context_length", 1024);
    m->eps = (float)number(config, "rms_norm_eps", 1e-6);
    m->theta = (float)number(config, "rope_theta", 10000);
    m->use_cache = flag(config, "use_cache", true);
    m->torch_attention = flag(config, "torch_attention", false);
    if (m->layers < 1 || m->layers > PORT_MAX_LAYERS || m->hidden < 1 || m->inner < 1)
        port_decline("config.json: this port has 1 to %d layers, and sizes of at least 1", PORT_MAX_LAYERS);
    if (m->heads < 1 || m->hidden % m->heads != 0)
        return refuse("HEAD-1", "hidden_size is no multiple of num_attention_heads");
    m->head_size = m->hidden / m->heads;
    if (m->head_size % 2 != 0) return refuse("ROPE-1", "the head size is odd");
    const cJSON *scaling = cJSON_GetObjectItemCaseSensitive(config, "rope_scaling");
    if (scaling != NULL && !cJSON_IsNull(scaling)) return refuse("ROPE-5", "rope_scaling is set");
    int pad = integer(config, "pad_token_id", 0);
    if (pad < -m->vocab || pad >= m->vocab) return refuse("EMB-1", "pad_token_id is outside the vocabulary");
    m->pad = integer(config, "pad_token_id", -1);
    m->activation = port_activation(text(config, "hidden_act", "silu"));
    if (m->activation == NULL) return refuse("MLP-1", "hidden_act is unknown");
    return set_memory(m, config);
}

static float *weight(const char *file, size_t nbytes, const char *name, int rows, int columns) {
    float *w = port_safetensor(file, nbytes, name, (int64_t)rows * columns);
    if (w == NULL) port_stop("model.safetensors: has no %s", name);
    return w;
}

static void load_layer(port_layer *l, int index, const port_model *m, const char *file, size_t nbytes) {
    int c = m->hidden;
    const struct {
        float **to;
        const char *name;
        int rows, columns;
    } parts[] = {{&l->input_norm, "input_layernorm", 1, c}, {&l->post_norm, "post_attention_layernorm", 1, c},
                 {&l->q, "self_attn.q_proj", c, c},         {&l->k, "self_attn.k_proj", c, c},
                 {&l->v, "self_attn.v_proj", c, c},         {&l->o, "self_attn.o_proj", c, c},
                 {&l->gate, "mlp.gate_proj", m->inner, c},  {&l->up, "mlp.up_proj", m->inner, c},
                 {&l->down, "mlp.down_proj", c, m->inner}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char name[96];
        snprintf(name, sizeof name, "model.layers.%d.%s.weight", index, parts[i].name);
        *parts[i].to = weight(file, nbytes, name, parts[i].rows, parts[i].columns);
    }
}

static void load_weights(port_model *m, const char *dir, bool tied) {
    char path[PATH_MAX];
    size_t nbytes;
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    char *file = port_read_file(path, &nbytes);
    if (file == NULL || nbytes < 8) port_stop("%s: cannot be read", path);
    m->embed = weight(file, nbytes, "model.embed_tokens.weight", m->vocab, m->hidden);
    m->norm = weight(file, nbytes, "model.norm.weight", 1, m->hidden);
    m->head = tied ? m->embed : weight(file, nbytes, "lm_head.weight", m->vocab, m->hidden);
    for (int i = 0; i < m->layers; i++) load_layer(&m->layer[i], i, m, file, nbytes);
    free(file);
}

port_refusal port_load(port_model *m, const char *dir) {
    char path[PATH_MAX];
    memset(m, 0, sizeof *m);
    snprintf(path, sizeof path, "%s/config.json", dir);
    cJSON *config = port_read_json(path);
    if (config == NULL) port_stop("%s: cannot be read, or is no JSON", path);
    const cJSON *architecture = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(config, "architectures"), 0);
    if (cJSON_IsString(architecture) && strcmp(architecture->valuestring, "LongLlamaForCausalLM") != 0)
        port_decline("%s: this port runs LongLlamaForCausalLM alone", path);
    port_refusal refused = set_config(m, config);
    if (refused.rule == NULL) load_weights(m, dir, flag(config, "tie_word_embeddings", false));
    cJSON_Delete(config);
    return refused;
}

void port_unload(port_model *m) {
    if (m->head != m->embed) free(m->head);
    free(m->embed);
    free(m->norm);
    for (int i = 0; i < m->layers; i++) {
        port_layer *l = &m->layer[i];
        float *all[] = {l->input_norm, l->post_norm, l->q, l->k, l->v, l->o, l->gate, l->up, l->down};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
    }
}
