/* HDF5 goldens and dumps: golden/golden_file.h. A file that libhdf5 itself does not survive is found in a forked process and left:
 * its faults are not ours. All others are read in full. */
#include <string.h>

#include "fuzz/read_all.h"
#include "fuzz/target.h"
#include "golden/golden_file.h"
#include "golden/golden_probe.h"

#define PROBE_SECONDS 4

/* LeakSanitizer asks: libhdf5 loses memory on damaged files. AddressSanitizer asks: a process with little memory forks faster, and
 * most of its reports are about libhdf5, which nobody reads. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libhdf5\n"; }
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "quarantine_size_mb=1:malloc_context_size=2:symbolize=0"; }

static void read_weights(const char *path) {
    assay_golden g;
    assay_tensor_map *map;
    assay_error err = {0};
    if (assay_golden_open(&g, path, &err)) return;
    assay_status st = assay_golden_weights(&g, NULL, ASSAY_F32, &map, &err);
    /* The line may be that of a rule which refuses the configuration: it then begins with what was refused. */
    if (assay_fuzz_accepted(st, &err, "")) assay_tensor_map_destroy(map);
    assay_golden_close(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    assay_fuzz_folder folder;
    assay_error err = {0};
    char path[ASSAY_FUZZ_PATH_NBYTES];
    if (size < sizeof signature || memcmp(data, signature, sizeof signature) != 0) return 0;
    assay_fuzz_folder_make(&folder);
    assay_fuzz_folder_write(&folder, "golden.h5", data, size, path);
    if (assay_fuzz_accepted(assay_golden_probe(path, PROBE_SECONDS, &err), &err, path)) {
        assay_fuzz_read_candidate(path);
        read_weights(path);
    }
    assay_fuzz_folder_remove(&folder);
    return 0;
}
