/*
 * A folder of .npy files as named tensors.
 */
#ifndef ASSAY_GOLDEN_NPY_FOLDER_H
#define ASSAY_GOLDEN_NPY_FOLDER_H

#include <stddef.h>

#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How deep folders may be nested; the path of a stage has 5. */
#define ASSAY_NPY_FOLDER_MAX_DEPTH 12

/* Names of tensors: paths below the folder, without ".npy". */
typedef struct {
    char **names; /* (count) sorted by their bytes */
    size_t count;
} assay_npy_folder;

/* Lists the .npy files below `dir`. Hidden files and folders, and files of another name, do not count; links are followed.
 * ASSAY_EINPUT: something cannot be read, or folders are nested too deep, as a link to a folder above makes them. Release with
 * assay_npy_folder_free. */
assay_status assay_npy_folder_list(assay_npy_folder *out, const char *dir, assay_error *err);

void assay_npy_folder_free(assay_npy_folder *folder);

/* The path of the file of one of the names (allocated); NULL when out of memory. */
char *assay_npy_folder_path(const char *dir, const char *name);

/* Reads the tensor of one of the names. ASSAY_EINPUT as assay_npy_read; the message names the file. */
assay_status assay_npy_folder_read(const char *dir, const char *name, assay_tensor *out, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
