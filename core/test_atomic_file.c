#include "core/atomic_file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/assay-test-XXXXXX";
static char path[64];

static void make_folder(void) {
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
}

static void remove_folder(void) {
    unlink(path);
    rmdir(path);
    rmdir(folder);
}

static int files_in_folder(void) {
    int n = 0;
    DIR *d = opendir(folder);
    cr_assert_not_null(d);
    for (const struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void assert_content(const char *expected) {
    char text[32] = "";
    FILE *in = fopen(path, "rb");
    cr_assert_not_null(in);
    size_t n = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    cr_assert_eq(n, strlen(expected));
    cr_assert_str_eq(text, expected);
}

TestSuite(atomic_file, .init = make_folder, .fini = remove_folder);

Test(atomic_file, replaces_what_was_there_and_leaves_nothing_else) {
    cr_assert_eq(assay_write_file_atomically(path, "one, long", 9, NULL), ASSAY_OK);
    assert_content("one, long");
    cr_assert_eq(assay_write_file_atomically(path, "two", 3, NULL), ASSAY_OK);
    assert_content("two");
    cr_assert_eq(files_in_folder(), 1);
}

Test(atomic_file, writes_parts_one_after_the_other) {
    const assay_bytes parts[] = {{"one", 3}, {NULL, 0}, {", two", 5}};
    cr_assert_eq(assay_write_parts_atomically(path, parts, 3, NULL), ASSAY_OK);
    assert_content("one, two");
    cr_assert_eq(assay_write_parts_atomically(path, parts, 0, NULL), ASSAY_OK);
    assert_content("");
    cr_assert_eq(files_in_folder(), 1);
}

Test(atomic_file, has_the_mode_of_a_new_file) {
    mode_t mask = umask(027);
    cr_assert_eq(assay_write_file_atomically(path, "x", 1, NULL), ASSAY_OK);
    umask(mask);
    struct stat info;
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0640);
}

Test(atomic_file, leaves_nothing_when_it_fails) {
    assay_error err = {0};
    cr_assert_eq(mkdir(path, 0777), 0);
    cr_assert_eq(assay_write_file_atomically(path, "x", 1, &err), ASSAY_EINPUT, "%s", err.message);
    cr_assert_eq(files_in_folder(), 1, "the folder that was in the way");
    cr_assert_eq(assay_write_file_atomically("/nonexistent/file", "x", 1, &err), ASSAY_EINPUT);
    cr_assert_not_null(strstr(err.message, "/nonexistent/file"));
}
