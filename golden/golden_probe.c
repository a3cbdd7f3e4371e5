#include "golden/golden_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "golden/golden_file.h"

#define NBYTES_PER_SECOND ((off_t)8 << 20)

bool assay_is_hdf5(const char *path) {
    char start[8];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool same = fd >= 0 && read(fd, start, sizeof start) == sizeof start && memcmp(start, "\x89HDF\r\n\x1a\n", 8) == 0;
    if (fd >= 0) close(fd);
    return same;
}

/* ---- what the process does ---- */

static void read_values(const assay_golden *g, const assay_golden_tensor *t, bool unrounded) {
    assay_stored_values values;
    assay_tensor read;
    bool found = false;
    if (assay_golden_locate(g, t, unrounded, &values, &found, NULL)) return;
    if (found) {
        assay_stored_values_close(&values);
        return;
    }
    assay_status st = unrounded ? assay_golden_read_unrounded(g, t, &read, NULL) : assay_golden_read(g, t, &read, NULL);
    if (!st) assay_tensor_free(&read);
}

static void read_tensors(const assay_golden *g, const assay_golden_tensor *tensors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        read_values(g, &tensors[i], false);
        if (tensors[i].has_unrounded) read_values(g, &tensors[i], true);
    }
}

static void read_dataset(assay_h5 *file, const char *path) {
    assay_tensor t;
    if (!assay_h5_read(file, path, &t, NULL)) assay_tensor_free(&t);
}

/* The weights are no tensors of the index. */
static void read_weights(const assay_golden *g) {
    assay_h5_names names;
    if (assay_h5_list(g->file, "weights", &names, NULL)) return;
    for (size_t i = 0; i < names.count; i++) {
        char path[512];
        snprintf(path, sizeof path, "weights/%.400s", names.names[i]);
        read_dataset(g->file, path);
    }
    assay_h5_names_free(&names);
}

static void read_all(const char *path) {
    assay_golden g;
    if (assay_golden_open_any(&g, path, NULL)) return;
    read_tensors(&g, g.tensors, g.tensor_count);
    read_tensors(&g, g.float64, g.float64_count);
    for (size_t i = 0; i < g.unknown.count; i++) read_dataset(g.file, g.unknown.names[i]);
    read_weights(&g);
    assay_golden_close(&g);
}

/* Signals end it as they do by default, it leaves no core file and says nothing. */
_Noreturn static void run_child(const char *path, unsigned seconds) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP, SIGXCPU};
    sigset_t none;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_CPU, &(struct rlimit){seconds, seconds + 1}); /* a slow disk is no damage */
    if (null >= 0) dup2(null, STDERR_FILENO);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    read_all(path);
    _exit(0);
}

/* ---- what becomes of it ---- */

static assay_status judge(const char *path, int status, unsigned seconds, assay_error *err) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return ASSAY_OK;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        return assay_fail(
            err, ASSAY_EINPUT, NULL,
            "%s: damaged file: libhdf5 comes to no end with it (%u seconds of computing); export it again", path,
            seconds);
    /* AddressSanitizer ends the process with a code of its own instead of the signal. */
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: damaged file: libhdf5 crashes on it%s%s%s; export it again", path,
                      WIFSIGNALED(status) ? " (" : "", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "",
                      WIFSIGNALED(status) ? ")" : "");
}

assay_status assay_golden_probe(const char *path, unsigned seconds, assay_error *err) {
    struct stat info;
    int status = 0;
    if (stat(path, &info) == 0) seconds += (unsigned)(info.st_size / NBYTES_PER_SECOND);
    pid_t child = fork();
    if (child < 0) return assay_fail(err, ASSAY_EINTERNAL, NULL, "%s: cannot fork: %s", path, strerror(errno));
    if (child == 0) run_child(path, seconds);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return assay_fail(err, ASSAY_EINTERNAL, NULL, "%s: cannot wait for a process", path);
    return judge(path, status, seconds, err);
}
