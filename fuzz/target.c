#include "fuzz/target.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

void assay_fuzz_folder_make(assay_fuzz_folder *out) {
    const char *asked = getenv("TMPDIR"), *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    if (asked && strlen(asked) + sizeof "/assay-fuzz-XXXXXX" <= sizeof out->path) base = asked;
    snprintf(out->path, sizeof out->path, "%s/assay-fuzz-XXXXXX", base);
    ASSAY_FUZZ_REQUIRE(mkdtemp(out->path));
}

static bool write_all(const char *path, const void *data, size_t nbytes) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, data, nbytes) == (ssize_t)nbytes;
    return fd >= 0 && close(fd) == 0 && ok;
}

const char *assay_fuzz_folder_write(const assay_fuzz_folder *folder, const char *name, const void *data, size_t nbytes,
                                    char path[ASSAY_FUZZ_PATH_NBYTES]) {
    int n = snprintf(path, ASSAY_FUZZ_PATH_NBYTES, "%s/%s", folder->path, name);
    ASSAY_FUZZ_REQUIRE(n > 0 && n < ASSAY_FUZZ_PATH_NBYTES);
    for (char *slash = strchr(path + strlen(folder->path) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        ASSAY_FUZZ_REQUIRE(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
    ASSAY_FUZZ_REQUIRE(write_all(path, data, nbytes));
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void assay_fuzz_folder_remove(const assay_fuzz_folder *folder) {
    ASSAY_FUZZ_REQUIRE(nftw(folder->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
}
