#include "reports/text.h"

#include <stdint.h>
#include <string.h>

#include "compare/waiver.h"
#include "core/terminal_text.h"
#include "reports/drift_text.h"
#include "reports/entry_words.h"
#include "reports/stage_table.h"
#include "reports/summary_words.h"
#include "reports/waiver_list.h"

#define DEFAULT_LIST_LIMIT 20

typedef enum { PLAIN, GREEN, RED, YELLOW, BOLD } style;

typedef struct {
    FILE *out;
    assay_text_options options;
    int name_width, verdict_width, path_width;
    bool waived; /* what is waived has a table of its own, or it could crowd out what fails */
} printer;

/* ---- words ---- */

/* Text of a file, made safe for a terminal and cut to what fits. */
static const char *clean(const char *text, char *out, size_t out_nbytes) {
    snprintf(out, out_nbytes, "%s", text);
    return assay_terminal_clean(out);
}

static int characters(const char *text) {
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* printf's %-*s counts bytes; names may hold longer characters. */
static void put_padded(const printer *p, const char *text, int width) {
    char line[512];
    clean(text, line, sizeof line);
    fprintf(p->out, "%s%*s", line, width > characters(line) ? width - characters(line) : 0, "");
}

static void put_styled(const printer *p, style s, const char *text, int width) {
    static const char *const codes[] = {"", "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[1m"};
    bool on = p->options.colour && s != PLAIN;
    fprintf(p->out, "%s", on ? codes[s] : "");
    put_padded(p, text, 0);
    fprintf(p->out, "%s%*s", on ? "\x1b[0m" : "", width > characters(text) ? width - characters(text) : 0, "");
}

static style style_of(assay_verdict v) {
    if (assay_verdict_fails(v)) return RED;
    return v == ASSAY_VERDICT_PASS ? GREEN : YELLOW;
}

/* ---- one entry ---- */

static void put_number(const printer *p, bool has, double value) {
    char text[32] = "-";
    if (has) snprintf(text, sizeof text, "%.3g", value);
    fprintf(p->out, "  %10s", text);
}

static void put_entry_row(const printer *p, const assay_entry *e) {
    bool has = e->has_metrics;
    fprintf(p->out, "  ");
    put_padded(p, e->path, p->path_width);
    fprintf(p->out, "  %-13s", e->has_metrics ? assay_metric_word(e) : "-");
    put_number(p, has, e->deviation);
    put_number(p, has, e->tolerance);
    put_number(p, has && e->origin != ASSAY_TOLERANCE_NONE, e->ratio_tolerance);
    fprintf(p->out, "  ");
    put_styled(p, style_of(e->verdict), assay_verdict_name(e->verdict), 16);
    fprintf(p->out, "  ");
    assay_terminal_put(p->out, e->rules);
    fprintf(p->out, "\n");
}

static void put_header_row(const printer *p) {
    fprintf(p->out, "  ");
    put_padded(p, "stage", p->path_width);
    fprintf(p->out, "  %-13s  %10s  %10s  %10s  %-16s  %s\n", "metric", "value", "tolerance", "ratio", "verdict",
            "rules");
}

static void put_worst(const printer *p, const assay_entry *e) {
    char text[300];
    if (assay_worst_text(e, text, sizeof text)[0]) fprintf(p->out, "      worst element %s\n", text);
}

static void put_logits(const printer *p, const assay_metrics *m) {
    if (!m->has_logits || m->logits.rows == 0) return;
    const assay_logit_metrics *l = &m->logits;
    fprintf(p->out,
            "      logits: KL at most %.3g, mean %.3g; argmax differs in %lld of %lld rows (%lld decided, %lld wrong)",
            l->kl_max, l->kl_mean, (long long)l->top1_differs, (long long)l->rows, (long long)l->top1_decided,
            (long long)l->top1_wrong);
    fprintf(p->out, "; top five differ in %lld (%lld decided, %lld wrong)\n", (long long)l->top5_differs,
            (long long)l->top5_decided, (long long)l->top5_wrong);
}

static void put_distances(const printer *p, const assay_entry *e) {
    const assay_metrics *m = &e->metrics;
    fprintf(p->out, "      max abs %.3g, max rel %.3g, rms %.3g, nmse %.3g, cosine %.9g, %.3g ulp of %s", m->max_abs,
            m->max_rel, m->rms, m->nmse, m->cosine, m->max_ulp, assay_dtype_name(m->ulp_dtype));
    if (e->has_floor) fprintf(p->out, "; %.3g times the golden's noise floor %.3g", e->ratio_floor, e->floor);
    if (e->goodness > 0)
        fprintf(p->out, "; %.3g times as far from the exact result as a half-precision run", e->goodness);
    fprintf(p->out, "\n");
}

/* Of a waiver the line under the failure that it waives, or would. */
static void put_waiver(const printer *p, const assay_case_result *c, const assay_entry *e) {
    char day[ASSAY_DATE_TEXT], scope[300];
    if (!e->waiver) return;
    const assay_waiver_use *use = &c->waivers.items[e->waiver - 1];
    const char *what = e->verdict == ASSAY_VERDICT_WAIVED ? "waived until" : "a waiver for this expired on";
    fprintf(p->out, "      %s %s: ", what, assay_date_text(use->expires, day));
    assay_terminal_put(p->out, use->reason);
    fprintf(p->out, " (");
    assay_terminal_put(p->out, assay_waiver_scope(use, scope, sizeof scope));
    fprintf(p->out, ")\n");
}

static void put_entry(const printer *p, const assay_case_result *c, const assay_entry *e) {
    char reason[sizeof e->reason];
    put_entry_row(p, e);
    if (e->reason[0]) fprintf(p->out, "      %s\n", clean(e->reason, reason, sizeof reason));
    put_waiver(p, c, e);
    if (!e->has_metrics) return;
    put_worst(p, e);
    if (assay_stage_get(e->place.stage)->judge != ASSAY_JUDGE_EXACT) put_distances(p, e);
    put_logits(p, &e->metrics);
}

/* ---- lists of a case ---- */

static void put_more(const printer *p, size_t total) {
    if (total > p->options.list_limit) fprintf(p->out, "      ... and %zu more\n", total - p->options.list_limit);
}

static bool is_listed(const printer *p, const assay_entry *e) {
    if (p->waived) return e->verdict == ASSAY_VERDICT_WAIVED;
    return e->verdict == ASSAY_VERDICT_FAIL || (p->options.list_passes && e->verdict == ASSAY_VERDICT_PASS);
}

static void put_table(printer *p, const assay_case_result *c) {
    size_t total = 0;
    p->path_width = (int)strlen("stage");
    for (size_t i = 0; i < c->entry_count; i++) {
        if (!is_listed(p, &c->entries[i]) || total++ >= p->options.list_limit) continue;
        int width = characters(c->entries[i].path);
        if (width > p->path_width) p->path_width = width;
    }
    if (total == 0) return;
    put_header_row(p);
    size_t shown = 0;
    for (size_t i = 0; i < c->entry_count && shown < p->options.list_limit; i++) {
        if (!is_listed(p, &c->entries[i])) continue;
        put_entry(p, c, &c->entries[i]);
        shown++;
    }
    put_more(p, total);
}

static void put_waived(printer *p, const assay_case_result *c) {
    if (c->counts[ASSAY_VERDICT_WAIVED] == 0) return;
    fprintf(p->out, "  waived by the policy (%zu):\n", c->counts[ASSAY_VERDICT_WAIVED]);
    p->waived = true;
    put_table(p, c);
    p->waived = false;
}

static void put_list(const printer *p, const assay_case_result *c, assay_verdict verdict, const char *title) {
    size_t total = c->counts[verdict], shown = 0;
    char line[512];
    if (total == 0) return;
    fprintf(p->out, "  %s (%zu):\n", title, total);
    for (int pass = 0; pass < 2; pass++) /* what any port can write first: results and past, then stages of windows */
        for (size_t i = 0; i < c->entry_count && shown < p->options.list_limit; i++) {
            if (c->entries[i].verdict != verdict || (c->entries[i].place.window >= 0) != pass) continue;
            fprintf(p->out, "      %s\n", clean(c->entries[i].path, line, sizeof line));
            put_waiver(p, c, &c->entries[i]);
            shown++;
        }
    put_more(p, total);
}

/* What was not compared, folded into one line for each run of the same reason. */
static void put_not_compared(const printer *p, const assay_case_result *c) {
    const assay_entry *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i <= c->entry_count; i++) {
        const assay_entry *e = i < c->entry_count ? &c->entries[i] : NULL;
        if (e && e->verdict != ASSAY_VERDICT_NOT_COMPARED) continue;
        bool same = e && first && strcmp(e->reason, first->reason) == 0 && e->place.step == first->place.step;
        if (first && !same) {
            char path[sizeof first->path], reason[sizeof first->reason];
            fprintf(p->out, "  not compared: %zu from %s on: %s\n", n, clean(first->path, path, sizeof path),
                    clean(first->reason, reason, sizeof reason));
        }
        if (!same) first = e;
        n = same ? n + 1 : 1;
    }
}

/* ---- one case ---- */

static void put_first_divergence(const printer *p, const assay_case_result *c) {
    if (c->first_divergence < 0) return;
    const assay_entry *e = &c->entries[c->first_divergence];
    char reason[sizeof e->reason], rules[sizeof e->rules], place[100];
    fprintf(p->out, "  First divergence: ");
    if (e->kind == ASSAY_ENTRY_STAGE) {
        put_styled(p, BOLD, assay_stage_get(e->place.stage)->name, 0);
        fprintf(p->out, " of ");
    }
    fprintf(p->out, "%s: %s", assay_entry_place_text(e, place, sizeof place), clean(e->reason, reason, sizeof reason));
    if (e->rules[0]) fprintf(p->out, " (see %s)", clean(e->rules, rules, sizeof rules));
    fprintf(p->out, ".\n");
}

static void put_unsupported(const printer *p, const assay_case_result *c) {
    char line[sizeof c->unsupported];
    if (!c->unsupported[0]) return;
    clean(c->unsupported, line, sizeof line);
    if (c->verdict == ASSAY_CASE_UNSUPPORTED) fprintf(p->out, "  unsupported: %s\n", line);
    else
        fprintf(p->out,
                "  the port says that it cannot run this case (%s), and there is a dump: correct what it says\n", line);
}

/* "bf16" of bfloat16. */
static const char *short_name(assay_dtype dtype) { return dtype == ASSAY_BF16 ? "bf16" : "f16"; }

/* What the candidate was held to, where that is not the golden as it is. */
static void put_arithmetic(const printer *p, const assay_case_result *c) {
    char line[sizeof c->reference];
    if (c->reference[0]) fprintf(p->out, "  held against: %s\n", clean(c->reference, line, sizeof line));
    if (!c->is_half) return;
    fprintf(p->out, "  %s (%s)", c->verdict == ASSAY_CASE_PASS ? "match" : "no match", short_name(c->arithmetic));
    if (c->goodness_count == 0) fprintf(p->out, "\n");
    else
        fprintf(p->out, "; %s in %s: %.3g times as far from exact results as its own run on the whole (%zu stage%s)\n",
                c->is_as_good ? "as good as the original" : "not as good as the original", short_name(c->arithmetic),
                c->goodness, c->goodness_count, c->goodness_count == 1 ? "" : "s");
}

/* What a closer look said, and of each item its name and its rules. */
static void put_findings(const printer *p, const assay_case_result *c) {
    char line[1024];
    for (size_t i = 0; i < c->finding_count; i++) {
        const assay_finding *f = &c->findings[i];
        fprintf(p->out, "  %s: ", clean(f->source, line, sizeof line));
        fprintf(p->out, "%s\n", clean(f->summary, line, sizeof line));
        for (size_t k = 0; k < f->count; k++) {
            fprintf(p->out, "      %s", clean(f->items[k].name, line, sizeof line));
            fprintf(p->out, " (%s): ", clean(f->items[k].rules, line, sizeof line));
            fprintf(p->out, "%s\n", clean(f->items[k].summary, line, sizeof line));
        }
    }
}

static void put_details(printer *p, const assay_case_result *c) {
    char line[sizeof c->error];
    fprintf(p->out, "\n");
    put_styled(p, BOLD, c->name, 0);
    fprintf(p->out, ": golden %s", clean(c->golden_name, line, sizeof line));
    if (c->candidate_name[0]) fprintf(p->out, ", candidate %s", clean(c->candidate_name, line, sizeof line));
    fprintf(p->out, "\n");
    if (c->error[0]) fprintf(p->out, "  error: %s\n", clean(c->error, line, sizeof line));
    if (c->note[0]) fprintf(p->out, "  %s\n", clean(c->note, line, sizeof line));
    put_unsupported(p, c);
    put_arithmetic(p, c);
    put_first_divergence(p, c);
    put_findings(p, c);
    put_table(p, c);
    put_waived(p, c);
    put_list(p, c, ASSAY_VERDICT_MISSING_REQUIRED, "missing and required");
    put_list(p, c, ASSAY_VERDICT_MISSING, "missing in the candidate");
    put_list(p, c, ASSAY_VERDICT_EXTRA, "extra in the candidate");
    put_not_compared(p, c);
    if (c->ignore_pad_rows)
        fprintf(p->out, "  pad rows were left out, as the policy says: %lld elements\n", (long long)c->pad_elements);
}

static bool has_details(const printer *p, const assay_case_result *c) {
    bool listed =
        c->counts[ASSAY_VERDICT_MISSING] || c->counts[ASSAY_VERDICT_EXTRA] || c->counts[ASSAY_VERDICT_NOT_COMPARED];
    listed = listed || c->counts[ASSAY_VERDICT_WAIVED] || c->unsupported[0] || c->reference[0];
    return c->verdict != ASSAY_CASE_PASS || listed || p->options.list_passes || c->ignore_pad_rows;
}

/* "pass", or "pass (2 waived)". */
static const char *case_verdict(const assay_case_result *c, char text[48]) {
    size_t waived = c->counts[ASSAY_VERDICT_WAIVED];
    int at = snprintf(text, 48, "%s", assay_case_verdict_name(c->verdict));
    if (waived) snprintf(text + at, 48 - (size_t)at, " (%zu waived)", waived);
    return text;
}

static style style_of_case(const assay_case_result *c) {
    if (c->verdict == ASSAY_CASE_UNSUPPORTED) return YELLOW;
    if (c->verdict != ASSAY_CASE_PASS) return RED;
    return c->counts[ASSAY_VERDICT_WAIVED] ? YELLOW : GREEN;
}

static void put_case_row(const printer *p, const assay_case_result *c) {
    char verdict[48];
    put_padded(p, c->name, p->name_width);
    fprintf(p->out, "  ");
    put_styled(p, style_of_case(c), case_verdict(c, verdict), p->verdict_width);
    fprintf(p->out, "  %6zu  %6zu  %7zu  %5zu  %8zu", c->counts[ASSAY_VERDICT_PASS], c->counts[ASSAY_VERDICT_FAIL],
            assay_count_missing(c->counts), c->counts[ASSAY_VERDICT_EXTRA], c->counts[ASSAY_VERDICT_NOT_COMPARED]);
    if (c->worst_pass >= 0) {
        const assay_entry *e = &c->entries[c->worst_pass];
        fprintf(p->out, "  %8.3f  ", e->ratio_tolerance);
        assay_terminal_put(p->out, e->path);
    }
    fprintf(p->out, "\n");
}

static void put_case_table(printer *p, const assay_result *r) {
    p->name_width = (int)strlen("case");
    p->verdict_width = (int)strlen("verdict");
    for (size_t i = 0; i < r->case_count; i++) {
        char verdict[48];
        int name = characters(r->cases[i].name), width = characters(case_verdict(&r->cases[i], verdict));
        if (name > p->name_width) p->name_width = name;
        if (width > p->verdict_width) p->verdict_width = width;
    }
    put_padded(p, "case", p->name_width);
    fprintf(p->out, "  %-*s  %6s  %6s  %7s  %5s  %8s  %8s  %s\n", p->verdict_width, "verdict", "passed", "failed",
            "missing", "extra", "unjudged", "worst", "worst passing stage (deviation / tolerance)");
    for (size_t i = 0; i < r->case_count; i++) put_case_row(p, &r->cases[i]);
}

static void put_summary(const printer *p, const assay_result *r) {
    char text[ASSAY_SUMMARY_TEXT];
    fprintf(p->out, "\n");
    put_styled(p, assay_result_passed(r) ? GREEN : RED, assay_run_verdict(r), 0);
    fprintf(p->out, ": %s\n", assay_summary_text(r, text));
}

static assay_status put_waivers(const printer *p, const assay_result *r, assay_error *err) {
    assay_waiver_uses sum = {0};
    assay_status st = ASSAY_OK;
    for (size_t i = 0; i < r->case_count && !st; i++) st = assay_waiver_uses_add(&sum, &r->cases[i].waivers, err);
    if (!st) assay_report_waivers(p->out, &sum);
    assay_waiver_uses_free(&sum);
    return st;
}

static void put_facts(const printer *p, const assay_result *r) {
    char line[512];
    for (size_t i = 0; i < r->facts.count; i++) {
        fprintf(p->out, "%s: ", clean(r->facts.items[i].key, line, sizeof line));
        fprintf(p->out, "%s\n", clean(r->facts.items[i].value, line, sizeof line));
    }
    if (r->facts.count) fprintf(p->out, "\n");
}

assay_status assay_report_text(FILE *out, const assay_result *result, const assay_text_options *options,
                               assay_error *err) {
    printer p = {.out = out};
    if (options) p.options = *options;
    if (p.options.list_limit == 0) p.options.list_limit = p.options.list_passes ? SIZE_MAX : DEFAULT_LIST_LIMIT;
    put_facts(&p, result);
    put_case_table(&p, result);
    fprintf(out, "\n");
    assay_report_stage_table(out, result);
    for (size_t i = 0; i < result->case_count; i++)
        if (has_details(&p, &result->cases[i])) put_details(&p, &result->cases[i]);
    assay_status st = put_waivers(&p, result, err);
    if (st) return st;
    assay_report_drifts(out, &result->drifts, p.options.list_limit);
    put_summary(&p, result);
    if (fflush(out) != 0 || ferror(out)) return assay_fail(err, ASSAY_EINTERNAL, NULL, "the report cannot be written");
    return ASSAY_OK;
}
