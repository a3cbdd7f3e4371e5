/*
 * NumPy's .npy files: one array each.
 */
#ifndef ASSAY_GOLDEN_NPY_H
#define ASSAY_GOLDEN_NPY_H

#include "core/status.h"
#include "core/tensor.h"
#include "golden/byte_file.h"
#include "golden/stored_values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads an array into an owned tensor: format versions 1.0, 2.0 and 3.0, either byte order, C or Fortran order (which becomes
 * row-major). float64, float32, float16, int64 and int32 stay what they are; bool becomes 0 or 1; int8, int16 and all unsigned
 * integers become int64. ASSAY_EINPUT in one line: the file is missing, damaged, shorter or longer than its header says, has
 * another type (structures, strings, complex numbers, bfloat16), a rank above ASSAY_MAX_RANK, or an integer beyond int64. */
assay_status assay_npy_read(const char *path, assay_tensor *out, assay_error *err);

/* The same from an open file, or from bytes in memory. */
assay_status assay_npy_read_file(const assay_byte_file *file, assay_tensor *out, assay_error *err);
/* dtype and shape of an array, as assay_npy_read would return them; data is NULL. Refuses all that assay_npy_read does but an integer
 * beyond int64. */
assay_status assay_npy_describe(const char *path, assay_tensor *out, assay_error *err);

/* Where the values of an array lie, when they lie in the file as assay_npy_read returns them: not widened, little-endian, in C order.
 * Otherwise *found is false. *out owns its file. Errors: as assay_npy_describe. */
assay_status assay_npy_locate(const char *path, assay_stored_values *out, bool *found, assay_error *err);

/* Writes an array in format version 1.0, little-endian, in C order. The file appears whole or not at all
 * (core/atomic_file.h); its folder must exist. bfloat16, which .npy lacks, is written as float32: exact. */
assay_status assay_npy_write(const char *path, const assay_tensor *t, assay_error *err);

/* The same into a folder that appears as a whole (assay_write_new_file of core/atomic_folder.h). */
assay_status assay_npy_write_new(const char *path, const assay_tensor *t, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
