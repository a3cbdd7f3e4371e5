#include "reports/html_text.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void expect_text(const char *text, const char *html) {
    char *made = NULL;
    size_t nbytes = 0;
    FILE *out = open_memstream(&made, &nbytes);
    html_put_text(out, text);
    fclose(out);
    cr_expect_str_eq(made, html);
    free(made);
}

Test(html_text, markup_is_text) {
    expect_text("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    expect_text("a&b \"c\"", "a&amp;b &quot;c&quot;");
}

Test(html_text, characters_beyond_ascii_stay) {
    expect_text("überall", "überall");
    expect_text("✗ 漢字 \xf0\x9f\x98\x80", "✗ 漢字 \xf0\x9f\x98\x80");
}

Test(html_text, control_characters_become_pictures) {
    expect_text("a\nb\tc\x1b[31m\x7f", "a␊b␉c␛[31m␡");
    expect_text("\xc2\x85", "\xef\xbf\xbd"); /* a next-line of C1 */
}

Test(html_text, what_is_no_utf8_is_replaced_byte_by_byte) {
    expect_text(
        "a\xff"
        "b",
        "a\xef\xbf\xbd"
        "b");
    expect_text("\xc3", "\xef\xbf\xbd");                                                 /* cut off */
    expect_text("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");                                 /* overlong '/' */
    expect_text("\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");                 /* the same in three bytes */
    expect_text("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");                 /* a surrogate */
    expect_text("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* beyond U+10FFFF */
    expect_text("\xef\xbf\xbf", "\xef\xbf\xbd"); /* U+FFFF is no character of XML */
}

Test(html_text, marks_that_turn_the_direction_are_replaced) {
    expect_text(
        "a\xe2\x80\xae"
        "b",
        "a\xef\xbf\xbd"
        "b"); /* U+202E */
}

Test(html_text, long_texts_are_cut_with_an_ellipsis) {
    char text[3 * HTML_TEXT_MOST + 1] = "", *made = NULL;
    size_t nbytes = 0;
    for (size_t i = 0; i < HTML_TEXT_MOST + 1; i++) memcpy(text + 2 * i, "ü", 3);
    FILE *out = open_memstream(&made, &nbytes);
    html_put_text(out, text);
    fclose(out);
    cr_expect_eq(nbytes, 2 * HTML_TEXT_MOST + strlen("…"));
    cr_expect_str_eq(made + nbytes - strlen("ü…"), "ü…");
    free(made);
}

static void expect_number(double value, const char *html) {
    char *made = NULL;
    size_t nbytes = 0;
    FILE *out = open_memstream(&made, &nbytes);
    html_put_number(out, value);
    fclose(out);
    cr_expect_str_eq(made, html);
    free(made);
}

Test(html_text, numbers_that_are_none_are_words) {
    expect_number(145e3, "1.45e+05");
    expect_number(NAN, "NaN");
    expect_number(INFINITY, "infinite");
    expect_number(-INFINITY, "minus infinite");
}
