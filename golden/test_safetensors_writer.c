#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "golden/safetensors_writer.h"
#include "golden/test_scratch.h"

static scratch s;
static assay_tensor_map *map;

static void setup(void) {
    scratch_make(&s);
    map = assay_tensor_map_create();
}

static void teardown(void) {
    assay_tensor_map_destroy(map);
    scratch_remove(&s);
}

TestSuite(safetensors_writer, .init = setup, .fini = teardown);

static void put(const char *name, assay_dtype dtype, int rank, const int64_t *shape, const void *data) {
    assay_tensor t = assay_tensor_view(dtype, rank, shape, data);
    EXPECT_OK(assay_tensor_map_put_copy(map, name, &t, &expect_err));
}

static const unsigned char bytes[64] = {1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1};

/* One tensor a dtype, narrow ones first. */
static void put_every_dtype(void) {
    put("c", ASSAY_BOOL, 1, (int64_t[]){3}, bytes);
    put("b/y", ASSAY_BF16, 2, (int64_t[]){1, 3}, bytes);
    put("b/x", ASSAY_F16, 0, NULL, bytes);
    put("f", ASSAY_F32, 2, (int64_t[]){3, 1}, bytes);
    put("e", ASSAY_I32, 1, (int64_t[]){1}, bytes);
    put("empty", ASSAY_F32, 2, (int64_t[]){0, 4}, bytes);
    put("z", ASSAY_F64, 1, (int64_t[]){2}, bytes);
    put("a", ASSAY_I64, 1, (int64_t[]){1}, bytes);
}

static void expect_same(const assay_safetensors *f, const char *name, const assay_tensor *expected) {
    const assay_safetensors_entry *e = assay_safetensors_find(f, name);
    assay_tensor t = {0};
    cr_assert(e && e->dtype == expected->dtype, "%s", name);
    cr_expect_eq(e->begin % assay_dtype_size(e->dtype), 0, "%s is not aligned", name);
    EXPECT_OK(assay_safetensors_read(f, e, e->dtype, &t, &expect_err));
    cr_assert(assay_tensor_same_shape(&t, expected), "%s", name);
    cr_assert_eq(memcmp(t.data, expected->data, assay_tensor_nbytes(&t)), 0, "%s", name);
    assay_tensor_free(&t);
}

Test(safetensors_writer, what_it_writes_is_read_back) {
    static const assay_safetensors_text texts[] = {{"producer", "a \"port\" \xc3\xa9\n"}, {"dtype", "float32"}};
    static const char *const order[] = {"a", "z", "e", "empty", "f", "b/x", "b/y", "c"};
    const char *path = scratch_path(&s, "t.safetensors");
    put_every_dtype();
    EXPECT_OK(assay_safetensors_write(path, map, texts, 2, &expect_err));
    assay_safetensors f;
    EXPECT_OK(assay_safetensors_open(&f, path, &expect_err));
    cr_assert_eq(f.count, 8u);
    for (size_t i = 0; i < f.count; i++) {
        const char *name = assay_tensor_map_name(map, i);
        cr_expect_str_eq(f.entries[i].name, order[i]);
        cr_expect(i == 0 || f.entries[i].begin == f.entries[i - 1].end, "a hole before %s", order[i]);
        expect_same(&f, name, assay_tensor_map_at(map, i));
    }
    cr_assert_eq(f.entries[7].end, f.file.nbytes);
    cr_assert_eq(f.entries[0].begin % 8, 0);
    cr_assert_eq(f.text_count, 2u);
    cr_expect_str_eq(f.texts[0].value, texts[0].value);
    cr_expect_str_eq(f.texts[1].key, "dtype");
    assay_safetensors_close(&f);
    cr_assert_eq(scratch_count(&s), 1);
}

/* Length, header, spaces up to a multiple of 8, data. */
Test(safetensors_writer, writes_the_format) {
    static const char expected[] =
        "\x40\0\0\0\0\0\0\0"
        "{\"xy\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[0,4]}}"
        "       \1\2\3\4";
    const char *path = scratch_path(&s, "t.safetensors");
    put("xy", ASSAY_F32, 2, (int64_t[]){1, 1}, "\1\2\3\4");
    EXPECT_OK(assay_safetensors_write(path, map, NULL, 0, &expect_err));
    size_t nbytes;
    char *found = scratch_read(path, &nbytes);
    cr_assert_eq(nbytes, sizeof expected - 1);
    cr_assert_arr_eq(found, expected, nbytes);
    free(found);
}

Test(safetensors_writer, an_empty_map_is_a_file) {
    const char *path = scratch_path(&s, "t.safetensors");
    EXPECT_OK(assay_safetensors_write(path, map, NULL, 0, &expect_err));
    assay_safetensors f;
    EXPECT_OK(assay_safetensors_open(&f, path, &expect_err));
    cr_assert(f.count == 0 && f.text_count == 0);
    assay_safetensors_close(&f);
}

Test(safetensors_writer, refuses_what_a_reader_would_refuse) {
    const char *path = scratch_write_text(&s, "t.safetensors", "older");
    static const assay_safetensors_text twice[] = {{"a", "1"}, {"a", "2"}}, bad[] = {{"a", "\xff"}};
    EXPECT_REFUSED(assay_safetensors_write(path, map, twice, 2, &expect_err), "occurs twice");
    EXPECT_REFUSED(assay_safetensors_write(path, map, bad, 1, &expect_err), "t.safetensors: header");
    put("\xc3", ASSAY_F32, 0, NULL, bytes);
    EXPECT_REFUSED(assay_safetensors_write(path, map, NULL, 0, &expect_err), "UTF-8");
    put("__metadata__", ASSAY_F32, 0, NULL, bytes);
    EXPECT_REFUSED(assay_safetensors_write(path, map, NULL, 0, &expect_err), "called '__metadata__'");
    size_t nbytes;
    char *found = scratch_read(path, &nbytes);
    cr_assert(nbytes == 5 && memcmp(found, "older", 5) == 0);
    free(found);
}

Test(safetensors_writer, refuses_a_place_that_takes_no_file) {
    EXPECT_REFUSED(assay_safetensors_write(scratch_path(&s, "none/t"), map, NULL, 0, &expect_err), "none/t");
    EXPECT_REFUSED(assay_safetensors_write(s.dir, map, NULL, 0, &expect_err), "not a regular file");
}
