/* .npy files: golden/npy.h. Description and values agree, values that lie in the file are those that are read, and what is written is
 * read again with the same bytes. */
#include <string.h>

#include "fuzz/target.h"
#include "golden/npy.h"

static void check_located(const char *path, const assay_tensor *t) {
    assay_stored_values values;
    assay_error err = {0};
    bool found;
    ASSAY_FUZZ_REQUIRE(!assay_npy_locate(path, &values, &found, &err));
    if (!found) return;
    ASSAY_FUZZ_REQUIRE(values.begin + assay_tensor_nbytes(t) == values.file.nbytes);
    assay_tensor read;
    ASSAY_FUZZ_REQUIRE(!assay_tensor_alloc(&read, t->dtype, t->rank, t->shape, "values", &err));
    ASSAY_FUZZ_REQUIRE(!assay_stored_values_read(&values, read.data, assay_tensor_nbytes(t), 0, &err));
    /* Bytes of a bool are made 0 or 1 when they are read. */
    ASSAY_FUZZ_REQUIRE(t->dtype == ASSAY_BOOL || memcmp(read.data, t->data, assay_tensor_nbytes(t)) == 0);
    assay_tensor_free(&read);
    assay_stored_values_close(&values);
}

static void check_written(const char *path, const assay_tensor *t) {
    assay_tensor again;
    assay_error err = {0};
    ASSAY_FUZZ_REQUIRE(!assay_npy_write(path, t, &err));
    ASSAY_FUZZ_REQUIRE(!assay_npy_read(path, &again, &err));
    ASSAY_FUZZ_REQUIRE(again.dtype == t->dtype && assay_tensor_same_shape(&again, t));
    ASSAY_FUZZ_REQUIRE(memcmp(again.data, t->data, assay_tensor_nbytes(t)) == 0);
    assay_tensor_free(&again);
}

/* The array is the same from a file as from memory. */
static void check(const uint8_t *data, size_t size, const assay_tensor *t) {
    assay_fuzz_folder folder;
    char path[ASSAY_FUZZ_PATH_NBYTES];
    assay_tensor info, again;
    assay_error err = {0};
    assay_fuzz_touch(t);
    assay_fuzz_folder_make(&folder);
    assay_fuzz_folder_write(&folder, "a.npy", data, size, path);
    ASSAY_FUZZ_REQUIRE(!assay_npy_describe(path, &info, &err) && !info.data);
    ASSAY_FUZZ_REQUIRE(info.dtype == t->dtype && assay_tensor_same_shape(&info, t));
    ASSAY_FUZZ_REQUIRE(!assay_npy_read(path, &again, &err));
    ASSAY_FUZZ_REQUIRE(memcmp(again.data, t->data, assay_tensor_nbytes(t)) == 0);
    assay_tensor_free(&again);
    check_located(path, t);
    check_written(path, t);
    assay_fuzz_folder_remove(&folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_byte_file memory;
    assay_tensor t;
    assay_error err = {0};
    ASSAY_FUZZ_REQUIRE(!assay_byte_file_of_memory(&memory, "a.npy", data, size, &err));
    if (assay_fuzz_accepted(assay_npy_read_file(&memory, &t, &err), &err, "a.npy")) {
        check(data, size, &t);
        assay_tensor_free(&t);
    }
    assay_byte_file_close(&memory);
    return 0;
}
