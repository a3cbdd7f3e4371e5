#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "golden/golden_file.h"
#include "golden/golden_probe.h"
#include "golden/h5_file.h"
#include "golden/test_scratch.h"

static scratch s;

static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }

TestSuite(golden_probe, .init = setup, .fini = teardown);

/* A dump with an attribute of variable length: HDF5 keeps it in a heap ("GCOL") that says the size of each string. */
static const char *write_dump(const char *name) {
    static const float values[3] = {1, 2, 3};
    const assay_tensor t = assay_tensor_view(ASSAY_F32, 3, (const int64_t[]){1, 1, 3}, values);
    const char *path = scratch_path(&s, name);
    assay_h5_writer *w;
    EXPECT_OK(assay_h5_writer_create(&w, path, &expect_err));
    EXPECT_OK(assay_h5_put(w, "steps/0/logits", &t, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, "", "format", "assay-dump/1", &expect_err));
    EXPECT_OK(assay_h5_writer_commit(w, &expect_err));
    return path;
}

/* The same with another size of the string. */
static const char *write_damaged(const char *name, uint64_t nbytes_of_string) {
    size_t nbytes;
    char *bytes = scratch_read(write_dump("sound.h5"), &nbytes);
    char *heap = memmem(bytes, nbytes, "GCOL", 4);
    cr_assert(heap);
    memcpy(heap + 24, &nbytes_of_string, sizeof nbytes_of_string);
    const char *path = scratch_write(&s, name, bytes, nbytes);
    free(bytes);
    return path;
}

Test(golden_probe, passes_what_can_be_read) { EXPECT_OK(assay_golden_probe(write_dump("d.h5"), 5, &expect_err)); }

Test(golden_probe, leaves_refusals_to_the_reader) {
    EXPECT_OK(assay_golden_probe(scratch_path(&s, "none.h5"), 5, &expect_err));
    EXPECT_OK(assay_golden_probe(scratch_write_text(&s, "text.h5", "no HDF5"), 5, &expect_err));
}

/* A libhdf5 that notices the damage refuses the file, and so does the reader. */
static void expect_damaged(const char *path, const char *part) {
    assay_golden g;
    assay_error err = {0};
    if (assay_golden_probe(path, 1, &err) == ASSAY_OK) {
        EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), path);
        return;
    }
    cr_expect_eq(err.status, ASSAY_EINPUT);
    cr_expect(strstr(err.message, "damaged file: libhdf5") && strstr(err.message, part), "%s", err.message);
}

Test(golden_probe, survives_a_crash_of_libhdf5) {
    expect_damaged(write_damaged("d.h5", UINT64_C(0x7361620000000005)), "crashes on it");
}

Test(golden_probe, ends_a_loop_of_libhdf5) {
    expect_damaged(write_damaged("d.h5", UINT64_C(0xfffffffffffffff0)), "comes to no end");
}
