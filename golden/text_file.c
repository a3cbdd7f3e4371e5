#include "golden/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads until the end of the file or a full buffer. Returns the number of bytes, -1 on a failure. */
static ssize_t read_all(int fd, char *buffer, size_t nbytes) {
    size_t done = 0;
    while (done < nbytes) {
        ssize_t got = read(fd, buffer + done, nbytes - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static assay_status read_open_file(int fd, const char *path, size_t limit, char **text, size_t *nbytes,
                                   assay_error *err) {
    struct stat info;
    if (fstat(fd, &info) != 0) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot read: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: not a regular file", path);
    if ((uintmax_t)info.st_size > limit)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %lld bytes; at most %zu are read", path,
                          (long long)info.st_size, limit);
    size_t size = (size_t)info.st_size;
    char *buffer = malloc(size + 1);
    if (!buffer) return assay_fail_nomem(err, path);
    ssize_t got = read_all(fd, buffer, size);
    if (got < 0) {
        free(buffer);
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot read: %s", path, strerror(errno));
    }
    buffer[got] = '\0';
    *text = buffer;
    *nbytes = (size_t)got;
    return ASSAY_OK;
}

assay_status assay_text_file_read(const char *path, size_t limit_nbytes, char **text, size_t *nbytes,
                                  assay_error *err) {
    /* Without O_NONBLOCK, opening a FIFO that nobody writes to would wait for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot open: %s", path, strerror(errno));
    assay_status st = read_open_file(fd, path, limit_nbytes, text, nbytes, err);
    close(fd);
    return st;
}
