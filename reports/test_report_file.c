#include "reports/report_file.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[] = "/tmp/assay-test-XXXXXX";
static char path[64];

static void make_folder(void) {
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/page", folder);
}

static void remove_folder(void) {
    unlink(path);
    cr_assert_eq(rmdir(folder), 0, "nothing else was left in the folder");
}

TestSuite(report_file, .init = make_folder, .fini = remove_folder);

static assay_status put_zeros(FILE *out, const void *context, assay_error *err) {
    for (int i = 0; i < *(const int *)context; i++) putc('0', out);
    return ferror(out) ? assay_fail(err, ASSAY_EINTERNAL, NULL, "the zeros cannot be written") : ASSAY_OK;
}

Test(report_file, a_full_disk_has_the_name_and_the_reason) {
    static const int sizes[] = {300, 300000}; /* the first fails when it is closed */
    const struct rlimit room = {200, 200};
    char expected[128];
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &room), 0);
    snprintf(expected, sizeof expected, "%s: cannot be written: File too large", path);
    for (int i = 0; i < 2; i++) {
        assay_error err = {0};
        cr_assert_eq(assay_report_file(path, put_zeros, &sizes[i], &err), ASSAY_EINPUT);
        cr_assert_str_eq(err.message, expected);
        cr_assert_neq(access(path, F_OK), 0);
    }
}

static assay_status refuse(FILE *out, const void *context, assay_error *err) {
    (void)context;
    putc('0', out);
    return assay_fail(err, ASSAY_EINPUT, NULL, "no");
}

Test(report_file, what_a_writer_refuses_is_no_file) {
    assay_error err = {0};
    cr_assert_eq(assay_report_file(path, refuse, NULL, &err), ASSAY_EINPUT);
    cr_assert_str_eq(err.message, "no");
    cr_assert_neq(access(path, F_OK), 0);
}
