#include "fuzz/case_edit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/case_bytes.h"
#include "fuzz/case_copy.h"
#include "fuzz/case_text.h"
#include "fuzz/shrink_edits.h"

#define MODEL                                                                                                          \
    "{\"format\": \"assay-case/1\", \"model\": {\"model_type\": \"longllama\", \"vocab_size\": 9, \"hidden_size\": 4," \
    "\"intermediate_size\": 4, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, \"mem_layers\": [1],"             \
    "\"max_position_embeddings\": 4, \"last_context_length\": 2}, \"weights\": {\"seed\": 1, \"gain\": 1}, "

static assay_case read(const char *steps) {
    char text[2000];
    assay_case c;
    assay_error err;
    snprintf(text, sizeof text, MODEL "\"steps\": [%s]}", steps);
    cr_assert_eq(assay_case_parse(&c, text, strlen(text), "test", &err), ASSAY_OK, "%s", err.message);
    return c;
}

/* The steps of a case are those of a text. */
static void expect_steps(const assay_case *c, const char *steps) {
    assay_case expected = read(steps);
    expected.config = c->config;
    free(expected.name);
    expected.name = strdup(c->name);
    char *a, *b;
    cr_assert_eq(assay_fuzz_case_text(&a, c, NULL), ASSAY_OK);
    cr_assert_eq(assay_fuzz_case_text(&b, &expected, NULL), ASSAY_OK);
    cr_expect_str_eq(a, b);
    free(a);
    free(b);
    assay_case_free(&expected);
}

Test(case_edit, tokens_are_cut_with_all_their_columns) {
    assay_case c = read(
        "{\"op\": \"forward\", \"input_ids\": [[1, 2, 3], [4, 5, 6]], \"position_ids\": [[0, 1, 2], [5, 6, 7]],"
        "\"labels\": [[1, 2, 3], [4, 5, 6]], \"attention_mask\": [[9, 1, 0, 0.5], [8, 0, 1, 2]]}");
    cr_expect(assay_fuzz_drop_tokens(&c.steps[0], 1, 1));
    expect_steps(&c,
                 "{\"op\": \"forward\", \"input_ids\": [[1, 3], [4, 6]], \"position_ids\": [[0, 2], [5, 7]],"
                 "\"labels\": [[1, 3], [4, 6]], \"attention_mask\": [[9, 1, 0.5], [8, 0, 2]]}");
    cr_expect_not(assay_fuzz_drop_tokens(&c.steps[0], 0, 2), "one token stays");
    assay_case_free(&c);
}

Test(case_edit, rows_are_followed_through_a_reorder) {
    const char *before =
        "{\"op\": \"forward\", \"input_ids\": [[1], [2], [3]]}, {\"op\": \"reorder\", \"beam_idx\": [2, 0, 2, 1]},"
        "{\"op\": \"forward\", \"past\": \"keep\", \"input_ids\": [[5], [6], [7], [8]]}";
    assay_case c = read(before);
    cr_expect(assay_fuzz_drop_row(&c, 0));
    expect_steps(&c,
                 "{\"op\": \"forward\", \"input_ids\": [[2], [3]]}, {\"op\": \"reorder\", \"beam_idx\": [1, 1, 0]},"
                 "{\"op\": \"forward\", \"past\": \"keep\", \"input_ids\": [[5], [7], [8]]}");
    cr_expect_not(assay_fuzz_drop_row(&c, 7));
    assay_case_free(&c);
}

Test(case_edit, steps_layers_heads_and_vocabulary) {
    assay_case c = read(
        "{\"op\": \"forward\", \"input_ids\": [[1, 8]]}, {\"op\": \"forward\", \"inputs_embeds\": [[[1, 2, 3, 4]]]},"
        "{\"op\": \"forward\", \"input_ids\": [[9]]}");
    cr_expect(assay_fuzz_resize_vocab(&c, 5));
    cr_expect(assay_fuzz_resize_heads(&c, 1, 2));
    cr_expect(assay_fuzz_drop_layer(&c.config, 0));
    cr_expect(c.config.num_hidden_layers == 1 && c.config.is_memory_layer[0] && !c.config.is_memory_layer[1]);
    cr_expect(c.config.vocab_size == 5 && c.config.hidden_size == 2 && c.config.num_attention_heads == 1);
    expect_steps(&c,
                 "{\"op\": \"forward\", \"input_ids\": [[1, 3]]}, {\"op\": \"forward\", \"inputs_embeds\": [[[1, 2]]]},"
                 "{\"op\": \"forward\", \"input_ids\": [[5]]}");
    cr_expect(assay_fuzz_drop_step(&c, 1));
    expect_steps(&c, "{\"op\": \"forward\", \"input_ids\": [[1, 3]]}, {\"op\": \"forward\", \"input_ids\": [[5]]}");
    cr_expect(assay_fuzz_drop_step(&c, 0));
    cr_expect_not(assay_fuzz_drop_step(&c, 0), "one step stays");
    cr_expect_not(assay_fuzz_drop_layer(&c.config, 0), "one layer stays");
    assay_case_free(&c);
}

Test(case_edit, tokens_of_a_case) {
    assay_case c = read(
        "{\"op\": \"forward\", \"input_ids\": [[1, 2], [3, 4]]}, {\"op\": \"generate\", \"input_ids\": [[1], [2]],"
        "\"max_new_tokens\": 3}");
    cr_expect_eq(assay_fuzz_case_tokens(&c), 4 + 2 * 4);
    assay_case_free(&c);
}

/* Whatever is edited, a case stays one that its text reads back as, with a model that can be built, and no longer than it was. */
Test(case_edit, every_edit_of_shrinking_leaves_a_case) {
    size_t done[16] = {0};
    for (uint64_t i = 0; i < 150; i++) {
        assay_case c, copy;
        assay_error err;
        cr_assert_eq(assay_fuzz_case_random(&c, 3, i, &assay_fuzz_bounds_default, &err), ASSAY_OK);
        for (size_t kind = 0; assay_shrink_edits[kind]; kind++)
            for (size_t number = 0; number < 40; number++) {
                cr_assert_eq(assay_fuzz_case_copy(&copy, &c, &err), ASSAY_OK);
                assay_edit_outcome outcome = assay_shrink_edits[kind](&copy, number);
                if (outcome == ASSAY_EDIT_DONE) {
                    done[kind]++;
                    cr_assert_eq(assay_config_check(&copy.config, &err), ASSAY_OK, "edit %zu: %s", kind, err.message);
                    cr_assert_eq(assay_fuzz_case_settle(&copy, &err), ASSAY_OK, "edit %zu: %s", kind, err.message);
                    cr_assert_leq(assay_fuzz_case_tokens(&copy), assay_fuzz_case_tokens(&c), "edit %zu", kind);
                }
                assay_case_free(&copy);
                if (outcome == ASSAY_EDIT_NO_MORE) break;
            }
        assay_case_free(&c);
    }
    for (size_t kind = 0; assay_shrink_edits[kind]; kind++) cr_expect_gt(done[kind], 20, "edit %zu", kind);
}
