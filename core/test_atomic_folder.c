#include "core/atomic_folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/atomic_file.h"

static char place[] = "/tmp/assay-test-XXXXXX";
static char path[64], other[96];

static void setup(void) {
    cr_assert_not_null(mkdtemp(place));
    snprintf(path, sizeof path, "%s/folder", place);
}

static void teardown(void) {
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", place);
    cr_assert_eq(system(command), 0);
}

TestSuite(atomic_folder, .init = setup, .fini = teardown);

static const char *below(const char *name) {
    snprintf(other, sizeof other, "%s/%s", place, name);
    return other;
}

static void put(const assay_atomic_folder *f, const char *name) {
    char *file;
    cr_assert_eq(assay_atomic_folder_file(&file, f, name, NULL), ASSAY_OK);
    cr_assert_eq(assay_write_new_file(file, (assay_bytes[]){{"x", 1}, {NULL, 0}, {"yz", 2}}, 3, NULL), ASSAY_OK);
    free(file);
}

static void expect_refused(const char *name, const char *part) {
    assay_atomic_folder f = {0};
    assay_error err = {0};
    cr_assert_eq(assay_atomic_folder_begin(&f, name, &err), ASSAY_EINPUT, "%s", name);
    cr_expect(strstr(err.message, part), "'%s' is not in '%s'", part, err.message);
    cr_expect_null(f.path);
}

Test(atomic_folder, appears_whole_at_the_commit) {
    assay_atomic_folder f;
    char slash[80];
    snprintf(slash, sizeof slash, "%s//", path);
    cr_assert_eq(assay_atomic_folder_begin(&f, slash, NULL), ASSAY_OK);
    put(&f, "top");
    put(&f, "a/b/deep");
    put(&f, "a/b/deeper");
    cr_expect_neq(access(path, F_OK), 0, "nothing is there before the commit");
    cr_assert_eq(assay_atomic_folder_commit(&f, NULL), ASSAY_OK);
    struct stat info;
    cr_expect_eq(stat(below("folder/top"), &info), 0);
    cr_expect_eq(info.st_size, 3);
    cr_expect_eq(access(below("folder/a/b/deep"), R_OK), 0);
    cr_expect_eq(access(below("folder/a/b/deeper"), R_OK), 0);
}

Test(atomic_folder, a_discarded_one_leaves_nothing) {
    assay_atomic_folder f;
    cr_assert_eq(assay_atomic_folder_begin(&f, path, NULL), ASSAY_OK);
    put(&f, "a/b/deep");
    assay_atomic_folder_discard(&f);
    assay_atomic_folder_discard(&f);
    cr_expect_eq(rmdir(place), 0, "the place is empty again");
    cr_assert_eq(mkdir(place, 0777), 0);
}

Test(atomic_folder, takes_the_place_of_an_empty_folder_or_a_link_to_one) {
    assay_atomic_folder f;
    cr_assert_eq(mkdir(path, 0777), 0);
    cr_assert_eq(symlink(path, below("link")), 0);
    cr_assert_eq(assay_atomic_folder_begin(&f, below("link"), NULL), ASSAY_OK);
    put(&f, "file");
    cr_assert_eq(assay_atomic_folder_commit(&f, NULL), ASSAY_OK);
    cr_expect_eq(access(below("folder/file"), R_OK), 0);
    expect_refused(below("link"), "not empty");
}

Test(atomic_folder, refuses_what_would_be_lost) {
    cr_assert_eq(mkdir(path, 0777), 0);
    cr_assert_eq(assay_write_file_atomically(below("folder/.hidden"), "x", 1, NULL), ASSAY_OK);
    expect_refused(path, "folder: exists and is not empty");
    expect_refused(below("folder/.hidden"), "is no folder");
    expect_refused(below("none/folder"), "cannot create a folder there: No such file");
    expect_refused("", "is empty; give one");
    cr_assert_eq(symlink("nowhere", below("dangling")), 0);
    expect_refused(below("dangling"), "a link to what does not exist");
}

/* Someone else was faster. */
Test(atomic_folder, a_failed_commit_leaves_nothing) {
    assay_atomic_folder f;
    assay_error err = {0};
    cr_assert_eq(assay_atomic_folder_begin(&f, path, NULL), ASSAY_OK);
    put(&f, "file");
    cr_assert_eq(mkdir(path, 0777), 0);
    cr_assert_eq(assay_write_file_atomically(below("folder/theirs"), "x", 1, NULL), ASSAY_OK);
    char *temporary = strdup(f.temporary);
    cr_assert_eq(assay_atomic_folder_commit(&f, &err), ASSAY_EINPUT);
    cr_expect(strstr(err.message, "cannot rename"), "%s", err.message);
    cr_expect_neq(access(temporary, F_OK), 0);
    cr_expect_eq(access(below("folder/theirs"), R_OK), 0);
    free(temporary);
}

Test(atomic_folder, a_new_file_replaces_none) {
    assay_error err = {0};
    cr_assert_eq(assay_write_new_file(path, &(assay_bytes){"x", 1}, 1, &err), ASSAY_OK);
    cr_assert_eq(assay_write_new_file(path, &(assay_bytes){"y", 1}, 1, &err), ASSAY_EINPUT);
    cr_expect(strstr(err.message, "cannot write it: File exists"), "%s", err.message);
}
