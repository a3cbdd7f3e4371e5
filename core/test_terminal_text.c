#include "core/terminal_text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"

static void check(const char *text, const char *expected) {
    char *written = NULL, copy[100];
    size_t nbytes;
    FILE *out = open_memstream(&written, &nbytes);
    assay_terminal_put(out, text);
    fclose(out);
    cr_expect_str_eq(written, expected);
    snprintf(copy, sizeof copy, "%s", text);
    cr_expect_str_eq(assay_terminal_clean(copy), expected);
    free(written);
}

Test(terminal_text, what_a_terminal_would_act_on_is_shown_instead) {
    check("", "");
    check("überall 😀 \xc2\xa0", "überall 😀 \xc2\xa0");
    check("a\x1b[2Jb\tc\r\nd\x7f", "a?[2Jb?c??d?");
    check(
        "\xc2\x9b"
        "2J|\xc2\x80|\xc2\x9f",
        "?2J|?|?"); /* C1 */
    check(
        "\x9b"
        "2J|\xff|\xc3(|\xe2\x82",
        "?2J|?|?(|??");                                                                /* no UTF-8 */
    check("a\xe2\x80\xaetxt.h5|\xe2\x81\xa6|\xd8\x9c|\xe2\x80\xa8", "a?txt.h5|?|?|?"); /* turns */
    check("\xc0\x9b|\xed\xa0\x80|\xef\xbf\xbe", "??|???|?");
}

/* Whatever the bytes are, both ways agree, and what is left is UTF-8 without anything unfit. */
Test(terminal_text, of_any_bytes) {
    for (uint64_t seed = 0; seed < 2000; seed++) {
        char text[40];
        size_t length = assay_random_at(seed, 0) % (sizeof text - 1);
        for (size_t i = 0; i < length; i++) text[i] = (char)(1 + assay_random_at(seed, 1 + i) % 255);
        text[length] = '\0';
        char *written = NULL;
        size_t nbytes, n;
        FILE *out = open_memstream(&written, &nbytes);
        assay_terminal_put(out, text);
        fclose(out);
        cr_assert_str_eq(assay_terminal_clean(text), written);
        for (const char *at = text; *at; at += n) {
            uint32_t c = 0;
            n = assay_utf8_decode(at, &c);
            cr_assert(n > 0 && c >= 0x20 && !assay_utf8_is_unfit(c));
        }
        free(written);
    }
}
