#include "golden/npy_zip.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "golden/npy.h"
#include "golden/tensor_dump.h"
#include "golden/test_scratch.h"

static scratch s;

static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }

TestSuite(npy_zip, .init = setup, .fini = teardown);

/* One entry to be packed. data NULL: the .npy of the number 7. */
typedef struct {
    const char *name, *data;
    int method; /* ZIP_CM_STORE, ZIP_CM_DEFLATE ... */
    bool encrypted;
} packed;

static zip_source_t *source_of(zip_t *archive, const packed *e) {
    static int count;
    size_t nbytes = e->data ? strlen(e->data) : 0;
    char *bytes = e->data ? strdup(e->data) : NULL, name[32];
    if (!e->data) {
        float seven = 7;
        assay_tensor t = assay_tensor_view(ASSAY_F32, 0, NULL, &seven);
        snprintf(name, sizeof name, "seven-%d.npy", count++);
        EXPECT_OK(assay_npy_write(scratch_path(&s, name), &t, &expect_err));
        bytes = scratch_read(scratch_path(&s, name), &nbytes);
        remove(scratch_path(&s, name));
    }
    zip_source_t *source = zip_source_buffer(archive, bytes, nbytes, 1);
    cr_assert_not_null(source);
    return source;
}

static const char *pack(const char *name, const packed *entries, size_t count) {
    const char *path = scratch_path(&s, name);
    int code = 0;
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    cr_assert_not_null(archive);
    for (size_t i = 0; i < count; i++) {
        zip_int64_t index = zip_file_add(archive, entries[i].name, source_of(archive, &entries[i]), ZIP_FL_ENC_UTF_8);
        cr_assert_geq(index, 0, "%s", zip_strerror(archive));
        cr_assert_eq(zip_set_file_compression(archive, (zip_uint64_t)index, entries[i].method, 0), 0);
        if (entries[i].encrypted)
            cr_assert_eq(zip_file_set_encryption(archive, (zip_uint64_t)index, ZIP_EM_TRAD_PKWARE, "secret"), 0);
    }
    cr_assert_eq(zip_close(archive), 0, "%s", zip_strerror(archive));
    return path;
}

static void expect_seven(const assay_tensor_map *map, const char *name) {
    const assay_tensor *t = assay_tensor_map_get(map, name);
    cr_assert(t && t->rank == 0 && *(float *)t->data == 7, "%s", name);
}

Test(npy_zip, reads_stored_and_deflated_entries) {
    const packed entries[] = {
        {"steps/0/logits.npy", NULL, ZIP_CM_DEFLATE, false},
        {"steps/0/loss.npy", NULL, ZIP_CM_STORE, false},
        {"steps/0/.hidden.npy", "x", ZIP_CM_STORE, false},
        {"steps/notes.txt", "x", ZIP_CM_DEFLATE, false},
        {"dump.json", "{\"producer\": \"port 1\", \"dtype\": \"float32\"}", ZIP_CM_DEFLATE, false}};
    static const char *const names[] = {"dump.zip", "dump.npz"};
    for (int i = 0; i < 2; i++) {
        assay_tensor_dump d;
        const char *path = pack(names[i], entries, 5);
        cr_assert(assay_tensor_dump_is_at(path));
        EXPECT_OK(assay_tensor_dump_open(&d, path, &expect_err));
        cr_expect_eq(assay_tensor_map_count(d.tensors), 2);
        expect_seven(d.tensors, "steps/0/logits");
        expect_seven(d.tensors, "steps/0/loss");
        cr_expect_str_eq(d.facts.producer, "port 1");
        cr_expect(d.facts.has_dtype);
        assay_tensor_dump_close(&d);
    }
}

/* As a program that adds entries one by one writes it, with folders of their own. */
Test(npy_zip, folders_do_not_count) {
    int code = 0;
    const packed entry = {"steps/0/loss.npy", NULL, ZIP_CM_STORE, false};
    const char *path = pack("a.zip", &entry, 1);
    zip_t *archive = zip_open(path, 0, &code);
    cr_assert_geq(zip_dir_add(archive, "steps/", ZIP_FL_ENC_UTF_8), 0);
    cr_assert_eq(zip_close(archive), 0);
    assay_tensor_dump d;
    EXPECT_OK(assay_tensor_dump_open(&d, path, &expect_err));
    cr_expect_eq(assay_tensor_map_count(d.tensors), 1);
    assay_tensor_dump_close(&d);
}

static void expect_refused(packed second, const char *part) {
    const packed entries[] = {{"steps/0/logits.npy", NULL, ZIP_CM_STORE, false}, second};
    assay_tensor_dump d;
    const char *path = pack("a.zip", entries, 2);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, path, &expect_err), part);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, path, &expect_err), "a.zip");
}

Test(npy_zip, refuses_odd_paths_and_entries) {
    expect_refused((packed){"../steps/0/loss.npy", NULL, ZIP_CM_STORE, false},
                   "'../steps/0/loss.npy': the path must be");
    expect_refused((packed){"/steps/0/loss.npy", NULL, ZIP_CM_STORE, false}, "the path must be relative");
    expect_refused((packed){"steps/./loss.npy", NULL, ZIP_CM_STORE, false}, "the path must be relative");
    expect_refused((packed){"steps//loss.npy", NULL, ZIP_CM_STORE, false}, "the path must be relative");
    expect_refused((packed){"steps\\0\\loss.npy", NULL, ZIP_CM_STORE, false}, "no backslash");
    expect_refused((packed){"a/b/c/d/e/f/g/h/i/j/k/l/m/n.npy", NULL, ZIP_CM_STORE, false}, "more than 12 deep");
    expect_refused((packed){"steps/0/loss.npy", NULL, ZIP_CM_STORE, true}, "is encrypted");
    expect_refused((packed){"steps/0/loss.npy", NULL, ZIP_CM_BZIP2, false}, "compression method 12");
    expect_refused((packed){"steps/0/loss.npy", "no array", ZIP_CM_STORE, false}, "steps/0/loss.npy: not a .npy file");
    expect_refused((packed){"dump.json", "{\"a\": 1}", ZIP_CM_DEFLATE, false}, "dump.json: ");
    expect_refused((packed){"dump.json", "{}", ZIP_CM_DEFLATE, true}, "is encrypted");
}

Test(npy_zip, refuses_what_is_no_archive_or_no_dump) {
    assay_tensor_dump d;
    const packed stray = {"logits.npy", NULL, ZIP_CM_STORE, false};
    EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_path(&s, "none.zip"), &expect_err), "No such file");
    EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_write_text(&s, "a.npz", "PK"), &expect_err), "not a zip archive");
    EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_write_text(&s, "a.npz", ""), &expect_err), "a.npz");
    EXPECT_REFUSED(assay_tensor_dump_open(&d, pack("a.zip", &stray, 1), &expect_err), "of its 1 tensors (.npy files)");
    EXPECT_OK(assay_tensor_dump_open_any(&d, pack("a.zip", &stray, 1), &expect_err));
    expect_seven(d.tensors, "logits");
    assay_tensor_dump_close(&d);
}

/* Changes bytes of a packed archive: `from`, wherever it is, to `to` of the same length. */
static void patch(const char *path, const char *from, const char *to) {
    size_t nbytes, length = strlen(from), found = 0;
    char *bytes = scratch_read(path, &nbytes);
    for (size_t i = 0; i + length <= nbytes; i++) {
        if (memcmp(bytes + i, from, length) != 0) continue;
        memcpy(bytes + i, to, length);
        found++;
    }
    cr_assert_gt(found, 0);
    scratch_write(&s, strrchr(path, '/') + 1, bytes, nbytes);
    free(bytes);
}

Test(npy_zip, refuses_a_name_that_occurs_twice) {
    const packed entries[] = {{"steps/0/loss.npy", NULL, ZIP_CM_STORE, false},
                              {"steps/0/lost.npy", NULL, ZIP_CM_STORE, false}};
    const char *path = pack("a.zip", entries, 2);
    patch(path, "steps/0/lost", "steps/0/loss");
    assay_tensor_dump d;
    EXPECT_REFUSED(assay_tensor_dump_open(&d, path, &expect_err), "an entry of the archive occurs twice");
}

Test(npy_zip, every_damaged_byte_is_noticed_or_harmless) {
    const packed entries[] = {{"steps/0/loss.npy", NULL, ZIP_CM_DEFLATE, false},
                              {"steps/0/logits.npy", NULL, ZIP_CM_STORE, false}};
    const char *path = pack("a.zip", entries, 2);
    size_t nbytes, refused = 0;
    unsigned char *bytes = scratch_read(path, &nbytes);
    for (size_t i = 0; i < nbytes; i++) {
        assay_tensor_dump d;
        assay_error err;
        bytes[i] ^= 0x41;
        assay_status st = assay_tensor_dump_open(&d, scratch_write(&s, "b.zip", bytes, nbytes), &err);
        cr_assert(st == ASSAY_OK || st == ASSAY_EINPUT, "byte %zu: %s", i, err.message);
        if (st) refused++;
        else {
            if (assay_tensor_map_get(d.tensors, "steps/0/loss")) expect_seven(d.tensors, "steps/0/loss");
            assay_tensor_dump_close(&d);
        }
        bytes[i] ^= 0x41;
    }
    cr_expect_gt(refused, nbytes / 2);
    for (size_t i = 0; i < nbytes; i += 7) {
        assay_tensor_dump d;
        EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_write(&s, "b.zip", bytes, i), &expect_err), "b.zip");
    }
    free(bytes);
}

/* 100 MiB of zeros deflate to a thousandth. */
Test(npy_zip, refuses_a_bomb_before_it_unpacks) {
    const char *path = scratch_path(&s, "bomb.zip");
    int code = 0;
    size_t nbytes = (size_t)100 << 20;
    zip_t *archive = zip_open(path, ZIP_CREATE, &code);
    cr_assert_geq(
        zip_file_add(archive, "steps/0/loss.npy", zip_source_buffer(archive, calloc(nbytes, 1), nbytes, 1), 0), 0);
    cr_assert_eq(zip_close(archive), 0);
    assay_tensor_dump d;
    EXPECT_REFUSED(assay_tensor_dump_open(&d, path, &expect_err), "claims 104857600 bytes");
}
