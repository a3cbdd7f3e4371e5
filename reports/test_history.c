#include "reports/history.h"

#include "reports/history_fixture.h"

TestSuite(history, .init = make_folder, .fini = remove_folder);

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
    cr_assert_not_null(strstr(err.message, "runs.jsonl: run 2: the id is '"), "%s", err.message);
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
    put_file(other, "x", 1);
    fails_to_open(other, true, "this is no history (no SQLite database)");
    put_file(other, "", 0);
    fails_to_open(other, false, "the database is empty");
    run_sql(other, "CREATE TABLE mine(a)");
    fails_to_open(other, true, "the database of another program");
    assay_history_close(open_at(path, true));
    run_sql(path, "PRAGMA user_version = 2");
    fails_to_open(path, true, "the history has version 2, and this program knows version 1; use a newer assay");
    fails_to_open(path, false, "version 2");
}

Test(history, the_name_of_a_file_is_no_uri_and_no_memory) {
    static const char *const names[] = {":memory:", "file:x?mode=memory", "plain"};
    cr_assert_eq(chdir(folder), 0);
    for (int i = 0; i < 3; i++) {
        assay_history *h = open_at(names[i], true);
        add(h, i, TIME);
        assay_history_close(h);
        cr_assert_eq(see_all(names[i], NULL).count, 1, "%s", names[i]);
        cr_assert_eq(unlink(names[i]), 0);
    }
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
