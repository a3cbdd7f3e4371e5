#include "reports/report_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/atomic_file.h"

static assay_status fail_to_write(const char *path, assay_error *err) {
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot be written: %s", path,
                      errno ? strerror(errno) : "the device is full or broken");
}

/* Writes into the temporary file, and closes it. */
static assay_status write_temporary(const assay_atomic_file *file, assay_report_put put, const void *context,
                                    assay_error *err) {
    FILE *out = fopen(file->temporary, "w");
    if (!out) return fail_to_write(file->path, err);
    assay_status st = put(out, context, err);
    bool failed = ferror(out) != 0;
    errno = 0;
    failed |= fclose(out) != 0;
    return failed ? fail_to_write(file->path, err) : st;
}

assay_status assay_report_file(const char *path, assay_report_put put, const void *context, assay_error *err) {
    assay_atomic_file file;
    if (strcmp(path, "-") == 0) return put(stdout, context, err);
    assay_status st = assay_atomic_begin(&file, path, err);
    if (st) return st;
    st = write_temporary(&file, put, context, err);
    if (!st) return assay_atomic_commit(&file, err);
    assay_atomic_discard(&file);
    return st;
}
