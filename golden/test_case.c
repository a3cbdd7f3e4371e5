#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/case.h"
#include "golden/test_scratch.h"

static assay_status parse(const char *text, assay_case *c, assay_error *err) {
    return assay_case_parse(c, text, strlen(text), "case.json", err);
}

/* A case of one step. */
static assay_status parse_step(const char *step, assay_case *c, assay_error *err) {
    char text[2048];
    snprintf(text, sizeof text, "{\"format\": \"assay-case/1\", \"steps\": [%s]}", step);
    return parse(text, c, err);
}

static void expect_bad(const char *text, const char *part) {
    assay_case c;
    EXPECT_REFUSED(parse(text, &c, &expect_err), part);
}

static void expect_bad_step(const char *step, const char *part) {
    assay_case c;
    EXPECT_REFUSED(parse_step(step, &c, &expect_err), part);
}

Test(case_file, reads_every_key) {
    static const char text[] =
        "{\"format\": \"assay-case/1\", \"name\": \"flip \xc3\xa9\", \"rules\": [\"CACHE-1\", \"MEM-1\"],\n"
        " \"model\": {\"vocab_size\": 7, \"rms_norm_eps\": 0.30000000000000004} ,\n"
        " \"weights\": {\"seed\": 9007199254740991, \"gain\": 1.5}, \"dtype\": \"bfloat16\", \"steps\": [\n"
        " {\"op\": \"forward\", \"input_ids\": [[1, 2], [3, 4]], \"attention_mask\": [[1, 0.5], [1, 2]], "
        "\"position_ids\": [[0, 1], [5, 6]], \"labels\": [[-100, 2], [3, 4]], \"use_cache\": true, "
        "\"last_context_length\": -3, \"past\": \"none\"},\n"
        " {\"op\": \"reorder\", \"beam_idx\": [1, 0]},\n"
        " {\"op\": \"generate\", \"input_ids\": [[5]], \"max_new_tokens\": 40, \"eos_token_id\": -1, \"past\": "
        "\"keep\", "
        "\"attention_mask\": [[1]], \"last_context_length\": 4, \"expect_error\": \"ERR-1\"}]}";
    assay_case c;
    EXPECT_OK(parse(text, &c, &expect_err));
    cr_expect_str_eq(c.text, text);
    cr_expect_eq(c.text_nbytes, sizeof text - 1);
    cr_expect_str_eq(c.name, "flip \xc3\xa9");
    cr_assert_eq(c.rule_count, 2u);
    cr_expect_str_eq(c.rules[1], "MEM-1");
    cr_expect_str_eq(c.model_json, "{\"vocab_size\": 7, \"rms_norm_eps\": 0.30000000000000004}");
    cr_expect(c.has_config && !c.config_refused && c.config.vocab_size == 7);
    cr_expect(c.has_weights && c.weights_seed == UINT64_C(9007199254740991) && c.weights_gain == 1.5);
    cr_expect_eq(c.dtype, ASSAY_BF16);
    cr_assert_eq(c.step_count, 3u);
    const assay_step *s = c.steps;
    cr_expect(s->op == ASSAY_OP_FORWARD && s->use_cache == 1 && !s->past_keep && s->expect_error[0] == '\0');
    cr_expect(s->has_last_context_length && s->last_context_length == -3 && !s->has_eos_token_id);
    cr_expect_eq(((int64_t *)s->input_ids.data)[3], 4);
    cr_expect_eq(((double *)s->attention_mask.data)[1], 0.5);
    cr_expect_eq(((int64_t *)s->position_ids.data)[2], 5);
    cr_expect(s->labels.dtype == ASSAY_I64 && ((int64_t *)s->labels.data)[0] == -100);
    cr_expect(!s->inputs_embeds.data && !s->beam_idx.data);
    cr_expect(s[1].op == ASSAY_OP_REORDER && s[1].beam_idx.rank == 1 && ((int64_t *)s[1].beam_idx.data)[0] == 1);
    cr_expect(s[2].op == ASSAY_OP_GENERATE && s[2].past_keep && s[2].max_new_tokens == 40 && s[2].use_cache == -1);
    cr_expect(s[2].has_eos_token_id && s[2].eos_token_id == -1);
    cr_expect_str_eq(s[2].expect_error, "ERR-1");
    assay_case_free(&c);
}

Test(case_file, has_defaults) {
    assay_case c;
    EXPECT_OK(parse("{\"format\": \"assay-case/1\", \"weights\": {\"seed\": 0}, \"steps\": [{\"op\": \"forward\"}]}",
                    &c, &expect_err));
    cr_expect_str_eq(c.name, "");
    cr_expect(c.rule_count == 0 && !c.model_json && !c.has_config && c.dtype == ASSAY_F32);
    cr_expect(c.has_weights && c.weights_seed == 0 && c.weights_gain == 1);
    cr_expect(c.steps[0].use_cache == -1 && !c.steps[0].has_last_context_length && !c.steps[0].past_keep);
    cr_expect(!c.steps[0].input_ids.data, "EMB-1 is the engine's to judge");
    assay_case_free(&c);
    EXPECT_OK(
        parse_step("{\"op\": \"forward\", \"input_ids\": [[1]], \"inputs_embeds\": [[[0.5, 1]]]}", &c, &expect_err));
    cr_expect(c.steps[0].input_ids.data && c.steps[0].inputs_embeds.shape[2] == 2);
    assay_case_free(&c);
}

Test(case_file, accepts_no_tokens) {
    assay_case c;
    EXPECT_OK(parse_step("{\"op\": \"forward\", \"input_ids\": [[], []]}", &c, &expect_err));
    const assay_tensor *ids = &c.steps[0].input_ids;
    cr_expect(ids->data && ids->rank == 2 && ids->shape[0] == 2 && ids->shape[1] == 0);
    assay_case_free(&c);
}

static void expect_labels(const char *op, const char *labels, assay_dtype dtype, int rank) {
    char step[256];
    assay_case c;
    snprintf(step, sizeof step, "{\"op\": \"%s\", \"input_ids\": [[1], [2]], \"labels\": %s}", op, labels);
    EXPECT_OK(parse_step(step, &c, &expect_err));
    cr_expect(c.steps[0].labels.dtype == dtype && c.steps[0].labels.rank == rank, "%s: dtype %d rank %d", step,
              (int)c.steps[0].labels.dtype, c.steps[0].labels.rank);
    assay_case_free(&c);
}

Test(case_file, types_of_labels) {
    expect_labels("forward", "[[1], [-100]]", ASSAY_I64, 2);
    expect_labels("classify", "[1, 0]", ASSAY_I64, 1);
    expect_labels("classify", "[1.0, 2]", ASSAY_I64, 1);
    expect_labels("classify", "[1, 0.5]", ASSAY_F64, 1);
    expect_labels("classify", "[[1, 0], [0, 1]]", ASSAY_F64, 2);
    expect_bad_step("{\"op\": \"forward\", \"labels\": [1, 2]}", "labels[0]: must be a list");
    expect_bad_step("{\"op\": \"forward\", \"labels\": [[0.5]]}", "labels[0][0]: must be a whole number");
    expect_bad_step("{\"op\": \"classify\", \"labels\": []}", "empty");
    expect_bad_step("{\"op\": \"classify\", \"labels\": [[[1]]]}", "labels[0][0]");
    expect_bad_step("{\"op\": \"classify\", \"labels\": 1}", "labels: must be a list");
    expect_bad_step("{\"op\": \"classify\", \"labels\": [\"a\"]}", "labels");
}

Test(case_file, keeps_a_refused_model) {
    assay_case c;
    EXPECT_OK(
        parse("{\"format\": \"assay-case/1\", \"model\": {\"mem_layers\": [99]}, \"steps\": [{\"op\": \"forward\", "
              "\"expect_error\": \"MEM-11\"}]}",
              &c, &expect_err));
    cr_expect(c.has_config && c.config_refused);
    cr_expect_str_eq(c.config_error.rules, "ERR-1 MEM-11");
    cr_expect(strstr(c.config_error.message, "case.json: model: "), "%s", c.config_error.message);
    assay_case_free(&c);
    expect_bad("{\"format\": \"assay-case/1\", \"model\": {\"hidden_size\": 0}, \"steps\": [{\"op\": \"forward\"}]}",
               "model: hidden_size is 0");
    expect_bad("{\"format\": \"assay-case/1\", \"model\": null, \"steps\": [{\"op\": \"forward\"}]}",
               "model: must be an object");
    expect_bad("{\"format\": \"assay-case/1\", \"\\u006dodel\": {}, \"steps\": [{\"op\": \"forward\"}]}",
               "case.json: the key \"model\" must be written without escapes");
}

Test(case_file, refuses_bad_roots) {
    expect_bad("", "case.json: line 1");
    expect_bad("[]", "must be an object");
    expect_bad("{\"steps\": [{\"op\": \"forward\"}]}", "'format' is missing");
    expect_bad("{\"format\": \"assay-case/2\", \"steps\": [{\"op\": \"forward\"}]}", "assay-case/2");
    expect_bad("{\"format\": 1, \"steps\": [{\"op\": \"forward\"}]}", "format: must be a string");
    expect_bad("{\"format\": \"assay-case/1\"}", "'steps' is missing");
    expect_bad("{\"format\": \"assay-case/1\", \"steps\": []}", "steps: must not be empty");
    expect_bad("{\"format\": \"assay-case/1\", \"steps\": {}}", "steps: must be a list");
    expect_bad("{\"format\": \"assay-case/1\", \"steps\": [3]}", "step 0: must be an object");
    expect_bad("{\"format\": \"assay-case/1\", \"step\": []}", "unknown key 'step'; known keys: format, name");
    expect_bad("{\"format\": \"assay-case/1\", \"format\": \"assay-case/1\", \"steps\": []}", "occurs twice");
    expect_bad("{\"format\": \"assay-case/1\", \"name\": 3, \"steps\": [{\"op\": \"forward\"}]}",
               "name: must be a string");
    expect_bad("{\"format\": \"assay-case/1\", \"rules\": \"MEM-1\", \"steps\": [{\"op\": \"forward\"}]}",
               "rules: must be a list");
    expect_bad("{\"format\": \"assay-case/1\", \"rules\": [1], \"steps\": [{\"op\": \"forward\"}]}",
               "rules: must be a string");
    expect_bad("{\"format\": \"assay-case/1\", \"dtype\": \"half\", \"steps\": [{\"op\": \"forward\"}]}",
               "dtype: 'half'");
    expect_bad("{\"format\": \"assay-case/1\", \"dtype\": \"int64\", \"steps\": [{\"op\": \"forward\"}]}", "dtype");
}

Test(case_file, refuses_bad_weights) {
    static const struct {
        const char *weights, *part;
    } bad[] = {
        {"7", "must be an object"},
        {"{}", "'seed' is missing"},
        {"{\"seed\": -1}", "seed must not be negative"},
        {"{\"seed\": 1.5}", "seed: must be a whole number"},
        {"{\"seed\": 9007199254740992}", "2^53"},
        {"{\"seed\": \"7\"}", "seed"},
        {"{\"seed\": 1, \"gain\": 0}", "gain must be greater than 0"},
        {"{\"seed\": 1, \"gain\": -1}", "gain"},
        {"{\"seed\": 1, \"gain\": null}", "gain"},
        {"{\"seed\": 1, \"scale\": 2}", "unknown key 'scale'; known keys: seed, gain"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "{\"format\": \"assay-case/1\", \"weights\": %s, \"steps\": [{\"op\": \"forward\"}]}", bad[i].weights);
        expect_bad(text, bad[i].part);
    }
}

Test(case_file, refuses_bad_steps) {
    expect_bad_step("{}", "step 0: the key 'op' is missing");
    expect_bad_step("{\"op\": \"backward\"}", "'backward' is not one of");
    expect_bad_step("{\"op\": null}", "op: must be a string");
    expect_bad_step("{\"op\": \"forward\"}, {\"op\": \"forward\", \"foo\": 1}",
                    "step 1 (forward): unknown key 'foo'; known keys: op");
    expect_bad_step("{\"op\": \"forward\", \"beam_idx\": [0]}", "unknown key 'beam_idx'");
    expect_bad_step("{\"op\": \"forward\", \"max_new_tokens\": 1}", "unknown key 'max_new_tokens'");
    expect_bad_step("{\"op\": \"classify\", \"eos_token_id\": 1}", "unknown key 'eos_token_id'");
    expect_bad_step("{\"op\": \"reorder\", \"beam_idx\": [0], \"input_ids\": [[1]]}", "unknown key 'input_ids'");
    expect_bad_step("{\"op\": \"generate\", \"input_ids\": [[1]], \"max_new_tokens\": 1, \"labels\": [[1]]}",
                    "unknown key 'labels'");
    expect_bad_step("{\"op\": \"generate\", \"input_ids\": [[1]], \"max_new_tokens\": 1, \"use_cache\": true}",
                    "unknown key 'use_cache'");
    expect_bad_step("{\"op\": \"reorder\"}", "'beam_idx' is missing");
    expect_bad_step("{\"op\": \"reorder\", \"beam_idx\": [[0]]}", "beam_idx[0]");
    expect_bad_step("{\"op\": \"reorder\", \"beam_idx\": []}", "empty");
    expect_bad_step("{\"op\": \"generate\", \"max_new_tokens\": 1}", "'input_ids' is missing");
    expect_bad_step("{\"op\": \"generate\", \"input_ids\": [[1]]}", "'max_new_tokens' is missing");
    expect_bad_step("{\"op\": \"generate\", \"input_ids\": [[1]], \"max_new_tokens\": 0}", "at least 1");
    expect_bad_step("{\"op\": \"generate\", \"input_ids\": [[1]], \"max_new_tokens\": 1, \"eos_token_id\": null}",
                    "eos_token_id");
}

Test(case_file, refuses_bad_values) {
    expect_bad_step("{\"op\": \"forward\", \"input_ids\": [[1, 2], [3]]}", "step 0: input_ids[1]: has 1 elements");
    expect_bad_step("{\"op\": \"forward\", \"input_ids\": [1]}", "input_ids[0]: must be a list");
    expect_bad_step("{\"op\": \"forward\", \"input_ids\": [[1.5]]}", "input_ids[0][0]");
    expect_bad_step("{\"op\": \"forward\", \"input_ids\": [[true]]}", "input_ids[0][0]");
    expect_bad_step("{\"op\": \"forward\", \"input_ids\": null}", "input_ids: must be a list, not null");
    expect_bad_step("{\"op\": \"forward\", \"attention_mask\": [[true]]}", "attention_mask[0][0]: must be a number");
    expect_bad_step("{\"op\": \"forward\", \"attention_mask\": [[1e999]]}", "range of a double");
    expect_bad_step("{\"op\": \"forward\", \"inputs_embeds\": [[1]]}", "inputs_embeds[0][0]: must be a list");
    expect_bad_step("{\"op\": \"forward\", \"position_ids\": [[0.5]]}", "position_ids[0][0]");
    expect_bad_step("{\"op\": \"forward\", \"use_cache\": 1}", "use_cache: must be true or false");
    expect_bad_step("{\"op\": \"forward\", \"use_cache\": null}", "use_cache");
    expect_bad_step("{\"op\": \"forward\", \"last_context_length\": 1.5}", "last_context_length");
    expect_bad_step("{\"op\": \"forward\", \"past\": \"last\"}", "past: 'last'");
    expect_bad_step("{\"op\": \"forward\", \"past\": true}", "past: must be a string");
    expect_bad_step("{\"op\": \"forward\", \"expect_error\": \"\"}", "expect_error");
    expect_bad_step("{\"op\": \"forward\", \"expect_error\": \"err-1\"}", "not a rule id");
    expect_bad_step("{\"op\": \"forward\", \"expect_error\": \"ERR\"}", "not a rule id");
    expect_bad_step("{\"op\": \"forward\", \"expect_error\": \"ERR-1 POS-3\"}", "not a rule id");
    expect_bad_step("{\"op\": \"forward\", \"expect_error\": \"ERR-11111111111111111111111\"}", "not a rule id");
    expect_bad_step("{\"op\": \"forward\", \"expect_error\": 1}", "expect_error: must be a string");
}

Test(case_file, reads_files) {
    scratch s;
    scratch_make(&s);
    assay_case c;
    const char *path =
        scratch_write_text(&s, "c.json", "{\"format\": \"assay-case/1\", \"steps\": [{\"op\": \"forward\"}]}");
    EXPECT_OK(assay_case_read(&c, path, &expect_err));
    assay_case_free(&c);
    EXPECT_REFUSED(assay_case_read(&c, scratch_path(&s, "none.json"), &expect_err), "cannot open");
    EXPECT_REFUSED(assay_case_read(&c, s.dir, &expect_err), "not a regular file");
    EXPECT_REFUSED(assay_case_read(&c, scratch_write_text(&s, "empty.json", ""), &expect_err),
                   "empty.json: line 1, column 1");
    scratch_remove(&s);
}

Test(case_file, names_of_ops) {
    cr_expect_str_eq(assay_op_name(ASSAY_OP_FORWARD), "forward");
    cr_expect_str_eq(assay_op_name(ASSAY_OP_REORDER), "reorder");
    cr_expect_str_eq(assay_op_name(ASSAY_OP_GENERATE), "generate");
    cr_expect_str_eq(assay_op_name(ASSAY_OP_CLASSIFY), "classify");
}
