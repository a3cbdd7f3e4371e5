#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/digest.h"
#include "golden/hf_config.h"
#include "golden/test_scratch.h"

static assay_status parse(const char *text, assay_config *c, assay_error *err) {
    return assay_hf_config_parse(c, text, strlen(text), "config.json", err);
}

/* Refused by a rule. */
static void expect_rule(const char *text, const char *rules, const char *part) {
    assay_config c;
    assay_error err = {0};
    cr_expect_eq(parse(text, &c, &err), ASSAY_EINPUT, "%s", text);
    cr_expect_str_eq(err.rules, rules, "%s: rules '%s', %s", text, err.rules, err.message);
    cr_expect(strstr(err.message, part), "'%s' is not in '%s'", part, err.message);
    cr_expect(strstr(err.message, "config.json: "), "%s", err.message);
}

/* Malformed. */
static void expect_malformed(const char *text, const char *part) { expect_rule(text, "", part); }

Test(hf_config, has_the_defaults_of_the_class) {
    assay_config c, d;
    assay_config_set_defaults(&d);
    EXPECT_OK(parse("{}", &c, &expect_err));
    cr_expect_eq(memcmp(&c, &d, sizeof c), 0);
    cr_expect(c.vocab_size == 32000 && c.hidden_size == 4096 && c.intermediate_size == 11008 && c.pad_token_id == 0);
}

Test(hf_config, reads_every_field) {
    assay_config c;
    EXPECT_OK(
        parse("{\"architectures\": [\"LongLlamaForSequenceClassification\"], \"model_type\": \"longllama\", "
              "\"vocab_size\": 11, "
              "\"hidden_size\": 24, \"intermediate_size\": 13, \"num_hidden_layers\": 3, \"num_attention_heads\": 2, "
              "\"max_position_embeddings\": 16, \"last_context_length\": -5, \"hidden_act\": \"gelu_new\", "
              "\"rms_norm_eps\": 1, \"rope_theta\": 1000000, \"use_cache\": false, \"tie_word_embeddings\": true, "
              "\"mem_layers\": [2, 0, 2], \"mem_positionals\": false, \"mem_dtype\": \"half\", "
              "\"mem_attention_grouping\": [1, 0], \"torch_attention\": true, \"pad_token_id\": null, "
              "\"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}, \"num_labels\": 7, "
              "\"problem_type\": \"multi_label_classification\", \"rope_scaling\": null}",
              &c, &expect_err));
    cr_expect_eq(c.head, ASSAY_HEAD_CLASSIFICATION);
    cr_expect(c.vocab_size == 11 && c.hidden_size == 24 && c.intermediate_size == 13 && c.num_hidden_layers == 3);
    cr_expect(c.num_attention_heads == 2 && c.max_position_embeddings == 16 && c.last_context_length == -5);
    cr_expect_eq(c.hidden_act, ASSAY_ACT_GELU_NEW);
    cr_expect(c.rms_norm_eps == 1 && c.rope_theta == 1e6);
    cr_expect(!c.use_cache && c.tie_word_embeddings && !c.mem_positionals && c.torch_attention);
    cr_expect(c.is_memory_layer[0] && !c.is_memory_layer[1] && c.is_memory_layer[2]);
    cr_expect_eq(c.mem_dtype, ASSAY_F16);
    cr_expect(c.has_attention_grouping && c.attention_grouping[0] == 1 && c.attention_grouping[1] == 0);
    cr_expect_eq(c.pad_token_id, ASSAY_NO_TOKEN);
    cr_expect_eq(c.num_labels, 3);
    cr_expect_eq(c.problem_type, ASSAY_PROBLEM_MULTI_LABEL);
}

Test(hf_config, ignores_unknown_keys) {
    assay_config c;
    EXPECT_OK(parse(
        "{\"torch_dtype\": \"float16\", \"transformers_version\": \"4.33.2\", \"auto_map\": {\"AutoConfig\": \"x\"}, "
        "\"num_key_value_heads\": 8, \"attention_bias\": true, \"architectures\": null, \"id2label\": null, "
        "\"num_labels\": 4, \"pad_token_id\": -1, \"problem_type\": null, \"mem_attention_grouping\": null}",
        &c, &expect_err));
    cr_expect(c.num_labels == 4 && c.pad_token_id == -1 && !c.has_attention_grouping);
}

Test(hf_config, knows_torch_names_of_dtypes) {
    static const struct {
        const char *text;
        assay_dtype dtype;
    } names[] = {{"float32", ASSAY_F32}, {"float", ASSAY_F32}, {"float64", ASSAY_F64},  {"double", ASSAY_F64},
                 {"float16", ASSAY_F16}, {"half", ASSAY_F16},  {"bfloat16", ASSAY_BF16}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[64];
        assay_config c;
        snprintf(text, sizeof text, "{\"mem_dtype\": \"%s\"}", names[i].text);
        EXPECT_OK(parse(text, &c, &expect_err));
        cr_expect_eq(c.mem_dtype, names[i].dtype, "%s", names[i].text);
    }
}

Test(hf_config, names_the_rule_that_refuses) {
    expect_rule("{\"mem_layers\": [0, 32]}", "ERR-1 MEM-11", "layer 32");
    expect_rule("{\"mem_layers\": [-1]}", "ERR-1 MEM-11", "layer -1");
    expect_rule("{\"mem_layers\": [9007199254740991]}", "ERR-1 MEM-11", "MEM-11");
    expect_rule("{\"mem_layers\": [2], \"num_hidden_layers\": 2}", "ERR-1 MEM-11", "2 layers");
    expect_rule("{\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}}", "ERR-1 ROPE-5", "rope_scaling");
    expect_rule("{\"mem_dtype\": \"float8\"}", "ERR-1 MEM-6", "float8");
    expect_rule("{\"mem_dtype\": \"int64\"}", "ERR-1 MEM-6", "int64");
    expect_rule("{\"hidden_act\": \"SiLU\"}", "ERR-1 MLP-1", "SiLU");
    expect_rule("{\"num_attention_heads\": 3}", "ERR-1 HEAD-1", "not divisible");
    expect_rule("{\"hidden_size\": 96}", "ERR-1 ROPE-1", "odd");
    expect_rule("{\"pad_token_id\": 32000}", "ERR-1 EMB-1", "outside the vocabulary");
    expect_rule("{\"pad_token_id\": -32001}", "ERR-1 EMB-1", "outside the vocabulary");
}

Test(hf_config, malformed_goes_before_refused) {
    expect_malformed("{\"rope_scaling\": {}, \"vocab_size\": \"many\"}",
                     "vocab_size: must be a whole number, not a string");
    expect_malformed("{\"rope_scaling\": {}, \"hidden_size\": 0}", "hidden_size is 0");
    expect_malformed("{\"hidden_act\": \"none\", \"problem_type\": 3}", "problem_type");
}

Test(hf_config, says_what_is_malformed) {
    expect_malformed("[]", "must be an object, not a list");
    expect_malformed("{\"vocab_size\": 5, \"vocab_size\": 5}", "occurs twice");
    expect_malformed("{\"vocab_size\": 1.5}", "vocab_size");
    expect_malformed("{\"vocab_size\": null}", "not null");
    expect_malformed("{\"vocab_size\": 0}", "vocab_size is 0");
    expect_malformed("{\"num_attention_heads\": 0}", "num_attention_heads is 0");
    expect_malformed("{\"intermediate_size\": -3}", "intermediate_size is -3");
    expect_malformed("{\"num_hidden_layers\": 5000}", "num_hidden_layers is 5000");
    expect_malformed("{\"num_hidden_layers\": 0, \"mem_layers\": []}", "num_hidden_layers is 0");
    expect_malformed("{\"vocab_size\": 2147483647, \"hidden_size\": 2147483647}", "too large");
    expect_malformed("{\"use_cache\": 1}", "must be true or false");
    expect_malformed("{\"use_cache\": null}", "use_cache");
    expect_malformed("{\"rms_norm_eps\": \"1e-6\"}", "rms_norm_eps");
    expect_malformed("{\"rms_norm_eps\": -1}", "rms_norm_eps");
    expect_malformed("{\"rope_theta\": 0}", "rope_theta");
    expect_malformed("{\"mem_layers\": null}", "mem_layers: must be a list, not null");
    expect_malformed("{\"mem_layers\": [true]}", "mem_layers");
    expect_malformed("{\"mem_layers\": [0.5]}", "mem_layers");
    expect_malformed("{\"mem_attention_grouping\": [1]}", "mem_attention_grouping");
    expect_malformed("{\"mem_attention_grouping\": [1, 2, 3]}", "two numbers");
    expect_malformed("{\"mem_attention_grouping\": [1, null]}", "mem_attention_grouping");
    expect_malformed("{\"mem_attention_grouping\": 4}", "must be a list");
    expect_malformed("{\"mem_dtype\": 3}", "mem_dtype");
    expect_malformed("{\"hidden_act\": null}", "hidden_act");
    expect_malformed("{\"id2label\": []}", "id2label");
    expect_malformed("{\"id2label\": {\"x\": \"a\"}}", "not a label number");
    expect_malformed("{\"id2label\": {}}", "num_labels is 0");
    expect_malformed("{\"num_labels\": \"2\"}", "num_labels");
    expect_malformed("{\"problem_type\": \"ranking\"}", "single_label_classification");
    expect_malformed("{\"pad_token_id\": \"0\"}", "pad_token_id");
}

Test(hf_config, says_what_is_another_model) {
    expect_malformed("{\"model_type\": \"llama\"}", "not 'longllama'");
    expect_malformed("{\"model_type\": null}", "model_type");
    expect_malformed("{\"architectures\": [\"LlamaForCausalLM\"]}",
                     "LongLlamaForCausalLM or LongLlamaForSequenceClassification");
    expect_malformed("{\"architectures\": \"LongLlamaForCausalLM\"}", "must be a list");
    expect_malformed("{\"architectures\": [3]}", "architectures[0]");
}

static void expect_canonical(const char *json, const char *text) {
    assay_config c;
    char hex[65], expected[65];
    EXPECT_OK(parse(json, &c, &expect_err));
    char *canonical = assay_config_canonical(&c);
    cr_expect_str_eq(canonical, text);
    EXPECT_OK(assay_config_sha256(&c, hex, &expect_err));
    EXPECT_OK(assay_sha256_hex(text, strlen(text), expected, &expect_err));
    cr_expect_str_eq(hex, expected);
    free(canonical);
}

Test(hf_config, canonical_text) {
    expect_canonical(
        "{\"vocab_size\": 37, \"hidden_size\": 16, \"intermediate_size\": 24, \"num_hidden_layers\": 4, "
        "\"num_attention_heads\": 2, \"max_position_embeddings\": 16, \"last_context_length\": 8, "
        "\"mem_layers\": [3, 1, 1], \"rms_norm_eps\": 1e-5, \"mem_attention_grouping\": [1, 4], "
        "\"num_labels\": 3, \"mem_dtype\": \"half\"}",
        "head=causal_lm\nvocab_size=37\nhidden_size=16\nintermediate_size=24\nnum_hidden_layers=4\n"
        "num_attention_heads=2\nmax_position_embeddings=16\nlast_context_length=8\nhidden_act=silu\n"
        "rms_norm_eps=3ee4f8b588e368f1\nrope_theta=40c3880000000000\nuse_cache=1\ntie_word_embeddings=0\n"
        "mem_layers=1,3\nmem_positionals=1\nmem_dtype=float16\nmem_attention_grouping=1,4\ntorch_attention=0\n"
        "pad_token_id=0\nnum_labels=null\nproblem_type=null\n");
    expect_canonical(
        "{\"architectures\": [\"LongLlamaForSequenceClassification\"], \"vocab_size\": 37, \"hidden_size\": 16, "
        "\"intermediate_size\": 24, \"num_hidden_layers\": 1, \"num_attention_heads\": 2, "
        "\"max_position_embeddings\": 16, \"last_context_length\": -8, \"hidden_act\": \"gelu_fast\", "
        "\"rope_theta\": 1000000.0, \"use_cache\": false, \"tie_word_embeddings\": true, "
        "\"mem_positionals\": false, \"mem_dtype\": \"double\", \"torch_attention\": true, "
        "\"pad_token_id\": null, \"problem_type\": \"regression\"}",
        "head=classification\nvocab_size=37\nhidden_size=16\nintermediate_size=24\nnum_hidden_layers=1\n"
        "num_attention_heads=2\nmax_position_embeddings=16\nlast_context_length=-8\nhidden_act=gelu_tanh\n"
        "rms_norm_eps=3eb0c6f7a0b5ed8d\nrope_theta=412e848000000000\nuse_cache=0\ntie_word_embeddings=1\n"
        "mem_layers=\nmem_positionals=0\nmem_dtype=float64\nmem_attention_grouping=null\ntorch_attention=1\n"
        "pad_token_id=null\nnum_labels=2\nproblem_type=regression\n");
}

/* hashlib's SHA-256 of the canonical text of the class's defaults, written by hand from docs/golden-format.md. */
Test(hf_config, digest_of_the_defaults) {
    assay_config c;
    char hex[65];
    assay_config_set_defaults(&c);
    EXPECT_OK(assay_config_sha256(&c, hex, &expect_err));
    cr_expect_str_eq(hex, "9d6415be04636f85b0d42c75c569691f99f22753a0392e50b0f2523c324f316a");
}
