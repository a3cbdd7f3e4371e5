/* dump.json of a folder of .npy files (golden/tensor_dump.h): the input is that file; the folder has one stage besides, or none. */
#include "fuzz/read_all.h"
#include "fuzz/target.h"

static const char logits[] =
    "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1), }"
    "                                                            \nabcd";

static void read_folder(const uint8_t *data, size_t size, bool has_stage) {
    assay_fuzz_folder folder;
    char path[ASSAY_FUZZ_PATH_NBYTES];
    assay_fuzz_folder_make(&folder);
    assay_fuzz_folder_write(&folder, "dump.json", data, size, path);
    if (has_stage) assay_fuzz_folder_write(&folder, "steps/0/logits.npy", logits, sizeof logits - 1, path);
    assay_fuzz_read_candidate(folder.path);
    assay_fuzz_folder_remove(&folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_folder(data, size, true);
    read_folder(data, size, false);
    return 0;
}
