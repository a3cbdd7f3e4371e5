/*
 * Whole small files in memory.
 */
#ifndef ASSAY_GOLDEN_TEXT_FILE_H
#define ASSAY_GOLDEN_TEXT_FILE_H

#include <stddef.h>

#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a regular file of at most limit_nbytes bytes. *text ends with a NUL that *nbytes does not count; the caller
 * frees it. ASSAY_EINPUT when the file is missing, is not a regular file, cannot be read, or is larger. */
assay_status assay_text_file_read(const char *path, size_t limit_nbytes, char **text, size_t *nbytes, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
