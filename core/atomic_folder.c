#include "core/atomic_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static assay_status fail_errno(assay_error *err, const char *path, const char *what) {
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot %s: %s", path, what, strerror(errno));
}

static void clear(assay_atomic_folder *f) {
    free(f->path);
    free(f->target);
    free(f->temporary);
    *f = (assay_atomic_folder){0};
}

/* Whether the folder holds nothing, hidden files included. */
static bool is_empty(DIR *dir) {
    for (const struct dirent *e; (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) return false;
    return true;
}

/* What is at `path` must be an empty folder. */
static assay_status check_empty(const char *path, assay_error *err) {
    DIR *dir = opendir(path);
    if (!dir && errno == ENOTDIR)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: exists and is no folder; choose another name", path);
    if (!dir) return fail_errno(err, path, "open it");
    bool empty = is_empty(dir);
    closedir(dir);
    if (empty) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: exists and is not empty; choose another name, or remove it", path);
}

static char *without_slashes(const char *path) {
    char *copy = strdup(path);
    for (size_t n = copy ? strlen(copy) : 0; n > 1 && copy[n - 1] == '/'; n--) copy[n - 1] = '\0';
    return copy;
}

/* Finds what the folder will be called. */
static assay_status find_target(assay_atomic_folder *f, const char *path, assay_error *err) {
    struct stat info;
    if (!*path) return assay_fail(err, ASSAY_EINPUT, NULL, "the name of the output folder is empty; give one");
    f->path = strdup(path);
    f->target = realpath(path, NULL);
    if (f->target) return f->path ? check_empty(path, err) : assay_fail_nomem(err, path);
    f->target = without_slashes(path);
    if (!f->path || !f->target) return assay_fail_nomem(err, path);
    if (lstat(f->target, &info) == 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: is a link to what does not exist; remove it", path);
    return ASSAY_OK;
}

/* A new folder beside the target, with the mode of any new folder. */
static assay_status make_temporary(assay_atomic_folder *f, assay_error *err) {
    for (int attempt = 0; attempt < 100; attempt++) {
        unsigned noise = 0;
        if (getrandom(&noise, sizeof noise, 0) < 0) noise = (unsigned)getpid() + (unsigned)attempt;
        if (asprintf(&f->temporary, "%s.%08x.tmp", f->target, noise) < 0) {
            f->temporary = NULL;
            return assay_fail_nomem(err, f->path);
        }
        if (mkdir(f->temporary, 0777) == 0) return ASSAY_OK;
        int code = errno;
        free(f->temporary);
        f->temporary = NULL;
        errno = code;
        if (code != EEXIST) break;
    }
    return fail_errno(err, f->path, "create a folder there");
}

assay_status assay_atomic_folder_begin(assay_atomic_folder *out, const char *path, assay_error *err) {
    assay_atomic_folder f = {0};
    assay_status st = find_target(&f, path, err);
    if (!st) st = make_temporary(&f, err);
    if (st) clear(&f);
    else *out = f;
    return st;
}

/* Makes the folders on the way to `path`, which begins with `skip` bytes of folders that exist. */
static bool make_parents(char *path, size_t skip) {
    for (char *slash = strchr(path + skip, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool ok = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!ok) return false;
    }
    return true;
}

assay_status assay_atomic_folder_file(char **out, const assay_atomic_folder *folder, const char *name,
                                      assay_error *err) {
    char *path;
    if (asprintf(&path, "%s/%s", folder->temporary, name) < 0) return assay_fail_nomem(err, name);
    if (make_parents(path, strlen(folder->temporary) + 1)) {
        *out = path;
        return ASSAY_OK;
    }
    assay_status st = fail_errno(err, folder->path, "create a folder there");
    free(path);
    return st;
}

static bool write_parts(FILE *out, const assay_bytes *parts, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (parts[i].nbytes && fwrite(parts[i].data, 1, parts[i].nbytes, out) != parts[i].nbytes) return false;
    return true;
}

assay_status assay_write_new_file(const char *path, const assay_bytes *parts, size_t count, assay_error *err) {
    FILE *out = fopen(path, "wbxe");
    bool ok = out && write_parts(out, parts, count);
    int code = errno;
    if (out && fclose(out) != 0 && ok) {
        ok = false;
        code = errno;
    }
    errno = code;
    return ok ? ASSAY_OK : fail_errno(err, path, "write it");
}

/* ---- the end ---- */

/* A file system that cannot be synced is not worth a failure. */
static void sync_all(const char *folder) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    syncfs(fd);
    close(fd);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

assay_status assay_atomic_folder_commit(assay_atomic_folder *folder, assay_error *err) {
    sync_all(folder->temporary);
    if (rename(folder->temporary, folder->target) == 0) {
        clear(folder);
        return ASSAY_OK;
    }
    assay_status st = fail_errno(err, folder->path, "rename the temporary folder to it");
    assay_atomic_folder_discard(folder);
    return st;
}

void assay_atomic_folder_discard(assay_atomic_folder *folder) {
    if (folder->temporary) nftw(folder->temporary, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    clear(folder);
}
