#include "reports/junit_report.h"

#include <math.h>
#include <string.h>

#include "reports/entry_words.h"
#include "reports/escape.h"
#include "reports/summary_words.h"
#include "reports/worst_failures.h"

/* So many failures have all that is known in their text: what a reader needs is in the first ones, and the file stays small. */
#define DETAILED_FAILURES 2000
/* Explanations that are shown of those that a closer look found, the best first. */
#define SHOWN_FINDINGS 3
/* Bytes of a fact of a case, and of a command under a failure: there may be 10,000 cases. Longer ones are in the HTML and the JSON. */
#define SHOWN_TEXT 500
/* A case that took longer has a time that makes no sense. */
#define MOST_SECONDS 1e9

/* Test cases of a suite or of all. */
typedef struct {
    size_t tests, failures, errors, skipped;
    double seconds;
} tally;

typedef struct {
    FILE *out;
    const char *command; /* that made the result; NULL when not known, or too long to be repeated */
    size_t failures;     /* written so far */
} writer;

/* ---- XML ---- */

static void put_attribute(const writer *w, const char *name, const char *value) {
    fprintf(w->out, " %s=\"", name);
    assay_escape_put(w->out, ASSAY_ESCAPE_XML, value);
    fputc('"', w->out);
}

static void put_property(const writer *w, const char *name, const char *value) {
    fputs("<property", w->out);
    put_attribute(w, "name", name);
    put_attribute(w, "value", value);
    fputs("/>\n", w->out);
}

static void put_real(const writer *w, const char *name, double value) {
    char text[ASSAY_REAL_TEXT];
    fprintf(w->out, "<property name=\"%s\" value=\"%s\"/>\n", name, assay_real_text(value, 4, text));
}

static void put_count(const writer *w, const char *name, int64_t value) {
    if (value) fprintf(w->out, "<property name=\"%s\" value=\"%lld\"/>\n", name, (long long)value);
}

static void put_tally(const writer *w, const tally *t) {
    fprintf(w->out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\"", t->tests,
            t->failures, t->errors, t->skipped, t->seconds);
}

/* ---- counting ---- */

/* A case without entries is a test case by itself, and so is one that fails though no entry does. */
static bool has_own_test(const assay_case_result *c) { return c->entry_count == 0 || assay_case_fails_as_a_whole(c); }

/* A stored result may say anything. */
static double known_seconds(const assay_case_result *c) {
    return c->seconds > 0 && c->seconds <= MOST_SECONDS ? c->seconds : 0;
}

static tally tally_of(const assay_case_result *c) {
    bool own = has_own_test(c);
    const size_t *n = c->counts;
    tally t = {.tests = c->entry_count + own, .seconds = known_seconds(c)};
    t.failures = n[ASSAY_VERDICT_FAIL] + n[ASSAY_VERDICT_MISSING_REQUIRED] + (own && c->verdict == ASSAY_CASE_FAIL);
    t.errors = c->verdict == ASSAY_CASE_ERROR;
    t.skipped = t.tests - t.failures - t.errors - n[ASSAY_VERDICT_PASS];
    return t;
}

/* True when nothing fails, and the result did not pass all the same: each case is unsupported, or there is none. */
static bool shows_nothing(const assay_result *r, const tally *all) {
    return !assay_result_passed(r) && all->failures + all->errors == 0;
}

/* One test case for each drift, or for the baseline itself when there is none. */
static tally tally_of_baseline(const assay_result *r) {
    tally t = {0};
    if (!r->drifts.baseline) return t;
    t.tests = r->drifts.count ? r->drifts.count : 1;
    for (size_t i = 0; i < r->drifts.count; i++) t.failures += assay_drift_fails(r->drifts.items[i].kind);
    t.skipped = r->drifts.count - t.failures;
    return t;
}

static tally tally_all(const assay_result *r) {
    tally all = tally_of_baseline(r);
    for (size_t i = 0; i < r->case_count; i++) {
        tally t = tally_of(&r->cases[i]);
        all.tests += t.tests, all.failures += t.failures, all.errors += t.errors, all.skipped += t.skipped;
        all.seconds += t.seconds;
    }
    return all;
}

/* ---- one entry ---- */

/* A result that was written by another program may leave out why. */
static const char *said(const char *why) { return why[0] ? why : "no reason is given"; }

static void put_metrics(const writer *w, const assay_entry *e) {
    if (!e->has_metrics) return;
    const assay_metrics *m = &e->metrics;
    fputs("<properties>\n", w->out);
    put_real(w, "deviation", e->deviation);
    if (e->origin != ASSAY_TOLERANCE_NONE) {
        put_real(w, "tolerance", e->tolerance);
        put_real(w, "ratio", e->ratio_tolerance);
    }
    if (e->has_floor) put_real(w, "floor", e->floor);
    if (m->max_abs != e->deviation) put_real(w, "max_abs", m->max_abs);
    if (m->has_logits) put_real(w, "kl_max", m->logits.kl_max);
    if (m->has_logits) put_count(w, "argmax_differs", m->logits.top1_differs);
    put_count(w, "class_mismatches", m->class_mismatches);
    fputs("</properties>\n", w->out);
}

static void put_text(const writer *w, const char *text) { assay_escape_put(w->out, ASSAY_ESCAPE_XML, text); }

static void put_named(const writer *w, const char *name, double value, int digits) {
    char text[ASSAY_REAL_TEXT];
    fprintf(w->out, ", %s %s", name, assay_real_text(value, digits, text));
}

static void put_numbers(const writer *w, const assay_entry *e) {
    const assay_metrics *m = &e->metrics;
    if (!e->has_metrics) return;
    fprintf(w->out, "%lld of %lld elements differ", (long long)(m->different + m->class_mismatches),
            (long long)m->count);
    put_named(w, "max abs", m->max_abs, 4);
    put_named(w, "max rel", m->max_rel, 4);
    put_named(w, "rms", m->rms, 4);
    put_named(w, "nmse", m->nmse, 4);
    put_named(w, "cosine", m->cosine, 9);
    fputc('\n', w->out);
    if (!m->has_logits) return;
    const assay_logit_metrics *l = &m->logits;
    fprintf(w->out, "argmax differs in %lld of %lld rows, %lld of them decided", (long long)l->top1_differs,
            (long long)l->rows, (long long)l->top1_wrong);
    put_named(w, "KL at most", l->kl_max, 4);
    put_named(w, "mean", l->kl_mean, 4);
    fputc('\n', w->out);
}

/* Under the first failure of a case: what a closer look found, and how to see it again. */
static void put_findings(const writer *w, const assay_case_result *c) {
    for (size_t i = 0; i < c->finding_count; i++) {
        const assay_finding *f = &c->findings[i];
        put_text(w, f->source);
        fputs(": ", w->out);
        put_text(w, f->summary);
        fputc('\n', w->out);
        for (size_t k = 0; k < f->count && k < SHOWN_FINDINGS; k++) {
            const char *parts[] = {"  ", f->items[k].name,   f->items[k].rules[0] ? " " : "", f->items[k].rules,
                                   ": ", f->items[k].summary};
            for (size_t n = 0; n < sizeof parts / sizeof *parts; n++) put_text(w, parts[n]);
            fputc('\n', w->out);
        }
    }
    if (!w->command) return;
    fputs("to see it again: ", w->out);
    put_text(w, w->command);
    fputc('\n', w->out);
}

/* The text begins with the reason again: GitLab shows the text alone. */
static void put_failure(writer *w, const assay_case_result *c, const assay_entry *e) {
    char text[300];
    fputs("<failure", w->out);
    put_attribute(w, "message", said(e->reason));
    put_attribute(w, "type", assay_failure_kind(e));
    fputc('>', w->out);
    put_text(w, said(e->reason));
    if (w->failures++ < DETAILED_FAILURES) {
        fputs("\ncase ", w->out);
        put_text(w, c->name);
        fprintf(w->out, ", %s\n", assay_entry_place_text(e, text, sizeof text));
        if (e->rules[0]) {
            fputs("rules ", w->out);
            put_text(w, e->rules);
            fputc('\n', w->out);
        }
        if (assay_worst_text(e, text, sizeof text)[0]) fprintf(w->out, "worst element %s\n", text);
        put_numbers(w, e);
        if (e == &c->entries[c->first_divergence]) put_findings(w, c);
    }
    fputs("</failure>\n", w->out);
}

static void put_skipped(const writer *w, const assay_case_result *c, const assay_entry *e) {
    char day[ASSAY_DATE_TEXT];
    fprintf(w->out, "<skipped message=\"%s", assay_verdict_name(e->verdict));
    if (e->verdict == ASSAY_VERDICT_WAIVED && e->waiver) {
        const assay_waiver_use *use = &c->waivers.items[e->waiver - 1];
        fprintf(w->out, " until %s (", assay_date_text(use->expires, day));
        put_text(w, use->reason);
        fputc(')', w->out);
    }
    if (e->reason[0]) fputs(": ", w->out);
    put_text(w, e->reason);
    fputs("\"/>\n", w->out);
}

/* The last dot of a class name is where Jenkins ends the package: the case is the package, the window the class. */
static void put_test_start(const writer *w, const assay_case_result *c, const char *place, const char *name) {
    fputs("<testcase classname=\"", w->out);
    assay_escape_put(w->out, ASSAY_ESCAPE_XML, c->name);
    fprintf(w->out, ".%s\"", place);
    put_attribute(w, "name", name);
    fputs(" time=\"0\">\n", w->out);
}

static void put_entry(writer *w, const assay_case_result *c, const assay_entry *e) {
    char place[100];
    assay_entry of_window = *e;
    of_window.place.layer = -1;
    put_test_start(w, c, assay_entry_place_text(&of_window, place, sizeof place), e->path);
    put_metrics(w, e);
    if (assay_verdict_fails(e->verdict)) put_failure(w, c, e);
    else if (e->verdict != ASSAY_VERDICT_PASS) put_skipped(w, c, e);
    fputs("</testcase>\n", w->out);
}

/* ---- one case ---- */

static void put_own_test(const writer *w, const assay_case_result *c) {
    const char *element = c->verdict == ASSAY_CASE_ERROR  ? "error"
                          : c->verdict == ASSAY_CASE_FAIL ? "failure"
                                                          : "skipped";
    const char *why = said(c->verdict == ASSAY_CASE_ERROR ? c->error : c->unsupported[0] ? c->unsupported : c->note);
    put_test_start(w, c, "case", "comparison");
    fprintf(w->out, "<%s", element);
    put_attribute(w, "message", why);
    if (c->verdict == ASSAY_CASE_UNSUPPORTED) fputs("/>\n", w->out);
    else {
        put_attribute(w, "type", c->verdict == ASSAY_CASE_ERROR ? "not_compared" : "nothing_compared");
        fputc('>', w->out);
        put_text(w, why);
        fprintf(w->out, "</%s>\n", element);
    }
    fputs("</testcase>\n", w->out);
}

/* Of the run: once, in the first suite. */
static void put_run_properties(const writer *w, const assay_result *r) {
    char text[ASSAY_SUMMARY_TEXT];
    put_property(w, "summary", assay_summary_text(r, text));
    for (size_t i = 0; i < r->facts.count; i++)
        if (r->facts.items[i].key[0]) put_property(w, r->facts.items[i].key, r->facts.items[i].value);
}

/* Short facts of a case, without those that the first case has as well. */
static void put_facts(const writer *w, const assay_result *r, const assay_case_result *c) {
    for (size_t i = 0; i < c->facts.count; i++) {
        const assay_fact *fact = &c->facts.items[i];
        const char *first = c == r->cases ? NULL : assay_facts_get(&r->cases[0].facts, fact->key);
        bool known = first && strcmp(first, fact->value) == 0;
        if (!fact->key[0] || known || strcmp(fact->key, "provenance") == 0) continue;
        if (strlen(fact->key) + strlen(fact->value) <= SHOWN_TEXT) put_property(w, fact->key, fact->value);
    }
}

static void put_case_properties(const writer *w, const assay_result *r, const assay_case_result *c) {
    fputs("<properties>\n", w->out);
    put_property(w, "verdict", assay_case_verdict_name(c->verdict));
    put_property(w, "golden", c->golden_name);
    put_property(w, "candidate", c->candidate_name);
    if (c->has_dtypes) {
        put_property(w, "golden_dtype", assay_dtype_name(c->golden_dtype));
        put_property(w, "candidate_dtype", assay_dtype_name(c->candidate_dtype));
    }
    if (c->reference[0]) put_property(w, "reference", c->reference);
    if (c->first_divergence >= 0) put_property(w, "first_divergence", c->entries[c->first_divergence].path);
    if (c->unsupported[0]) put_property(w, "unsupported", c->unsupported);
    for (size_t i = 0; i < c->finding_count && w->failures < DETAILED_FAILURES; i++)
        put_property(w, c->findings[i].source, c->findings[i].summary);
    put_facts(w, r, c);
    if (c == r->cases) put_run_properties(w, r);
    fputs("</properties>\n", w->out);
}

static void put_case(writer *w, const assay_result *r, const assay_case_result *c) {
    tally t = tally_of(c);
    fputs("<testsuite", w->out);
    put_attribute(w, "name", c->name);
    put_tally(w, &t);
    fputs(">\n", w->out);
    put_case_properties(w, r, c);
    if (has_own_test(c)) put_own_test(w, c);
    for (size_t i = 0; i < c->entry_count; i++) put_entry(w, c, &c->entries[i]);
    fputs("</testsuite>\n", w->out);
}

/* ---- the baseline ---- */

static void put_drift(const writer *w, const assay_drift *d) {
    char text[160];
    fputs("<testcase", w->out);
    put_attribute(w, "classname", said(d->test_case));
    fprintf(w->out, " name=\"%s of ", assay_drift_measure_name(d->measure));
    put_text(w, d->path[0] ? d->path : "the whole case");
    fputs("\" time=\"0\">\n", w->out);
    assay_drift_words(d, text, sizeof text);
    if (assay_drift_fails(d->kind))
        fprintf(w->out, "<failure message=\"%s\" type=\"drift\">%s</failure>\n", text, text);
    else fprintf(w->out, "<skipped message=\"%s\"/>\n", text);
    fputs("</testcase>\n", w->out);
}

static void put_baseline(const writer *w, const assay_result *r) {
    tally t = tally_of_baseline(r);
    if (!r->drifts.baseline) return;
    fputs("<testsuite name=\"baseline ", w->out);
    put_text(w, r->drifts.baseline);
    fputc('"', w->out);
    put_tally(w, &t);
    fputs(">\n", w->out);
    for (size_t i = 0; i < r->drifts.count; i++) put_drift(w, &r->drifts.items[i]);
    if (r->drifts.count == 0)
        fputs("<testcase classname=\"baseline\" name=\"nothing moved beyond noise\" time=\"0\">\n</testcase>\n",
              w->out);
    fputs("</testsuite>\n", w->out);
}

/* ---- all ---- */

static void put_nothing_shown(const writer *w, const assay_result *r) {
    const char *why = r->case_count ? "the port says that it cannot run any of the cases: nothing was compared"
                                    : "there is no case: nothing was compared";
    fputs("<testsuite name=\"assay\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0.000\">\n", w->out);
    if (r->case_count == 0) {
        fputs("<properties>\n", w->out);
        put_run_properties(w, r);
        fputs("</properties>\n", w->out);
    }
    fputs("<testcase classname=\"assay\" name=\"comparison\" time=\"0\">\n", w->out);
    fprintf(w->out, "<error message=\"%s\" type=\"nothing_compared\">%s</error>\n", why, why);
    fputs("</testcase>\n</testsuite>\n", w->out);
}

assay_status assay_report_junit(FILE *out, const assay_result *result, assay_error *err) {
    writer w = {.out = out, .command = assay_facts_get(&result->facts, "command")};
    if (w.command && strlen(w.command) > SHOWN_TEXT) w.command = NULL;
    tally all = tally_all(result);
    bool nothing = shows_nothing(result, &all);
    all.tests += nothing, all.errors += nothing;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"assay\"", out);
    put_tally(&w, &all);
    fputs(">\n", out);
    if (nothing) put_nothing_shown(&w, result);
    for (size_t i = 0; i < result->case_count; i++) put_case(&w, result, &result->cases[i]);
    put_baseline(&w, result);
    fputs("</testsuites>\n", out);
    if (fflush(out) != 0 || ferror(out)) return assay_fail(err, ASSAY_EINTERNAL, NULL, "the report cannot be written");
    return ASSAY_OK;
}
