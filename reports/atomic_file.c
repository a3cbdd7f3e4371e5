#include "reports/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static assay_status fail_errno(assay_error *err, const char *path, const char *what) {
    int code = errno;
    bool is_input = code == ENOENT || code == EACCES || code == ENOTDIR || code == EISDIR || code == EROFS;
    return assay_fail(err, is_input ? ASSAY_EINPUT : ASSAY_EINTERNAL, NULL, "%s: cannot %s: %s", path, what,
                      strerror(code));
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

/* The rename itself is on the disk once the folder is. Where a folder cannot be opened the file is whole anyhow. */
static void sync_folder(const char *path) {
    char *folder = strdup(path);
    if (!folder) return;
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

/* Fills the temporary file and gives it its name. On failure errno says why. */
static const char *finish(int fd, const char *temporary, const char *path, const void *data, size_t nbytes) {
    bool written = write_all(fd, data, nbytes) && fsync(fd) == 0;
    int code = errno;
    if (close(fd) != 0 && written) return "close it";
    errno = code;
    if (!written) return "write it";
    return rename(temporary, path) == 0 ? NULL : "rename the temporary file to it";
}

/* A new file beside `path`, with the mode of any new file; its name goes into `name`. -1, and errno, when none can be
 * made. */
static int create_temporary(const char *path, char *name, size_t name_nbytes) {
    for (int attempt = 0; attempt < 1000; attempt++) {
        snprintf(name, name_nbytes, "%s.%ld-%d.tmp", path, (long)getpid(), attempt);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

assay_status assay_write_file_atomically(const char *path, const void *data, size_t nbytes, assay_error *err) {
    size_t length = strlen(path) + 40;
    char *temporary = malloc(length);
    if (!temporary) return assay_fail_nomem(err, "a file name");
    int fd = create_temporary(path, temporary, length);
    const char *failed = fd < 0 ? "create a temporary file beside it" : finish(fd, temporary, path, data, nbytes);
    assay_status st = failed ? fail_errno(err, path, failed) : ASSAY_OK;
    if (failed && fd >= 0) unlink(temporary);
    free(temporary);
    if (!st) sync_folder(path);
    return st;
}
