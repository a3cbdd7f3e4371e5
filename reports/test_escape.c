#include "reports/escape.h"

#include <stdlib.h>

#include "core/random.h"
#include "reports/report_text_fixture.h"

static char *put(assay_escape_form form, const char *text) {
    char *out = NULL;
    size_t nbytes;
    FILE *stream = open_memstream(&out, &nbytes);
    assay_escape_put(stream, form, text);
    fclose(stream);
    return out;
}

static void check(assay_escape_form form, const char *text, const char *expected) {
    char *out = put(form, text);
    cr_expect_str_eq(out, expected);
    free(out);
}

Test(escape, of_each_form) {
    check(ASSAY_ESCAPE_XML, "a<b>&\"c\"\t\r\n'ü😀", "a&lt;b&gt;&amp;&quot;c&quot;&#9;&#13;&#10;'ü😀");
    check(ASSAY_ESCAPE_MARKDOWN, "attn_scores _x_ a|b `c` @d #1 :e: f: g\nwww.h",
          "attn_scores &#95;x&#95; a&#124;b &#96;c&#96; "
          "&#64;d &#35;1 &#58;e: f: g &#119;&#119;w.h");
    check(ASSAY_ESCAPE_MARKDOWN, "a:", "a:");
    check(ASSAY_ESCAPE_GITHUB_MESSAGE, "50% a:b,c\r\n::error::", "50%25 a:b,c%0D%0A::error::");
    check(ASSAY_ESCAPE_GITHUB_PROPERTY, "50% a:b,c\r\n::error::", "50%25 a%3Ab%2Cc%0D%0A%3A%3Aerror%3A%3A");
    check(ASSAY_ESCAPE_XML, "", "");
}

#define R "\xef\xbf\xbd"

Test(escape, what_no_report_should_hold_is_shown) {
    check(ASSAY_ESCAPE_XML,
          "a\x01\x1b\x7f"
          "b",
          "a" R R R "b");
    check(ASSAY_ESCAPE_XML, "\xc2\x80|\xc2\x9f|\xc2\xa0", R "|" R "|\xc2\xa0");
    check(ASSAY_ESCAPE_XML, "\xff|\xc3|\xe2\x82|\xc3(", R "|" R "|" R R "|" R "(");
    check(ASSAY_ESCAPE_XML, "\xc0\xaf|\xe0\x9f\xbf|\xf0\x8f\xbf\xbf", R R "|" R R R "|" R R R R);
    check(ASSAY_ESCAPE_XML, "\xed\x9f\xbf|\xed\xa0\x80|\xed\xbf\xbf|\xee\x80\x80",
          "\xed\x9f\xbf|" R R R "|" R R R "|\xee\x80\x80");
    check(ASSAY_ESCAPE_XML, "\xf4\x8f\xbf\xbd|\xf4\x8f\xbf\xbf|\xf4\x90\x80\x80", "\xf4\x8f\xbf\xbd|" R "|" R R R R);
    check(ASSAY_ESCAPE_XML, "\xef\xbf\xbe|\xef\xbf\xbf|\xef\xb7\x90", R "|" R "|" R);
    check(ASSAY_ESCAPE_XML, "\xe2\x80\xae|\xe2\x81\xa6|\xe2\x80\x8e", R "|" R "|" R);
}

Test(escape, is_cut_between_characters) {
    char out[12];
    size_t used = 2;
    memcpy(out, "x=", 3);
    assay_escape_append(out, sizeof out, &used, ASSAY_ESCAPE_XML, "ab<c", 9);
    cr_assert_str_eq(out, "x=ab&lt;c");
    cr_assert_eq(used, 9);
    used = 2;
    assay_escape_append(out, sizeof out, &used, ASSAY_ESCAPE_XML, "abcd&&&&", 9);
    cr_assert_str_eq(out, "x=abcd…");
    used = 2;
    assay_escape_append(out, sizeof out, &used, ASSAY_ESCAPE_XML, "üüüü", 2);
    cr_assert_str_eq(out, "x=üü…");
    cr_assert_eq(used, strlen(out));
}

/* Whatever the bytes are and wherever they are cut, nothing is left that a form escapes, and no byte is written beyond the end. */
Test(escape, of_any_bytes) {
    for (uint64_t seed = 0; seed < 3000; seed++) {
        char text[40], out[64];
        size_t length = assay_random_at(seed, 0) % (sizeof text - 1), nbytes = 5 + assay_random_at(seed, 1) % 50,
               used = 0;
        for (size_t i = 0; i < length; i++) text[i] = (char)(1 + assay_random_at(seed, 2 + i) % 255);
        text[length] = '\0';
        memset(out, 'z', sizeof out);
        assay_escape_append(out, nbytes, &used, (assay_escape_form)(seed % 4), text, SIZE_MAX);
        cr_assert_lt(used, nbytes);
        cr_assert_eq(strlen(out), used);
        cr_assert_eq(out[nbytes], 'z');
        cr_assert_null(strpbrk(out, "\x01\x1b\x7f\r\n\xff"));
        if (seed % 4 == ASSAY_ESCAPE_XML) cr_assert_null(strpbrk(out, "<>\""));
        if (seed % 4 == ASSAY_ESCAPE_MARKDOWN) cr_assert_null(strpbrk(out, "<>|`@"));
        if (seed % 4 == ASSAY_ESCAPE_GITHUB_PROPERTY) cr_assert_null(strpbrk(out, ":,"));
    }
}
