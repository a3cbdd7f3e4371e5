#include "golden/case_step.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "golden/json_tensor.h"

static const char *const op_names[] = {
    [ASSAY_OP_FORWARD] = "forward",
    [ASSAY_OP_REORDER] = "reorder",
    [ASSAY_OP_GENERATE] = "generate",
    [ASSAY_OP_CLASSIFY] = "classify",
};

const char *assay_op_name(assay_op op) { return op_names[op]; }

static const char *const forward_keys[] = {"op",
                                           "expect_error",
                                           "input_ids",
                                           "inputs_embeds",
                                           "attention_mask",
                                           "position_ids",
                                           "labels",
                                           "use_cache",
                                           "last_context_length",
                                           "past",
                                           NULL};
static const char *const reorder_keys[] = {"op", "expect_error", "beam_idx", NULL};
static const char *const generate_keys[] = {"op",
                                            "expect_error",
                                            "input_ids",
                                            "max_new_tokens",
                                            "attention_mask",
                                            "past",
                                            "last_context_length",
                                            "eos_token_id",
                                            NULL};
static const char *const *const op_keys[] = {
    [ASSAY_OP_FORWARD] = forward_keys,
    [ASSAY_OP_REORDER] = reorder_keys,
    [ASSAY_OP_GENERATE] = generate_keys,
    [ASSAY_OP_CLASSIFY] = forward_keys,
};

typedef struct {
    const cJSON *object;
    const char *where;
    assay_step *step;
    assay_error *err;
} reader;

/* "<where>: <key>". */
static const char *field(const reader *r, const char *key, char text[512]) {
    snprintf(text, 512, "%.400s: %s", r->where, key);
    return text;
}

static assay_status read_op(reader *r) {
    char text[512];
    const cJSON *value;
    const char *name;
    assay_status st = assay_json_require(r->object, "op", r->where, &value, r->err);
    if (!st) st = assay_json_as_string(value, field(r, "op", text), &name, r->err);
    if (st) return st;
    for (size_t i = 0; i < sizeof op_names / sizeof *op_names; i++) {
        if (strcmp(name, op_names[i]) != 0) continue;
        r->step->op = (assay_op)i;
        return ASSAY_OK;
    }
    return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: '%.40s' is not one of forward, reorder, generate, classify",
                      text, name);
}

/* Capital letters, a hyphen, digits: "ERR-1". */
static bool is_rule_id(const char *text) {
    size_t letters = 0, digits = 0;
    while (isupper((unsigned char)text[letters])) letters++;
    if (letters == 0 || text[letters] != '-') return false;
    const char *number = text + letters + 1;
    while (isdigit((unsigned char)number[digits])) digits++;
    return digits > 0 && number[digits] == '\0';
}

static assay_status read_expected_error(reader *r) {
    const char *rule = "";
    assay_status st = assay_json_get_string(r->object, "expect_error", r->where, &rule, r->err);
    if (st || !assay_json_member(r->object, "expect_error")) return st;
    if (!is_rule_id(rule) || strlen(rule) >= sizeof r->step->expect_error)
        return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: expect_error: '%.40s' is not a rule id such as ERR-1",
                          r->where, rule);
    snprintf(r->step->expect_error, sizeof r->step->expect_error, "%s", rule);
    return ASSAY_OK;
}

/* Reads a list into a field when it is there. */
static assay_status read_list(reader *r, const char *key, int rank, assay_dtype dtype, assay_tensor *out) {
    char text[512];
    const cJSON *value = assay_json_member(r->object, key);
    return value ? assay_json_read_tensor(value, rank, dtype, field(r, key, text), out, r->err) : ASSAY_OK;
}

/* Labels are token or class numbers but for a classification with real-valued targets: a table of one row per sample,
 * or a list with fractions. */
static assay_status read_labels(reader *r) {
    const cJSON *value = assay_json_member(r->object, "labels");
    if (!value) return ASSAY_OK;
    if (r->step->op == ASSAY_OP_FORWARD) return read_list(r, "labels", 2, ASSAY_I64, &r->step->labels);
    bool is_table = assay_json_list_rank(value) >= 2;
    bool is_whole = !is_table && assay_json_all_whole(value);
    return read_list(r, "labels", is_table ? 2 : 1, is_whole ? ASSAY_I64 : ASSAY_F64, &r->step->labels);
}

static assay_status read_tensors(reader *r) {
    assay_step *s = r->step;
    assay_status st = read_list(r, "input_ids", 2, ASSAY_I64, &s->input_ids);
    if (!st) st = read_list(r, "inputs_embeds", 3, ASSAY_F64, &s->inputs_embeds);
    if (!st) st = read_list(r, "attention_mask", 2, ASSAY_F64, &s->attention_mask);
    if (!st) st = read_list(r, "position_ids", 2, ASSAY_I64, &s->position_ids);
    if (!st) st = read_list(r, "beam_idx", 1, ASSAY_I64, &s->beam_idx);
    return st ? st : read_labels(r);
}

static assay_status read_past(reader *r) {
    const char *past = "none";
    assay_status st = assay_json_get_string(r->object, "past", r->where, &past, r->err);
    if (st) return st;
    r->step->past_keep = strcmp(past, "keep") == 0;
    if (r->step->past_keep || strcmp(past, "none") == 0) return ASSAY_OK;
    return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: past: '%.40s' is neither \"none\" nor \"keep\"", r->where, past);
}

static assay_status read_numbers(reader *r) {
    assay_step *s = r->step;
    bool use_cache = false;
    assay_status st = assay_json_get_bool(r->object, "use_cache", r->where, &use_cache, r->err);
    s->use_cache = !assay_json_member(r->object, "use_cache") ? -1 : use_cache ? 1 : 0;
    s->has_last_context_length = assay_json_member(r->object, "last_context_length") != NULL;
    s->has_eos_token_id = assay_json_member(r->object, "eos_token_id") != NULL;
    if (!st) st = assay_json_get_int(r->object, "last_context_length", r->where, &s->last_context_length, r->err);
    if (!st) st = assay_json_get_int(r->object, "eos_token_id", r->where, &s->eos_token_id, r->err);
    if (!st) st = assay_json_get_int(r->object, "max_new_tokens", r->where, &s->max_new_tokens, r->err);
    return st;
}

/* What an op cannot do without. Of forward's input_ids and inputs_embeds exactly one is needed, but that is rule EMB-1,
 * which the engine judges. */
static assay_status check_required(const reader *r) {
    const cJSON *value;
    assay_status st = ASSAY_OK;
    if (r->step->op == ASSAY_OP_REORDER) return assay_json_require(r->object, "beam_idx", r->where, &value, r->err);
    if (r->step->op != ASSAY_OP_GENERATE) return ASSAY_OK;
    st = assay_json_require(r->object, "input_ids", r->where, &value, r->err);
    if (!st) st = assay_json_require(r->object, "max_new_tokens", r->where, &value, r->err);
    if (!st && r->step->max_new_tokens < 1)
        st = assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: max_new_tokens is %lld; it must be at least 1", r->where,
                        (long long)r->step->max_new_tokens);
    return st;
}

static assay_status read_step(reader *r) {
    assay_status st = assay_json_as_object(r->object, r->where, r->err);
    if (!st) st = read_op(r);
    if (st) return st;
    char text[512];
    snprintf(text, sizeof text, "%.400s (%s)", r->where, assay_op_name(r->step->op));
    st = assay_json_known_keys(r->object, op_keys[r->step->op], text, r->err);
    if (!st) st = read_expected_error(r);
    if (!st) st = read_past(r);
    if (!st) st = read_numbers(r);
    if (!st) st = check_required(r);
    return st ? st : read_tensors(r);
}

assay_status assay_case_step_read(assay_step *out, const cJSON *object, const char *where, assay_error *err) {
    assay_step step = {.use_cache = -1};
    reader r = {.object = object, .where = where, .step = &step, .err = err};
    assay_status st = read_step(&r);
    if (st) assay_case_step_free(&step);
    else *out = step;
    return st;
}

void assay_case_step_free(assay_step *step) {
    assay_tensor_free(&step->input_ids);
    assay_tensor_free(&step->inputs_embeds);
    assay_tensor_free(&step->attention_mask);
    assay_tensor_free(&step->position_ids);
    assay_tensor_free(&step->labels);
    assay_tensor_free(&step->beam_idx);
}
