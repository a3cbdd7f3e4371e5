#include "fuzz/port_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "fuzz/port_orphans.h"

/* How long a killed process may take to be gone. One that waits for a device takes longer; nobody can kill that one. */
#define SWEEP_SECONDS 5.0

/* The ends of pipes and socket: those of Assay's side, and those of the other side. */
typedef struct {
    int mine[4], theirs[4]; /* stdin, stdout, stderr, control */
} ends;

/* ---- in the command's process, and in the keeper: functions that are safe after a fork of a process with threads ---- */

_Noreturn static void become(const char *command, const ends *e, pid_t keeper) {
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != keeper) _exit(127);
    setsid();
    for (int i = 0; i < 3; i++)
        if (dup2(e->theirs[i], i) < 0) _exit(127);
    for (int signal_number = 1; signal_number < NSIG; signal_number++) signal(signal_number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Leaves one descriptor open, as number 3: a keeper that held the pipes of another port would keep that one from ending. */
static void close_others(int *keep) {
    if (*keep != 3 && dup2(*keep, 3) < 0) _exit(1);
    *keep = 3;
    for (int fd = 0; fd < 3; fd++) close(fd);
    if (close_range(4, ~0u, 0) == 0) return;
    long count = sysconf(_SC_OPEN_MAX);
    for (int fd = 4; fd < count && fd < 65536; fd++) close(fd);
}

/* Waits for the command, and for Assay to be gone or to say, by closing, that it must end. Returns the command's wait status, or 0. */
static int wait_for(pid_t child, int control, int child_signals) {
    for (;;) {
        struct signalfd_siginfo told;
        struct pollfd both[] = {{.fd = control, .events = POLLIN}, {.fd = child_signals, .events = POLLIN}};
        int status;
        pid_t got;
        while ((got = waitpid(-1, &status, WNOHANG)) > 0)
            if (got == child) return status;
        if (poll(both, 2, child_signals < 0 ? 10 : -1) > 0 && both[0].revents != 0) return 0;
        if (both[1].revents != 0 && read(child_signals, &told, sizeof told) < 0) continue;
    }
}

/* Kills and reaps until there is nothing to reap. */
static void sweep(pid_t child) {
    const double until = assay_clock_seconds() + SWEEP_SECONDS;
    kill(-child, SIGKILL);
    for (;;) {
        pid_t got;
        while ((got = waitpid(-1, NULL, WNOHANG)) > 0) continue;
        if (got < 0 && errno == ECHILD) return;
        if (assay_clock_seconds() > until) return;
        if (assay_port_orphans_kill(getpid()) == 0) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

_Noreturn static void keep(const char *command, const ends *e) {
    assay_port_report report = {0};
    pid_t self = getpid();
    int control = e->theirs[3];
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t child = fork();
    if (child == 0) become(command, e, self);
    if (child < 0) report.start_errno = errno;
    close_others(&control);
    if (child > 0) {
        sigset_t ended;
        sigemptyset(&ended);
        sigaddset(&ended, SIGCHLD);
        report.wait_status = wait_for(child, control, signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK));
        sweep(child);
    }
    if (write(control, &report, sizeof report) != (ssize_t)sizeof report) _exit(1);
    _exit(0);
}

/* ---- in Assay's process ---- */

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void close_ends(int fds[4]) {
    for (int i = 0; i < 4; i++) close_fd(&fds[i]);
}

/* Numbers 0 to 2 are those of the command's own stdin, stdout and stderr: nothing else may have them. */
static bool lift(int *fd) {
    if (*fd > 2) return true;
    int higher = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    close(*fd);
    *fd = higher;
    return higher >= 0;
}

static bool open_ends(ends *e) {
    for (int i = 0; i < 4; i++) e->mine[i] = e->theirs[i] = -1;
    for (int i = 0; i < 4; i++) {
        int pair[2];
        int made = i < 3 ? pipe2(pair, O_CLOEXEC) : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
        if (made != 0) return false;
        e->mine[i] = pair[i == 0 ? 1 : 0], e->theirs[i] = pair[i == 0 ? 0 : 1];
        if (!lift(&e->mine[i]) || !lift(&e->theirs[i])) return false;
        if (i < 3 && fcntl(e->mine[i], F_SETFL, O_NONBLOCK) != 0) return false;
    }
    return true;
}

/* The keeper begins with all signals blocked, and leaves them so: only its socket and its children concern it. */
static pid_t fork_keeper(const char *command, const ends *e) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0) keep(command, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

assay_status assay_port_keeper_start(assay_port_keeper *out, const char *command, assay_error *err) {
    ends e;
    pid_t pid = -1;
    if (open_ends(&e)) pid = fork_keeper(command, &e);
    int why = errno;
    close_ends(e.theirs);
    if (pid < 0) {
        close_ends(e.mine);
        return assay_fail(err, ASSAY_EINTERNAL, NULL, "a port cannot be started: %s", strerror(why));
    }
    *out = (assay_port_keeper){.pid = pid, e.mine[0], e.mine[1], e.mine[2], e.mine[3]};
    return ASSAY_OK;
}

/* Waits until the socket is readable: the keeper has reported, or is gone. */
static bool wait_readable(int fd, double seconds) {
    const double until = assay_clock_seconds() + seconds;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        double left = until - assay_clock_seconds();
        int got = poll(&p, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
        if (got > 0) return true;
        if ((got == 0 || errno != EINTR) && assay_clock_seconds() >= until) return false;
    }
}

bool assay_port_keeper_report(const assay_port_keeper *keeper, double seconds, assay_port_report *out) {
    assay_port_report report;
    if (keeper->pid == 0 || !wait_readable(keeper->control, seconds)) return false;
    if (recv(keeper->control, &report, sizeof report, MSG_PEEK) != (ssize_t)sizeof report)
        report = (assay_port_report){.wait_status = SIGKILL}; /* someone has killed the keeper, and so the command */
    *out = report;
    return true;
}

void assay_port_keeper_close_in(assay_port_keeper *keeper) { close_fd(&keeper->in); }

void assay_port_keeper_kill(assay_port_keeper *keeper) {
    shutdown(keeper->control, SHUT_WR);
    if (!wait_readable(keeper->control, SWEEP_SECONDS + 1)) kill(keeper->pid, SIGKILL);
}

void assay_port_keeper_end(assay_port_keeper *keeper) {
    if (keeper->pid == 0) return;
    assay_port_keeper_kill(keeper);
    while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR) continue;
    int *fds[] = {&keeper->in, &keeper->out, &keeper->err, &keeper->control};
    for (int i = 0; i < 4; i++) close_fd(fds[i]);
    *keeper = (assay_port_keeper){0};
}
