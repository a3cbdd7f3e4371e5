#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/safetensors.h"
#include "golden/test_scratch.h"

static scratch s;

static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }

TestSuite(safetensors, .init = setup, .fini = teardown);

/* A file of a header and data, whose length field is the header's length plus `lie`. */
static const char *write_file(const char *header, const void *data, size_t nbytes, int64_t lie) {
    size_t length = strlen(header);
    unsigned char *file = malloc(8 + length + nbytes);
    uint64_t claimed = length + (uint64_t)lie;
    for (int i = 0; i < 8; i++) file[i] = (unsigned char)(claimed >> (8 * i));
    memcpy(file + 8, header, length);
    if (nbytes) memcpy(file + 8 + length, data, nbytes);
    const char *path = scratch_write(&s, "t.safetensors", file, 8 + length + nbytes);
    free(file);
    return path;
}

static void expect_bad(const char *header, size_t nbytes, const char *part) {
    static const char data[64];
    assay_safetensors f;
    const char *path = write_file(header, data, nbytes, 0);
    EXPECT_REFUSED(assay_safetensors_open(&f, path, &expect_err), part);
    EXPECT_REFUSED(assay_safetensors_open(&f, path, &expect_err), "t.safetensors");
}

static assay_tensor read_as(const assay_safetensors *f, const char *name, assay_dtype dtype) {
    const assay_safetensors_entry *e = assay_safetensors_find(f, name);
    assay_tensor t = {0};
    cr_assert(e, "%s", name);
    EXPECT_OK(assay_safetensors_read(f, e, dtype, &t, &expect_err));
    cr_assert_eq(t.dtype, dtype);
    return t;
}

static void expect_values(const assay_safetensors *f, const char *name, double first, double last) {
    for (int d = 0; d < ASSAY_I64; d++) {
        assay_tensor t = read_as(f, name, (assay_dtype)d);
        cr_expect_eq(assay_load_f64(t.data, t.dtype, 0), first, "%s as %s", name, assay_dtype_name((assay_dtype)d));
        cr_expect_eq(assay_load_f64(t.data, t.dtype, (size_t)assay_tensor_count(&t) - 1), last, "%s", name);
        assay_tensor_free(&t);
    }
}

Test(safetensors, reads_every_type) {
    static const char header[] =
        "{\"__metadata__\": {\"format\": \"pt\"}, \"d\": {\"dtype\": \"F64\", \"shape\": [2], \"data_offsets\": [0, "
        "16]}, "
        "\"f\": {\"dtype\": \"F32\", \"shape\": [1, 2], \"data_offsets\": [16, 24]}, "
        "\"h\": {\"dtype\": \"F16\", \"shape\": [2], \"data_offsets\": [24, 28]}, "
        "\"b\": {\"dtype\": \"BF16\", \"shape\": [2, 1], \"data_offsets\": [28, 32]}, "
        "\"l\": {\"dtype\": \"I64\", \"shape\": [], \"data_offsets\": [32, 40]}, "
        "\"i\": {\"dtype\": \"I32\", \"shape\": [1], \"data_offsets\": [40, 44]}, "
        "\"o\": {\"dtype\": \"BOOL\", \"shape\": [2], \"data_offsets\": [44, 46]}, "
        "\"u\": {\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [46, 48]}, "
        "\"e\": {\"dtype\": \"F32\", \"shape\": [3, 0], \"data_offsets\": [48, 48]}, "
        "\"q\": {\"dtype\": \"F8_E4M3\", \"shape\": [2], \"data_offsets\": [46, 48]}}  ";
    unsigned char data[48];
    memcpy(data, (double[]){-1.5, 2}, 16);
    memcpy(data + 16, (float[]){0.5f, -3}, 8);
    memcpy(data + 24, (uint16_t[]){0x3c00, 0xc000}, 4);
    memcpy(data + 28, (uint16_t[]){0x3f80, 0xc000}, 4);
    memcpy(data + 32, (int64_t[]){-7}, 8);
    memcpy(data + 40, (int32_t[]){-9}, 4);
    memcpy(data + 44, (unsigned char[]){0, 1, 200, 3}, 4);
    assay_safetensors f;
    EXPECT_OK(assay_safetensors_open(&f, write_file(header, data, sizeof data, 0), &expect_err));
    cr_expect_eq(f.count, 10u);
    cr_expect_str_eq(f.entries[0].name, "d");
    cr_expect_eq(f.text_count, 1u);
    cr_expect_str_eq(f.texts[0].key, "format");
    cr_expect_str_eq(f.texts[0].value, "pt");
    expect_values(&f, "d", -1.5, 2);
    expect_values(&f, "f", 0.5, -3);
    expect_values(&f, "h", 1, -2);
    expect_values(&f, "b", 1, -2);
    expect_values(&f, "l", -7, -7);
    expect_values(&f, "i", -9, -9);
    expect_values(&f, "o", 0, 1);
    expect_values(&f, "u", 200, 3);
    cr_expect_eq(assay_safetensors_find(&f, "u")->dtype, ASSAY_I64);
    cr_expect_eq(assay_safetensors_find(&f, "l")->rank, 0);
    cr_expect(!assay_safetensors_find(&f, "nothing"));
    assay_tensor t = read_as(&f, "e", ASSAY_F32);
    cr_expect(t.data && t.shape[0] == 3 && t.shape[1] == 0);
    assay_tensor_free(&t);
    t = read_as(&f, "u", ASSAY_I64);
    cr_expect_eq(((int64_t *)t.data)[0], 200);
    assay_tensor_free(&t);
    const assay_safetensors_entry *strange = assay_safetensors_find(&f, "q");
    cr_expect(!strange->is_readable);
    EXPECT_REFUSED(assay_safetensors_read(&f, strange, ASSAY_F32, &t, &expect_err), "tensor 'q' has the type F8_E4M3");
    assay_safetensors_close(&f);
    cr_expect_eq(f.file.fd, -1);
}

/* More than one chunk of a conversion. */
Test(safetensors, converts_large_tensors) {
    size_t count = 1500001;
    char header[128];
    uint16_t *data = malloc(count * sizeof *data);
    for (size_t i = 0; i < count; i++) data[i] = (uint16_t)(i % 0x7f80);
    snprintf(header, sizeof header, "{\"x\": {\"dtype\": \"BF16\", \"shape\": [%zu], \"data_offsets\": [0, %zu]}}",
             count, 2 * count);
    assay_safetensors f;
    EXPECT_OK(assay_safetensors_open(&f, write_file(header, data, 2 * count, 0), &expect_err));
    assay_tensor t = read_as(&f, "x", ASSAY_F32);
    for (size_t i = 0; i < count; i++) cr_assert_eq(((float *)t.data)[i], assay_bf16_to_f32(data[i]));
    assay_tensor_free(&t);
    assay_safetensors_close(&f);
    free(data);
}

Test(safetensors, notices_a_file_that_shrinks) {
    assay_safetensors f;
    const char *path =
        write_file("{\"x\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}", "01234567", 8, 0);
    EXPECT_OK(assay_safetensors_open(&f, path, &expect_err));
    scratch_write_text(&s, "t.safetensors", "short");
    assay_tensor t;
    EXPECT_REFUSED(assay_safetensors_read(&f, &f.entries[0], ASSAY_F32, &t, &expect_err), "the file ends early");
    EXPECT_REFUSED(assay_safetensors_read(&f, &f.entries[0], ASSAY_F64, &t, &expect_err), "the file ends early");
    assay_safetensors_close(&f);
}

Test(safetensors, refuses_bad_files) {
    assay_safetensors f;
    EXPECT_REFUSED(assay_safetensors_open(&f, scratch_path(&s, "none"), &expect_err), "No such file");
    EXPECT_REFUSED(assay_safetensors_open(&f, s.dir, &expect_err), "not a regular file");
    EXPECT_REFUSED(assay_safetensors_open(&f, scratch_write_text(&s, "a", ""), &expect_err), "too few");
    EXPECT_REFUSED(assay_safetensors_open(&f, scratch_write_text(&s, "a", "1234567"), &expect_err), "too few");
    EXPECT_REFUSED(assay_safetensors_open(&f, scratch_write_text(&s, "a", "PK\3\4 a zip file"), &expect_err),
                   "header claims");
    EXPECT_REFUSED(assay_safetensors_open(&f, write_file("{}", NULL, 0, 1), &expect_err),
                   "header claims 3 bytes of a file of 10");
    EXPECT_REFUSED(assay_safetensors_open(&f, write_file("{}", NULL, 0, INT64_MAX), &expect_err), "header claims");
    EXPECT_REFUSED(assay_safetensors_open(&f, write_file("{}", NULL, 0, -3), &expect_err),
                   "header claims 18446744073709551615");
    EXPECT_REFUSED(assay_safetensors_open(&f, write_file("{}", NULL, 0, -2), &expect_err), "header: line 1");
    EXPECT_OK(assay_safetensors_open(&f, write_file("{}", NULL, 0, 0), &expect_err));
    cr_expect(f.count == 0 && !assay_safetensors_find(&f, "x"));
    assay_safetensors_close(&f);
}

Test(safetensors, refuses_bad_headers) {
    expect_bad("[]", 0, "must be an object");
    expect_bad("{", 0, "line 1, column 2");
    expect_bad("{\"x\": 1}", 0, "tensor 'x': must be an object");
    expect_bad("{\"__metadata__\": 1}", 0, "__metadata__: must be an object");
    expect_bad("{\"__metadata__\": {\"a\": \"b\", \"c\": 1}}", 0, "__metadata__: c: must be a string");
    expect_bad("{\"x\": {}}", 0, "'dtype' is missing");
    expect_bad("{\"x\": {\"dtype\": 1}}", 0, "dtype: must be a string");
    expect_bad("{\"x\": {\"dtype\": \"F32\"}}", 0, "'shape' is missing");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": 2}}", 0, "shape: must be a list");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [-1], \"data_offsets\": [0, 0]}}", 0, "negative size");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [1.5], \"data_offsets\": [0, 0]}}", 0, "whole number");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [1]}}", 4, "'data_offsets' is missing");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0]}}", 4, "must be two numbers");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4], \"y\": 1}}", 4,
               "unknown key 'y'");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}, \"x\": {}}", 4, "occurs twice");
}

Test(safetensors, refuses_offsets_that_do_not_fit) {
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 8]}}", 7,
               "do not lie in the 7 bytes of data");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 0]}}", 8, "do not lie in");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [-4, 0]}}", 8, "do not lie in");
    expect_bad("{\"x\": {\"dtype\": \"Q4\", \"shape\": [1], \"data_offsets\": [0, 9]}}", 8, "do not lie in");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 4]}}", 8,
               "4 bytes of data do not make the shape (2) of F32");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [1, 0], \"data_offsets\": [0, 4]}}", 8,
               "do not make the shape");
    expect_bad(
        "{\"x\": {\"dtype\": \"F32\", \"shape\": [4294967296, 4294967296, 4294967296], \"data_offsets\": [0, 0]}}", 8,
        "do not make");
    expect_bad("{\"x\": {\"dtype\": \"F32\", \"shape\": [2147483648, 2147483648, 4], \"data_offsets\": [0, 0]}}", 8,
               "do not make");
}
