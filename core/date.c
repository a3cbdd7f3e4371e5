#include "core/date.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAST_SECOND INT64_C(253402300799) /* of the year 9999 */

static int days_of_month(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* True when the text has a digit where the form has a 'd', and else what the form has. */
static bool has_form(const char *text, const char *form) {
    if (strlen(text) != strlen(form)) return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != form[i]) return false;
    return true;
}

bool assay_date_parse(const char *text, assay_date *out) {
    if (!has_form(text, "dddd-dd-dd")) return false;
    int year = atoi(text), month = atoi(text + 5), day = atoi(text + 8);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month)) return false;
    *out = (assay_date)(year * 10000 + month * 100 + day);
    return true;
}

const char *assay_date_text(assay_date date, char text[ASSAY_DATE_TEXT]) {
    unsigned number = (unsigned)date % 100000000u;
    snprintf(text, ASSAY_DATE_TEXT, "%04u-%02u-%02u", number / 10000, number / 100 % 100, number % 100);
    return text;
}

static assay_status seconds_now(time_t *out, assay_error *err) {
    const char *text = getenv("SOURCE_DATE_EPOCH");
    if (!text || !*text) {
        *out = time(NULL);
        return ASSAY_OK;
    }
    errno = 0;
    char *end;
    long long seconds = strtoll(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno || seconds > LAST_SECOND)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "SOURCE_DATE_EPOCH is '%.40s'; it must be seconds since 1970, or not be set", text);
    *out = (time_t)seconds;
    return ASSAY_OK;
}

static assay_status time_now(struct tm *out, assay_error *err) {
    time_t now;
    assay_status st = seconds_now(&now, err);
    if (st) return st;
    return gmtime_r(&now, out) ? ASSAY_OK : assay_fail(err, ASSAY_EINTERNAL, NULL, "the clock cannot be read");
}

assay_status assay_time_now(char text[ASSAY_TIME_TEXT], assay_error *err) {
    struct tm now;
    assay_status st = time_now(&now, err);
    if (!st) strftime(text, ASSAY_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &now);
    return st;
}

bool assay_time_is(const char *text) {
    char day[ASSAY_DATE_TEXT];
    assay_date date;
    if (!has_form(text, "dddd-dd-ddTdd:dd:ddZ")) return false;
    snprintf(day, sizeof day, "%.10s", text);
    return assay_date_parse(day, &date) && atoi(text + 11) < 24 && atoi(text + 14) < 60 && atoi(text + 17) < 60;
}

assay_status assay_date_today(assay_date *out, assay_error *err) {
    struct tm day;
    assay_status st = time_now(&day, err);
    if (st) return st;
    *out = (assay_date)((day.tm_year + 1900) * 10000 + (day.tm_mon + 1) * 100 + day.tm_mday);
    return ASSAY_OK;
}
