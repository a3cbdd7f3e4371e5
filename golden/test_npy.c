#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/npy.h"
#include "golden/npy_header.h"
#include "golden/test_scratch.h"

static scratch s;

static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }

TestSuite(npy, .init = setup, .fini = teardown);

/* A file of a dictionary and data. `version` is 1, 2 or 3; the length field is the dictionary's length plus `lie`. */
static const char *write_version(int version, int64_t lie, const char *dictionary, const void *data, size_t nbytes) {
    size_t length = strlen(dictionary), at = version == 1 ? 10 : 12;
    unsigned char *file = malloc(at + length + nbytes);
    uint64_t claimed = length + (uint64_t)lie;
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (unsigned char)version;
    file[7] = 0;
    for (size_t i = 8; i < at; i++) file[i] = (unsigned char)(claimed >> (8 * (i - 8)));
    memcpy(file + at, dictionary, length);
    if (nbytes) memcpy(file + at + length, data, nbytes);
    const char *path = scratch_write(&s, "t.npy", file, at + length + nbytes);
    free(file);
    return path;
}

static const char *write_typed(const char *type, const char *order, const char *shape, const void *data,
                               size_t nbytes) {
    char text[256];
    snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", type, order, shape);
    return write_version(1, 0, text, data, nbytes);
}

static assay_tensor read_file(const char *path) {
    assay_tensor t = {0};
    EXPECT_OK(assay_npy_read(path, &t, &expect_err));
    return t;
}

/* Two values of a type, written in either byte order, must be read as `dtype`. `bytes` are little-endian. */
static void expect_pair(const char *type, const void *bytes, size_t width, assay_dtype dtype, const double *expected) {
    for (int big = 0; big < 2; big++) {
        char text[8];
        unsigned char data[16];
        snprintf(text, sizeof text, "%c%s", big ? '>' : width == 1 ? '|' : '<', type);
        for (size_t i = 0; i < 2 * width; i++) {
            size_t at = big ? i / width * width + width - 1 - i % width : i;
            data[at] = ((const unsigned char *)bytes)[i];
        }
        assay_tensor t = read_file(write_typed(text, "False", "(2,)", data, 2 * width));
        cr_assert(t.rank == 1 && t.shape[0] == 2);
        cr_assert_eq(t.dtype, dtype, "%s", text);
        for (size_t i = 0; i < 2; i++) cr_expect_eq(assay_load_f64(t.data, dtype, i), expected[i], "%s", text);
        assay_tensor_free(&t);
    }
}

Test(npy, reads_every_type_in_either_byte_order) {
    expect_pair("f8", (double[]){-1.5, 1e300}, 8, ASSAY_F64, (double[]){-1.5, 1e300});
    expect_pair("f4", (float[]){0.5f, -3}, 4, ASSAY_F32, (double[]){0.5, -3});
    expect_pair("f2", (uint16_t[]){0x3c00, 0xc000}, 2, ASSAY_F16, (double[]){1, -2});
    expect_pair("i8", (int64_t[]){-7, INT64_C(1) << 40}, 8, ASSAY_I64, (double[]){-7, 0x1p40});
    expect_pair("i4", (int32_t[]){-9, INT32_MAX}, 4, ASSAY_I32, (double[]){-9, INT32_MAX});
    expect_pair("i2", (int16_t[]){INT16_MIN, 300}, 2, ASSAY_I64, (double[]){INT16_MIN, 300});
    expect_pair("i1", (int8_t[]){-128, 5}, 1, ASSAY_I64, (double[]){-128, 5});
    expect_pair("u1", (uint8_t[]){200, 5}, 1, ASSAY_I64, (double[]){200, 5});
    expect_pair("u2", (uint16_t[]){65535, 1}, 2, ASSAY_I64, (double[]){65535, 1});
    expect_pair("u4", (uint32_t[]){UINT32_MAX, 1}, 4, ASSAY_I64, (double[]){UINT32_MAX, 1});
    expect_pair("u8", (uint64_t[]){UINT64_C(1) << 62, 1}, 8, ASSAY_I64, (double[]){0x1p62, 1});
    expect_pair("b1", (uint8_t[]){0, 200}, 1, ASSAY_BOOL, (double[]){0, 1});
}

Test(npy, turns_fortran_order_around) {
    int32_t file[12], expected[12]; /* element (i, j, k) is 100 i + 10 j + k */
    for (int n = 0; n < 12; n++) file[n] = 100 * (n % 2) + 10 * (n / 2 % 3) + n / 6;
    for (int n = 0; n < 12; n++) expected[n] = 100 * (n / 6) + 10 * (n / 2 % 3) + n % 2;
    assay_tensor t = read_file(write_typed("<i4", "True", "(2, 3, 2)", file, sizeof file));
    cr_assert(t.rank == 3 && t.shape[0] == 2 && t.shape[1] == 3 && t.shape[2] == 2);
    cr_assert_arr_eq(t.data, expected, sizeof expected);
    assay_tensor_free(&t);
    t = read_file(write_typed(">i2", "True", "(2, 2)", (uint8_t[]){0, 1, 0, 3, 0, 2, 0, 4}, 8));
    cr_assert_arr_eq(t.data, ((int64_t[]){1, 2, 3, 4}), 32);
    assay_tensor_free(&t);
    t = read_file(write_typed("<f4", "True", "(3, 0)", NULL, 0));
    cr_assert(t.rank == 2 && t.shape[0] == 3 && t.shape[1] == 0);
    assay_tensor_free(&t);
}

Test(npy, reads_every_version_and_spelling) {
    static const char *const spellings[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }            \n",
        "{\"shape\":(1L,2L),\"fortran_order\":False,\"descr\":\"<f4\"}",
        " { 'fortran_order' : False , 'descr' : '=f4' , 'shape' : ( 1 , 2 , ) }\t\r\n",
    };
    for (int version = 1; version <= 3; version++)
        for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
            assay_tensor t = read_file(write_version(version, 0, spellings[i], (float[]){3, 4}, 8));
            cr_assert(t.dtype == ASSAY_F32 && t.rank == 2 && t.shape[0] == 1 && t.shape[1] == 2, "%s", spellings[i]);
            cr_assert_eq(((float *)t.data)[1], 4);
            assay_tensor_free(&t);
        }
}

/* More than one chunk of a conversion. */
Test(npy, widens_large_arrays) {
    size_t count = 1500001;
    uint8_t *data = malloc(count);
    for (size_t i = 0; i < count; i++) data[i] = (uint8_t)(i % 251);
    assay_tensor t = read_file(write_typed("|u1", "False", "(1500001,)", data, count));
    for (size_t i = 0; i < count; i++) cr_assert_eq(((int64_t *)t.data)[i], (int64_t)(i % 251));
    assay_tensor_free(&t);
    free(data);
}

/* The bytes that numpy.save writes. */
Test(npy, writes_what_numpy_writes) {
    static const char expected[] =
        "\x93NUMPY\x01\x00\x76\x00"
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
        "                                                            \n"
        "\x00\x00\x80\x3f\x00\x00\x00\xc0";
    const char *path = scratch_path(&s, "w.npy");
    size_t nbytes;
    assay_tensor t = assay_tensor_view(ASSAY_F32, 1, (int64_t[]){2}, (float[]){1, -2});
    EXPECT_OK(assay_npy_write(path, &t, &expect_err));
    char *found = scratch_read(path, &nbytes);
    cr_assert_eq(nbytes, sizeof expected - 1);
    cr_assert_arr_eq(found, expected, nbytes);
    cr_assert_eq(scratch_count(&s), 1);
    free(found);
}

static void expect_round_trip(assay_dtype dtype, int rank, const int64_t *shape, const void *data) {
    const char *path = scratch_path(&s, "r.npy");
    assay_tensor t = assay_tensor_view(dtype, rank, shape, data);
    EXPECT_OK(assay_npy_write(path, &t, &expect_err));
    assay_tensor got = read_file(path);
    cr_assert_eq(got.dtype, dtype);
    cr_assert(assay_tensor_same_shape(&got, &t));
    cr_assert_eq(memcmp(got.data, data, assay_tensor_nbytes(&t)), 0);
    assay_tensor_free(&got);
}

Test(npy, reads_what_it_writes) {
    static const unsigned char bytes[64] = {1, 0, 1, 1, 0, 0, 1, 0, 1};
    static const assay_dtype dtypes[] = {ASSAY_F64, ASSAY_F32, ASSAY_F16, ASSAY_I64, ASSAY_I32, ASSAY_BOOL};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        expect_round_trip(dtypes[i], 0, NULL, bytes);
        expect_round_trip(dtypes[i], 1, (int64_t[]){8}, bytes);
        expect_round_trip(dtypes[i], 3, (int64_t[]){2, 1, 4}, bytes);
        expect_round_trip(dtypes[i], 2, (int64_t[]){0, INT64_C(1) << 40}, bytes);
    }
}

Test(npy, widens_bfloat16_exactly) {
    const char *path = scratch_path(&s, "b.npy");
    assay_tensor t = assay_tensor_view(ASSAY_BF16, 1, (int64_t[]){3}, (uint16_t[]){0x3f80, 0x0001, 0xff80});
    EXPECT_OK(assay_npy_write(path, &t, &expect_err));
    assay_tensor got = read_file(path);
    cr_assert_eq(got.dtype, ASSAY_F32);
    cr_assert_arr_eq(got.data, ((uint32_t[]){0x3f800000, 0x00010000, 0xff800000}), 12);
    assay_tensor_free(&got);
}

/* The longest header there is: eight sizes of 19 digits. */
Test(npy, has_room_for_every_header) {
    char text[ASSAY_NPY_HEADER_NBYTES];
    int64_t shape[ASSAY_MAX_RANK];
    for (int i = 0; i < ASSAY_MAX_RANK; i++) shape[i] = INT64_MAX;
    assay_tensor t = assay_tensor_view(ASSAY_F32, ASSAY_MAX_RANK, shape, NULL);
    size_t nbytes = assay_npy_header_format(&t, text);
    cr_assert_eq(nbytes % 64, 0);
    cr_assert_leq(nbytes, sizeof text);
    cr_assert_eq(text[nbytes - 1], '\n');
    cr_assert(strstr(text + 10, "9223372036854775807), }"));
}

Test(npy, refuses_what_cannot_be_written) {
    assay_tensor t = assay_tensor_view(ASSAY_F32, 0, NULL, (float[]){1});
    EXPECT_REFUSED(assay_npy_write(scratch_path(&s, "none/x.npy"), &t, &expect_err), "none/x.npy");
    EXPECT_REFUSED(assay_npy_write(s.dir, &t, &expect_err), "not a regular file");
}

static void expect_bad(const char *dictionary, size_t nbytes, const char *part) {
    static const char data[64];
    assay_tensor t;
    const char *path = write_version(1, 0, dictionary, data, nbytes);
    EXPECT_REFUSED(assay_npy_read(path, &t, &expect_err), part);
    EXPECT_REFUSED(assay_npy_read(path, &t, &expect_err), "t.npy: ");
}

static void expect_bad_shape(const char *shape, size_t nbytes, const char *part) {
    char text[256];
    snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': False, 'shape': %s}", shape);
    expect_bad(text, nbytes, part);
}

static void expect_bad_type(const char *type, const char *part) {
    char text[256];
    snprintf(text, sizeof text, "{'descr': %s, 'fortran_order': False, 'shape': ()}", type);
    expect_bad(text, 4, part);
}

Test(npy, refuses_files_that_are_none) {
    assay_tensor t;
    static const char good[] = "{'descr': '<f4', 'fortran_order': False, 'shape': ()}";
    EXPECT_REFUSED(assay_npy_read(scratch_path(&s, "none"), &t, &expect_err), "No such file");
    EXPECT_REFUSED(assay_npy_read(s.dir, &t, &expect_err), "not a regular file");
    EXPECT_REFUSED(assay_npy_read(scratch_write_text(&s, "a", ""), &t, &expect_err), "a: not a .npy file");
    EXPECT_REFUSED(assay_npy_read(scratch_write_text(&s, "a", "\x93NUMPY\x01"), &t, &expect_err), "not a .npy file");
    EXPECT_REFUSED(assay_npy_read(scratch_write_text(&s, "a", "PK\3\4 an archive"), &t, &expect_err), "not a .npy");
    EXPECT_REFUSED(assay_npy_read(scratch_write(&s, "a", "\x93NUMPY\x02\x00\x00\x00", 10), &t, &expect_err),
                   "truncated");
    EXPECT_REFUSED(assay_npy_read(write_version(4, 0, good, "1234", 4), &t, &expect_err), "format version 4.0");
    EXPECT_REFUSED(assay_npy_read(write_version(0, 0, good, "1234", 4), &t, &expect_err), "format version 0.0");
    EXPECT_REFUSED(assay_npy_read(write_version(1, 5, good, "1234", 4), &t, &expect_err), "header claims 58 bytes");
    EXPECT_REFUSED(assay_npy_read(write_version(1, 4, good, "1234", 4), &t, &expect_err), "follows the dictionary");
    EXPECT_REFUSED(assay_npy_read(write_version(1, -1, good, "1234", 4), &t, &expect_err), "',' or '}'");
    EXPECT_REFUSED(assay_npy_read(write_version(3, UINT32_MAX, good, "1234", 4), &t, &expect_err), "',' or '}'");
    EXPECT_REFUSED(assay_npy_read(write_version(3, 1 << 24, good, "1234", 4), &t, &expect_err), "header claims");
}

Test(npy, refuses_headers_that_no_file_can_have) {
    expect_bad("", 0, "'{' is expected at its byte 0");
    expect_bad("[]", 0, "'{' is expected");
    expect_bad("{'descr", 0, "a string is expected at its byte 1");
    expect_bad("{'descr'", 0, "':' is expected");
    expect_bad("{descr: '<f4'}", 0, "a string is expected");
    expect_bad("{'descr': '<f4' 'shape': ()}", 0, "',' or '}' is expected");
    expect_bad("{'descr': '<f4', 'descr': '<f4'}", 0, "'descr' twice");
    expect_bad("{'descr': '<f4', 'x': 1}", 0, "unknown key 'x'");
    expect_bad("{'\n\xff\x80': 1}", 0, "unknown key '\?\?\?'");
    expect_bad("{}", 0, "lacks 'descr'");
    expect_bad("{'descr': '<f4'}", 0, "lacks 'fortran_order'");
    expect_bad("{'descr': '<f4', 'fortran_order': False}", 0, "lacks 'shape'");
    expect_bad("{'fortran_order': 0}", 0, "True or False is expected");
    expect_bad("{'fortran_order': Falsely}", 0, "',' or '}' is expected");
}

Test(npy, refuses_types_that_are_not_read) {
    expect_bad_type("'<c8'", "has the type '<c8'; save it as float64");
    expect_bad_type("'<U3'", "has the type '<U3'");
    expect_bad_type("'|O'", "has the type '|O'");
    expect_bad_type("'<f16'", "has the type '<f16'");
    expect_bad_type("'f4'", "has the type 'f4'");
    expect_bad_type("''", "has the type ''");
    expect_bad_type("'<'", "has the type '<'");
    expect_bad_type("'<V2'", "save it as float32, which holds every bfloat16");
    expect_bad_type("[('a', '<f4')]", "array of structures");
    expect_bad_type("12", "a string is expected");
    assay_tensor t;
    uint64_t large[] = {0, UINT64_C(1) << 63};
    EXPECT_REFUSED(assay_npy_read(write_typed("<u8", "False", "(2,)", large, 16), &t, &expect_err), "beyond int64");
}

Test(npy, refuses_shapes_that_do_not_fit) {
    expect_bad_shape("(2,)", 7, "7 bytes of data where the shape (2) needs 8; the file is truncated");
    expect_bad_shape("(2,)", 9, "longer than one array");
    expect_bad_shape("()", 0, "truncated");
    expect_bad_shape("(2, 0)", 4, "longer than one array");
    expect_bad_shape("(-1,)", 0, "a size is expected");
    expect_bad_shape("(1.5,)", 0, "',' or ')' is expected");
    expect_bad_shape("(,)", 0, "a size is expected");
    expect_bad_shape("(2", 8, "',' or ')' is expected");
    expect_bad_shape("(2)", 8, "a tuple is expected");
    expect_bad_shape("2", 8, "'(' is expected");
    expect_bad_shape("None", 8, "'(' is expected");
    expect_bad_shape("(1,1,1,1,1,1,1,1,1)", 4, "more than 8 axes");
    expect_bad_shape("(9223372036854775808,)", 0, "beyond 2^63");
    expect_bad_shape("(99999999999999999999999999,)", 0, "beyond 2^63");
    expect_bad_shape("(4294967296, 4294967296)", 0, "is too large");
    expect_bad_shape("(4294967296, 4294967296, 0)", 0, "is too large");
    expect_bad_shape("(4611686018427387904,)", 0, "is too large");
    expect_bad_shape("(1152921504606846976,)", 0, "truncated");
}
