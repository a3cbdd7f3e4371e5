#include <criterion/criterion.h>
#include <hdf5.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "golden/h5_file.h"
#include "golden/test_scratch.h"

static scratch s;

static void setup(void) { scratch_make(&s); }

/* Every test must leave HDF5 without an open object. */
static void teardown(void) {
    cr_expect_eq(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
    scratch_remove(&s);
}

TestSuite(h5_file, .init = setup, .fini = teardown);

static assay_h5_writer *create(const char *name) {
    assay_h5_writer *w;
    EXPECT_OK(assay_h5_writer_create(&w, scratch_path(&s, name), &expect_err));
    return w;
}

static void commit(assay_h5_writer *w) { EXPECT_OK(assay_h5_writer_commit(w, &expect_err)); }

static assay_h5 *open_h5(const char *name) {
    assay_h5 *file;
    EXPECT_OK(assay_h5_open(&file, scratch_path(&s, name), &expect_err));
    return file;
}

static void put(assay_h5_writer *w, const char *path, const assay_tensor *t, assay_h5_storage storage) {
    EXPECT_OK(assay_h5_put(w, path, t, storage, &expect_err));
}

static void expect_same(assay_h5 *file, const char *path, const assay_tensor *t) {
    assay_tensor got, info;
    EXPECT_OK(assay_h5_describe(file, path, &info, &expect_err));
    EXPECT_OK(assay_h5_read(file, path, &got, &expect_err));
    cr_expect(info.dtype == t->dtype && assay_tensor_same_shape(&info, t) && !info.data, "%s", path);
    cr_expect(got.dtype == t->dtype && assay_tensor_same_shape(&got, t), "%s", path);
    cr_expect_eq(memcmp(got.data, t->data, assay_tensor_nbytes(t)), 0, "%s", path);
    assay_tensor_free(&got);
}

/* Patterns with NaN, infinities, -0 and the smallest numbers must survive bit for bit. */
static const uint16_t half_bits[6] = {0x0000, 0x8000, 0x7fc1, 0xff80, 0x0001, 0x3f81};
static const uint64_t double_bits[6] = {
    0, UINT64_C(1) << 63, UINT64_C(0x7ff8000000000123), UINT64_C(0xfff0000000000000), 1, UINT64_C(0x3ff0000000000001)};
static const uint32_t float_bits[6] = {0, 0x80000000u, 0x7fc00123u, 0xff800000u, 1, 0x3f800001u};
static const int64_t longs[6] = {INT64_MIN, INT64_MAX, -1, 0, 1, 2};
static const int32_t ints[6] = {INT32_MIN, INT32_MAX, -1, 0, 1, 2};
static const uint8_t bools[6] = {0, 1, 1, 0, 0, 1};

static assay_tensor sample(assay_dtype dtype) {
    const void *data[] = {
        [ASSAY_F64] = double_bits, [ASSAY_F32] = float_bits, [ASSAY_F16] = half_bits, [ASSAY_BF16] = half_bits,
        [ASSAY_I64] = longs,       [ASSAY_I32] = ints,       [ASSAY_BOOL] = bools};
    return assay_tensor_view(dtype, 2, (const int64_t[]){2, 3}, data[dtype]);
}

Test(h5_file, every_dtype_round_trips) {
    assay_h5_writer *w = create("a.h5");
    char path[64];
    for (int d = 0; d < ASSAY_DTYPE_COUNT; d++) {
        assay_tensor t = sample((assay_dtype)d);
        snprintf(path, sizeof path, "/deep/er/%s", assay_dtype_name((assay_dtype)d));
        put(w, path, &t, ASSAY_H5_COMPRESSED);
    }
    commit(w);
    assay_h5 *file = open_h5("a.h5");
    for (int d = 0; d < ASSAY_DTYPE_COUNT; d++) {
        assay_tensor t = sample((assay_dtype)d);
        snprintf(path, sizeof path, "deep/er/%s", assay_dtype_name((assay_dtype)d));
        expect_same(file, path, &t);
    }
    assay_h5_close(file);
}

Test(h5_file, every_shape_round_trips) {
    static const struct {
        int rank;
        int64_t shape[ASSAY_MAX_RANK];
    } shapes[] = {{0, {0}}, {1, {1}}, {1, {0}}, {3, {2, 0, 5}}, {8, {1, 2, 1, 3, 1, 1, 1, 1}}};
    char path[16];
    assay_h5_writer *w = create("a.h5");
    for (int i = 0; i < 5; i++) {
        assay_tensor t = assay_tensor_view(ASSAY_F64, shapes[i].rank, shapes[i].shape, double_bits);
        snprintf(path, sizeof path, "t%d", i);
        put(w, path, &t, ASSAY_H5_COMPRESSED);
    }
    commit(w);
    assay_h5 *file = open_h5("a.h5");
    for (int i = 0; i < 5; i++) {
        assay_tensor t = assay_tensor_view(ASSAY_F64, shapes[i].rank, shapes[i].shape, double_bits);
        snprintf(path, sizeof path, "t%d", i);
        expect_same(file, path, &t);
    }
    assay_h5_close(file);
}

static assay_tensor large_tensor(int64_t rows) {
    assay_tensor t;
    EXPECT_OK(assay_tensor_alloc(&t, ASSAY_F32, 3, (const int64_t[]){2, rows, 100}, "large", &expect_err));
    for (int64_t i = 0; i < assay_tensor_count(&t); i++) ((float *)t.data)[i] = (float)(i % 1000);
    return t;
}

Test(h5_file, compression_is_lossless_and_smaller) {
    assay_tensor t = large_tensor(5000);
    assay_h5_writer *w = create("plain.h5");
    put(w, "t", &t, ASSAY_H5_PLAIN);
    commit(w);
    w = create("packed.h5");
    put(w, "t", &t, ASSAY_H5_COMPRESSED);
    commit(w);
    struct stat plain, packed;
    cr_assert_eq(stat(scratch_path(&s, "plain.h5"), &plain), 0);
    cr_assert_eq(stat(scratch_path(&s, "packed.h5"), &packed), 0);
    cr_expect_geq(plain.st_size, 4000000);
    cr_expect_lt(packed.st_size, plain.st_size / 4);
    assay_h5 *file = open_h5("packed.h5");
    expect_same(file, "/t", &t);
    assay_h5_close(file);
    assay_tensor_free(&t);
}

Test(h5_file, damage_of_compressed_data_is_noticed) {
    assay_tensor t = large_tensor(100);
    assay_h5_writer *w = create("a.h5");
    put(w, "t", &t, ASSAY_H5_COMPRESSED);
    commit(w);
    assay_tensor_free(&t);
    size_t nbytes;
    unsigned char *bytes = scratch_read(scratch_path(&s, "a.h5"), &nbytes);
    size_t at = nbytes - 300; /* inside the chunk, which comes last */
    bytes[at] ^= 0x40;
    scratch_write(&s, "b.h5", bytes, nbytes);
    free(bytes);
    assay_h5 *file = open_h5("b.h5");
    EXPECT_REFUSED(assay_h5_read(file, "t", &t, &expect_err), "cannot read t");
    assay_h5_close(file);
}

static void write_all_kinds(const char *name) {
    assay_tensor t = sample(ASSAY_BF16), large = large_tensor(100);
    assay_h5_writer *w = create(name);
    put(w, "g/b", &t, ASSAY_H5_PLAIN);
    put(w, "g/a", &large, ASSAY_H5_COMPRESSED);
    EXPECT_OK(assay_h5_put_text(w, "text", "abc", 3, &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, "", "format", "x", &expect_err));
    EXPECT_OK(assay_h5_put_attr_f64(w, "g/b", "noise_floor", 0.5, &expect_err));
    commit(w);
    assay_tensor_free(&large);
}

Test(h5_file, same_calls_give_same_bytes) {
    write_all_kinds("a.h5");
    sleep(1); /* a time in the file would differ */
    write_all_kinds("b.h5");
    size_t n, m;
    void *a = scratch_read(scratch_path(&s, "a.h5"), &n), *b = scratch_read(scratch_path(&s, "b.h5"), &m);
    cr_assert_eq(n, m);
    cr_expect_eq(memcmp(a, b, n), 0);
    free(a);
    free(b);
}

Test(h5_file, texts_and_attributes_round_trip) {
    static const int64_t list[4] = {2, 0, 5, INT64_MAX};
    assay_tensor t = sample(ASSAY_F32);
    assay_h5_writer *w = create("a.h5");
    put(w, "g/t", &t, ASSAY_H5_PLAIN);
    EXPECT_OK(assay_h5_put_text(w, "g/text", "h\xc3\xa9llo\n", 7, &expect_err));
    EXPECT_OK(assay_h5_put_text(w, "empty", "", 0, &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, "/", "name", "gr\xc3\xbc\xc3\x9f", &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, "g", "nothing", "", &expect_err));
    EXPECT_OK(assay_h5_put_attr_f64(w, "g/t", "noise_floor", 0x1.23456789abcdep-40, &expect_err));
    EXPECT_OK(assay_h5_put_attr_i64s(w, "g/t", "kept", list, 4, &expect_err));
    EXPECT_OK(assay_h5_put_attr_i64s(w, "g/t", "none", list, 0, &expect_err));
    commit(w);
    assay_h5 *file = open_h5("a.h5");
    char *text;
    size_t nbytes, count;
    double value;
    int64_t *values;
    EXPECT_OK(assay_h5_read_text(file, "g/text", &text, &nbytes, &expect_err));
    cr_expect(nbytes == 7 && strcmp(text, "h\xc3\xa9llo\n") == 0);
    free(text);
    EXPECT_OK(assay_h5_read_text(file, "empty", &text, &nbytes, &expect_err));
    cr_expect(nbytes == 0 && *text == '\0');
    free(text);
    EXPECT_OK(assay_h5_attr_text(file, "", "name", &text, &expect_err));
    cr_expect_str_eq(text, "gr\xc3\xbc\xc3\x9f");
    free(text);
    EXPECT_OK(assay_h5_attr_text(file, "/g", "nothing", &text, &expect_err));
    cr_expect_str_eq(text, "");
    free(text);
    EXPECT_OK(assay_h5_attr_f64(file, "g/t", "noise_floor", &value, &expect_err));
    cr_expect_eq(value, 0x1.23456789abcdep-40);
    EXPECT_OK(assay_h5_attr_i64s(file, "g/t", "kept", &values, &count, &expect_err));
    cr_expect(count == 4 && memcmp(values, list, sizeof list) == 0);
    free(values);
    EXPECT_OK(assay_h5_attr_i64s(file, "g/t", "none", &values, &count, &expect_err));
    cr_expect_eq(count, 0u);
    free(values);
    cr_expect(assay_h5_has_attr(file, "g/t", "kept") && !assay_h5_has_attr(file, "g/t", "Kept"));
    cr_expect(!assay_h5_has_attr(file, "none", "kept"));
    EXPECT_REFUSED(assay_h5_attr_f64(file, "g/t", "absent", &value, &expect_err), "has no attribute absent");
    EXPECT_REFUSED(assay_h5_attr_f64(file, "/", "name", &value, &expect_err), "must be one number");
    EXPECT_REFUSED(assay_h5_attr_f64(file, "g/t", "kept", &value, &expect_err), "must be one number");
    EXPECT_REFUSED(assay_h5_attr_i64s(file, "g/t", "noise_floor", &values, &count, &expect_err), "list of integers");
    EXPECT_REFUSED(assay_h5_attr_text(file, "g/t", "kept", &text, &expect_err), "one string");
    EXPECT_REFUSED(assay_h5_read_text(file, "g/t", &text, &nbytes, &expect_err), "not one string");
    EXPECT_REFUSED(assay_h5_read_text(file, "g", &text, &nbytes, &expect_err), "cannot open the dataset g");
    assay_h5_close(file);
}

Test(h5_file, lists_in_natural_order) {
    static const char *const names[] = {"steps/10/a",         "steps/9/b",           "steps/9/a",
                                        "steps/9/layers/2/x", "steps/9/layers/10/x", "other"};
    assay_tensor t = sample(ASSAY_I64);
    assay_h5_writer *w = create("a.h5");
    for (size_t i = 0; i < 6; i++) put(w, names[i], &t, ASSAY_H5_PLAIN);
    EXPECT_OK(assay_h5_put_group(w, "steps/11", &expect_err));
    EXPECT_OK(assay_h5_put_group(w, "/steps/11", &expect_err));
    commit(w);
    assay_h5 *file = open_h5("a.h5");
    assay_h5_names list;
    EXPECT_OK(assay_h5_list(file, "/steps", &list, &expect_err));
    static const char *const expected[] = {"9/a", "9/b", "9/layers/2/x", "9/layers/10/x", "10/a"};
    cr_assert_eq(list.count, 5u);
    for (size_t i = 0; i < 5; i++) cr_expect_str_eq(list.names[i], expected[i]);
    assay_h5_names_free(&list);
    EXPECT_OK(assay_h5_list(file, "", &list, &expect_err));
    cr_expect_eq(list.count, 6u);
    assay_h5_names_free(&list);
    EXPECT_OK(assay_h5_list_groups(file, "steps", &list, &expect_err));
    cr_assert_eq(list.count, 3u);
    cr_expect_str_eq(list.names[0], "9");
    cr_expect_str_eq(list.names[2], "11");
    assay_h5_names_free(&list);
    EXPECT_OK(assay_h5_list(file, "nowhere", &list, &expect_err));
    cr_expect_eq(list.count, 0u);
    cr_expect(assay_h5_exists(file, "steps/9/layers") && assay_h5_exists(file, "/") &&
              !assay_h5_exists(file, "steps/1"));
    cr_expect(!assay_h5_exists(file, "steps/9/a/b") && !assay_h5_exists(file, "no/where/at/all"));
    EXPECT_REFUSED(assay_h5_read(file, "steps/9/c", &t, &expect_err), "there is no steps/9/c");
    EXPECT_REFUSED(assay_h5_read(file, "steps/9", &t, &expect_err), "cannot open the dataset");
    assay_h5_close(file);
}

/* H5Fget_obj_count overlooks types and spaces in memory and property lists: a handle of those that is left open shows
 * as memory that grows with every call. (A sanitizer replaces malloc, and with it what mallinfo2 counts.) */
static void read_everything(assay_h5 *file) {
    assay_tensor t;
    char *text;
    size_t nbytes;
    double value;
    assay_h5_names names;
    EXPECT_OK(assay_h5_read(file, "g/b", &t, &expect_err));
    assay_tensor_free(&t);
    EXPECT_OK(assay_h5_describe(file, "g/a", &t, &expect_err));
    EXPECT_OK(assay_h5_read_text(file, "text", &text, &nbytes, &expect_err));
    free(text);
    EXPECT_OK(assay_h5_attr_text(file, "", "format", &text, &expect_err));
    free(text);
    EXPECT_OK(assay_h5_attr_f64(file, "g/b", "noise_floor", &value, &expect_err));
    EXPECT_OK(assay_h5_list(file, "", &names, &expect_err));
    assay_h5_names_free(&names);
    EXPECT_REFUSED(assay_h5_read(file, "g", &t, &expect_err), "cannot open");
    EXPECT_REFUSED(assay_h5_read(file, "text", &t, &expect_err), "numbers");
    EXPECT_REFUSED(assay_h5_attr_f64(file, "g/a", "noise_floor", &value, &expect_err), "no attribute");
}

static void write_and_discard(void) {
    assay_tensor t = sample(ASSAY_BF16);
    assay_h5_writer *w = create("leak.h5");
    put(w, "g/t", &t, ASSAY_H5_COMPRESSED);
    EXPECT_OK(assay_h5_put_text(w, "text", "abc", 3, &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, "g", "a", "b", &expect_err));
    EXPECT_REFUSED(assay_h5_put_attr_f64(w, "none", "a", 1, &expect_err), "cannot write");
    assay_h5_writer_discard(w);
}

Test(h5_file, reading_leaves_nothing_open) {
    write_all_kinds("a.h5");
    assay_h5 *file = open_h5("a.h5");
    for (int i = 0; i < 10; i++) read_everything(file);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 1000; i++) read_everything(file);
    cr_expect_lt(mallinfo2().uordblks, before + 60000, "%zu bytes more", mallinfo2().uordblks - before);
    assay_h5_close(file);
}

Test(h5_file, writing_leaves_nothing_open) {
    for (int i = 0; i < 10; i++) write_and_discard();
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 500; i++) write_and_discard();
    cr_expect_lt(mallinfo2().uordblks, before + 30000, "%zu bytes more", mallinfo2().uordblks - before);
}

/* ---- the writer and the file system ---- */

Test(h5_file, nothing_is_left_behind) {
    assay_tensor t = sample(ASSAY_F32);
    scratch_write_text(&s, "a.h5", "old");
    assay_h5_writer *w = create("a.h5");
    put(w, "t", &t, ASSAY_H5_PLAIN);
    cr_expect_eq(scratch_count(&s), 2, "the temporary file lies beside the old one");
    size_t nbytes;
    char *old = scratch_read(scratch_path(&s, "a.h5"), &nbytes);
    cr_expect(nbytes == 3 && memcmp(old, "old", 3) == 0);
    free(old);
    assay_h5_writer_discard(w);
    cr_expect_eq(scratch_count(&s), 1);
    assay_h5_writer_discard(NULL);
    w = create("a.h5");
    put(w, "t", &t, ASSAY_H5_PLAIN);
    commit(w);
    cr_expect_eq(scratch_count(&s), 1);
    assay_h5 *file = open_h5("a.h5");
    expect_same(file, "t", &t);
    assay_h5_close(file);
}

Test(h5_file, commit_that_fails_leaves_nothing) {
    assay_h5_writer *w = create("a.h5");
    cr_assert_eq(mkdir(scratch_path(&s, "a.h5"), 0777), 0); /* the rename cannot replace a folder */
    assay_error err = {0};
    cr_expect_eq(assay_h5_writer_commit(w, &err), ASSAY_EINPUT);
    cr_expect(strstr(err.message, "cannot rename"), "%s", err.message);
    cr_expect_eq(scratch_count(&s), 1);
}

Test(h5_file, refuses_impossible_targets) {
    assay_h5_writer *w;
    EXPECT_REFUSED(assay_h5_writer_create(&w, scratch_path(&s, "no/folder/a.h5"), &expect_err),
                   "cannot create a file there: No such file");
    EXPECT_REFUSED(assay_h5_writer_create(&w, s.dir, &expect_err), "not a regular file");
    EXPECT_REFUSED(assay_h5_writer_create(&w, "/dev/null", &expect_err), "not a regular file");
}

Test(h5_file, refuses_to_write_twice) {
    assay_tensor t = sample(ASSAY_F32);
    assay_h5_writer *w = create("a.h5");
    put(w, "g/t", &t, ASSAY_H5_PLAIN);
    EXPECT_REFUSED(assay_h5_put(w, "g/t", &t, ASSAY_H5_PLAIN, &expect_err), "g/t is written twice");
    EXPECT_REFUSED(assay_h5_put_text(w, "/g/t", "x", 1, &expect_err), "written twice");
    EXPECT_REFUSED(assay_h5_put(w, "g/t/u", &t, ASSAY_H5_PLAIN, &expect_err), "g/t/u");
    EXPECT_REFUSED(assay_h5_put_attr_f64(w, "nothing", "a", 1, &expect_err), "cannot write the attribute");
    assay_h5_writer_discard(w);
}

/* ---- files that are not what they should be ---- */

Test(h5_file, refuses_foreign_and_truncated_files) {
    assay_h5 *file;
    EXPECT_REFUSED(assay_h5_open(&file, scratch_path(&s, "none.h5"), &expect_err), "No such file");
    EXPECT_REFUSED(assay_h5_open(&file, s.dir, &expect_err), "not a regular file");
    EXPECT_REFUSED(assay_h5_open(&file, scratch_write_text(&s, "empty.h5", ""), &expect_err), "not an HDF5 file");
    EXPECT_REFUSED(assay_h5_open(&file, scratch_write_text(&s, "text.h5", "hello"), &expect_err), "not an HDF5 file");
    write_all_kinds("a.h5");
    size_t nbytes;
    char *bytes = scratch_read(scratch_path(&s, "a.h5"), &nbytes);
    for (size_t n = 8; n < nbytes; n += 1 + nbytes / 7)
        EXPECT_REFUSED(assay_h5_open(&file, scratch_write(&s, "cut.h5", bytes, n), &expect_err), "cut.h5: cannot open");
    free(bytes);
}

/* ---- files of other writers, made with HDF5 itself ---- */

typedef struct {
    hid_t file_type, memory_type;
    const void *data;
    hsize_t count;
} foreign_data;

static void put_foreign(hid_t file, const char *name, foreign_data d) {
    hid_t space = H5Screate_simple(1, &d.count, NULL);
    hid_t set = H5Dcreate2(file, name, d.file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert_geq(H5Dwrite(set, d.memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, d.data), 0);
    H5Dclose(set);
    H5Sclose(space);
}

static void expect_numbers(assay_h5 *file, const char *name, assay_dtype dtype, double first, double second) {
    assay_tensor t;
    EXPECT_OK(assay_h5_read(file, name, &t, &expect_err));
    cr_expect_eq(t.dtype, dtype, "%s is %s", name, assay_dtype_name(t.dtype));
    cr_expect_eq(assay_load_f64(t.data, t.dtype, 0), first, "%s", name);
    cr_expect_eq(assay_load_f64(t.data, t.dtype, 1), second, "%s", name);
    assay_tensor_free(&t);
}

/* A 16-bit floating type of `exponent` exponent bits. */
static hid_t half_type(hid_t base, size_t exponent, size_t bias) {
    hid_t type = H5Tcopy(base);
    H5Tset_fields(type, 15, 15 - exponent, exponent, 0, 15 - exponent);
    H5Tset_size(type, 2);
    H5Tset_precision(type, 16);
    H5Tset_ebias(type, bias);
    return type;
}

Test(h5_file, reads_other_number_types) {
    static const double reals[2] = {-1.5, 3.0};
    static const int numbers[2] = {-3, 100};
    hid_t file = H5Fcreate(scratch_path(&s, "f.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t bf = half_type(H5T_IEEE_F32BE, 8, 127), half = half_type(H5T_IEEE_F32BE, 5, 15),
          odd = half_type(H5T_IEEE_F32LE, 6, 31);
    put_foreign(file, "f64be", (foreign_data){H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, reals, 2});
    put_foreign(file, "f32be", (foreign_data){H5T_IEEE_F32BE, H5T_NATIVE_DOUBLE, reals, 2});
    put_foreign(file, "bf16be", (foreign_data){bf, H5T_NATIVE_DOUBLE, reals, 2});
    put_foreign(file, "f16be", (foreign_data){half, H5T_NATIVE_DOUBLE, reals, 2});
    put_foreign(file, "odd16", (foreign_data){odd, H5T_NATIVE_DOUBLE, reals, 2});
    put_foreign(file, "longdouble", (foreign_data){H5T_NATIVE_LDOUBLE, H5T_NATIVE_DOUBLE, reals, 2});
    put_foreign(file, "i8", (foreign_data){H5T_STD_I8LE, H5T_NATIVE_INT, numbers, 2});
    put_foreign(file, "i16be", (foreign_data){H5T_STD_I16BE, H5T_NATIVE_INT, numbers, 2});
    put_foreign(file, "i32be", (foreign_data){H5T_STD_I32BE, H5T_NATIVE_INT, numbers, 2});
    put_foreign(file, "i64be", (foreign_data){H5T_STD_I64BE, H5T_NATIVE_INT, numbers, 2});
    put_foreign(file, "u8", (foreign_data){H5T_STD_U8LE, H5T_NATIVE_INT, &numbers[1], 1});
    H5Tclose(bf);
    H5Tclose(half);
    H5Tclose(odd);
    H5Fclose(file);
    assay_h5 *f = open_h5("f.h5");
    expect_numbers(f, "f64be", ASSAY_F64, -1.5, 3);
    expect_numbers(f, "f32be", ASSAY_F32, -1.5, 3);
    expect_numbers(f, "bf16be", ASSAY_BF16, -1.5, 3);
    expect_numbers(f, "f16be", ASSAY_F16, -1.5, 3);
    expect_numbers(f, "odd16", ASSAY_F32, -1.5, 3);
    expect_numbers(f, "longdouble", ASSAY_F64, -1.5, 3);
    expect_numbers(f, "i8", ASSAY_I64, -3, 100);
    expect_numbers(f, "i16be", ASSAY_I64, -3, 100);
    expect_numbers(f, "i32be", ASSAY_I32, -3, 100);
    expect_numbers(f, "i64be", ASSAY_I64, -3, 100);
    assay_h5_close(f);
}

/* A dataset of which no byte was ever written. */
static void put_unwritten(hid_t file, const char *name, hid_t type, int rank, const hsize_t *shape, bool chunked) {
    hid_t space = H5Screate_simple(rank, shape, NULL), p = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk[H5S_MAX_RANK];
    for (int i = 0; i < rank; i++) chunk[i] = 1;
    if (chunked) H5Pset_chunk(p, rank, chunk);
    H5Dclose(H5Dcreate2(file, name, type, space, H5P_DEFAULT, p, H5P_DEFAULT));
    H5Pclose(p);
    H5Sclose(space);
}

Test(h5_file, refuses_what_cannot_be_read) {
    static const hsize_t huge[2] = {1 << 20, 1 << 20}, larger[3] = {1 << 30, 1 << 30, 1 << 30},
                         nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const hsize_t fits[1] = {1000};
    hid_t file = H5Fcreate(scratch_path(&s, "f.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t pair = H5Tcreate(H5T_COMPOUND, 16);
    H5Tinsert(pair, "a", 0, H5T_NATIVE_DOUBLE);
    H5Tinsert(pair, "b", 8, H5T_NATIVE_INT64);
    hid_t colour = H5Tenum_create(H5T_STD_I8LE);
    H5Tenum_insert(colour, "RED", &(signed char){0});
    put_unwritten(file, "huge", H5T_IEEE_F32LE, 2, huge, false);
    put_unwritten(file, "chunks", H5T_IEEE_F32LE, 2, huge, true);
    put_unwritten(file, "overflow", H5T_IEEE_F64LE, 3, larger, true);
    put_unwritten(file, "nine", H5T_IEEE_F32LE, 9, nine, false);
    put_unwritten(file, "pair", pair, 1, fits, false);
    put_unwritten(file, "colour", colour, 1, fits, false);
    put_unwritten(file, "zeros", H5T_IEEE_F32LE, 1, fits, false);
    write_all_kinds("other.h5");
    H5Lcreate_external("other.h5", "/g/b", file, "outside", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/zeros", file, "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/nothing", file, "dangling", H5P_DEFAULT, H5P_DEFAULT);
    H5Tclose(pair);
    H5Tclose(colour);
    H5Fclose(file);
    assay_h5 *f = open_h5("f.h5");
    assay_tensor t;
    EXPECT_REFUSED(assay_h5_read(f, "huge", &t, &expect_err), "more than a file of");
    EXPECT_REFUSED(assay_h5_read(f, "chunks", &t, &expect_err), "claims the shape (1048576, 1048576)");
    EXPECT_REFUSED(assay_h5_read(f, "overflow", &t, &expect_err), "too large");
    EXPECT_REFUSED(assay_h5_read(f, "nine", &t, &expect_err), "rank above 8");
    EXPECT_REFUSED(assay_h5_describe(f, "pair", &t, &expect_err), "does not hold numbers");
    EXPECT_REFUSED(assay_h5_read(f, "colour", &t, &expect_err), "does not hold numbers");
    EXPECT_REFUSED(assay_h5_read(f, "outside", &t, &expect_err), "there is no outside");
    EXPECT_REFUSED(assay_h5_read(f, "dangling", &t, &expect_err), "there is no dangling");
    expect_numbers(f, "soft", ASSAY_F32, 0, 0);
    assay_h5_names list;
    EXPECT_OK(assay_h5_list(f, "/", &list, &expect_err));
    cr_expect_eq(list.count, 8u, "seven and the soft link");
    assay_h5_names_free(&list);
    assay_h5_close(f);
}

Test(h5_file, refuses_external_storage) {
    static const hsize_t shape[1] = {4};
    scratch_write(&s, "raw.bin", "0123456789abcdef", 16);
    hid_t file = H5Fcreate(scratch_path(&s, "f.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t p = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, shape, NULL);
    H5Pset_external(p, scratch_path(&s, "raw.bin"), 0, 16);
    H5Dclose(H5Dcreate2(file, "t", H5T_IEEE_F32LE, space, H5P_DEFAULT, p, H5P_DEFAULT));
    H5Pclose(p);
    H5Sclose(space);
    H5Fclose(file);
    assay_h5 *f = open_h5("f.h5");
    assay_tensor t;
    EXPECT_REFUSED(assay_h5_read(f, "t", &t, &expect_err), "keeps its data in other files");
    assay_h5_close(f);
}

/* h5py writes strings as variable-length; Fortran pads with blanks; a null dataspace is h5py.Empty. */
Test(h5_file, reads_other_strings_and_null) {
    const char *variable = "v\xc3\xa9", *absent = NULL;
    hid_t file = H5Fcreate(scratch_path(&s, "f.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t scalar = H5Screate(H5S_SCALAR), null = H5Screate(H5S_NULL);
    hid_t vl = H5Tcopy(H5T_C_S1), padded = H5Tcopy(H5T_FORTRAN_S1), ended = H5Tcopy(H5T_C_S1);
    H5Tset_size(vl, H5T_VARIABLE);
    H5Tset_size(padded, 6);
    H5Tset_size(ended, 6);
    hid_t set = H5Dcreate2(file, "variable", vl, scalar, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, vl, H5S_ALL, H5S_ALL, H5P_DEFAULT, &variable);
    H5Dclose(set);
    set = H5Dcreate2(file, "absent", vl, scalar, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, vl, H5S_ALL, H5S_ALL, H5P_DEFAULT, &absent);
    H5Dclose(set);
    set = H5Dcreate2(file, "padded", padded, scalar, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, padded, H5S_ALL, H5S_ALL, H5P_DEFAULT, "ab c  ");
    H5Dclose(set);
    hid_t attribute = H5Acreate2(file, "fixed", ended, scalar, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(attribute, ended, "abc\0\0");
    H5Aclose(attribute);
    H5Dclose(H5Dcreate2(file, "null", H5T_IEEE_F32LE, null, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Tclose(vl);
    H5Tclose(padded);
    H5Tclose(ended);
    H5Sclose(scalar);
    H5Sclose(null);
    H5Fclose(file);
    static const char *const expected[3][2] = {{"variable", "v\xc3\xa9"}, {"absent", ""}, {"padded", "ab c"}};
    assay_h5 *f = open_h5("f.h5");
    char *text;
    size_t nbytes;
    for (int i = 0; i < 3; i++) {
        EXPECT_OK(assay_h5_read_text(f, expected[i][0], &text, &nbytes, &expect_err));
        cr_expect_str_eq(text, expected[i][1]);
        cr_expect_eq(nbytes, strlen(expected[i][1]));
        free(text);
    }
    EXPECT_OK(assay_h5_attr_text(f, "/", "fixed", &text, &expect_err));
    cr_expect_str_eq(text, "abc");
    free(text);
    assay_tensor t;
    EXPECT_OK(assay_h5_read(f, "null", &t, &expect_err));
    cr_expect(t.rank == 1 && t.shape[0] == 0 && t.data);
    assay_tensor_free(&t);
    assay_h5_close(f);
}

Test(h5_file, prints_nothing) {
    fflush(stderr);
    const char *log = scratch_path(&s, "stderr.txt");
    cr_assert(freopen(log, "w", stderr));
    assay_h5 *file;
    assay_h5_open(&file, scratch_write_text(&s, "text.h5", "\211HDF\r\n\032\n garbage"), NULL);
    write_all_kinds("a.h5");
    file = open_h5("a.h5");
    assay_tensor t;
    assay_h5_read(file, "g", &t, NULL);
    assay_h5_read(file, "none", &t, NULL);
    assay_h5_has_attr(file, "none", "none");
    assay_h5_close(file);
    fflush(stderr);
    struct stat info;
    cr_assert_eq(stat(log, &info), 0);
    cr_expect_eq(info.st_size, 0);
}
