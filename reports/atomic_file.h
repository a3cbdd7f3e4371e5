/*
 * Files that appear whole or not at all.
 */
#ifndef ASSAY_REPORTS_ATOMIC_FILE_H
#define ASSAY_REPORTS_ATOMIC_FILE_H

#include <stddef.h>

#include "core/status.h"

/* Writes nbytes to a temporary file beside `path`, brings it to the disk, and renames it to `path`. An older file stays
 * as it was when anything fails, and no temporary file is left. ASSAY_EINTERNAL for a failure of the operating system,
 * ASSAY_EINPUT where the folder does not exist or may not be written. */
assay_status assay_write_file_atomically(const char *path, const void *data, size_t nbytes, assay_error *err);

#endif
