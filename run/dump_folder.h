/*
 * A folder in which a port put one dump a case: <case>.h5, <case>.safetensors, or .npy files in a folder
 * <case>, <case>.zip or <case>.npz.
 */
#ifndef ASSAY_RUN_DUMP_FOLDER_H
#define ASSAY_RUN_DUMP_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    char *name;   /* of the case */
    char *path;   /* of the dump */
    bool matched; /* assay_dump_folder_find was asked for it */
} assay_dump_entry;

typedef struct {
    assay_dump_entry *entries; /* (count) sorted by name, then path */
    size_t count;
} assay_dump_folder;

/* Lists the dumps of a folder. Hidden files and files of another suffix do not count. ASSAY_EINPUT: no folder, or it cannot be
 * read. Release with assay_dump_folder_free. */
assay_status assay_dump_folder_list(assay_dump_folder *out, const char *dir, assay_error *err);

/* The first dump of a case, and in *count how many there are; NULL when there is none. Marks all of them. */
const assay_dump_entry *assay_dump_folder_find(assay_dump_folder *folder, const char *name, size_t *count);

void assay_dump_folder_free(assay_dump_folder *folder);

#ifdef __cplusplus
}
#endif

#endif
