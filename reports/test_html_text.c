#include "reports/html_text.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    expect_number(INFINITY, "+inf");
    expect_number(-INFINITY, "-inf");
}
