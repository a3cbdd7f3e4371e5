#include "golden/npy_folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "golden/npy.h"
#include "golden/test_scratch.h"

static scratch s;

static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }

TestSuite(npy_folder, .init = setup, .fini = teardown);

static void expect_names(const char *const *names, size_t count) {
    assay_npy_folder f;
    EXPECT_OK(assay_npy_folder_list(&f, s.dir, &expect_err));
    cr_assert_eq(f.count, count);
    for (size_t i = 0; i < count; i++) cr_expect_str_eq(f.names[i], names[i]);
    assay_npy_folder_free(&f);
    cr_assert_eq(f.count, 0);
}

Test(npy_folder, lists_arrays_sorted_and_nothing_else) {
    static const char *const names[] = {"a.b.npy/c", "steps/0/logits", "steps/10/self_attn.q_proj", "steps/2/x", "z"};
    expect_names(NULL, 0);
    scratch_write_text(&s, "z.npy", "");
    scratch_write_text(&s, "steps/2/x.npy", "");
    scratch_write_text(&s, "steps/10/self_attn.q_proj.npy", "");
    scratch_write_text(&s, "steps/0/logits.npy", "");
    scratch_write_text(&s, "a.b.npy/c.npy", "");
    scratch_write_text(&s, "steps/0/notes.txt", "");
    scratch_write_text(&s, "steps/0/x.npy.bak", "");
    scratch_write_text(&s, "steps/0/xnpy", "");
    scratch_write_text(&s, ".npy", "");
    scratch_write_text(&s, "steps/.x.npy", "");
    scratch_write_text(&s, ".git/x.npy", "");
    cr_assert_eq(mkdir(scratch_path(&s, "none"), 0777), 0);
    cr_assert_eq(mkfifo(scratch_path(&s, "pipe"), 0666), 0);
    expect_names(names, 5);
}

Test(npy_folder, follows_links_but_not_in_circles) {
    static const char *const names[] = {"a", "link/x", "y"};
    assay_npy_folder f;
    scratch_write_text(&s, "a.npy", "");
    scratch_write_text(&s, ".hidden/x.npy", "");
    cr_assert_eq(symlink(".hidden", scratch_path(&s, "link")), 0);
    cr_assert_eq(symlink(".hidden/x.npy", scratch_path(&s, "y.npy")), 0);
    expect_names(names, 3);
    cr_assert_eq(symlink("..", scratch_path(&s, ".hidden/up")), 0);
    EXPECT_REFUSED(assay_npy_folder_list(&f, s.dir, &expect_err), "nested more than 12 deep");
}

Test(npy_folder, refuses_what_cannot_be_read) {
    assay_npy_folder f;
    EXPECT_REFUSED(assay_npy_folder_list(&f, scratch_path(&s, "none"), &expect_err), "No such file");
    EXPECT_REFUSED(assay_npy_folder_list(&f, scratch_write_text(&s, "file", ""), &expect_err), "Not a directory");
    cr_assert_eq(symlink("nothing", scratch_path(&s, "x.npy")), 0);
    EXPECT_REFUSED(assay_npy_folder_list(&f, s.dir, &expect_err), "x.npy: cannot open: No such file");
    cr_assert_eq(unlink(scratch_path(&s, "x.npy")), 0);
    cr_assert_eq(symlink("self", scratch_path(&s, "self")), 0);
    EXPECT_REFUSED(assay_npy_folder_list(&f, s.dir, &expect_err), "self: cannot open");
    cr_assert_eq(unlink(scratch_path(&s, "self")), 0);
    cr_assert_eq(mkdir(scratch_path(&s, "closed"), 0), 0);
    if (access(scratch_path(&s, "closed"), R_OK) != 0) /* root may read everything */
        EXPECT_REFUSED(assay_npy_folder_list(&f, s.dir, &expect_err), "closed: cannot open: Permission denied");
    cr_assert_eq(chmod(scratch_path(&s, "closed"), 0700), 0);
}

Test(npy_folder, reads_a_tensor_by_name) {
    scratch_write_text(&s, "steps/0/bad.npy", "bad");
    assay_tensor t = assay_tensor_view(ASSAY_I32, 1, (int64_t[]){2}, (int32_t[]){3, 4}), got;
    EXPECT_OK(assay_npy_write(scratch_path(&s, "steps/0/x.npy"), &t, &expect_err));
    EXPECT_OK(assay_npy_folder_read(s.dir, "steps/0/x", &got, &expect_err));
    cr_assert_eq(((int32_t *)got.data)[1], 4);
    assay_tensor_free(&got);
    EXPECT_REFUSED(assay_npy_folder_read(s.dir, "steps/0/bad", &got, &expect_err), "/steps/0/bad.npy: not a .npy");
    cr_assert_eq(mkfifo(scratch_path(&s, "steps/0/p.npy"), 0666), 0);
    EXPECT_REFUSED(assay_npy_folder_read(s.dir, "steps/0/p", &got, &expect_err), "p.npy: not a regular file");
}
