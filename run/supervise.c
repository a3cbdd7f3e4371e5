#include "run/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/status.h"
#include "golden/golden_probe.h"

#define MAX_DEPTH 3 /* of folders below a path */

/* ---- files ---- */

/* What crashed may have left a line of progress on the terminal. */
static const char *line_start(void) { return isatty(STDERR_FILENO) ? "\r\033[K" : ""; }

/* Whether libhdf5 does not survive one of the files. It is then named. */
static bool some_is_damaged(const assay_work *work) {
    bool damaged = false;
    assay_error err = {0};
    FTS *walk = *work->paths ? fts_open(work->paths, FTS_LOGICAL | FTS_NOCHDIR, NULL) : NULL;
    for (FTSENT *entry; walk && !damaged && (entry = fts_read(walk));) {
        if (entry->fts_level >= MAX_DEPTH) fts_set(walk, entry, FTS_SKIP);
        if (entry->fts_info == FTS_F && assay_is_hdf5(entry->fts_path))
            damaged = assay_golden_probe(entry->fts_path, work->probe, &err) == ASSAY_EINPUT;
    }
    if (walk) fts_close(walk);
    if (damaged) fprintf(stderr, "%sassay: %s\n", line_start(), err.message);
    return damaged;
}

/* ---- processes ---- */

typedef struct {
    const assay_work *work;
    sigset_t waited, before; /* signals that are waited for; the mask of the caller */
    pid_t worker, examiner;  /* 0: none */
} supervision;

/* Forks a process that ends with this one. 0 in it. */
static pid_t fork_bound(const supervision *s) {
    pid_t parent = getpid(), child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(ASSAY_EINTERNAL);
    sigprocmask(SIG_SETMASK, &s->before, NULL);
    return 0;
}

static void start_examiner(supervision *s) {
    s->examiner = fork_bound(s);
    if (s->examiner == 0) _exit(some_is_damaged(s->work) ? ASSAY_EINPUT : ASSAY_OK);
    if (s->examiner < 0) s->examiner = 0;
}

static void end_process(pid_t *process) {
    if (*process) {
        kill(*process, SIGKILL);
        waitpid(*process, NULL, 0);
    }
    *process = 0;
}

/* True when the process was there and has ended. */
static bool has_ended(pid_t *process, int *status) {
    if (*process == 0 || waitpid(*process, status, WNOHANG) != *process) return false;
    *process = 0;
    return true;
}

/* Waits until the worker has ended and returns how; or ends it, when a file turns out to be damaged, and returns -1. */
static int await_worker(supervision *s) {
    const struct timespec patience = {.tv_sec = s->work->patience}, *timeout = &patience;
    for (int status;;) {
        if (has_ended(&s->worker, &status)) return status;
        if (has_ended(&s->examiner, &status) && WIFEXITED(status) && WEXITSTATUS(status) == ASSAY_EINPUT) return -1;
        siginfo_t info;
        struct timespec never = {.tv_sec = 3600};
        int got = sigtimedwait(&s->waited, &info, timeout ? timeout : &never);
        if (got < 0 && errno == EAGAIN && timeout) {
            timeout = NULL;
            start_examiner(s);
        }
        /* What the terminal sends, the worker gets as well. */
        if (got > 0 && got != SIGCHLD && info.si_code != SI_KERNEL) kill(s->worker, got);
    }
}

static bool is_crash(int signal) {
    return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGFPE || signal == SIGILL;
}

/* Ends this process as the worker was ended. */
static int end_alike(const supervision *s, int signal_number) {
    signal(signal_number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &s->before, NULL);
    raise(signal_number);
    return 128 + signal_number; /* the caller blocks it */
}

static int result_of(const supervision *s, int status) {
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    int signal_number = WTERMSIG(status);
    if (!is_crash(signal_number)) return end_alike(s, signal_number);
    if (some_is_damaged(s->work)) return ASSAY_EINPUT;
    fprintf(stderr, "%sassay: crashed (%s); no file that it was given makes libhdf5 crash, so please report this\n",
            line_start(), strsignal(signal_number));
    return ASSAY_EINTERNAL;
}

int assay_supervise(const assay_work *work) {
    static const int waited[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM};
    supervision s = {.work = work};
    sigemptyset(&s.waited);
    for (size_t i = 0; i < sizeof waited / sizeof *waited; i++) sigaddset(&s.waited, waited[i]);
    signal(SIGCHLD, SIG_DFL); /* ignored, it would take the results away */
    sigprocmask(SIG_BLOCK, &s.waited, &s.before);
    s.worker = fork_bound(&s);
    if (s.worker == 0) exit(work->run(work->argc, work->argv));
    if (s.worker < 0) {
        sigprocmask(SIG_SETMASK, &s.before, NULL);
        return work->run(work->argc, work->argv);
    }
    int status = await_worker(&s);
    end_process(&s.worker);
    end_process(&s.examiner);
    return status < 0 ? ASSAY_EINPUT : result_of(&s, status);
}
