/*
 * Files that are read by offset, and bytes in memory that are read like one.
 */
#ifndef ASSAY_GOLDEN_BYTE_FILE_H
#define ASSAY_GOLDEN_BYTE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An open file. Release with assay_byte_file_close. */
typedef struct {
    char *path;
    int fd;             /* -1 when closed */
    uint64_t nbytes;    /* its size when it was opened */
    const void *memory; /* (nbytes) where its bytes are when there is no file; borrowed */
} assay_byte_file;

/* Opens a regular file for reading; never waits for a pipe. ASSAY_EINPUT when it is missing, unreadable or something else. */
assay_status assay_byte_file_open(assay_byte_file *out, const char *path, assay_error *err);

/* Bytes in memory, which must outlive *out; `path` is what messages call them. ASSAY_EINTERNAL when out of memory. */
assay_status assay_byte_file_of_memory(assay_byte_file *out, const char *path, const void *data, size_t nbytes,
                                       assay_error *err);

/* Reads exactly nbytes from `offset` on. ASSAY_EINPUT when the file ends before that, or cannot be read. */
assay_status assay_byte_file_read(const assay_byte_file *file, void *buffer, size_t nbytes, uint64_t offset,
                                  assay_error *err);

/* Closes and clears. Safe on a closed one. */
void assay_byte_file_close(assay_byte_file *file);

#ifdef __cplusplus
}
#endif

#endif
