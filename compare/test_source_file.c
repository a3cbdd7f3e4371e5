#include "compare/source_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compare/compare_fixture.h"
#include "golden/h5_file.h"

#define KEY "steps/0/past/0/mem_key"

/* A file with a stored key and its unrounded values, kept logits, a float64 twin, a refused step, a stray tensor. */
static void write_file(const char *path) {
    assay_h5_writer *w;
    float u[] = {1, 2}, logits[] = {1, 2, 3, 4};
    double fine[] = {1, 2, 3, 4};
    uint16_t key[] = {assay_f32_to_bf16(1), assay_f32_to_bf16(2)};
    int64_t key_shape[] = {1, 1, 1, 2}, logits_shape[] = {1, 2, 2}, kept[] = {1, 0, 5};
    assay_tensor t[] = {assay_tensor_view(ASSAY_BF16, 4, key_shape, key), assay_tensor_view(ASSAY_F32, 4, key_shape, u),
                        assay_tensor_view(ASSAY_F32, 3, logits_shape, logits),
                        assay_tensor_view(ASSAY_F64, 3, logits_shape, fine)};
    cr_assert_eq(assay_h5_writer_create(&w, path, NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put_attr_text(w, "/", "format", "assay-dump/1", NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put_attr_text(w, "/", "dtype", "float32", NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put(w, KEY, &t[0], ASSAY_H5_PLAIN, NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put(w, KEY "_unrounded", &t[1], ASSAY_H5_PLAIN, NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put_attr_f64(w, KEY "_unrounded", "noise_floor", 0.25, NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put(w, "steps/0/logits", &t[2], ASSAY_H5_PLAIN, NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put_attr_f64(w, "steps/0/logits", "noise_floor", 0.5, NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put_attr_i64s(w, "steps/0/logits", "kept", kept, 3, NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put(w, "float64/steps/0/logits", &t[3], ASSAY_H5_PLAIN, NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put(w, "steps/0/stray", &t[2], ASSAY_H5_PLAIN, NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put_group(w, "steps/1", NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put_attr_text(w, "steps/1", "op", "forward", NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_put_attr_text(w, "steps/1", "refused", "POS-3", NULL), ASSAY_OK);
    cr_assert_eq(assay_h5_writer_commit(w, NULL), ASSAY_OK);
}

Test(source_file, shows_what_the_file_holds) {
    char folder[] = "/tmp/assay-test-XXXXXX", path[64];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/dump.h5", folder);
    write_file(path);
    assay_golden g = {0};
    assay_error err = {0};
    cr_assert_eq(assay_golden_open(&g, path, &err), ASSAY_OK, "%s", err.message);
    fixture f = {0};
    cr_assert_eq(assay_source_of_file(&f.source, &g, "dump.h5", &err), ASSAY_OK);

    cr_assert_not(f.source.info.is_golden);
    cr_assert_eq(f.source.item_count, 2);
    cr_assert_eq(f.source.unknown_count, 1);
    assay_source_item *key = fixture_item(&f, KEY), *logits = fixture_item(&f, "steps/0/logits");
    cr_assert(key->has_unrounded && key->has_unrounded_floor && !key->has_floor);
    cr_assert_eq(key->unrounded_floor, 0.25);
    cr_assert_eq(logits->floor, 0.5);
    cr_assert_eq(logits->kept_axis, 1);
    cr_assert_eq(logits->kept[1], 5);
    cr_assert_not_null(assay_source_find_float64(&f.source, &logits->place));
    cr_assert_null(assay_source_find_float64(&f.source, &key->place));
    cr_assert(assay_source_find_step(&f.source, 1)->refused);
    cr_assert_not(assay_source_find_step(&f.source, 0)->refused);

    assay_source_tensor t;
    cr_assert_eq(assay_source_read(&f.source, key, true, &t, &err), ASSAY_OK);
    cr_assert_eq(((float *)t.tensor.data)[1], 2);
    cr_assert(t.owned);
    assay_source_release(&t);
    assay_case_result r = compare_fixtures(&f, &f, NULL, true);
    cr_assert_eq(r.verdict, ASSAY_CASE_PASS);
    cr_assert_eq(r.counts[ASSAY_VERDICT_PASS], 3);
    assay_case_result_free(&r);

    assay_source_close(&f.source);
    assay_golden_close(&g);
    unlink(path);
    rmdir(folder);
}
