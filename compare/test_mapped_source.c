#include "compare/mapped_source.h"

#include <stdio.h>

#include "compare/compare_fixture.h"
#include "golden/test_scratch.h"

static const assay_layout_facts facts = {2, 2};
static fixture f;
static assay_map map;
static assay_mapped_source *mapped;

static void put(const char *name, int rank, const int64_t *shape, const float *data) {
    fixture_put_f32(&f, name, rank, shape, data);
}

static void setup(void) {
    f = fixture_new("port", false);
    put("q-0", 2, (int64_t[]){2, 4}, (float[]){0, 1, 2, 3, 4, 5, 6, 7});
    put("q-1", 2, (int64_t[]){2, 4}, (float[]){10, 11, 12, 13, 14, 15, 16, 17});
    put("head.0.v-1", 2, (int64_t[]){2, 2}, (float[]){1, 2, 3, 4});
    put("head.1.v-1", 2, (int64_t[]){2, 2}, (float[]){5, 6, 7, 8});
    put("head.10.v-1", 2, (int64_t[]){2, 2}, (float[]){0, 0, 0, 0});
    put("steps/0/loss", 0, NULL, (float[]){9});
    put("steps/0/logits", 2, (int64_t[]){1, 2}, (float[]){1, 2});
    fixture_open(&f);
    mapped = NULL;
}

static void teardown(void) {
    assay_mapped_source_destroy(mapped);
    assay_map_free(&map);
    fixture_free(&f);
}

TestSuite(mapped_source, .init = setup, .fini = teardown);

static assay_status open_rules(const char *rules, assay_error *err) {
    char text[2048];
    snprintf(text, sizeof text, "{\"format\": \"assay-map/1\", \"tensors\": [%s]}", rules);
    EXPECT_OK(assay_map_parse(&map, text, strlen(text), "map.json", &expect_err));
    return assay_mapped_source_create(&mapped, &f.source, &map, &facts, err);
}

static assay_source_tensor read_place(const char *path) {
    assay_place place;
    assay_source_tensor t;
    cr_assert(assay_place_parse(path, &place));
    const assay_source *view = assay_mapped_source_view(mapped);
    const assay_source_item *item = assay_source_find(view, &place);
    cr_assert_not_null(item, "%s", path);
    EXPECT_OK(assay_source_read(view, item, false, &t, &expect_err));
    cr_assert(assay_tensor_same_shape(&t.tensor, &item->info));
    return t;
}

static void expect_values(const char *path, const float *values, size_t count) {
    assay_source_tensor t = read_place(path);
    cr_assert_eq((size_t)assay_tensor_count(&t.tensor), count);
    cr_expect_arr_eq(t.tensor.data, values, count * sizeof *values, "%s", path);
    assay_source_release(&t);
}

#define LAYER "steps/0/windows/0/layers/"
#define Q "{\"from\": \"q-{layer}\", \"to\": \"" LAYER "{layer}/self_attn.q_proj\", \"layout\": [{\"insert_axis\": 0}]}"

Test(mapped_source, names_moves_joins_and_passes_on) {
    EXPECT_OK(open_rules(
        Q ", {\"from\": \"head.{head}.v-{layer}\", \"to\": \"" LAYER "{layer}/self_attn.v_proj\", \"join\": -1},"
          "{\"from\": \"q-1\", \"to\": \"steps/0/past/0/key\", \"layout\": [{\"slice\": {\"axis\": 1, \"from\": 2}}]}",
        &expect_err));
    const assay_source *view = assay_mapped_source_view(mapped);
    cr_assert_eq(view->item_count, 6);
    cr_assert_eq(view->unknown_count, 0);
    expect_values(LAYER "1/self_attn.q_proj", (float[]){10, 11, 12, 13, 14, 15, 16, 17}, 8);
    expect_values(LAYER "1/self_attn.v_proj", (float[]){1, 2, 5, 6, 0, 0, 3, 4, 7, 8, 0, 0}, 12);
    expect_values("steps/0/past/0/key", (float[]){12, 13, 16, 17}, 4);
    expect_values("steps/0/loss", (float[]){9}, 1);
    for (size_t i = 1; i < view->item_count; i++)
        cr_expect_lt(assay_place_compare(&view->items[i - 1].place, &view->items[i].place), 0);
}

/* What a rule takes is no longer what its own name says; what none takes stays unknown, and can be read. */
Test(mapped_source, a_stage_may_be_renamed) {
    EXPECT_OK(
        open_rules("{\"from\": \"steps/{n}/logits\", \"to\": \"steps/{n+1}/logits\"}, "
                   "{\"from\": \"no\", \"to\": \"steps/5/loss\", \"optional\": true}",
                   &expect_err));
    const assay_source *view = assay_mapped_source_view(mapped);
    cr_assert_eq(view->item_count, 2);
    cr_assert_eq(view->unknown_count, 5);
    expect_values("steps/1/logits", (float[]){1, 2}, 2);
    assay_source_tensor t = read_place("steps/1/logits");
    cr_expect(!t.owned, "what moves nothing is lent");
    EXPECT_OK(assay_source_read_unknown(view, 1, true, &t, &expect_err));
    cr_expect_eq(*(float *)t.tensor.data, 10);
}

/* An offset may lead below 0: such a tensor is not the rule's. */
Test(mapped_source, offsets_skip_what_would_be_negative) {
    EXPECT_OK(open_rules("{\"from\": \"q-{i}\", \"to\": \"" LAYER
                         "{i-1}/output\"}, {\"from\": \"q-0\", \"to\": \"steps/0/windows/0/embed_tokens\"}",
                         &expect_err));
    expect_values(LAYER "0/output", (float[]){10, 11, 12, 13, 14, 15, 16, 17}, 8);
    expect_values("steps/0/windows/0/embed_tokens", (float[]){0, 1, 2, 3, 4, 5, 6, 7}, 8);
}

static void refuse(const char *rules, const char *part) {
    EXPECT_REFUSED(open_rules(rules, &expect_err), part);
    assay_map_free(&map);
    EXPECT_REFUSED(open_rules(rules, &expect_err), "map.json: 'tensors' element ");
    assay_map_free(&map);
    cr_expect_null(mapped);
}

Test(mapped_source, clashes_and_misfits_are_refused) {
    refuse("{\"from\": \"k-{layer}\", \"to\": \"" LAYER "{layer}/self_attn.k_proj\"}",
           "port has no tensor 'k-{layer}'");
    refuse("{\"from\": \"q-{i}\", \"to\": \"" LAYER "0/self_attn.q_proj\"}", "'q-0' and 'q-1' are both");
    refuse("{\"from\": \"q-{i}\", \"to\": \"" LAYER "{i}/output\"}, {\"from\": \"q-1\", \"to\": \"" LAYER "0/output\"}",
           "element 1 ('q-1' to");
    refuse("{\"from\": \"q-0\", \"to\": \"steps/0/loss\"}", "port has a tensor of that name");
    refuse("{\"from\": \"q-0\", \"to\": \"steps/1/loss\", \"layout\": [\"merge_heads\"]}",
           "'merge_heads' does not fit the shape (2, 4)");
    refuse("{\"from\": [\"q-0\", \"head.0.v-1\"], \"to\": \"steps/1/logits\", \"join\": 0}",
           "cannot join 'head.0.v-1', float32 (2, 2)");
    refuse("{\"from\": [\"q-0\", \"q-1\"], \"to\": \"steps/1/logits\", \"join\": 2}",
           "'join' names axis 2 of tensors that have 2");
}
