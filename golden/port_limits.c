#include "golden/port_limits.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/json_strict.h"
#include "golden/text_file.h"

#define FORMAT "assay-port/1"
#define LIMIT_NBYTES ((size_t)1 << 20)

static const char *const ability_names[ASSAY_PORT_ABILITY_COUNT] = {
    [ASSAY_PORT_ATTENTION_MASK] = "attention_mask",
    [ASSAY_PORT_POSITION_IDS] = "position_ids",
    [ASSAY_PORT_INPUTS_EMBEDS] = "inputs_embeds",
    [ASSAY_PORT_LABELS] = "labels",
    [ASSAY_PORT_PAST] = "past",
    [ASSAY_PORT_NO_CACHE] = "no_cache",
    [ASSAY_PORT_LAST_CONTEXT_LENGTH] = "last_context_length",
    [ASSAY_PORT_EOS_TOKEN_ID] = "eos_token_id",
    [ASSAY_PORT_REFUSALS] = "refusals",
    [ASSAY_PORT_MEMORY] = "memory",
    [ASSAY_PORT_MEM_POSITIONALS_OFF] = "mem_positionals_off",
    [ASSAY_PORT_MEM_ATTENTION_GROUPING] = "mem_attention_grouping",
    [ASSAY_PORT_TORCH_ATTENTION] = "torch_attention",
    [ASSAY_PORT_TIE_WORD_EMBEDDINGS] = "tie_word_embeddings",
};

const char *assay_port_ability_name(assay_port_ability ability) { return ability_names[ability]; }

void assay_port_limits_init(assay_port_limits *port) {
    *port = (assay_port_limits){.operations = UINT_MAX,
                                .dtypes = UINT_MAX,
                                .mem_dtypes = UINT_MAX,
                                .activations = UINT_MAX,
                                .padding = UINT_MAX,
                                .max_batch = INT64_MAX,
                                .max_tokens = INT64_MAX,
                                .max_sequence = INT64_MAX};
}

void assay_port_limits_free(assay_port_limits *port) {
    free(port->name);
    *port = (assay_port_limits){0};
}

/* ---- lists of names ---- */

/* The number that a name stands for, or false. */
typedef bool (*name_finder)(const char *name, unsigned *out);

static bool find_op(const char *name, unsigned *out) {
    for (unsigned op = 0; op <= ASSAY_OP_CLASSIFY; op++) {
        if (strcmp(name, assay_op_name((assay_op)op)) != 0) continue;
        *out = op;
        return true;
    }
    return false;
}

static bool find_dtype(const char *name, unsigned *out) {
    assay_dtype dtype;
    if (!assay_dtype_from_name(name, &dtype) || !assay_dtype_is_float(dtype)) return false;
    *out = (unsigned)dtype;
    return true;
}

static bool find_activation(const char *name, unsigned *out) {
    assay_activation act;
    if (!assay_activation_from_name(name, &act)) return false;
    *out = (unsigned)assay_activation_function(act);
    return true;
}

static bool find_padding(const char *name, unsigned *out) {
    static const char *const sides[] = {"left", "right", "inside"};
    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(name, sides[i]) != 0) continue;
        *out = i;
        return true;
    }
    return false;
}

static const struct {
    const char *key;
    name_finder find;
    const char *values; /* for messages */
} sets[] = {
    {"operations", find_op, "forward, reorder, generate, classify"},
    {"dtypes", find_dtype, "float32, float64, bfloat16, float16"},
    {"mem_dtype", find_dtype, "float32, float64, bfloat16, float16"},
    {"hidden_act", find_activation, "the activations of docs/golden-format.md, such as silu"},
    {"padding", find_padding, "left, right, inside"},
};
enum { set_count = sizeof sets / sizeof *sets };

static assay_status read_set(unsigned *out, int index, const cJSON *object, const char *where, assay_error *err) {
    char at[512];
    const cJSON *list = assay_json_member(object, sets[index].key);
    if (!list) return ASSAY_OK;
    snprintf(at, sizeof at, "%.400s: '%s'", where, sets[index].key);
    assay_status st = assay_json_as_array(list, at, err);
    if (!st && !list->child)
        st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: must not be empty; leave it out when nothing is limited", at);
    *out = 0;
    for (const cJSON *entry = list->child; entry && !st; entry = entry->next) {
        const char *name;
        unsigned value;
        st = assay_json_as_string(entry, at, &name, err);
        if (st) break;
        if (!sets[index].find(name, &value))
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%.40s' is not one of %s", at, name, sets[index].values);
        *out |= 1u << value;
    }
    return st;
}

static assay_status read_sets(assay_port_limits *p, const cJSON *object, const char *where, assay_error *err) {
    unsigned *const targets[set_count] = {&p->operations, &p->dtypes, &p->mem_dtypes, &p->activations, &p->padding};
    assay_status st = ASSAY_OK;
    for (int i = 0; i < set_count && !st; i++) st = read_set(targets[i], i, object, where, err);
    return st;
}

/* ---- the rest ---- */

static const char *const limit_names[] = {"max_batch", "max_tokens", "max_sequence"};
enum { limit_count = sizeof limit_names / sizeof *limit_names };

static assay_status read_limits(assay_port_limits *p, const cJSON *object, const char *where, assay_error *err) {
    int64_t *const targets[limit_count] = {&p->max_batch, &p->max_tokens, &p->max_sequence};
    assay_status st = ASSAY_OK;
    for (int i = 0; i < limit_count && !st; i++) {
        st = assay_json_get_int(object, limit_names[i], where, targets[i], err);
        if (!st && *targets[i] < 1)
            st = assay_fail(err, ASSAY_EINPUT, NULL, "%s: '%s' is %lld; it must be at least 1", where, limit_names[i],
                            (long long)*targets[i]);
    }
    return st;
}

static assay_status read_abilities(assay_port_limits *p, const cJSON *object, const char *where, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int i = 0; i < ASSAY_PORT_ABILITY_COUNT && !st; i++) {
        bool can = true;
        st = assay_json_get_bool(object, ability_names[i], where, &can, err);
        p->cannot[i] = !can;
    }
    return st;
}

static assay_status read_name(assay_port_limits *p, const cJSON *object, const char *where, assay_error *err) {
    const char *name = "";
    assay_status st = assay_json_get_string(object, "name", where, &name, err);
    if (st) return st;
    p->name = strdup(name);
    return p->name ? ASSAY_OK : assay_fail_nomem(err, "a port's name");
}

static assay_status check_keys(const cJSON *object, const char *where, assay_error *err) {
    const char *keys[2 + set_count + limit_count + ASSAY_PORT_ABILITY_COUNT + 1] = {"format", "name"};
    size_t n = 2;
    for (int i = 0; i < set_count; i++) keys[n++] = sets[i].key;
    for (int i = 0; i < limit_count; i++) keys[n++] = limit_names[i];
    for (int i = 0; i < ASSAY_PORT_ABILITY_COUNT; i++) keys[n++] = ability_names[i];
    return assay_json_known_keys(object, keys, where, err);
}

static assay_status check_format(const cJSON *object, const char *where, assay_error *err) {
    const cJSON *format = NULL;
    const char *text = NULL;
    assay_status st = assay_json_as_object(object, where, err);
    if (!st) st = assay_json_require(object, "format", where, &format, err);
    if (!st) st = assay_json_as_string(format, where, &text, err);
    if (st) return st;
    if (strcmp(text, FORMAT) != 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the format is '%.40s'; this program reads '" FORMAT "'", where,
                          text);
    return check_keys(object, where, err);
}

assay_status assay_port_limits_parse(assay_port_limits *out, const char *text, size_t text_nbytes, const char *where,
                                     assay_error *err) {
    cJSON *root = NULL;
    assay_port_limits port;
    assay_port_limits_init(&port);
    assay_status st = assay_json_parse(&root, text, text_nbytes, where, err);
    if (!st) st = check_format(root, where, err);
    if (!st) st = read_name(&port, root, where, err);
    if (!st) st = read_sets(&port, root, where, err);
    if (!st) st = read_limits(&port, root, where, err);
    if (!st) st = read_abilities(&port, root, where, err);
    cJSON_Delete(root);
    if (st) assay_port_limits_free(&port);
    else *out = port;
    return st;
}

assay_status assay_port_limits_read(assay_port_limits *out, const char *path, assay_error *err) {
    char *text;
    size_t nbytes;
    assay_status st = assay_text_file_read(path, LIMIT_NBYTES, &text, &nbytes, err);
    if (st) return st;
    st = assay_port_limits_parse(out, text, nbytes, path, err);
    free(text);
    return st;
}
