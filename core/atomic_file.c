#include "core/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static assay_status fail_errno(assay_error *err, const char *path, const char *what) {
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot %s: %s", path, what, strerror(errno));
}

/* Renaming over a device, a pipe or a folder would be a disaster or an error. */
static assay_status check_target(const char *path, assay_error *err) {
    struct stat info;
    if (!*path) return assay_fail(err, ASSAY_EINPUT, NULL, "the name of the output file is empty; give one");
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: exists and is not a regular file; choose another name", path);
    return ASSAY_OK;
}

/* An exclusive new file beside the target, with the mode of any new file. */
static assay_status make_temporary(assay_atomic_file *f, assay_error *err) {
    for (int attempt = 0; attempt < 100; attempt++) {
        unsigned noise = 0;
        if (getrandom(&noise, sizeof noise, 0) < 0) noise = (unsigned)getpid() + (unsigned)attempt;
        free(f->temporary);
        if (asprintf(&f->temporary, "%s.%08x.tmp", f->target, noise) < 0) {
            f->temporary = NULL;
            return assay_fail_nomem(err, f->path);
        }
        int fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            close(fd);
            return ASSAY_OK;
        }
        if (errno != EEXIST) break;
    }
    return fail_errno(err, f->path, "create a file there");
}

static void clear(assay_atomic_file *f) {
    free(f->path);
    free(f->target);
    free(f->temporary);
    *f = (assay_atomic_file){0};
}

assay_status assay_atomic_begin(assay_atomic_file *out, const char *path, assay_error *err) {
    assay_status st = check_target(path, err);
    if (st) return st;
    assay_atomic_file f = {.path = strdup(path), .target = realpath(path, NULL)};
    struct stat info;
    if (!f.target && lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
        clear(&f);
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: is a link to a file that does not exist; remove it", path);
    }
    if (!f.target) f.target = strdup(path); /* does not exist yet */
    st = f.path && f.target ? make_temporary(&f, err) : assay_fail_nomem(err, path);
    if (st) clear(&f);
    else *out = f;
    return st;
}

static bool sync_path(const char *path, int flags) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0) return false;
    bool ok = fsync(fd) == 0;
    return close(fd) == 0 && ok;
}

/* The rename itself lives in the folder. A folder that cannot be synced is not worth a failure: the file is whole. */
static void sync_folder(const char *path) {
    char *copy = strdup(path);
    if (copy) sync_path(dirname(copy), O_DIRECTORY);
    free(copy);
}

assay_status assay_atomic_commit(assay_atomic_file *file, assay_error *err) {
    assay_status st = ASSAY_OK;
    if (!sync_path(file->temporary, 0)) st = fail_errno(err, file->path, "bring it to the disk");
    else if (rename(file->temporary, file->target) != 0)
        st = fail_errno(err, file->path, "rename the temporary file to it");
    if (st) {
        assay_atomic_discard(file);
        return st;
    }
    sync_folder(file->target);
    clear(file);
    return ASSAY_OK;
}

void assay_atomic_discard(assay_atomic_file *file) {
    if (file->temporary) unlink(file->temporary);
    clear(file);
}

static bool write_all(int fd, const char *data, size_t nbytes) {
    while (nbytes > 0) {
        ssize_t written = write(fd, data, nbytes);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        data += written;
        nbytes -= (size_t)written;
    }
    return true;
}

static bool write_parts(int fd, const assay_bytes *parts, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!write_all(fd, parts[i].data, parts[i].nbytes)) return false;
    return true;
}

assay_status assay_write_file_atomically(const char *path, const void *data, size_t nbytes, assay_error *err) {
    return assay_write_parts_atomically(path, &(assay_bytes){data, nbytes}, 1, err);
}

assay_status assay_write_parts_atomically(const char *path, const assay_bytes *parts, size_t count, assay_error *err) {
    assay_atomic_file f;
    assay_status st = assay_atomic_begin(&f, path, err);
    if (st) return st;
    int fd = open(f.temporary, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write_parts(fd, parts, count);
    int code = errno;
    if (fd >= 0 && close(fd) != 0 && written) {
        written = false;
        code = errno;
    }
    if (written) return assay_atomic_commit(&f, err);
    errno = code;
    st = fail_errno(err, path, "write it");
    assay_atomic_discard(&f);
    return st;
}

/* The folder of a file that does not exist yet must take one. */
static assay_status check_folder(const char *path, assay_error *err) {
    char *copy = strdup(path);
    if (!copy) return assay_fail_nomem(err, path);
    bool ok = access(dirname(copy), W_OK | X_OK) == 0;
    assay_status st = ok ? ASSAY_OK : fail_errno(err, path, "create a file there");
    free(copy);
    return st;
}

assay_status assay_output_check(const char *path, const char *const *inputs, size_t count, assay_error *err) {
    assay_status st = check_target(path, err);
    if (st) return st;
    struct stat output, input;
    if (stat(path, &output) != 0) return check_folder(path, err);
    for (size_t i = 0; i < count; i++) {
        if (!inputs[i] || stat(inputs[i], &input) != 0) continue;
        if (input.st_dev == output.st_dev && input.st_ino == output.st_ino)
            return assay_fail(err, ASSAY_EINPUT, NULL,
                              "%s: is an input of this command and would be lost; choose another name", path);
    }
    return check_folder(path, err);
}
