/*
 * Folders that appear whole or not at all: filled under a temporary name beside their place, then renamed to it.
 */
#ifndef ASSAY_CORE_ATOMIC_FOLDER_H
#define ASSAY_CORE_ATOMIC_FOLDER_H

#include <stddef.h>

#include "core/atomic_file.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A folder being filled. */
typedef struct {
    char *path;      /* as the caller named it, for messages */
    char *target;    /* what it is renamed to: path without slashes at its end, or what a link points to */
    char *temporary; /* to be filled; exists */
} assay_atomic_folder;

/* Makes the temporary folder. ASSAY_EINPUT: something other than an empty folder is at `path`, or no folder can be made there. */
assay_status assay_atomic_folder_begin(assay_atomic_folder *out, const char *path, assay_error *err);

/* Where to write the file `name` ("a/b.npy"), which ends up as <path>/<name>. The folders on its way are made; the caller frees
 * *out. ASSAY_EINPUT: one cannot be made. */
assay_status assay_atomic_folder_file(char **out, const assay_atomic_folder *folder, const char *name,
                                      assay_error *err);

/* Writes a new file of the folder from `count` parts. It is not brought to the disk: the commit does that for all files at once,
 * which a folder of thousands of files needs. ASSAY_EINPUT: the file exists or cannot be written. */
assay_status assay_write_new_file(const char *path, const assay_bytes *parts, size_t count, assay_error *err);

/* Brings all files to the disk and renames the folder to its place. *folder is cleared on every outcome; on failure (ASSAY_EINPUT) nothing is left behind. */
assay_status assay_atomic_folder_commit(assay_atomic_folder *folder, assay_error *err);

/* Removes the temporary folder and all in it, and clears *folder. Safe on a cleared one. */
void assay_atomic_folder_discard(assay_atomic_folder *folder);

#ifdef __cplusplus
}
#endif

#endif
