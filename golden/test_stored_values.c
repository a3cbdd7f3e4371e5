/* Values that are located in a file are those that reading the tensor gives; what cannot be located is still read. */
#include "golden/stored_values.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/golden_file.h"
#include "golden/npy.h"
#include "golden/safetensors_writer.h"
#include "golden/tensor_dump.h"
#include "golden/test_scratch.h"

static scratch s;
static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }
TestSuite(stored_values, .init = setup, .fini = teardown);

static const float numbers[12] = {1, -2, 3, 1e-40f, 0, 6};

static assay_tensor matrix(assay_dtype dtype) { return assay_tensor_view(dtype, 2, (const int64_t[]){2, 3}, numbers); }

/* Takes over both: the located values must be those of the tensor that was read. */
static void expect_values(assay_stored_values *stored, assay_tensor *read) {
    size_t nbytes = assay_tensor_nbytes(read);
    char *bytes = malloc(nbytes + 1);
    cr_expect(stored->info.dtype == read->dtype && assay_tensor_same_shape(&stored->info, read));
    EXPECT_OK(assay_stored_values_read(stored, bytes, nbytes, 0, &expect_err));
    cr_expect_eq(memcmp(bytes, read->data, nbytes), 0);
    EXPECT_OK(assay_stored_values_read(stored, bytes, nbytes / 2, nbytes - nbytes / 2, &expect_err));
    cr_expect_eq(memcmp(bytes, (char *)read->data + nbytes - nbytes / 2, nbytes / 2), 0);
    free(bytes);
    assay_tensor_free(read);
    assay_stored_values_close(stored);
    assay_stored_values_close(stored);
}

static void expect_h5(assay_h5 *file, const char *path, bool can_locate) {
    assay_stored_values stored;
    assay_tensor t;
    bool found;
    EXPECT_OK(assay_h5_read(file, path, &t, &expect_err));
    EXPECT_OK(assay_h5_locate(file, path, &stored, &found, &expect_err));
    cr_expect_eq(found, can_locate, "%s", path);
    if (found) expect_values(&stored, &t);
    else assay_tensor_free(&t);
}

Test(stored_values, plain_hdf5_of_every_type_is_located_and_compressed_is_not) {
    assay_h5_writer *w;
    const char *path = scratch_path(&s, "a.h5");
    EXPECT_OK(assay_h5_writer_create(&w, path, &expect_err));
    for (int d = 0; d < ASSAY_DTYPE_COUNT; d++) {
        assay_tensor t = matrix((assay_dtype)d);
        EXPECT_OK(assay_h5_put(w, assay_dtype_name((assay_dtype)d), &t, ASSAY_H5_PLAIN, &expect_err));
    }
    assay_tensor large, none = assay_tensor_view(ASSAY_F32, 2, (int64_t[]){0, 3}, numbers);
    EXPECT_OK(assay_tensor_alloc(&large, ASSAY_F32, 1, (int64_t[]){100000}, "x", &expect_err));
    EXPECT_OK(assay_h5_put(w, "large", &large, ASSAY_H5_COMPRESSED, &expect_err));
    EXPECT_OK(assay_h5_put(w, "none", &none, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_writer_commit(w, &expect_err));
    assay_tensor_free(&large);
    assay_h5 *file;
    EXPECT_OK(assay_h5_open(&file, path, &expect_err));
    for (int d = 0; d < ASSAY_DTYPE_COUNT; d++) expect_h5(file, assay_dtype_name((assay_dtype)d), true);
    expect_h5(file, "large", false);
    expect_h5(file, "none", false);
    assay_stored_values stored;
    bool found;
    EXPECT_REFUSED(assay_h5_locate(file, "other", &stored, &found, &expect_err), "there is no other");
    assay_h5_close(file);
}

static void put_foreign(hid_t file, const char *name, hid_t type, bool written) {
    hid_t space = H5Screate_simple(1, (hsize_t[]){6}, NULL);
    hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (written) cr_assert_geq(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers), 0);
    H5Dclose(set);
    H5Sclose(space);
}

Test(stored_values, what_hdf5_converts_or_never_wrote_is_not_located_and_a_user_block_is_counted) {
    const char *path = scratch_path(&s, "a.h5");
    hid_t create = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(create, 1024);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, create, H5P_DEFAULT);
    put_foreign(file, "little", H5T_IEEE_F32LE, true);
    put_foreign(file, "big", H5T_IEEE_F32BE, true);
    put_foreign(file, "short", H5T_STD_I16LE, true);
    put_foreign(file, "unwritten", H5T_IEEE_F32LE, false);
    H5Fclose(file);
    H5Pclose(create);
    assay_h5 *h5;
    EXPECT_OK(assay_h5_open(&h5, path, &expect_err));
    expect_h5(h5, "little", true);
    expect_h5(h5, "big", false);
    expect_h5(h5, "short", false);
    expect_h5(h5, "unwritten", false);
    assay_h5_close(h5);
}

Test(stored_values, a_golden_says_which_digest_they_have) {
    static const char digest[] = "00112233445566778899aabbccddeeff";
    const char *path = scratch_path(&s, "a.h5");
    const char *names[] = {"steps/0/past/0/mem_key", "steps/0/past/0/mem_key_unrounded"};
    const assay_tensor t = assay_tensor_view(ASSAY_F32, 4, (int64_t[]){1, 1, 2, 3}, numbers);
    assay_h5_writer *w;
    EXPECT_OK(assay_h5_writer_create(&w, path, &expect_err));
    for (int i = 0; i < 2; i++) EXPECT_OK(assay_h5_put(w, names[i], &t, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, names[1], "xxh128", digest, &expect_err));
    EXPECT_OK(assay_h5_writer_commit(w, &expect_err));
    assay_golden g;
    EXPECT_OK(assay_golden_open(&g, path, &expect_err));
    for (int i = 0; i < 2; i++) {
        assay_stored_values stored;
        bool found;
        EXPECT_OK(assay_golden_locate(&g, &g.tensors[0], i == 1, &stored, &found, &expect_err));
        cr_assert(found);
        cr_expect_str_eq(stored.xxh128, i == 1 ? digest : "");
        cr_expect_str_eq(stored.name + (stored.name[0] == '/'), names[i]);
        assay_stored_values_close(&stored);
    }
    assay_golden_close(&g);
}

static void expect_npy(const char *path, bool can_locate) {
    assay_stored_values stored;
    assay_tensor t, info;
    bool found;
    EXPECT_OK(assay_npy_read(path, &t, &expect_err));
    EXPECT_OK(assay_npy_describe(path, &info, &expect_err));
    cr_expect(info.dtype == t.dtype && assay_tensor_same_shape(&info, &t) && !info.data);
    EXPECT_OK(assay_npy_locate(path, &stored, &found, &expect_err));
    cr_expect_eq(found, can_locate, "%s", path);
    if (found) expect_values(&stored, &t);
    else assay_tensor_free(&t);
}

static const char *write_npy(const char *type, const char *order, const char *shape, size_t nbytes) {
    char text[256];
    int length = snprintf(text + 10, 100, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }", type, order, shape);
    memcpy(text, "\x93NUMPY\x01\x00", 8);
    text[8] = (char)length, text[9] = 0;
    memcpy(text + 10 + length, numbers, nbytes);
    return scratch_write(&s, "x.npy", text, 10 + (size_t)length + nbytes);
}

Test(stored_values, npy_is_located_unless_it_is_converted) {
    expect_npy(write_npy("<f4", "False", "(2, 3)", 24), true);
    expect_npy(write_npy("<f2", "False", "(6,)", 12), true);
    expect_npy(write_npy("<i8", "False", "(3,)", 24), true);
    expect_npy(write_npy("<f4", "True", "(6,)", 24), true);
    expect_npy(write_npy("<f4", "True", "(2, 3)", 24), false);
    expect_npy(write_npy(">f4", "False", "(6,)", 24), false);
    expect_npy(write_npy("<i2", "False", "(6,)", 12), false);
    expect_npy(write_npy("|b1", "False", "(6,)", 6), false);
    assay_stored_values stored;
    bool found;
    EXPECT_REFUSED(assay_npy_locate(write_npy("<f4", "False", "(2, 4)", 24), &stored, &found, &expect_err),
                   "truncated");
    EXPECT_REFUSED(assay_npy_locate(scratch_path(&s, "none"), &stored, &found, &expect_err), "No such file");
}

Test(stored_values, safetensors_are_located_by_their_names) {
    assay_tensor_map *map = assay_tensor_map_create();
    for (int d = 0; d < ASSAY_DTYPE_COUNT; d++) {
        char name[64];
        assay_tensor t = matrix((assay_dtype)d);
        snprintf(name, sizeof name, "%ssteps/0/%s", d % 2 ? "/" : "", assay_dtype_name((assay_dtype)d));
        EXPECT_OK(assay_tensor_map_put_copy(map, name, &t, &expect_err));
    }
    const char *path = scratch_path(&s, "a.safetensors");
    EXPECT_OK(assay_safetensors_write(path, map, NULL, 0, &expect_err));
    assay_tensor_map_destroy(map);
    assay_tensor_dump d;
    EXPECT_OK(assay_tensor_dump_open(&d, path, &expect_err));
    cr_assert_eq(assay_tensor_map_count(d.tensors), ASSAY_DTYPE_COUNT);
    for (size_t i = 0; i < ASSAY_DTYPE_COUNT; i++) {
        const assay_tensor *held = assay_tensor_map_at(d.tensors, i);
        assay_stored_values stored;
        assay_tensor t;
        bool found;
        EXPECT_OK(assay_tensor_dump_read(&d, held, &t, &expect_err));
        EXPECT_OK(assay_tensor_dump_locate(&d, held, &stored, &found, &expect_err));
        cr_assert(found);
        expect_values(&stored, &t);
    }
    assay_tensor_dump_close(&d);
}

Test(stored_values, unsigned_bytes_are_converted_and_so_not_located) {
    char text[256] = {0};
    int length =
        snprintf(text + 8, 200, "{\"steps/0/x\": {\"dtype\": \"U8\", \"shape\": [2], \"data_offsets\": [0, 2]}}");
    text[0] = (char)length;
    assay_tensor_dump d;
    const char *path = scratch_write(&s, "a.safetensors", text, 10 + (size_t)length);
    EXPECT_OK(assay_tensor_dump_open(&d, path, &expect_err));
    assay_stored_values stored;
    bool found = true;
    EXPECT_OK(assay_tensor_dump_locate(&d, assay_tensor_map_at(d.tensors, 0), &stored, &found, &expect_err));
    cr_assert_not(found);
    assay_tensor_dump_close(&d);
}

Test(stored_values, an_array_that_changes_after_opening_is_an_error) {
    const assay_tensor two = assay_tensor_view(ASSAY_F32, 1, (int64_t[]){2}, numbers),
                       three = assay_tensor_view(ASSAY_F32, 1, (int64_t[]){3}, numbers);
    const char *path = scratch_write_text(&s, "d/steps/0/logits.npy", "");
    EXPECT_OK(assay_npy_write(path, &two, &expect_err));
    assay_tensor_dump d;
    EXPECT_OK(assay_tensor_dump_open(&d, scratch_path(&s, "d"), &expect_err));
    EXPECT_OK(assay_npy_write(path, &three, &expect_err));
    const assay_tensor *held = assay_tensor_map_at(d.tensors, 0);
    assay_stored_values stored;
    assay_tensor t;
    bool found;
    EXPECT_REFUSED(assay_tensor_dump_read(&d, held, &t, &expect_err), "logits.npy: the array has changed");
    EXPECT_REFUSED(assay_tensor_dump_locate(&d, held, &stored, &found, &expect_err), "the array has changed");
    assay_tensor_dump_close(&d);
}

Test(stored_values, a_digest_does_not_depend_on_the_pieces) {
    static const char text[1000] = "any bytes";
    char whole[ASSAY_XXH128_TEXT], pieces[ASSAY_XXH128_TEXT];
    assay_xxh128_hex(text, sizeof text, whole);
    for (size_t piece = 1; piece < sizeof text; piece += 37) {
        assay_xxh128_stream *stream = assay_xxh128_begin();
        for (size_t at = 0; at < sizeof text; at += piece)
            assay_xxh128_add(stream, text + at, sizeof text - at < piece ? sizeof text - at : piece);
        assay_xxh128_end(stream, pieces);
        cr_assert_str_eq(pieces, whole);
    }
    assay_xxh128_end(NULL, NULL);
}
