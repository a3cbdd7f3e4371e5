#include "fuzz/work_folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static assay_status make_in(const char *parent, char **out, assay_error *err) {
    char *path;
    if (asprintf(&path, "%s/assay-fuzz-XXXXXX", parent) < 0) return assay_fail_nomem(err, "a path");
    if (mkdtemp(path)) {
        *out = path;
        return ASSAY_OK;
    }
    free(path);
    return assay_fail(err, ASSAY_EINTERNAL, NULL,
                      "%s: cannot make a folder there: %s; set TMPDIR to a folder that can be written", parent,
                      strerror(errno));
}

assay_status assay_work_folder_make(char **out, assay_error *err) {
    const char *chosen = getenv("TMPDIR");
    if (!chosen || !*chosen) return make_in("/dev/shm", out, NULL) ? make_in("/tmp", out, err) : ASSAY_OK;
    char *absolute = realpath(chosen, NULL);
    assay_status st = make_in(absolute ? absolute : chosen, out, err);
    free(absolute);
    return st;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status, (void)kind, (void)where;
    remove(path);
    return 0;
}

void assay_work_folder_remove(const char *path) { nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

void assay_work_folder_hide(const char *path, char *text) {
    size_t length = strlen(path);
    for (char *at = text; length > 0 && (at = strstr(at, path));) {
        size_t cut = length + (at[length] == '/');
        memmove(at, at + cut, strlen(at + cut) + 1);
    }
}
