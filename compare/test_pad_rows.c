#include "compare/pad_rows.h"

#include "compare/compare_fixture.h"

/* Two rows of three tokens on a local cache of one; row 0 has a pad at the left of the window; row 1 hides its own. */
static fixture padded(void) {
    fixture f = fixture_new("golden", true);
    fixture_put_i64(&f, "steps/0/windows/0/attention_mask", 2, (int64_t[]){2, 4}, (int64_t[]){1, 0, 1, 1, 0, 1, 1, 1});
    fixture_put_i64(&f, "steps/0/windows/0/position_ids", 2, (int64_t[]){2, 3}, (int64_t[]){0, 1, 2, 0, 1, 2});
    return f;
}

static assay_judged_spans find(fixture *f, const char *path) {
    assay_judged_spans spans;
    cr_assert_eq(assay_pad_rows_find(&spans, &f->source, fixture_item(f, path), NULL), ASSAY_OK);
    return spans;
}

static void assert_span(const assay_judged_spans *s, size_t i, int64_t begin, int64_t count) {
    cr_assert_lt(i, s->count);
    cr_assert_eq(s->spans[i].begin, begin);
    cr_assert_eq(s->spans[i].count, count);
}

Test(pad_rows, tokens_of_a_window_are_the_last_columns_of_its_mask) {
    float data[2 * 3 * 5] = {0};
    fixture f = padded();
    fixture_put_f32(&f, "steps/0/windows/0/norm", 3, (int64_t[]){2, 3, 5}, data);
    fixture_open(&f);
    assay_judged_spans s = find(&f, "steps/0/windows/0/norm");
    cr_assert_eq(s.count, 1);
    assert_span(&s, 0, 5, 25);
    cr_assert_eq(s.left_out, 5);
    assay_judged_spans_free(&s);
    fixture_free(&f);
}

Test(pad_rows, heads_share_the_mask_of_their_row) {
    float data[2 * 2 * 3] = {0};
    fixture f = padded();
    fixture_put_f32(&f, "steps/0/windows/0/layers/1/self_attn.rotate_one.query", 4, (int64_t[]){2, 2, 3, 1}, data);
    fixture_open(&f);
    assay_judged_spans s = find(&f, "steps/0/windows/0/layers/1/self_attn.rotate_one.query");
    cr_assert_eq(s.count, 2);
    assert_span(&s, 0, 1, 2);
    assert_span(&s, 1, 4, 8);
    cr_assert_eq(s.left_out, 2);
    assay_judged_spans_free(&s);
    fixture_free(&f);
}

Test(pad_rows, local_keys_include_the_cache) {
    float data[2 * 1 * 4 * 1] = {0};
    fixture f = padded();
    fixture_put_f32(&f, "steps/0/windows/0/layers/0/self_attn.rotate_one.key", 4, (int64_t[]){2, 1, 4, 1}, data);
    fixture_put_f32(&f, "steps/0/past/0/key", 4, (int64_t[]){2, 1, 4, 1}, data);
    fixture_open(&f);
    const char *paths[] = {"steps/0/windows/0/layers/0/self_attn.rotate_one.key", "steps/0/past/0/key"};
    for (int i = 0; i < 2; i++) {
        assay_judged_spans s = find(&f, paths[i]);
        cr_assert_eq(s.count, 3);
        assert_span(&s, 0, 0, 1);
        assert_span(&s, 1, 2, 2);
        assert_span(&s, 2, 5, 3);
        assay_judged_spans_free(&s);
    }
    fixture_free(&f);
}

Test(pad_rows, the_past_is_what_the_last_window_saw) {
    float data[2 * 1 * 2 * 1] = {0};
    fixture f = padded();
    fixture_put_i64(&f, "steps/0/windows/1/attention_mask", 2, (int64_t[]){2, 2}, (int64_t[]){1, 1, 1, 0});
    fixture_put_i64(&f, "steps/0/windows/1/position_ids", 2, (int64_t[]){2, 2}, (int64_t[]){0, 1, 0, 1});
    fixture_put_f32(&f, "steps/0/past/0/value", 4, (int64_t[]){2, 1, 2, 1}, data);
    fixture_open(&f);
    assay_judged_spans s = find(&f, "steps/0/past/0/value");
    cr_assert_eq(s.count, 1);
    assert_span(&s, 0, 0, 3);
    assay_judged_spans_free(&s);
    fixture_free(&f);
}

Test(pad_rows, memory_has_its_own_mask) {
    float mask[] = {0, -3e38f, 0, 0}, data[2 * 1 * 2 * 3] = {0};
    fixture f = padded();
    fixture_put_f32(&f, "steps/0/past/0/mem_mask", 2, (int64_t[]){2, 2}, mask);
    fixture_put_f32(&f, "steps/0/past/0/mem_key", 4, (int64_t[]){2, 1, 2, 3}, data);
    fixture_open(&f);
    assay_judged_spans s = find(&f, "steps/0/past/0/mem_key");
    cr_assert_eq(s.count, 2);
    assert_span(&s, 0, 0, 3);
    assert_span(&s, 1, 6, 6);
    assay_judged_spans_free(&s);
    fixture_free(&f);
}

Test(pad_rows, logits_run_over_all_windows) {
    float data[2 * 5 * 2] = {0};
    fixture f = padded();
    fixture_put_i64(&f, "steps/0/windows/1/attention_mask", 2, (int64_t[]){2, 2}, (int64_t[]){1, 1, 1, 0});
    fixture_put_i64(&f, "steps/0/windows/1/position_ids", 2, (int64_t[]){2, 2}, (int64_t[]){0, 1, 0, 1});
    fixture_put_f32(&f, "steps/0/logits", 3, (int64_t[]){2, 5, 2}, data);
    fixture_open(&f);
    assay_judged_spans s = find(&f, "steps/0/logits");
    cr_assert_eq(s.count, 1);
    assert_span(&s, 0, 2, 16);
    cr_assert_eq(s.left_out, 4);
    assay_judged_spans_free(&s);
    fixture_free(&f);
}

Test(pad_rows, kept_tokens_are_looked_up_where_they_were) {
    static const int64_t kept[] = {2, 0};
    float data[2 * 2 * 1] = {0};
    fixture f = padded();
    fixture_put_f32(&f, "steps/0/windows/0/norm", 3, (int64_t[]){2, 2, 1}, data);
    fixture_open(&f);
    assay_source_item *item = fixture_item(&f, "steps/0/windows/0/norm");
    item->kept_axis = 1, item->kept = kept, item->kept_count = 2;
    assay_judged_spans s = find(&f, "steps/0/windows/0/norm");
    cr_assert_eq(s.count, 2);
    assert_span(&s, 0, 0, 1);
    assert_span(&s, 1, 2, 2);
    assay_judged_spans_free(&s);
    fixture_free(&f);
}

Test(pad_rows, exact_stages_and_those_without_a_mask_are_judged_whole) {
    float data[6] = {0};
    fixture f = padded();
    fixture_put_f32(&f, "steps/0/windows/9/norm", 3, (int64_t[]){2, 3, 1}, data);
    fixture_put_f32(&f, "steps/0/windows/0/layers/0/self_attn.rotary_emb.cos", 2, (int64_t[]){3, 2}, data);
    fixture_open(&f);
    const char *paths[] = {"steps/0/windows/9/norm", "steps/0/windows/0/position_ids",
                           "steps/0/windows/0/layers/0/self_attn.rotary_emb.cos"};
    for (int i = 0; i < 3; i++) {
        assay_judged_spans s = find(&f, paths[i]);
        cr_assert_null(s.spans);
        cr_assert_eq(s.left_out, 0);
    }
    fixture_free(&f);
}
