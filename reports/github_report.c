#include "reports/github_report.h"

#include "reports/entry_words.h"
#include "reports/escape.h"
#include "reports/summary_words.h"
#include "reports/worst_failures.h"

enum { SHOWN = 10 };

static void put_property(FILE *out, const char *text) { assay_escape_put(out, ASSAY_ESCAPE_GITHUB_PROPERTY, text); }
static void put_message(FILE *out, const char *text) { assay_escape_put(out, ASSAY_ESCAPE_GITHUB_MESSAGE, text); }

static void put_failure(FILE *out, const assay_failure *f) {
    char text[300];
    const assay_entry *e = f->entry;
    fputs("::error title=", out);
    put_property(out, f->of->name);
    if (!e) {
        fputs("::", out);
        put_message(out, f->of->error[0] ? f->of->error : f->of->note);
    } else {
        fputs(" ", out);
        put_property(out, e->path);
        fputs("::", out);
        put_message(out, e->reason);
        if (e->rules[0]) {
            fputs(" (see ", out);
            put_message(out, e->rules);
            fputc(')', out);
        }
        if (assay_worst_text(e, text, sizeof text)[0]) fprintf(out, "%%0Aworst element %s", text);
    }
    fputc('\n', out);
}

assay_status assay_report_github(FILE *out, const assay_result *result, assay_error *err) {
    assay_failure worst[SHOWN];
    char text[ASSAY_SUMMARY_TEXT];
    size_t total = assay_worst_failures(result, worst, SHOWN);
    for (size_t i = 0; i < total && i < SHOWN; i++) put_failure(out, &worst[i]);
    fprintf(out, "::%s title=Assay%%3A %s::",
            assay_result_passed(result) ? "notice"
            : total                     ? "warning"
                                        : "error",
            assay_run_verdict(result));
    if (total > SHOWN) fprintf(out, "the worst %d of %zu failures are shown; ", SHOWN, total);
    fprintf(out, "%s\n", assay_summary_text(result, text));
    if (fflush(out) != 0 || ferror(out)) return assay_fail(err, ASSAY_EINTERNAL, NULL, "the report cannot be written");
    return ASSAY_OK;
}
