/*
 * HDF5 files: tensors, texts and attributes by path. Nothing of HDF5's own API shows here.
 *
 * Paths are absolute or relative to the root; "" and "/" are the root. HDF5 prints nothing: its error stack is silenced
 * for each thread that calls in. A file may be used by one thread at a time.
 *
 * Damage is refused where HDF5 notices it or where a bound here does. HDF5 1.10.8 itself can crash or loop on a damaged
 * heap of variable-length strings (about 1 in 1500 files with a few random bytes changed): a program that reads files of strangers
 * probes them first (golden/golden_probe.h), or is run by run/supervise.h, as `assay` is.
 */
#ifndef ASSAY_GOLDEN_H5_FILE_H
#define ASSAY_GOLDEN_H5_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"
#include "golden/stored_values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading ---- */

typedef struct assay_h5 assay_h5;

/* Opens a file for reading, without locking it. ASSAY_EINPUT, in one line, when it is missing, foreign, or truncated.
 */
assay_status assay_h5_open(assay_h5 **out, const char *path, assay_error *err);

/* Closes; NULL is fine. */
void assay_h5_close(assay_h5 *file);

/* The path it was opened by. */
const char *assay_h5_path(const assay_h5 *file);

/* True when something (a group, a dataset) is at `path`. */
bool assay_h5_exists(assay_h5 *file, const char *path);

/* Names, in natural order ("windows/9" before "windows/10"). */
typedef struct {
    char **names;
    size_t count;
} assay_h5_names;

/* All datasets below a group, as paths relative to it. None when the group does not exist. Follows hard links, and soft
 * links to datasets. */
assay_status assay_h5_list(assay_h5 *file, const char *group, assay_h5_names *out, assay_error *err);

/* The names of the groups directly inside a group. */
assay_status assay_h5_list_groups(assay_h5 *file, const char *group, assay_h5_names *out, assay_error *err);

void assay_h5_names_free(assay_h5_names *names);

/* dtype and shape of a numeric dataset, as assay_h5_read would return them; data is NULL. */
assay_status assay_h5_describe(assay_h5 *file, const char *path, assay_tensor *out, assay_error *err);

/* Reads a numeric dataset into an owned tensor. float16 and bfloat16 stay as they are; other floating types become
 * float32 (of up to 4 bytes) or float64; h5py's bool becomes bool; signed 4-byte integers int32; all other integers
 * int64. Any byte order. A null dataspace gives shape (0). ASSAY_EINPUT: no such dataset, not numeric, rank above 8,
 * larger than the file can hold, external or virtual storage, damaged data. */
assay_status assay_h5_read(assay_h5 *file, const char *path, assay_tensor *out, assay_error *err);

/* Where the values of a numeric dataset lie, when they lie in the file just as assay_h5_read returns them: contiguous, neither converted
 * nor compressed. Otherwise *found is false, and *out is not set. out->file is the HDF5 file's own, and out->xxh128 "". Errors: those of
 * assay_h5_read that show without reading. */
assay_status assay_h5_locate(assay_h5 *file, const char *path, assay_stored_values *out, bool *found, assay_error *err);

/* Reads a dataset that holds one string (fixed or variable length). *text ends with a NUL; the caller frees it. A
 * fixed-length string ends at its first NUL. */
assay_status assay_h5_read_text(assay_h5 *file, const char *path, char **text, size_t *nbytes, assay_error *err);

bool assay_h5_has_attr(assay_h5 *file, const char *object, const char *name);

/* One string; the caller frees *text. */
assay_status assay_h5_attr_text(assay_h5 *file, const char *object, const char *name, char **text, assay_error *err);

/* One number of any numeric type. */
assay_status assay_h5_attr_f64(assay_h5 *file, const char *object, const char *name, double *out, assay_error *err);

/* A list of integers (rank 0 or 1); the caller frees *values. */
assay_status assay_h5_attr_i64s(assay_h5 *file, const char *object, const char *name, int64_t **values, size_t *count,
                                assay_error *err);

/* ---- writing ---- */

typedef struct assay_h5_writer assay_h5_writer;

typedef enum {
    ASSAY_H5_PLAIN,     /* contiguous */
    ASSAY_H5_COMPRESSED /* from 64 KiB on in chunks: shuffle, gzip 4, fletcher32 */
} assay_h5_storage;

/* Starts a file under a temporary name in the same folder. Until assay_h5_writer_commit nothing exists at `path`; what
 * was there before stays. The same calls give the same bytes. ASSAY_EINPUT when the folder does not take files, or
 * `path` is something other than a regular file. */
assay_status assay_h5_writer_create(assay_h5_writer **out, const char *path, assay_error *err);

/* Writes a tensor; groups on the way are made. A path that exists is an error. */
assay_status assay_h5_put(assay_h5_writer *w, const char *path, const assay_tensor *t, assay_h5_storage storage,
                          assay_error *err);

/* Writes a dataset that is one UTF-8 string of fixed length. An empty text has length 1 (a NUL). */
assay_status assay_h5_put_text(assay_h5_writer *w, const char *path, const char *text, size_t nbytes, assay_error *err);

/* Makes a group, and those on the way; one that exists is fine. */
assay_status assay_h5_put_group(assay_h5_writer *w, const char *path, assay_error *err);

/* Attributes of an object that exists: a UTF-8 string of variable length, one double, a list of integers. */
assay_status assay_h5_put_attr_text(assay_h5_writer *w, const char *object, const char *name, const char *text,
                                    assay_error *err);
assay_status assay_h5_put_attr_f64(assay_h5_writer *w, const char *object, const char *name, double value,
                                   assay_error *err);
assay_status assay_h5_put_attr_i64s(assay_h5_writer *w, const char *object, const char *name, const int64_t *values,
                                    size_t count, assay_error *err);

/* Closes, syncs, and renames to the final path; on failure the temporary file is removed. The writer is gone either
 * way. */
assay_status assay_h5_writer_commit(assay_h5_writer *w, assay_error *err);

/* Closes and removes the temporary file; NULL is fine. */
void assay_h5_writer_discard(assay_h5_writer *w);

#ifdef __cplusplus
}
#endif

#endif
