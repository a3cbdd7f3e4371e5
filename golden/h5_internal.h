/*
 * What the sources of golden/h5_file.h share. For h5_*.c only.
 */
#ifndef ASSAY_GOLDEN_H5_INTERNAL_H
#define ASSAY_GOLDEN_H5_INTERNAL_H

#include <hdf5.h>
#include <stdbool.h>

#include "core/dtype.h"
#include "core/status.h"
#include "golden/h5_file.h"

/* Stops HDF5 from printing errors, in this thread. Every public function calls it first. */
void assay_h5_quiet(void);

/* ASSAY_EINPUT "<file>: <what> <path>: <HDF5's innermost reason>". Call right after the failed HDF5 call. */
assay_status assay_h5_fail(const char *file, const char *what, const char *path, assay_error *err);

/* The HDF5 type that a dtype is stored in, little-endian; H5I_INVALID_HID when HDF5 fails. Close with H5Tclose. */
hid_t assay_h5_file_type(assay_dtype dtype);

/* The HDF5 type of a dtype in memory: the same, but for bool, which is h5py's enumeration in the file and in memory. */
hid_t assay_h5_memory_type(assay_dtype dtype);

/* What a numeric HDF5 type is read as. False when it is not numeric. */
bool assay_h5_dtype_of(hid_t type, assay_dtype *out);

/* A UTF-8 string type: of variable length, or of nbytes bytes. */
hid_t assay_h5_text_type(size_t nbytes);
#define ASSAY_H5_VARIABLE ((size_t)-1)

/* The handle of an open file; it stays the file's. */
hid_t assay_h5_id(const assay_h5 *file);

/* "<path>", or "/" for "" and NULL. */
const char *assay_h5_object_path(const char *path);

/* True when every link on the way to `path` exists and leads to an object of this file. The first `known` characters of it are known to. */
bool assay_h5_path_exists(hid_t file, const char *path, size_t known);

#endif
