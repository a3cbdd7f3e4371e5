/* Case files: golden/case.h. What is accepted is read again from its own text with the same result. */
#include <string.h>

#include "fuzz/target.h"
#include "golden/case.h"

static void touch(const assay_tensor *t) {
    if (t->data) assay_fuzz_touch(t);
}

static void touch_step(const assay_step *s) {
    touch(&s->input_ids);
    touch(&s->inputs_embeds);
    touch(&s->attention_mask);
    touch(&s->position_ids);
    touch(&s->labels);
    touch(&s->beam_idx);
    ASSAY_FUZZ_REQUIRE(memchr(s->expect_error, '\0', sizeof s->expect_error));
    ASSAY_FUZZ_REQUIRE(s->op != ASSAY_OP_GENERATE || s->max_new_tokens >= 1);
}

static void require_same_tensor(const assay_tensor *a, const assay_tensor *b) {
    ASSAY_FUZZ_REQUIRE(!a->data == !b->data);
    if (!a->data) return;
    ASSAY_FUZZ_REQUIRE(a->dtype == b->dtype && assay_tensor_same_shape(a, b));
    ASSAY_FUZZ_REQUIRE(memcmp(a->data, b->data, assay_tensor_nbytes(a)) == 0);
}

static void require_same_step(const assay_step *a, const assay_step *b) {
    ASSAY_FUZZ_REQUIRE(a->op == b->op && a->use_cache == b->use_cache && a->past_keep == b->past_keep);
    ASSAY_FUZZ_REQUIRE(a->max_new_tokens == b->max_new_tokens && a->eos_token_id == b->eos_token_id);
    require_same_tensor(&a->input_ids, &b->input_ids);
    require_same_tensor(&a->inputs_embeds, &b->inputs_embeds);
    require_same_tensor(&a->attention_mask, &b->attention_mask);
    require_same_tensor(&a->position_ids, &b->position_ids);
    require_same_tensor(&a->labels, &b->labels);
    require_same_tensor(&a->beam_idx, &b->beam_idx);
}

static void check(const assay_case *c) {
    assay_case again;
    assay_error err = {0};
    ASSAY_FUZZ_REQUIRE(c->step_count > 0 && c->name && strlen(c->text) <= c->text_nbytes);
    ASSAY_FUZZ_REQUIRE(!c->has_config == !c->model_json);
    for (size_t i = 0; i < c->step_count; i++) touch_step(&c->steps[i]);
    ASSAY_FUZZ_REQUIRE(assay_case_parse(&again, c->text, c->text_nbytes, "again", &err) == ASSAY_OK);
    ASSAY_FUZZ_REQUIRE(again.step_count == c->step_count && strcmp(again.name, c->name) == 0);
    for (size_t i = 0; i < c->step_count; i++) require_same_step(&c->steps[i], &again.steps[i]);
    assay_case_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_case c;
    assay_error err = {0};
    if (!assay_fuzz_accepted(assay_case_parse(&c, (const char *)data, size, "in.json", &err), &err, "in.json"))
        return 0;
    check(&c);
    assay_case_free(&c);
    return 0;
}
