/* The configuration: defaults of the original's class, names of activations, and what a model is refused for (ERR-1). */
#include "core/config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static assay_config defaults(void) {
    assay_config c;
    memset(&c, 0x5a, sizeof c);
    assay_config_set_defaults(&c);
    return c;
}

Test(config, defaults_are_the_originals) { /* printed from LongLlamaConfig() */
    assay_config c = defaults();
    cr_assert_eq(c.vocab_size, 32000);
    cr_assert_eq(c.hidden_size, 4096);
    cr_assert_eq(c.intermediate_size, 11008);
    cr_assert_eq(c.num_hidden_layers, 32);
    cr_assert_eq(c.num_attention_heads, 32);
    cr_assert_eq(c.max_position_embeddings, 2048);
    cr_assert_eq(c.last_context_length, 1024);
    cr_assert_eq(c.rms_norm_eps, 1e-6);
    cr_assert_eq(c.rope_theta, 10000);
    cr_assert_eq(c.hidden_act, ASSAY_ACT_SILU);
    cr_assert_eq(c.mem_dtype, ASSAY_BF16);
    cr_assert_eq(c.pad_token_id, 0);
    cr_assert_eq(c.num_labels, 2);
    cr_assert(c.use_cache && c.mem_positionals && !c.torch_attention && !c.tie_word_embeddings);
    cr_assert(!c.has_attention_grouping && !assay_config_has_memory(&c));
    cr_assert_eq(c.problem_type, ASSAY_PROBLEM_UNSET);
    cr_assert_eq(c.head, ASSAY_HEAD_CAUSAL_LM);
    cr_assert_eq(assay_config_head_dim(&c), 128);
    cr_assert_eq(assay_config_check(&c, NULL), ASSAY_OK);
}

Test(config, memory_is_seen_in_layers_that_exist_alone) {
    assay_config c = defaults();
    c.num_hidden_layers = 3;
    c.is_memory_layer[3] = true;
    cr_assert_not(assay_config_has_memory(&c));
    c.is_memory_layer[2] = true;
    cr_assert(assay_config_has_memory(&c));
}

Test(config, unknown_activations_are_refused) { /* MLP-1, ERR-1; the known ones are in engine/test_mlp.c */
    const char *const unknown[] = {"", "Silu", "silu ", "gelu_11", "leaky_relu", "elu"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assay_activation act = ASSAY_ACT_MISH;
        cr_assert_not(assay_activation_from_name(unknown[i], &act), "%s", unknown[i]);
        cr_assert_eq(act, ASSAY_ACT_MISH);
    }
}

static void refused(const assay_config *c, const char *rule, const char *text) {
    assay_error err = {0};
    cr_assert_eq(assay_config_check(c, &err), ASSAY_EINPUT, "%s", text);
    if (rule) cr_assert(assay_error_has_rule(&err, rule), "%s: %s", err.rules, err.message);
    cr_assert(strstr(err.message, text), "'%s' is not in '%s'", text, err.message);
    cr_assert_eq(assay_config_check(c, NULL), ASSAY_EINPUT);
}

Test(config, sizes_that_do_not_divide_are_refused) { /* ERR-1 */
    assay_config c = defaults();
    c.num_attention_heads = 33;
    refused(&c, "ERR-1", "33");
    c = defaults();
    c.num_attention_heads = 8192; /* more heads than numbers */
    refused(&c, "ERR-1", "8192");
    c = defaults();
    c.hidden_size = 96, c.num_attention_heads = 32; /* D = 3 */
    refused(&c, "ROPE-1", "odd");
}

Test(config, pads_outside_the_vocabulary_are_refused) { /* ERR-1; torch's nn.Embedding takes -V to V - 1 */
    assay_config c = defaults();
    const int64_t fine[] = {ASSAY_NO_TOKEN, 0, 31999, -1, -32000}, bad[] = {32000, -32001, INT64_MAX};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        c.pad_token_id = fine[i];
        cr_assert_eq(assay_config_check(&c, NULL), ASSAY_OK);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        c.pad_token_id = bad[i];
        refused(&c, "ERR-1", "pad_token_id");
    }
}

Test(config, sizes_must_be_positive_and_fit) {
    for (int i = 0; i < 7; i++) {
        const int64_t bad[] = {0, -1, INT64_MIN, INT64_MAX};
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++) {
            assay_config c = defaults();
            int64_t *fields[] = {&c.vocab_size,        &c.hidden_size,         &c.intermediate_size,
                                 &c.num_hidden_layers, &c.num_attention_heads, &c.max_position_embeddings,
                                 &c.num_labels};
            const char *names[] = {"vocab_size",        "hidden_size",         "intermediate_size",
                                   "num_hidden_layers", "num_attention_heads", "max_position_embeddings",
                                   "num_labels"};
            *fields[i] = bad[j];
            refused(&c, NULL, names[i]);
        }
    }
    assay_config c = defaults();
    c.vocab_size = INT32_MAX;
    c.hidden_size = INT32_MAX;
    refused(&c, NULL, "too large");
    c = defaults();
    c.num_hidden_layers = ASSAY_MAX_LAYERS + 1;
    refused(&c, NULL, "num_hidden_layers");
}

Test(config, numbers_that_make_no_norm_or_angle_are_refused) {
    assay_config c = defaults();
    c.rms_norm_eps = -1e-6;
    refused(&c, NULL, "rms_norm_eps");
    c.rms_norm_eps = (double)NAN;
    refused(&c, NULL, "rms_norm_eps");
    c = defaults();
    c.rope_theta = 0;
    refused(&c, NULL, "rope_theta");
    c.rope_theta = (double)NAN;
    refused(&c, NULL, "rope_theta");
}

Test(config, the_last_context_length_is_checked_by_calls_not_here) { /* SCHED-4: a call may override it */
    assay_config c = defaults();
    c.last_context_length = -5;
    cr_assert_eq(assay_config_check(&c, NULL), ASSAY_OK);
}
