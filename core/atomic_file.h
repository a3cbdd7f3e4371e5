/*
 * Files that appear whole or not at all: written under a temporary name in the same folder, brought to the disk, renamed.
 *
 * A symbolic link is followed: the file that it points to is replaced. What exists and is no regular file (a folder, a device, a
 * pipe) is refused. All failures are ASSAY_EINPUT: the user can choose another place, or make room.
 */
#ifndef ASSAY_CORE_ATOMIC_FILE_H
#define ASSAY_CORE_ATOMIC_FILE_H

#include <stddef.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A file being written. */
typedef struct {
    char *path;      /* as the caller named it, for messages */
    char *target;    /* what it is renamed to: path, or what a link points to */
    char *temporary; /* to be written; exists, and is empty at first */
} assay_atomic_file;

/* Makes the temporary file. Until assay_atomic_commit an older file stays as it was. */
assay_status assay_atomic_begin(assay_atomic_file *out, const char *path, assay_error *err);

/* Brings the temporary file, which the caller has closed, to the disk and renames it. *file is cleared on every outcome; on
 * failure nothing is left behind. */
assay_status assay_atomic_commit(assay_atomic_file *file, assay_error *err);

/* Removes the temporary file and clears *file. Safe on a cleared one. */
void assay_atomic_discard(assay_atomic_file *file);

/* All of the above for bytes in memory. */
assay_status assay_write_file_atomically(const char *path, const void *data, size_t nbytes, assay_error *err);

/* Some bytes in memory, not owned. */
typedef struct {
    const void *data;
    size_t nbytes;
} assay_bytes;

/* As assay_write_file_atomically, of `count` parts that follow each other in the file. */
assay_status assay_write_parts_atomically(const char *path, const assay_bytes *parts, size_t count, assay_error *err);

/* Checks early that `path` can be written, and that it is none of the `count` inputs (NULL ones do not count), which would
 * be lost. */
assay_status assay_output_check(const char *path, const char *const *inputs, size_t count, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
