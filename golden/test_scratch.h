/*
 * A folder for the files of one test, and short ways to say what a test expects.
 */
#ifndef ASSAY_GOLDEN_TEST_SCRATCH_H
#define ASSAY_GOLDEN_TEST_SCRATCH_H

#include <criterion/criterion.h>
#include <stddef.h>
#include <string.h>

#include "core/status.h"

typedef struct {
    char dir[64];
    char text[8][160]; /* paths that were handed out, in turn */
    unsigned next;
} scratch;

/* Makes an empty folder. */
void scratch_make(scratch *s);

/* Removes the folder and all in it. */
void scratch_remove(scratch *s);

/* The path of `name` in the folder. Good until eight more were asked for. */
const char *scratch_path(scratch *s, const char *name);

/* Writes a file of the folder, and the folders on its way; returns its path. */
const char *scratch_write(scratch *s, const char *name, const void *data, size_t nbytes);
const char *scratch_write_text(scratch *s, const char *name, const char *text);

/* Reads a whole file; the caller frees it. */
void *scratch_read(const char *path, size_t *nbytes);

/* Number of entries of the folder. */
int scratch_count(const scratch *s);

#define EXPECT_OK(call)                                                         \
    do {                                                                        \
        assay_error expect_err = {0};                                           \
        assay_status expect_st = (call);                                        \
        cr_assert_eq(expect_st, ASSAY_OK, "%s: %s", #call, expect_err.message); \
    } while (0)

/* The call, which names &expect_err as its error, must be refused as bad input with a message that has this part. */
#define EXPECT_REFUSED(call, part)                                                                    \
    do {                                                                                              \
        assay_error expect_err = {0};                                                                 \
        assay_status expect_st = (call);                                                              \
        cr_assert_eq(expect_st, ASSAY_EINPUT, "%s gave %d", #call, (int)expect_st);                   \
        cr_assert(strstr(expect_err.message, part), "'%s' is not in '%s'", part, expect_err.message); \
    } while (0)

#endif
