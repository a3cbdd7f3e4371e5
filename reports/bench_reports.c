/*
 * How long and how large every report of 50,000 stages is: `make bench-reports`. Prints one line a figure, "name value unit", of a
 * result in which all stages pass, and of one in which all fail. Exits 1 when JUnit XML is not below 30 MB and a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "reports/large_result_fixture.h"
#include "reports/report_format.h"

static void die(const char *why) {
    fprintf(stderr, "bench-reports: %s\n", why);
    exit(3);
}

/* Writes to a file, as a CI job does. False when JUnit is too large or too slow. */
static bool measure(const assay_report_format *format, const assay_result *r, const char *of) {
    FILE *out = tmpfile();
    if (!out) die("no temporary file can be made");
    double start = assay_clock_seconds();
    if (format->write(out, r, NULL)) die("a report cannot be written");
    double seconds = assay_clock_seconds() - start, megabytes = (double)ftell(out) / 1e6;
    fclose(out);
    printf("%s.%s.time %.3f s\n%s.%s.size %.1f MB\n", format->name, of, seconds, format->name, of, megabytes);
    return strcmp(format->name, "junit") != 0 || (seconds < 1 && megabytes < 30);
}

int main(void) {
    bool ok = true;
    for (int fails = 0; fails < 2; fails++) {
        assay_result r = {0};
        if (!large_result(&r, 10, 5000, fails)) die("out of memory");
        for (size_t i = 0; i < assay_report_format_count(); i++)
            ok = measure(assay_report_format_at(i), &r, fails ? "failing" : "passing") && ok;
        assay_result_free(&r);
    }
    return ok ? 0 : 1;
}
