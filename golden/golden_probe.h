/*
 * Whether libhdf5 survives a file. On a damaged one it can crash or loop for ever (golden/h5_file.h), and takes the program with it.
 */
#ifndef ASSAY_GOLDEN_GOLDEN_PROBE_H
#define ASSAY_GOLDEN_GOLDEN_PROBE_H

#include <stdbool.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a file begins as HDF5 files do, so that it is one for libhdf5. */
bool assay_is_hdf5(const char *path);

/* Opens a golden or dump in a forked process, with any names, and reads there all that goes through libhdf5: all but the values that
 * lie in the file as they do in memory. ASSAY_EINPUT when that process crashes, or computes for more than `seconds` and a second for each 8 MiB
 * of the file: the message says that the file is damaged. ASSAY_OK otherwise, also for a file that the reader refuses: it says
 * so itself. ASSAY_EINTERNAL: no process could be made.
 *
 * The calling process must have one thread, or others that are all at rest: the forked one has locks as they are when it is made. */
assay_status assay_golden_probe(const char *path, unsigned seconds, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
