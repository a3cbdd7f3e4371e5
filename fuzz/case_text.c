#include "fuzz/case_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/config_json.h"
#include "reports/json_builder.h"

/* Adds axis `axis` of the tensor, from its element *at onwards. */
static void add_axis(json_builder *b, cJSON *array, const assay_tensor *t, int axis, int64_t *at) {
    for (int64_t i = 0; i < t->shape[axis]; i++) {
        if (axis + 1 < t->rank) add_axis(b, json_add_array(b, array, NULL), t, axis + 1, at);
        else if (t->dtype == ASSAY_I64) json_add_integer(b, array, NULL, ((const int64_t *)t->data)[(*at)++]);
        else json_add_real(b, array, NULL, ((const double *)t->data)[(*at)++]);
    }
}

static void add_tensor(json_builder *b, cJSON *step, const char *key, const assay_tensor *t) {
    int64_t at = 0;
    if (t->data) add_axis(b, json_add_array(b, step, key), t, 0, &at);
}

static void add_numbers(json_builder *b, cJSON *object, const assay_step *s) {
    bool computes = s->op != ASSAY_OP_REORDER;
    if (s->op == ASSAY_OP_GENERATE) json_add_integer(b, object, "max_new_tokens", s->max_new_tokens);
    if (s->has_eos_token_id) json_add_integer(b, object, "eos_token_id", s->eos_token_id);
    if (computes && s->past_keep) json_add_text(b, object, "past", "keep");
    if (computes && s->op != ASSAY_OP_GENERATE && s->use_cache >= 0)
        json_add_bool(b, object, "use_cache", s->use_cache);
    if (s->has_last_context_length) json_add_integer(b, object, "last_context_length", s->last_context_length);
}

static void add_step(json_builder *b, cJSON *steps, const assay_step *s) {
    cJSON *object = json_add_object(b, steps, NULL);
    json_add_text(b, object, "op", assay_op_name(s->op));
    if (s->expect_error[0]) json_add_text(b, object, "expect_error", s->expect_error);
    add_numbers(b, object, s);
    add_tensor(b, object, "input_ids", &s->input_ids);
    add_tensor(b, object, "inputs_embeds", &s->inputs_embeds);
    add_tensor(b, object, "attention_mask", &s->attention_mask);
    add_tensor(b, object, "position_ids", &s->position_ids);
    add_tensor(b, object, "labels", &s->labels);
    add_tensor(b, object, "beam_idx", &s->beam_idx);
}

static cJSON *case_json(json_builder *b, const assay_case *c) {
    cJSON *root = cJSON_CreateObject();
    b->failed = !root;
    json_add_text(b, root, "format", "assay-case/1");
    json_add_text(b, root, "name", c->name);
    assay_fuzz_config_json(b, json_add_object(b, root, "model"), &c->config);
    if (c->has_weights) {
        cJSON *weights = json_add_object(b, root, "weights");
        json_add_integer(b, weights, "seed", (int64_t)c->weights_seed);
        json_add_real(b, weights, "gain", c->weights_gain);
    }
    if (c->dtype != ASSAY_F32) json_add_text(b, root, "dtype", assay_dtype_name(c->dtype));
    cJSON *steps = json_add_array(b, root, "steps");
    for (size_t i = 0; i < c->step_count; i++) add_step(b, steps, &c->steps[i]);
    return json_finish(b, root);
}

assay_status assay_fuzz_case_text(char **out, const assay_case *c, assay_error *err) {
    assert(c->has_config && !c->config_refused);
    json_builder b = {0};
    return json_print(out, case_json(&b, c), err);
}

assay_status assay_fuzz_config_text(char **out, const assay_case *c, assay_error *err) {
    assert(c->has_config && !c->config_refused);
    json_builder b = {0};
    cJSON *root = cJSON_CreateObject();
    b.failed = !root;
    assay_fuzz_config_json(&b, root, &c->config);
    return json_print(out, json_finish(&b, root), err);
}

assay_status assay_fuzz_case_settle(assay_case *c, assay_error *err) {
    char *text;
    assay_case settled;
    assay_status st = assay_fuzz_case_text(&text, c, err);
    if (st) return st;
    st = assay_case_parse(&settled, text, strlen(text), "a fuzzed case", err);
    free(text);
    if (st) return st;
    assay_case_free(c);
    *c = settled;
    return ASSAY_OK;
}
