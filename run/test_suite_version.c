#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/version.h"
#include "golden/digest.h"
#include "golden/text_file.h"

/* The cases of the shipped suite and its version: one line "name sha256" for each case, sorted by name. When this test fails because
 * cases were changed or added, raise ASSAY_SUITE_VERSION (docs/conformance.md), and put both new values here. */
static const char version[] = "1.1.0";
static const char digest[] = "4fa387274e54b776cdefa3da6aab1f6816415c52e48caed2789724003b1c57a3";

static void add_line(FILE *lines, const char *path) {
    char *text, hex[ASSAY_SHA256_TEXT];
    size_t nbytes;
    cr_assert_eq(assay_text_file_read(path, (size_t)1 << 24, &text, &nbytes, NULL), ASSAY_OK, "%s", path);
    cr_assert_eq(assay_sha256_hex(text, nbytes, hex, NULL), ASSAY_OK);
    fprintf(lines, "%s %s\n", strrchr(path, '/') + 1, hex);
    free(text);
}

static int compare_paths(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

Test(suite_version, is_that_of_the_cases) {
    glob_t found;
    char *text, hex[ASSAY_SHA256_TEXT];
    size_t nbytes;
    cr_assert_eq(glob("golden/data/cases/*.json", 0, NULL, &found), 0, "run the tests in the repository's root");
    qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, compare_paths); /* in no locale's order */
    FILE *lines = open_memstream(&text, &nbytes);
    for (size_t i = 0; i < found.gl_pathc; i++) add_line(lines, found.gl_pathv[i]);
    fclose(lines);
    cr_assert_eq(assay_sha256_hex(text, nbytes, hex, NULL), ASSAY_OK);
    cr_expect_str_eq(hex, digest, "the shipped cases are not those of %s: %s", version, hex);
    cr_expect_str_eq(ASSAY_SUITE_VERSION, version);
    globfree(&found);
    free(text);
}
