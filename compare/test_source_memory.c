/* A source read into memory lists and holds what the original source does, and can be read without it. */
#include "compare/source_memory.h"

#include "compare/compare_fixture.h"

static fixture f;
static int reads, fails_at;

/* As a file does: an owned copy of what is in the map. Fails at a chosen read. */
static assay_status read_owned(const assay_source *source, const assay_source_item *item, bool unrounded,
                               assay_tensor *out, bool *owned, assay_error *err) {
    (void)source;
    if (++reads == fails_at) return assay_fail(err, ASSAY_EINPUT, NULL, "damaged");
    const assay_tensor *t = unrounded ? item->unrounded : item->values;
    *owned = true;
    return assay_tensor_copy(out, t, t->dtype, err);
}

static void start(void) {
    f = fixture_new("golden.h5", true);
    fixture_put_f32(&f, "steps/0/logits", 3, (int64_t[]){1, 1, 2}, (float[]){1, NAN});
    fixture_put_i64(&f, "steps/0/schedule", 2, (int64_t[]){1, 2}, (int64_t[]){0, 1});
    fixture_put_f32(&f, "float64/steps/0/logits", 3, (int64_t[]){1, 1, 2}, (float[]){3, 4});
    const uint16_t stored[] = {0x3f80, 0x4000};
    fixture_put(&f, "steps/0/past/0/mem_key", assay_tensor_view(ASSAY_BF16, 4, (int64_t[]){1, 1, 1, 2}, stored));
    fixture_put_f32(&f, "steps/0/past/0/mem_key_unrounded", 4, (int64_t[]){1, 1, 1, 2}, (float[]){1.001f, 2.001f});
    fixture_put_f32(&f, "steps/0/stray", 0, NULL, (float[]){1});
    fixture_refuse(&f, 1, "POS-3", "a gap");
    fixture_open(&f);
    fixture_set_floor(&f, "steps/0/logits", 0.5);
    reads = fails_at = 0;
}
static void stop(void) { fixture_free(&f); }
TestSuite(source_memory, .init = start, .fini = stop);

static const assay_source_item *item_of(const assay_source *s, const char *path) {
    assay_place place;
    cr_assert(assay_place_parse(path, &place));
    const assay_source_item *item = assay_source_find(s, &place);
    cr_assert(item, "%s", path);
    return item;
}

/* All that the source lists, and its values; read twice, borrowed. */
static void check(const assay_source *s) {
    cr_assert_str_eq(s->info.name, "golden.h5");
    cr_assert(s->info.is_golden);
    cr_assert_eq(s->item_count, 3);
    cr_assert_eq(s->float64_count, 1);
    cr_assert_eq(s->unknown_count, 1);
    cr_assert_str_eq(s->unknown[0], "steps/0/stray");
    cr_assert_eq(s->step_count, 1);
    cr_assert(assay_source_find_step(s, 1)->refused);
    const assay_source_item *logits = item_of(s, "steps/0/logits"), *key = item_of(s, "steps/0/past/0/mem_key");
    cr_assert(logits->has_floor);
    cr_assert_eq(logits->floor, 0.5);
    assay_source_tensor t;
    for (int again = 0; again < 2; again++) {
        cr_assert_eq(assay_source_read(s, logits, false, &t, NULL), ASSAY_OK);
        cr_assert_not(t.owned);
        cr_assert_eq(((float *)t.tensor.data)[0], 1);
        cr_assert(isnan(((float *)t.tensor.data)[1]));
        assay_source_release(&t);
    }
    cr_assert_eq(assay_source_read(s, key, true, &t, NULL), ASSAY_OK);
    cr_assert_eq(((float *)t.tensor.data)[1], 2.001f);
    cr_assert_eq(assay_source_read(s, key, false, &t, NULL), ASSAY_OK);
    cr_assert_eq(t.tensor.dtype, ASSAY_BF16);
    cr_assert_eq(((uint16_t *)t.tensor.data)[1], 0x4000);
    cr_assert_eq(assay_source_read(s, &s->float64[0], false, &t, NULL), ASSAY_OK);
    cr_assert_eq(((float *)t.tensor.data)[0], 3);
}

Test(source_memory, holds_what_a_borrowing_source_has) {
    assay_source_memory m;
    cr_assert_eq(assay_source_memory_load(&m, &f.source, NULL), ASSAY_OK);
    const assay_tensor *original = assay_tensor_map_get(f.map, "steps/0/logits");
    ((float *)original->data)[0] = 99; /* a copy was made */
    check(&m.source);
    assay_source_memory_free(&m);
    assay_source_memory_free(&m); /* of a cleared one */
}

Test(source_memory, holds_what_an_owning_source_has) {
    f.source.read = read_owned;
    assay_source_memory m;
    cr_assert_eq(assay_source_memory_load(&m, &f.source, NULL), ASSAY_OK);
    cr_assert_eq(reads, 5, "three tensors, one before its cast, one of the float64 run");
    check(&m.source);
    cr_assert_eq(reads, 5, "nothing is read again");
    assay_source_memory_free(&m);
}

Test(source_memory, a_tensor_that_cannot_be_read_is_an_error) {
    f.source.read = read_owned;
    for (int i = 1; i <= 5; i++) {
        reads = 0;
        fails_at = i;
        assay_source_memory m, untouched;
        memset(&m, 0x5a, sizeof m);
        untouched = m;
        assay_error err = {0};
        cr_assert_eq(assay_source_memory_load(&m, &f.source, &err), ASSAY_EINPUT);
        cr_assert_str_eq(err.message, "golden.h5: damaged");
        cr_assert_eq(memcmp(&m, &untouched, sizeof m), 0);
    }
}

Test(source_memory, compares_as_the_original_does) {
    assay_source_memory m;
    cr_assert_eq(assay_source_memory_load(&m, &f.source, NULL), ASSAY_OK);
    const assay_compare_options options = {.name = "itself", .require_all = true};
    assay_case_result r;
    cr_assert_eq(assay_compare(&r, &m.source, &f.source, &options, NULL), ASSAY_OK);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    assay_case_result_free(&r);
    assay_source_memory_free(&m);
}

Test(source_memory, an_empty_source) {
    fixture empty = fixture_new("nothing", false);
    fixture_open(&empty);
    assay_source_memory m;
    cr_assert_eq(assay_source_memory_load(&m, &empty.source, NULL), ASSAY_OK);
    cr_assert_eq(m.source.item_count + m.source.float64_count + m.source.step_count + m.value_count, 0);
    assay_source_memory_free(&m);
    fixture_free(&empty);
}
