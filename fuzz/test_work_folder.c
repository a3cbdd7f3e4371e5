#include "fuzz/work_folder.h"

#include <criterion/criterion.h>

/* A report of one run must not differ from that of the next by a random name. */
Test(work_folder, is_taken_out_of_texts) {
    char text[] = "/tmp/x/dump: and /tmp/x, /tmp/y/dump";
    assay_work_folder_hide("/tmp/x", text);
    cr_expect_str_eq(text, "dump: and , /tmp/y/dump");
    assay_work_folder_hide("", text);
    cr_expect_str_eq(text, "dump: and , /tmp/y/dump");
}
