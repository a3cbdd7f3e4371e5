#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "golden/golden_probe.h"
#include "golden/h5_file.h"
#include "golden/test_scratch.h"
#include "run/supervise.h"

static scratch s;

static void setup(void) {
    scratch_make(&s);
    cr_redirect_stderr();
}
static void teardown(void) { scratch_remove(&s); }

TestSuite(supervise, .init = setup, .fini = teardown);

static int supervise(int (*run)(int argc, char **argv), const char *path) {
    char *paths[] = {(char *)(uintptr_t)path, NULL};
    const assay_work work = {run, 0, NULL, paths, 1, 1};
    return assay_supervise(&work);
}

/* A file that makes libhdf5 1.10 loop for ever. */
static const char *write_damaged(void) {
    const uint64_t never = UINT64_C(0xfffffffffffffff0);
    size_t nbytes;
    assay_h5_writer *w;
    EXPECT_OK(assay_h5_writer_create(&w, scratch_path(&s, "sound.h5"), &expect_err));
    EXPECT_OK(assay_h5_put_group(w, "steps", &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, "", "format", "assay-dump/1", &expect_err));
    EXPECT_OK(assay_h5_writer_commit(w, &expect_err));
    char *bytes = scratch_read(scratch_path(&s, "sound.h5"), &nbytes), *heap = memmem(bytes, nbytes, "GCOL", 4);
    cr_assert(heap);
    memcpy(heap + 24, &never, sizeof never);
    const char *path = scratch_write(&s, "damaged.h5", bytes, nbytes);
    free(bytes);
    return path;
}

static int return_seven(int argc, char **argv) {
    (void)argc;
    (void)argv;
    return 7;
}

static int crash(int argc, char **argv) {
    (void)argc;
    (void)argv;
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return 0;
}

static int be_terminated(int argc, char **argv) {
    (void)argc;
    (void)argv;
    kill(getppid(), SIGTERM); /* which passes it on */
    sleep(30);
    return 0;
}

static int loop(int argc, char **argv) {
    (void)argc;
    (void)argv;
    sleep(60);
    return 0;
}

Test(supervise, returns_what_the_work_returns) { cr_expect_eq(supervise(return_seven, "."), 7); }

Test(supervise, reports_a_crash_that_no_file_explains) { cr_expect_eq(supervise(crash, s.dir), ASSAY_EINTERNAL); }

Test(supervise, ends_by_the_signal_that_ended_the_work, .signal = SIGTERM) { supervise(be_terminated, s.dir); }

/* Newer versions refuse the file: then nothing hangs. */
Test(supervise, ends_work_that_hangs_on_a_damaged_file, .timeout = 60) {
    if (assay_golden_probe(write_damaged(), 1, NULL)) cr_expect_eq(supervise(loop, s.dir), ASSAY_EINPUT);
}
