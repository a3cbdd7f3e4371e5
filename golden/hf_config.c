#include "golden/hf_config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "golden/json_strict.h"

/* What is being read. A refusal by a rule is kept until the rest is known to be well formed. */
typedef struct {
    const cJSON *object;
    const char *where;
    assay_config *config;
    assay_error refusal; /* status ASSAY_OK: none so far */
    assay_error *err;
} reader;

static assay_error *refusal_slot(reader *r) {
    return r->refusal.status == ASSAY_OK ? &r->refusal : NULL; /* the first one stands */
}

/* Names a field for messages. */
static const char *field(const reader *r, const char *key, char text[512]) {
    snprintf(text, 512, "%s: %s", r->where, key);
    return text;
}

/* The member `key`, or NULL when it is absent or null. */
static const cJSON *member_or_null(const reader *r, const char *key) {
    const cJSON *value = assay_json_member(r->object, key);
    return value && !cJSON_IsNull(value) ? value : NULL;
}

static assay_status read_model_type(reader *r) {
    const char *type = "longllama";
    assay_status st = assay_json_get_string(r->object, "model_type", r->where, &type, r->err);
    if (st || strcmp(type, "longllama") == 0) return st;
    return assay_fail(
        r->err, ASSAY_EINPUT, NULL,
        "%s: model_type is '%.40s', not 'longllama': another architecture computes something else; give the "
        "config.json of a LongLLaMA model, or set model_type to 'longllama' if this is one",
        r->where, type);
}

static assay_status read_architecture(reader *r) {
    char text[512];
    const cJSON *list = member_or_null(r, "architectures");
    if (!list) return ASSAY_OK;
    assay_status st = assay_json_as_array(list, field(r, "architectures", text), r->err);
    if (st || !list->child) return st;
    const char *name;
    st = assay_json_as_string(list->child, field(r, "architectures[0]", text), &name, r->err);
    if (st) return st;
    if (strcmp(name, "LongLlamaForSequenceClassification") == 0) r->config->head = ASSAY_HEAD_CLASSIFICATION;
    else if (strcmp(name, "LongLlamaForCausalLM") != 0)
        return assay_fail(r->err, ASSAY_EINPUT, NULL,
                          "%s: architectures[0] is '%.60s'; it must be LongLlamaForCausalLM or "
                          "LongLlamaForSequenceClassification",
                          r->where, name);
    return ASSAY_OK;
}

static assay_status read_sizes(reader *r) {
    assay_config *c = r->config;
    const struct {
        const char *key;
        int64_t *out;
    } fields[] = {
        {"vocab_size", &c->vocab_size},
        {"hidden_size", &c->hidden_size},
        {"intermediate_size", &c->intermediate_size},
        {"num_hidden_layers", &c->num_hidden_layers},
        {"num_attention_heads", &c->num_attention_heads},
        {"max_position_embeddings", &c->max_position_embeddings},
        {"last_context_length", &c->last_context_length},
    };
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !st; i++)
        st = assay_json_get_int(r->object, fields[i].key, r->where, fields[i].out, r->err);
    return st;
}

static assay_status read_flags_and_reals(reader *r) {
    assay_config *c = r->config;
    assay_status st = assay_json_get_bool(r->object, "use_cache", r->where, &c->use_cache, r->err);
    if (!st) st = assay_json_get_bool(r->object, "tie_word_embeddings", r->where, &c->tie_word_embeddings, r->err);
    if (!st) st = assay_json_get_bool(r->object, "mem_positionals", r->where, &c->mem_positionals, r->err);
    if (!st) st = assay_json_get_bool(r->object, "torch_attention", r->where, &c->torch_attention, r->err);
    if (!st) st = assay_json_get_double(r->object, "rms_norm_eps", r->where, &c->rms_norm_eps, r->err);
    if (!st) st = assay_json_get_double(r->object, "rope_theta", r->where, &c->rope_theta, r->err);
    return st;
}

static assay_status read_activation(reader *r) {
    const char *name = "silu";
    assay_status st = assay_json_get_string(r->object, "hidden_act", r->where, &name, r->err);
    if (!st && !assay_activation_from_name(name, &r->config->hidden_act))
        assay_fail(refusal_slot(r), ASSAY_EINPUT, "ERR-1 MLP-1",
                   "%s: hidden_act '%.40s' is not an activation that transformers 4.33.2 knows (ERR-1)", r->where,
                   name);
    return st;
}

static assay_status read_memory_dtype(reader *r) {
    const char *name = "bfloat16";
    assay_status st = assay_json_get_string(r->object, "mem_dtype", r->where, &name, r->err);
    if (st) return st;
    assay_dtype dtype;
    if (assay_dtype_from_name(name, &dtype) && assay_dtype_is_float(dtype)) r->config->mem_dtype = dtype;
    else
        assay_fail(refusal_slot(r), ASSAY_EINPUT, "ERR-1 MEM-6",
                   "%s: mem_dtype '%.40s' is not one of bfloat16, float16, float32, float64 (ERR-1)", r->where, name);
    return ASSAY_OK;
}

static void read_rope_scaling(reader *r) {
    if (member_or_null(r, "rope_scaling"))
        assay_fail(refusal_slot(r), ASSAY_EINPUT, "ERR-1 ROPE-5",
                   "%s: rope_scaling is set; LongLLaMA refuses it (ERR-1, ROPE-5)", r->where);
}

static assay_status read_memory_layers(reader *r) {
    char text[512];
    assay_config *c = r->config;
    const cJSON *list = assay_json_member(r->object, "mem_layers");
    if (!list) return ASSAY_OK;
    assay_status st = assay_json_as_array(list, field(r, "mem_layers", text), r->err);
    if (st) return st;
    field(r, "an entry of mem_layers", text);
    for (const cJSON *entry = list->child; entry; entry = entry->next) {
        int64_t id;
        st = assay_json_as_int(entry, text, &id, r->err);
        if (st) return st;
        if (id >= 0 && id < c->num_hidden_layers && id < ASSAY_MAX_LAYERS) c->is_memory_layer[id] = true;
        else
            assay_fail(refusal_slot(r), ASSAY_EINPUT, "ERR-1 MEM-11",
                       "%s: mem_layers names layer %lld; the model has %lld layers (ERR-1, MEM-11)", r->where,
                       (long long)id, (long long)c->num_hidden_layers);
    }
    return ASSAY_OK;
}

static assay_status read_grouping(reader *r) {
    char text[512];
    const cJSON *list = member_or_null(r, "mem_attention_grouping");
    if (!list) return ASSAY_OK;
    assay_status st = assay_json_as_array(list, field(r, "mem_attention_grouping", text), r->err);
    if (st) return st;
    if (cJSON_GetArraySize(list) != 2)
        return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: must be null or two numbers (heads, queries), not %d", text,
                          cJSON_GetArraySize(list));
    st = assay_json_as_int(list->child, text, &r->config->attention_grouping[0], r->err);
    if (!st) st = assay_json_as_int(list->child->next, text, &r->config->attention_grouping[1], r->err);
    if (!st) r->config->has_attention_grouping = true;
    return st;
}

static assay_status read_pad_token(reader *r) {
    const cJSON *value = assay_json_member(r->object, "pad_token_id");
    if (value && cJSON_IsNull(value)) {
        r->config->pad_token_id = ASSAY_NO_TOKEN;
        return ASSAY_OK;
    }
    return assay_json_get_int(r->object, "pad_token_id", r->where, &r->config->pad_token_id, r->err);
}

static bool is_number_text(const char *text) {
    if (*text == '-') text++;
    if (!*text) return false;
    for (; *text; text++)
        if (!isdigit((unsigned char)*text)) return false;
    return true;
}

/* As transformers: id2label counts where it is given, and num_labels is then not looked at. */
static assay_status read_labels(reader *r) {
    char text[512];
    const cJSON *names = member_or_null(r, "id2label");
    if (!names) return assay_json_get_int(r->object, "num_labels", r->where, &r->config->num_labels, r->err);
    assay_status st = assay_json_as_object(names, field(r, "id2label", text), r->err);
    if (st) return st;
    for (const cJSON *name = names->child; name; name = name->next)
        if (!is_number_text(name->string))
            return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: the key '%.40s' is not a label number", text,
                              name->string);
    r->config->num_labels = cJSON_GetArraySize(names);
    return ASSAY_OK;
}

static assay_status read_problem_type(reader *r) {
    static const char *const names[] = {
        [ASSAY_PROBLEM_REGRESSION] = "regression",
        [ASSAY_PROBLEM_SINGLE_LABEL] = "single_label_classification",
        [ASSAY_PROBLEM_MULTI_LABEL] = "multi_label_classification",
    };
    char text[512];
    const char *name;
    const cJSON *value = member_or_null(r, "problem_type");
    if (!value) return ASSAY_OK;
    assay_status st = assay_json_as_string(value, field(r, "problem_type", text), &name, r->err);
    if (st) return st;
    for (size_t i = ASSAY_PROBLEM_REGRESSION; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        r->config->problem_type = (assay_problem)i;
        return ASSAY_OK;
    }
    return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: '%.40s' is not one of %s, %s, %s", text, name, names[1],
                      names[2], names[3]);
}

static assay_status read_fields(reader *r) {
    assay_status (*const readers[])(reader *) = {
        read_model_type, read_architecture, read_sizes,         read_flags_and_reals,
        read_activation, read_memory_dtype, read_memory_layers, read_grouping,
        read_pad_token,  read_labels,       read_problem_type,
    };
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < sizeof readers / sizeof *readers && !st; i++) st = readers[i](r);
    read_rope_scaling(r);
    return st;
}

assay_status assay_hf_config_from_json(assay_config *out, const cJSON *object, const char *where, assay_error *err) {
    assay_config config;
    assay_config_set_defaults(&config);
    reader r = {.object = object, .where = where, .config = &config, .err = err};
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = read_fields(&r);
    if (st) return st;
    assay_error check = {0};
    st = assay_config_check(&config, &check);
    if (st) assay_error_context(st, &check, "%s", where);
    /* A size that cannot be is malformed, and goes before any refusal. */
    const assay_error *first = st && !check.rules[0] ? &check : r.refusal.status ? &r.refusal : &check;
    if (first->status) {
        if (err) *err = *first;
        return first->status;
    }
    *out = config;
    return ASSAY_OK;
}

assay_status assay_hf_config_parse(assay_config *out, const char *text, size_t nbytes, const char *where,
                                   assay_error *err) {
    cJSON *object;
    assay_status st = assay_json_parse(&object, text, nbytes, where, err);
    if (st) return st;
    st = assay_hf_config_from_json(out, object, where, err);
    cJSON_Delete(object);
    return st;
}
