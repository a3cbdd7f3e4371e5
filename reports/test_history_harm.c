/* The history on a full disk, under kills, and with many writers. */
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "reports/history_fixture.h"
#include "reports/history_internal.h"

#define KILLS 20
#define WRITERS 8
#define RUNS_EACH 6

TestSuite(history_harm, .init = make_folder, .fini = remove_folder);

/* A database that may not grow is as on a full disk. */
Test(history_harm, a_full_disk_is_an_error_and_earlier_runs_stay) {
    assay_error err = {0};
    bool added = false;
    assay_history *h = open_at(path, true);
    for (int i = 0; i < 3; i++) add(h, i, TIME);
    cr_assert_eq(history_run(h, "PRAGMA max_page_count = 1", &err), ASSAY_OK); /* as many as there are */
    assay_status st = ASSAY_OK;
    for (int i = 100; i < 200 && !st; i++) {
        assay_run_record record = record_of(i, TIME);
        st = assay_history_add(h, &record, NULL, &added, &err);
        assay_run_record_free(&record);
    }
    cr_assert_eq(st, ASSAY_EINPUT);
    cr_assert_not_null(strstr(err.message, "the disk is full; earlier runs are as they were"), "%s", err.message);
    cr_assert_null(strchr(err.message, '\n'));
    assay_history_close(h);
    cr_assert_geq(see_all(path, NULL).count, 3);
    check_integrity();
    h = open_at(path, true);
    cr_assert(add(h, 300, TIME), "with room it goes on");
    assay_history_close(h);
}

/* A file that may not become larger: writing fails in the middle, where the operating system says so. */
Test(history_harm, a_write_that_fails_is_an_error_and_earlier_runs_stay) {
    assay_history *h = open_at(path, true);
    for (int i = 0; i < 3; i++) add(h, i, TIME);
    assay_history_close(h);
    pid_t child = fork();
    if (child == 0) {
        assay_error err = {0};
        assay_history *mine = NULL;
        bool added = false;
        signal(SIGXFSZ, SIG_IGN);
        assay_status st = assay_history_open(&mine, path, true, &err);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){5000, 5000});
        assay_run_record record = record_of(9, TIME);
        if (!st) st = assay_history_add(mine, &record, NULL, &added, &err);
        _exit(st == ASSAY_EINPUT && strstr(err.message, "earlier runs are as they were") ? 0 : 1);
    }
    expect_child(child);
    cr_assert_eq(see_all(path, NULL).count, 3);
    check_integrity();
}

/* ---- many at once, and killed ---- */

/* Adds runs until it is killed, and says after each that it is stored. */
static void write_until_killed(int pipe_end, int first) {
    assay_history *h = NULL;
    if (assay_history_open(&h, path, true, NULL)) _exit(1);
    for (int i = first;; i++) {
        bool added = false;
        assay_run_record record = record_of(i, TIME);
        if (assay_history_add(h, &record, NULL, &added, NULL) || !added || write(pipe_end, "", 1) != 1) _exit(1);
        assay_run_record_free(&record);
    }
}

/* Runs that the child said to have stored. */
static size_t kill_a_writer(int first, long after_us) {
    int ends[2];
    size_t stored = 0;
    char byte;
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) write_until_killed(ends[1], first);
    close(ends[1]);
    nanosleep(&(struct timespec){.tv_nsec = after_us * 1000}, NULL);
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    while (read(ends[0], &byte, 1) == 1) stored++;
    close(ends[0]);
    return stored;
}

Test(history_harm, survives_kills_in_the_middle_of_a_write) {
    size_t stored = 0;
    for (int i = 0; i < KILLS; i++) {
        stored += kill_a_writer(1000 * i, (long)(assay_random_at(42, (uint64_t)i) % 40000));
        if (access(path, F_OK) != 0) continue; /* killed before it was made */
        assay_history_close(open_at(path, true));
        size_t count = see_all(path, NULL).count;
        cr_assert_geq(count, stored, "what was said to be stored is there");
        cr_assert_leq(count, stored + (size_t)i + 1, "and at most one more of each, which could not say so any more");
        check_integrity();
    }
    cr_assert_gt(stored, 0, "otherwise nothing was shown");
}

Test(history_harm, takes_eight_writers_at_once) {
    pid_t children[WRITERS];
    for (int w = 0; w < WRITERS; w++) {
        children[w] = fork();
        if (children[w] != 0) continue;
        assay_history *h = NULL;
        assay_error err = {0};
        for (int i = 0; i < RUNS_EACH; i++) {
            bool added = false;
            assay_run_record record = record_of(w * 100 + i, TIME);
            if (assay_history_open(&h, path, true, &err) || assay_history_add(h, &record, NULL, &added, &err) ||
                !added) {
                fprintf(stderr, "%s\n", err.message);
                _exit(1);
            }
            assay_run_record_free(&record);
            assay_history_close(h);
        }
        _exit(0);
    }
    for (int w = 0; w < WRITERS; w++) expect_child(children[w]);
    seen s = see_all(path, NULL);
    cr_assert_eq(s.count, WRITERS * RUNS_EACH);
    for (size_t i = 0; i < s.count; i++)
        for (size_t j = 0; j < i; j++) cr_assert_neq(s.numbers[i], s.numbers[j]);
    check_integrity();
}
