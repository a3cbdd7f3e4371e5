#include "golden/byte_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static assay_status open_file(assay_byte_file *f, const char *path, assay_error *err) {
    struct stat info;
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f->fd < 0 || fstat(f->fd, &info) != 0)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot open: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) return assay_fail(err, ASSAY_EINPUT, NULL, "%s: not a regular file", path);
    f->nbytes = (uint64_t)info.st_size;
    f->path = strdup(path);
    return f->path ? ASSAY_OK : assay_fail_nomem(err, path);
}

assay_status assay_byte_file_open(assay_byte_file *out, const char *path, assay_error *err) {
    assay_byte_file f = {.fd = -1};
    assay_status st = open_file(&f, path, err);
    if (st) assay_byte_file_close(&f);
    else *out = f;
    return st;
}

assay_status assay_byte_file_of_memory(assay_byte_file *out, const char *path, const void *data, size_t nbytes,
                                       assay_error *err) {
    assay_byte_file f = {.path = strdup(path), .fd = -1, .nbytes = nbytes, .memory = data};
    if (!f.path) return assay_fail_nomem(err, path);
    *out = f;
    return ASSAY_OK;
}

static assay_status read_memory(const assay_byte_file *f, void *buffer, size_t nbytes, uint64_t offset,
                                assay_error *err) {
    if (offset > f->nbytes || nbytes > f->nbytes - offset)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot read: the file ends early", f->path);
    if (nbytes) memcpy(buffer, (const char *)f->memory + offset, nbytes);
    return ASSAY_OK;
}

assay_status assay_byte_file_read(const assay_byte_file *f, void *buffer, size_t nbytes, uint64_t offset,
                                  assay_error *err) {
    size_t done = 0;
    if (f->fd < 0) return read_memory(f, buffer, nbytes, offset, err);
    while (done < nbytes) {
        ssize_t got = pread(f->fd, (char *)buffer + done, nbytes - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return assay_fail(err, ASSAY_EINPUT, NULL, "%s: cannot read: %s", f->path,
                              got < 0 ? strerror(errno) : "the file ends early");
        done += (size_t)got;
    }
    return ASSAY_OK;
}

void assay_byte_file_close(assay_byte_file *f) {
    if (f->fd >= 0) close(f->fd);
    free(f->path);
    *f = (assay_byte_file){.fd = -1};
}
