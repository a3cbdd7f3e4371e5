#include "fuzz/target.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void assay_fuzz_abort(const char *file, int line, const char *what, const assay_error *err) {
    fprintf(stderr, "%s:%d: %s%s%s\n", file, line, what, err ? ": " : "", err ? err->message : "");
    abort();
}

/* One line that a user can act on. */
static bool is_clear(const char *message, const char *where) {
    if (strncmp(message, where, strlen(where)) != 0) return false;
    for (const char *p = message; *p; p++)
        if (iscntrl((unsigned char)*p)) return false;
    return strlen(message) > strlen(where) + 2;
}

bool assay_fuzz_accepted(assay_status status, const assay_error *err, const char *where) {
    if (status == ASSAY_OK) return true;
    if (status != ASSAY_EINPUT || err->status != status) assay_fuzz_abort(__FILE__, __LINE__, "not a refusal", err);
    if (!is_clear(err->message, where)) assay_fuzz_abort(__FILE__, __LINE__, "not a clear line", err);
    return false;
}

void assay_fuzz_touch(const assay_tensor *t) {
    ASSAY_FUZZ_REQUIRE(t->rank >= 0 && t->rank <= ASSAY_MAX_RANK && t->dtype < ASSAY_DTYPE_COUNT);
    ASSAY_FUZZ_REQUIRE(assay_tensor_count(t) >= 0 && t->data);
    const volatile unsigned char *bytes = t->data;
    for (size_t i = 0, n = assay_tensor_nbytes(t); i < n; i++) (void)bytes[i];
}

static bool write_all(const char *path, const void *data, size_t nbytes) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, data, nbytes) == (ssize_t)nbytes;
    return fd >= 0 && close(fd) == 0 && ok;
}

void assay_fuzz_file_write(assay_fuzz_file *out, const char *name, const void *data, size_t nbytes) {
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(out->folder, sizeof out->folder, "%s/assay-fuzz-XXXXXX", base);
    ASSAY_FUZZ_REQUIRE(mkdtemp(out->folder));
    snprintf(out->path, sizeof out->path, "%.63s/%.60s", out->folder, name);
    ASSAY_FUZZ_REQUIRE(write_all(out->path, data, nbytes));
}

void assay_fuzz_file_remove(assay_fuzz_file *file) {
    ASSAY_FUZZ_REQUIRE(unlink(file->path) == 0 && rmdir(file->folder) == 0);
}
