#include "core/date.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(date, reads_days_of_the_calendar) {
    static const struct {
        const char *text;
        assay_date date;
    } good[] = {{"2026-11-24", 20261124},
                {"2024-02-29", 20240229},
                {"2000-02-29", 20000229},
                {"0001-01-01", 10101},
                {"9999-12-31", 99991231}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assay_date date = 0;
        char text[ASSAY_DATE_TEXT];
        cr_assert(assay_date_parse(good[i].text, &date), "%s", good[i].text);
        cr_expect_eq(date, good[i].date);
        cr_expect_str_eq(assay_date_text(date, text), good[i].text);
    }
}

Test(date, refuses_what_is_no_day) {
    static const char *const bad[] = {"",           "2026-02-30", "2026-02-29", "1900-02-29",  "2026-13-01",
                                      "2026-00-10", "2026-04-31", "2026-01-00", "2026-1-1",    "26-01-01",
                                      "2026/01/01", "2026-01-1x", " 2026-01-1", "2026-01-011", "0000-01-01",
                                      "20260101",   "+026-01-01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assay_date date = 7;
        cr_expect(!assay_date_parse(bad[i], &date), "%s", bad[i]);
        cr_expect_eq(date, 7);
    }
}

Test(date, today_is_what_the_environment_says) {
    assay_date date;
    setenv("SOURCE_DATE_EPOCH", "1798675199", 1);
    cr_assert_eq(assay_date_today(&date, NULL), ASSAY_OK);
    cr_expect_eq(date, 20261230, "%d", (int)date);
    setenv("SOURCE_DATE_EPOCH", "1798675200", 1);
    cr_assert_eq(assay_date_today(&date, NULL), ASSAY_OK);
    cr_expect_eq(date, 20261231, "%d", (int)date);
    unsetenv("SOURCE_DATE_EPOCH");
    cr_assert_eq(assay_date_today(&date, NULL), ASSAY_OK);
    cr_expect_gt(date, 20250101);
}

Test(date, an_environment_that_is_no_number_is_refused) {
    static const char *const bad[] = {"yesterday", "-1", "12x", " 12", "99999999999999999999", "999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assay_date date;
        assay_error err = {0};
        setenv("SOURCE_DATE_EPOCH", bad[i], 1);
        cr_expect_eq(assay_date_today(&date, &err), ASSAY_EINPUT, "%s", bad[i]);
        cr_expect(strstr(err.message, "SOURCE_DATE_EPOCH"), "%s", err.message);
    }
    unsetenv("SOURCE_DATE_EPOCH");
}

Test(date, a_time_is_a_second_of_a_day) {
    char text[ASSAY_TIME_TEXT];
    cr_assert(assay_time_is("2026-11-29T23:59:59Z"));
    static const char *const wrong[] = {
        "2026-11-29",           "2026-11-29T24:00:00Z", "2026-11-29T23:60:00Z", "2026-11-29T23:00:60Z",
        "2026-11-31T23:00:00Z", "2026-11-29 23:00:00Z", "2026-11-29T23:00:00",  ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) cr_assert_not(assay_time_is(wrong[i]), "%s", wrong[i]);
    setenv("SOURCE_DATE_EPOCH", "86399", 1);
    cr_assert_eq(assay_time_now(text, NULL), ASSAY_OK);
    cr_assert_str_eq(text, "1970-01-01T23:59:59Z");
}
