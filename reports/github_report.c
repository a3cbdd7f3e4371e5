#include "reports/github_report.h"

#include <string.h>

#include "reports/entry_words.h"
#include "reports/escape.h"
#include "reports/summary_words.h"
#include "reports/worst_failures.h"

enum { SHOWN = 10, SHOWN_FINDINGS = 3 };

static void put_property(FILE *out, const char *text) { assay_escape_put(out, ASSAY_ESCAPE_GITHUB_PROPERTY, text); }
static void put_message(FILE *out, const char *text) { assay_escape_put(out, ASSAY_ESCAPE_GITHUB_MESSAGE, text); }

static void put_finding(FILE *out, const assay_finding *f) {
    fputs("%0A", out);
    put_message(out, f->source);
    fputs(": ", out);
    put_message(out, f->summary);
    for (size_t i = 0; i < f->count && i < SHOWN_FINDINGS; i++) {
        if (strstr(f->summary, f->items[i].name)) continue; /* it was said */
        fputs(" ", out);
        put_message(out, f->items[i].name);
    }
}

/* What is known of the case as a whole: where it begins to differ, and why. */
static void put_case_words(FILE *out, const assay_case_result *c, const assay_entry *shown) {
    if (c->first_divergence >= 0 && shown != &c->entries[c->first_divergence]) {
        fputs("%0Athe case differs first at ", out);
        put_message(out, c->entries[c->first_divergence].path);
    }
    for (size_t i = 0; i < c->finding_count; i++) put_finding(out, &c->findings[i]);
}

static void put_failure(FILE *out, const assay_failure *f, bool first) {
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
    if (first) put_case_words(out, f->of, e);
    fputc('\n', out);
}

/* True for the first of a case: what is about the case is said once. */
static bool is_first_of_case(const assay_failure *worst, size_t index) {
    for (size_t i = 0; i < index; i++)
        if (worst[i].of == worst[index].of) return false;
    return true;
}

static void put_drift(FILE *out, const assay_drift *d) {
    char text[160];
    fputs("::error title=", out);
    put_property(out, d->test_case);
    fputs(" ", out);
    put_property(out, d->path[0] ? d->path : "the whole case");
    fprintf(out, "::%s\n", assay_drift_words(d, text, sizeof text));
}

/* Writes drifts that fail the run while there are lines left. Returns how many there are. */
static size_t put_drifts(FILE *out, const assay_result *r, size_t left) {
    size_t total = 0;
    for (size_t i = 0; i < r->drifts.count; i++)
        if (assay_drift_fails(r->drifts.items[i].kind) && total++ < left) put_drift(out, &r->drifts.items[i]);
    return total;
}

assay_status assay_report_github(FILE *out, const assay_result *result, assay_error *err) {
    assay_failure worst[SHOWN];
    char text[ASSAY_SUMMARY_TEXT];
    const char *command = assay_facts_get(&result->facts, "command");
    size_t total = assay_worst_failures(result, worst, SHOWN);
    for (size_t i = 0; i < total && i < SHOWN; i++) put_failure(out, &worst[i], is_first_of_case(worst, i));
    total += put_drifts(out, result, total < SHOWN ? SHOWN - total : 0);
    fprintf(out, "::%s title=Assay%%3A %s::",
            assay_result_passed(result) ? "notice"
            : total                     ? "warning"
                                        : "error",
            assay_run_verdict(result));
    if (total > SHOWN) fprintf(out, "the worst %d of %zu failures are shown; ", SHOWN, total);
    fputs(assay_summary_text(result, text), out);
    if (command && total) {
        fputs("%0Ato see it again: ", out);
        put_message(out, command);
    }
    fputc('\n', out);
    if (fflush(out) != 0 || ferror(out)) return assay_fail(err, ASSAY_EINTERNAL, NULL, "the report cannot be written");
    return ASSAY_OK;
}
