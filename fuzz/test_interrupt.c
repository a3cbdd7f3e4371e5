#include "fuzz/interrupt.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* As a program starts from a terminal; jobs in the background of a script have SIGINT ignored. */
static void take_defaults(void) {
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
}

static int status_of(void (*run)(void)) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        take_defaults();
        run();
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return status;
}

static void once(void) {
    if (assay_interrupted(NULL)) _exit(1);
    assay_interrupt_watch();
    if (assay_interrupted(NULL)) _exit(2);
    raise(SIGINT);
    if (!assay_interrupted(NULL)) _exit(3);
    raise(SIGTERM);
}

static void twice(void) {
    assay_interrupt_watch();
    raise(SIGTERM);
    raise(SIGTERM);
}

static void ignored(void) {
    signal(SIGHUP, SIG_IGN);
    assay_interrupt_watch();
    raise(SIGHUP);
    raise(SIGHUP);
    if (assay_interrupted(NULL)) _exit(1);
}

Test(interrupt, the_first_is_noted) { cr_expect_eq(status_of(once), 0); }
Test(interrupt, the_second_ends_the_process) { cr_expect_eq(WTERMSIG(status_of(twice)), SIGTERM); }
Test(interrupt, what_was_ignored_stays_so) { cr_expect_eq(status_of(ignored), 0); }
