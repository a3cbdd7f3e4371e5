/* Zip archives of .npy files: golden/npy_zip.h, and the dump that they make. */
#include "fuzz/read_all.h"
#include "fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    assay_fuzz_folder folder;
    char path[ASSAY_FUZZ_PATH_NBYTES];
    assay_fuzz_folder_make(&folder);
    assay_fuzz_read_candidate(assay_fuzz_folder_write(&folder, "dump.npz", data, size, path));
    assay_fuzz_folder_remove(&folder);
    return 0;
}
