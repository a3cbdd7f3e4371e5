#include "reports/history.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reports/history_internal.h"
#include "reports/report_fixture.h"
#include "reports/trend.h"
#include "reports/trend_html.h"

#define KILLS 20
#define WRITERS 8
#define RUNS_EACH 6

static char folder[] = "/tmp/assay-test-XXXXXX";
static char path[64], other[64];

static void make_folder(void) {
    cr_assert_not_null(mkdtemp(folder));
    chmod(folder, 0755);
    snprintf(path, sizeof path, "%s/a #%%.db", folder); /* with what URIs reserve */
    snprintf(other, sizeof other, "%s/other.db", folder);
}

static void remove_folder(void) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[100];
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "%s%s", i < 4 ? path : other, suffixes[i % 4]);
        unlink(name);
    }
    cr_assert_eq(rmdir(folder), 0, "nothing else was left in the folder");
}

TestSuite(history, .init = make_folder, .fini = remove_folder);

static assay_history *open_at(const char *name, bool writes) {
    assay_error err = {0};
    assay_history *h = NULL;
    cr_assert_eq(assay_history_open(&h, name, writes, &err), ASSAY_OK, "%s", err.message);
    return h;
}

/* The record of the fixture's result, told from others by the label "n". */
static assay_run_record record_of(int n, const char *time) {
    char text[16];
    assay_facts labels = {0};
    assay_run_record record;
    assay_error err = {0};
    assay_result r = report_fixture();
    snprintf(text, sizeof text, "%d", n);
    cr_assert_eq(assay_facts_set(&labels, "n", text, NULL), ASSAY_OK);
    cr_assert_eq(assay_facts_set(&labels, "parity", n % 2 ? "odd" : "even", NULL), ASSAY_OK);
    r.drifts.baseline = strdup("b.json");
    const assay_drift drift = {"right", REPORT_NORM, ASSAY_DRIFT_MOVED, ASSAY_MEASURE_WORST, 0.25, 1.75, 0.75};
    cr_assert_eq(assay_drifts_add(&r.drifts, &drift, NULL), ASSAY_OK);
    cr_assert_eq(assay_run_record_of(&record, &r, time, &labels, &err), ASSAY_OK, "%s", err.message);
    assay_facts_free(&labels);
    assay_result_free(&r);
    return record;
}

static bool add(assay_history *h, int n, const char *time) {
    assay_error err = {0};
    bool added = false;
    assay_run_record record = record_of(n, time);
    cr_assert_eq(assay_history_add(h, &record, NULL, &added, &err), ASSAY_OK, "%s", err.message);
    assay_run_record_free(&record);
    return added;
}

#define TIME "2026-11-29T12:00:00Z"

/* ---- reading back ---- */

typedef struct {
    size_t count;
    int numbers[200];
    FILE *out; /* NULL, or where the records go */
} seen;

static assay_status see(void *context, const assay_history_run *run, assay_error *err) {
    seen *s = context;
    assay_run_record record;
    assay_status st = assay_run_record_parse(&record, run->record, strlen(run->record), "run", err);
    cr_assert_eq(st, ASSAY_OK, "%s", err ? err->message : "");
    s->numbers[s->count++ % 200] = atoi(assay_facts_get(&record.labels, "n"));
    if (s->out) fputs(run->record, s->out);
    cr_assert_eq(run->cases, 3);
    cr_assert_eq(run->failed, 2);
    cr_assert_eq(run->drifts, 1);
    cr_assert_not(run->passed);
    assay_run_record_free(&record);
    return ASSAY_OK;
}

static seen see_all(const char *name, const assay_history_filter *filter) {
    seen s = {0};
    assay_error err = {0};
    assay_history *h = open_at(name, false);
    cr_assert_eq(assay_history_each(h, filter, see, &s, &err), ASSAY_OK, "%s", err.message);
    assay_history_close(h);
    return s;
}

/* As another program sees it. */
static void check_integrity(void) {
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(s), SQLITE_ROW);
    cr_assert_str_eq((const char *)sqlite3_column_text(s, 0), "ok");
    sqlite3_finalize(s);
    cr_assert_eq(sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &s, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(s), SQLITE_DONE);
    sqlite3_finalize(s);
    static const char halves[] =
        "SELECT id FROM runs WHERE run NOT IN (SELECT run FROM stages WHERE stage = 'logits')";
    cr_assert_eq(sqlite3_prepare_v2(db, halves, -1, &s, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_step(s), SQLITE_DONE, "a run is there by half");
    sqlite3_finalize(s);
    sqlite3_close(db);
}

Test(history, keeps_runs_in_the_order_of_their_time) {
    assay_history *h = open_at(path, true);
    cr_assert(add(h, 2, "2026-11-29T12:00:00Z"));
    cr_assert(add(h, 1, "2026-11-28T12:00:00Z"));
    cr_assert(add(h, 3, "2026-11-29T12:00:00Z"));
    cr_assert_not(add(h, 2, "2026-11-29T12:00:00Z"), "it is there");
    assay_history_close(h);
    seen s = see_all(path, NULL);
    cr_assert_eq(s.count, 3);
    for (int i = 0; i < 3; i++) cr_assert_eq(s.numbers[i], i + 1);
    check_integrity();
}

Test(history, filters_by_label_and_number) {
    assay_facts odd = {0};
    assay_history *h = open_at(path, true);
    for (int i = 0; i < 5; i++) add(h, i, TIME);
    assay_history_close(h);
    cr_assert_eq(assay_facts_set(&odd, "parity", "odd", NULL), ASSAY_OK);
    seen s = see_all(path, &(assay_history_filter){&odd, 0});
    cr_assert_eq(s.count, 2);
    s = see_all(path, &(assay_history_filter){NULL, 2});
    cr_assert_eq(s.count, 2);
    cr_assert_eq(s.numbers[0], 3);
    s = see_all(path, &(assay_history_filter){&odd, 1});
    cr_assert_eq(s.count, 1);
    cr_assert_eq(s.numbers[0], 3);
    cr_assert_eq(assay_facts_set(&odd, "n", "2", NULL), ASSAY_OK);
    cr_assert_eq(see_all(path, &(assay_history_filter){&odd, 0}).count, 0);
    assay_facts_free(&odd);
}

Test(history, finds_a_run_by_the_beginning_of_its_id) {
    assay_error err = {0};
    char id[ASSAY_RUN_ID_TEXT];
    bool added;
    assay_history *h = open_at(path, true);
    assay_run_record record = record_of(7, TIME), back;
    cr_assert_eq(assay_history_add(h, &record, id, &added, NULL), ASSAY_OK);
    for (int i = 0; i < 20; i++) add(h, i, "2026-11-28T12:00:00Z");
    id[9] = '\0';
    cr_assert_eq(assay_history_get(h, id, &back, &err), ASSAY_OK, "%s", err.message);
    cr_assert_str_eq(assay_facts_get(&back.labels, "n"), "7");
    cr_assert_str_eq(back.time, TIME);
    cr_assert_eq(back.case_count, 3);
    cr_assert_str_eq(back.cases[1].name, "überall-falsch");
    cr_assert_eq(memcmp(back.cases[1].stages, record.cases[1].stages, sizeof back.cases[1].stages), 0);
    static const char *const wrong[] = {"", "xyz", "%", "_", "0123456789abcdef0"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assay_run_record none = {0};
        cr_assert_eq(assay_history_get(h, wrong[i], &none, &err), ASSAY_EINPUT, "%s", wrong[i]);
        cr_assert_not_null(strstr(err.message, "no run has"), "%s", err.message);
    }
    assay_history_close(h);
    assay_run_record_free(&record);
    assay_run_record_free(&back);
}

/* ---- export and import ---- */

static char *exported(const char *name, size_t *nbytes) {
    char *text = NULL;
    seen s = {.out = open_memstream(&text, nbytes)};
    assay_history *h = open_at(name, false);
    cr_assert_eq(assay_history_each(h, NULL, see, &s, NULL), ASSAY_OK);
    assay_history_close(h);
    fclose(s.out);
    return text;
}

static assay_status import(const char *name, char *text, assay_history_counts *counts, assay_error *err) {
    FILE *in = fmemopen(text, strlen(text), "r");
    assay_history *h = open_at(name, true);
    assay_status st = assay_history_import(h, in, "runs.jsonl", counts, err);
    assay_history_close(h);
    fclose(in);
    return st;
}

Test(history, exports_and_imports_the_same_once) {
    size_t nbytes;
    assay_history_counts counts;
    assay_error err = {0};
    assay_history *h = open_at(path, true);
    for (int i = 0; i < 4; i++) add(h, i, TIME);
    assay_history_close(h);
    char *text = exported(path, &nbytes);
    cr_assert_eq(import(other, text, &counts, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(counts.added, 4);
    cr_assert_eq(import(other, text, &counts, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(counts.added, 0);
    cr_assert_eq(counts.known, 4);
    char *again = exported(other, &nbytes);
    cr_assert_str_eq(again, text);
    free(text);
    free(again);
}

Test(history, an_import_is_stored_as_a_whole_or_not_at_all) {
    size_t nbytes;
    assay_history_counts counts;
    assay_error err = {0};
    assay_history *h = open_at(path, true);
    for (int i = 0; i < 3; i++) add(h, i, TIME);
    assay_history_close(h);
    char *text = exported(path, &nbytes);
    char *changed = strstr(strchr(text, '\n'), "Haswell");
    cr_assert_not_null(changed);
    *changed = 'h';
    cr_assert_eq(import(other, text, &counts, &err), ASSAY_EINPUT);
    cr_assert_not_null(strstr(err.message, "runs.jsonl: line 2: the id is '"), "%s", err.message);
    h = open_at(other, false);
    seen s = {0};
    cr_assert_eq(assay_history_each(h, NULL, see, &s, NULL), ASSAY_OK);
    cr_assert_eq(s.count, 0);
    assay_history_close(h);
    free(text);
}

Test(history, refuses_lines_that_are_no_runs) {
    static const char *const lines[] = {"{}",
                                        "[]",
                                        "x",
                                        "{\"format\":\"assay-run/2\"}",
                                        "{\"format\":\"assay-run/1\",\"more\":1}",
                                        "{\"format\":\"assay-run/1\",\"time\":\"now\"}",
                                        "{\"format\":\"assay-run/1\",\"time\":\"" TIME "\",\"verdict\":\"maybe\"}",
                                        "{\"format\":\"assay-run/1\",\"time\":\"" TIME "\",\"verdict\":\"pass\"}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assay_error err = {0};
        assay_run_record record = {0};
        cr_assert_eq(assay_run_record_parse(&record, lines[i], strlen(lines[i]), "l", &err), ASSAY_EINPUT, "%s",
                     lines[i]);
        cr_assert_eq(strncmp(err.message, "l", 1), 0, "%s", err.message);
    }
}

/* ---- what may go wrong ---- */

static void put_file(const char *name, const char *bytes, size_t nbytes) {
    FILE *out = fopen(name, "w");
    cr_assert_not_null(out);
    cr_assert_eq(fwrite(bytes, 1, nbytes, out), nbytes);
    fclose(out);
}

static void fails_to_open(const char *name, bool writes, const char *why) {
    assay_error err = {0};
    assay_history *h = NULL;
    cr_assert_eq(assay_history_open(&h, name, writes, &err), ASSAY_EINPUT);
    cr_assert_not_null(strstr(err.message, why), "%s", err.message);
    cr_assert_eq(strncmp(err.message, name, strlen(name)), 0, "%s", err.message);
    cr_assert_null(h);
}

static void run_sql(const char *name, const char *sql) {
    sqlite3 *db = NULL;
    cr_assert_eq(sqlite3_open(name, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

Test(history, says_what_is_no_history) {
    static const char text[] =
        "this is a letter and no database, and it is longer than the header of one would be; so it is told by "
        "its first bytes";
    fails_to_open(path, false, "there is no history");
    fails_to_open("/nonexistent/h.db", true, "cannot be opened");
    put_file(other, text, sizeof text);
    fails_to_open(other, true, "this is no history (no SQLite database)");
    fails_to_open(other, false, "this is no history (no SQLite database)");
    unlink(other);
    put_file(other, "", 0);
    fails_to_open(other, false, "the database is empty");
    run_sql(other, "CREATE TABLE mine(a)");
    fails_to_open(other, true, "the database of another program");
    assay_history_close(open_at(path, true));
    run_sql(path, "PRAGMA user_version = 2");
    fails_to_open(path, true, "the history has version 2, and this program knows version 1; use a newer assay");
    fails_to_open(path, false, "version 2");
}

Test(history, says_that_it_is_damaged) {
    assay_error err = {0};
    assay_history *h = open_at(path, true);
    for (int i = 0; i < 20; i++) add(h, i, TIME);
    assay_history_close(h);
    FILE *file = fopen(path, "r+");
    cr_assert_eq(fseek(file, 4096, SEEK_SET), 0);
    for (int i = 0; i < 4096 * 12; i++) fputc(0xaa, file);
    fclose(file);
    seen s = {0};
    assay_status st = assay_history_open(&h, path, false, &err);
    if (!st) {
        st = assay_history_each(h, NULL, see, &s, &err);
        assay_history_close(h);
    }
    cr_assert_eq(st, ASSAY_EINPUT);
    cr_assert_not_null(strstr(err.message, "the database is damaged"), "%s", err.message);
}

/* Ends a child as its checks went: cr_assert means nothing there. */
static void expect_child(pid_t child) {
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %d", status);
}

Test(history, a_folder_that_is_read_only_can_be_read) {
    assay_history *h = open_at(path, true);
    add(h, 1, TIME);
    assay_history_close(h);
    chmod(path, 0444);
    chmod(folder, 0555);
    pid_t child = fork();
    if (child == 0) {
        assay_error err = {0};
        assay_history *mine = NULL;
        bool ok = getuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0);
        ok = ok && assay_history_open(&mine, path, false, &err) == ASSAY_OK;
        seen s = {0};
        ok = ok && assay_history_each(mine, NULL, see, &s, &err) == ASSAY_OK && s.count == 1;
        assay_history_close(mine);
        ok = ok && assay_history_open(&mine, path, true, &err) == ASSAY_EINPUT;
        ok = ok && strstr(err.message, "cannot be written to");
        _exit(ok ? 0 : 1);
    }
    expect_child(child);
    chmod(folder, 0755);
    chmod(path, 0644);
}

/* A database that may not grow is as on a full disk. */
Test(history, a_full_disk_is_an_error_and_earlier_runs_stay) {
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
Test(history, a_write_that_fails_is_an_error_and_earlier_runs_stay) {
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

Test(history, survives_kills_in_the_middle_of_a_write) {
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

Test(history, takes_eight_writers_at_once) {
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

/* ---- trends ---- */

Test(history, a_trend_has_the_worst_of_each_stage) {
    assay_trend trend;
    assay_error err = {0};
    assay_history *h = open_at(path, true);
    add(h, 5, TIME);
    cr_assert_eq(assay_trend_read(&trend, h, &(assay_history_filter){0}, &err), ASSAY_OK, "%s", err.message);
    assay_history_close(h);
    cr_assert_eq(trend.count, 1);
    const assay_trend_run *run = &trend.runs[0];
    cr_assert_str_eq(run->labels, "n=5, parity=odd");
    cr_assert_str_eq(run->kernel, "Haswell");
    cr_assert_eq(strncmp(run->mark, run->id, 7), 0);
    cr_assert_eq(run->failed, 2);
    const assay_trend_point *norm = &run->points[ASSAY_STAGE_NORM], *logits = &run->points[ASSAY_STAGE_LOGITS];
    cr_assert_float_eq(norm->ratio, 0.5 / 0.08, 0.01);
    cr_assert_eq(norm->failed, 1);
    cr_assert_eq(norm->drifts, 1);
    cr_assert_str_eq(norm->test_case, "überall-falsch");
    cr_assert(isinf(logits->ratio), "a NaN is infinitely far");
    cr_assert(run->points[ASSAY_STAGE_SCHEDULE].judged && !run->points[ASSAY_STAGE_SCHEDULE].has_ratio);
    cr_assert_eq(assay_trend_worst(run), ASSAY_STAGE_LOGITS);
    assay_trend_free(&trend);
}

static char *page_of(const assay_trend *trend) {
    char *text = NULL;
    size_t nbytes;
    FILE *out = open_memstream(&text, &nbytes);
    cr_assert_eq(assay_report_trend_html(out, trend, "a<b.db", NULL), ASSAY_OK);
    fclose(out);
    return text;
}

Test(history, a_page_of_a_trend_escapes_what_it_was_told) {
    assay_trend trend = {0};
    char *empty = page_of(&trend);
    cr_assert_not_null(strstr(empty, "There is no run in a&lt;b.db"));
    free(empty);
    assay_history *h = open_at(path, true);
    assay_run_record record = record_of(1, TIME);
    bool added;
    cr_assert_eq(assay_facts_set(&record.labels, "commit", "<script>", NULL), ASSAY_OK);
    cr_assert_eq(assay_history_add(h, &record, NULL, &added, NULL), ASSAY_OK);
    for (int i = 2; i < 5; i++) add(h, i, TIME);
    cr_assert_eq(assay_trend_read(&trend, h, &(assay_history_filter){0}, NULL), ASSAY_OK);
    assay_history_close(h);
    char *page = page_of(&trend);
    cr_assert_not_null(strstr(page, "commit=&lt;script&gt;"));
    cr_assert_null(strstr(page, "=<script>"));
    cr_assert_not_null(strstr(page, "<svg class=\"chart\" role=\"img\""));
    cr_assert_not_null(strstr(page, "<span class=\"badge\">fail</span>"));
    free(page);
    assay_run_record_free(&record);
    assay_trend_free(&trend);
}
