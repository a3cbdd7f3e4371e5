#include "golden/port_limits.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "golden/test_scratch.h"

static assay_port_limits port_of(const char *members) {
    char text[600];
    assay_port_limits port;
    snprintf(text, sizeof text, "{\"format\": \"assay-port/1\"%s%s}", *members ? ", " : "", members);
    EXPECT_OK(assay_port_limits_parse(&port, text, strlen(text), "port.json", &expect_err));
    return port;
}

/* A case of these steps on a model with these settings, in this type. */
static assay_case case_of(const char *model, const char *steps, const char *dtype) {
    char text[2000];
    assay_case c;
    snprintf(text, sizeof text,
             "{\"format\": \"assay-case/1\", \"name\": \"n\", \"dtype\": \"%s\", \"model\": {\"vocab_size\": 7, "
             "\"hidden_size\": 4, \"intermediate_size\": 6, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, "
             "\"pad_token_id\": 0%s%s}, \"steps\": [%s]}",
             dtype, *model ? ", " : "", model, steps);
    EXPECT_OK(assay_case_parse(&c, text, strlen(text), "case", &expect_err));
    return c;
}

#define FORWARD(more) "{\"op\": \"forward\", \"input_ids\": [[1, 2, 3]]" more "}"

/* The port's first reason against the case; "" when there is none. */
static const char *why_not(const char *port_members, const char *model, const char *steps, char why[200]) {
    assay_port_limits port = port_of(port_members);
    assay_case c = case_of(model, steps, "float32");
    bool can = assay_port_supports(&port, &c, &c.config, why, 200);
    cr_expect_eq(can, !*why, "%s", why);
    assay_case_free(&c);
    assay_port_limits_free(&port);
    return why;
}

/* Each limit is met by a case that demands more, and is no matter to a plain one. */
Test(port_limits, say_what_a_case_demands_too_much) {
    static const struct {
        const char *port, *model, *steps, *why;
    } demands[] = {
        {"\"operations\": [\"forward\"]", "", "{\"op\": \"generate\", \"input_ids\": [[1]], \"max_new_tokens\": 1}",
         "step 0: the operation generate, not among the port's operations"},
        {"\"attention_mask\": false", "", FORWARD(", \"attention_mask\": [[1, 1, 1]]"),
         "step 0: an attention_mask, and the port says attention_mask false"},
        {"\"attention_mask\": false", "", "{\"op\": \"generate\", \"input_ids\": [[0, 1]], \"max_new_tokens\": 1}",
         "step 0: pads in the prompt, which are masked, and the port says attention_mask false"},
        {"\"padding\": [\"right\"]", "", FORWARD(", \"attention_mask\": [[0, 1, 1]]"),
         "step 0: hidden tokens on the left, not among the port's padding"},
        {"\"padding\": [\"left\"]", "", FORWARD(", \"attention_mask\": [[0, 1, 0.5]]"),
         "step 0: hidden tokens on the right, not among the port's padding"},
        {"\"padding\": [\"left\"]", "", FORWARD(", \"attention_mask\": [[1, 0, 1]]"),
         "step 0: hidden tokens between others, not among the port's padding"},
        {"\"padding\": [\"right\"]", "", "{\"op\": \"generate\", \"input_ids\": [[0, 1]], \"max_new_tokens\": 1}",
         "step 0: hidden tokens on the left, not among the port's padding"},
        {"\"position_ids\": false", "", FORWARD(", \"position_ids\": [[0, 1, 2]]"),
         "step 0: position_ids, and the port says position_ids false"},
        {"\"inputs_embeds\": false", "", "{\"op\": \"forward\", \"inputs_embeds\": [[[1, 2, 3, 4]]]}",
         "step 0: inputs_embeds, and the port says inputs_embeds false"},
        {"\"labels\": false", "", FORWARD(", \"labels\": [[1, 2, 3]]"),
         "step 0: labels, and the port says labels false"},
        {"\"past\": false", "", FORWARD("") "," FORWARD(", \"past\": \"keep\""),
         "step 1: it goes on from a past, and the port says past false"},
        {"\"past\": false", "", FORWARD("") ", {\"op\": \"reorder\", \"beam_idx\": [0]}",
         "step 1: it goes on from a past, and the port says past false"},
        {"\"no_cache\": false", "", FORWARD(", \"use_cache\": false"),
         "step 0: use_cache is false, and the port says no_cache false"},
        {"\"no_cache\": false", "\"use_cache\": false", FORWARD(""),
         "step 0: use_cache is false, and the port says no_cache false"},
        {"\"last_context_length\": false", "", FORWARD(", \"last_context_length\": 2"),
         "step 0: a last_context_length of its own, and the port says last_context_length false"},
        {"\"eos_token_id\": false", "",
         "{\"op\": \"generate\", \"input_ids\": [[1]], \"max_new_tokens\": 1, \"eos_token_id\": 2}",
         "step 0: an eos_token_id, and the port says eos_token_id false"},
        {"\"refusals\": false", "", FORWARD(", \"expect_error\": \"ERR-1\""),
         "step 0: it must be refused, and the port says refusals false"},
        {"\"memory\": false", "\"mem_layers\": [1]", FORWARD(""), "memory layers, and the port says memory false"},
        {"\"mem_dtype\": [\"float32\"]", "\"mem_layers\": [1]", FORWARD(""),
         "mem_dtype bfloat16, not among the port's mem_dtype"},
        {"\"mem_positionals_off\": false", "\"mem_layers\": [1], \"mem_positionals\": false", FORWARD(""),
         "mem_positionals is false, and the port says mem_positionals_off false"},
        {"\"mem_attention_grouping\": false", "\"mem_layers\": [1], \"mem_attention_grouping\": [1, 2]", FORWARD(""),
         "mem_attention_grouping, and the port says mem_attention_grouping false"},
        {"\"torch_attention\": false", "\"torch_attention\": true", FORWARD(""),
         "torch_attention, and the port says torch_attention false"},
        {"\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true", FORWARD(""),
         "tied embeddings, and the port says tie_word_embeddings false"},
        {"\"hidden_act\": [\"swish\", \"gelu_new\"]", "\"hidden_act\": \"relu\"", FORWARD(""),
         "the activation relu, not among the port's hidden_act"},
        {"\"max_batch\": 1", "", "{\"op\": \"forward\", \"input_ids\": [[1], [2]]}",
         "step 0: batch 2, and the port says max_batch 1"},
        {"\"max_batch\": 1", "",
         "{\"op\": \"forward\", \"input_ids\": [[1]]}, {\"op\": \"reorder\", \"beam_idx\": [0, 0]}",
         "step 1: batch 2, and the port says max_batch 1"},
        {"\"max_tokens\": 3", "", "{\"op\": \"forward\", \"input_ids\": [[1, 2, 3, 4]]}",
         "step 0: tokens 4, and the port says max_tokens 3"},
        {"\"max_sequence\": 5", "", FORWARD("") "," FORWARD(", \"past\": \"keep\""),
         "step 1: tokens with past and generated ones 6, and the port says max_sequence 5"},
        {"\"max_sequence\": 8", "", "{\"op\": \"generate\", \"input_ids\": [[1, 2]], \"max_new_tokens\": 7}",
         "step 0: tokens with past and generated ones 9, and the port says max_sequence 8"},
    };
    for (size_t i = 0; i < sizeof demands / sizeof *demands; i++) {
        char why[200];
        cr_expect_str_eq(why_not(demands[i].port, demands[i].model, demands[i].steps, why), demands[i].why);
        cr_expect_str_eq(why_not("", demands[i].model, demands[i].steps, why), "");
        cr_expect_str_eq(why_not(demands[i].port, "\"hidden_act\": \"silu\"", FORWARD(""), why), "");
    }
}

Test(port_limits, what_is_just_within_them_is_supported) {
    static const struct {
        const char *port, *model, *steps;
    } fits[] = {
        {"\"max_sequence\": 6", "", FORWARD("") "," FORWARD(", \"past\": \"keep\"")},
        {"\"max_sequence\": 3", "", FORWARD("") "," FORWARD("")},
        {"\"padding\": [\"left\", \"right\"]", "", FORWARD(", \"attention_mask\": [[0, 1, 0]]")},
        {"\"padding\": [\"left\"]", "", FORWARD(", \"attention_mask\": [[0, 0, 0]]")},
        {"\"attention_mask\": false", "",
         "{\"op\": \"generate\", \"input_ids\": [[0, 1]], \"max_new_tokens\": 1, \"eos_token_id\": 0}"},
        {"\"mem_dtype\": [\"float32\"]", "", FORWARD("")},
        {"\"hidden_act\": [\"gelu_fast\"]", "\"hidden_act\": \"gelu_new\"", FORWARD("")},
        {"\"memory\": true, \"labels\": true", "\"mem_layers\": [0]", FORWARD(", \"labels\": [[1, 2, 3]]")},
    };
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        char why[200];
        cr_expect_str_eq(why_not(fits[i].port, fits[i].model, fits[i].steps, why), "");
    }
}

Test(port_limits, the_type_of_a_case_is_one_of_them) {
    char why[200];
    assay_port_limits port = port_of("\"dtypes\": [\"bfloat16\", \"float64\"], \"name\": \"my port 1.2\"");
    cr_expect_str_eq(port.name, "my port 1.2");
    assay_case wide = case_of("", FORWARD(""), "float64"), plain = case_of("", FORWARD(""), "float32");
    cr_expect(assay_port_supports(&port, &wide, NULL, why, sizeof why));
    cr_expect(!assay_port_supports(&port, &plain, NULL, why, sizeof why));
    cr_expect_str_eq(why, "the type float32, not among the port's dtypes");
    assay_case_free(&wide);
    assay_case_free(&plain);
    assay_port_limits_free(&port);
}

Test(port_limits, what_is_no_port_file_is_refused) {
    static const struct {
        const char *text, *part;
    } bad[] = {
        {"[]", "must be an object"},
        {"{}", "the key 'format' is missing"},
        {"{\"format\": \"assay-port/2\"}", "the format is 'assay-port/2'; this program reads 'assay-port/1'"},
        {"{\"format\": \"assay-port/1\", \"mask\": false}", "unknown key 'mask'"},
        {"{\"format\": \"assay-port/1\", \"memory\": false, \"memory\": true}", "memory"},
        {"{\"format\": \"assay-port/1\", \"memory\": 0}", "memory: must be true or false"},
        {"{\"format\": \"assay-port/1\", \"name\": 1}", "name: must be a string"},
        {"{\"format\": \"assay-port/1\", \"max_batch\": 0}", "'max_batch' is 0; it must be at least 1"},
        {"{\"format\": \"assay-port/1\", \"max_tokens\": 1.5}", "max_tokens: must be a whole number"},
        {"{\"format\": \"assay-port/1\", \"operations\": []}", "'operations': must not be empty"},
        {"{\"format\": \"assay-port/1\", \"operations\": \"forward\"}", "'operations': must be a list"},
        {"{\"format\": \"assay-port/1\", \"operations\": [\"fwd\"]}", "'fwd' is not one of forward, reorder"},
        {"{\"format\": \"assay-port/1\", \"dtypes\": [\"int64\"]}", "'int64' is not one of float32"},
        {"{\"format\": \"assay-port/1\", \"hidden_act\": [\"x\"]}", "'x' is not one of"},
        {"{\"format\": \"assay-port/1\", \"padding\": [\"none\"]}", "'none' is not one of left, right, inside"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assay_port_limits port;
        EXPECT_REFUSED(assay_port_limits_parse(&port, bad[i].text, strlen(bad[i].text), "port.json", &expect_err),
                       bad[i].part);
    }
    assay_port_limits port;
    EXPECT_REFUSED(assay_port_limits_read(&port, "/nonexistent/port.json", &expect_err), "/nonexistent/port.json");
}
