#include "reports/html_summary.h"
#include "reports/entry_words.h"

#include <math.h>
#include <string.h>

#include "core/rules.h"
#include "reports/html_drifts.h"
#include "reports/html_page.h"
#include "reports/html_text.h"
#include "reports/html_words.h"
#include "reports/summary_words.h"

#define EXPLANATIONS_MOST 64 /* cases whose explanation may be that of most */

/* ---- totals ---- */

static bool is_worse(const assay_entry *e, const assay_entry *than) {
    bool fails = assay_verdict_fails(e->verdict);
    if (!e->has_metrics || (!fails && e->verdict != ASSAY_VERDICT_PASS)) return false;
    if (!than) return true;
    if (fails != assay_verdict_fails(than->verdict)) return fails;
    return html_ratio(e) > html_ratio(than);
}

static void add_case(html_totals *t, const assay_case_result *c) {
    t->cases[c->verdict]++;
    for (int v = 0; v < ASSAY_VERDICT_COUNT; v++) t->entries[v] += c->counts[v];
    for (size_t i = 0; i < c->entry_count; i++)
        if (is_worse(&c->entries[i], t->worst)) t->worst = &c->entries[i], t->of = c;
    bool fails = c->verdict == ASSAY_CASE_FAIL || c->verdict == ASSAY_CASE_ERROR;
    if (fails && (!t->lead || (t->lead->first_divergence < 0 && c->first_divergence >= 0))) t->lead = c;
}

html_totals html_totals_of(const assay_result *result) {
    html_totals t = {.lead = NULL};
    for (size_t i = 0; i < result->case_count; i++) add_case(&t, &result->cases[i]);
    return t;
}

/* ---- the verdict ---- */

static size_t failing(const html_totals *t) { return t->cases[ASSAY_CASE_FAIL] + t->cases[ASSAY_CASE_ERROR]; }

static void put_cases(FILE *out, const assay_result *r, const html_totals *t) {
    size_t good = t->cases[ASSAY_CASE_PASS], all = r->case_count, bad = failing(t);
    if (all == 0) fputs("There is no case", out);
    else if (all == 1)
        fputs(good ? "The case matches" : bad ? "The case does not match" : "The port cannot run the case", out);
    else if (good == all) fprintf(out, "All %zu cases match", all);
    else if (bad) fprintf(out, "%zu of %zu cases %s not match", bad, all, bad == 1 ? "does" : "do");
    else fprintf(out, "%zu of %zu cases match; the others the port cannot run", good, all);
}

/* Of what fails the worst, of what passes the nearest to failing. */
static void put_worst(FILE *out, const assay_entry *e) {
    bool fails = e && assay_verdict_fails(e->verdict);
    if (!e || (!fails && e->origin == ASSAY_TOLERANCE_NONE)) return;
    double ratio = html_ratio(e);
    if (fails && e->metrics.class_mismatches) fputs("; a NaN or an infinity stands against a number", out);
    else if (isinf(ratio)) fputs("; what must be equal is not", out);
    else {
        fputs(fails ? ", the worst by " : "; the worst uses ", out);
        html_put_number(out, ratio);
        fputs(fails ? " times its tolerance" : " of its tolerance", out);
    }
}

static void put_stages(FILE *out, const html_totals *t) {
    size_t wrong = t->entries[ASSAY_VERDICT_FAIL], absent = t->entries[ASSAY_VERDICT_MISSING_REQUIRED];
    size_t errors = t->cases[ASSAY_CASE_ERROR], judged = assay_count_judged(t->entries);
    size_t waived = t->entries[ASSAY_VERDICT_WAIVED];
    const char *between = ": ";
    if (wrong) {
        fprintf(out, "%s%zu of %zu judged stages %s", between, wrong, judged, wrong == 1 ? "fails" : "fail");
        put_worst(out, t->worst);
        between = "; ";
    }
    if (absent) {
        fprintf(out, "%s%zu required %s missing", between, absent, absent == 1 ? "stage is" : "stages are");
        between = "; ";
    }
    if (errors) {
        fprintf(out, "%s%zu %s not be compared", between, errors, errors == 1 ? "case could" : "cases could");
        between = "; ";
    }
    if (waived) {
        fprintf(out, "%s%zu failure%s waived", between, waived, waived == 1 ? " is" : "s are");
        between = "; ";
    }
    if (judged + waived == 0) fprintf(out, "%snothing was compared", between);
    if (wrong || judged == 0) return;
    fputs(between, out);
    html_put_count(out, judged, "judged stage is within its tolerance", "judged stages are within their tolerances");
    put_worst(out, t->worst);
}

/* What a run that matches fails for comes before what matches. */
static void put_drifted(FILE *out, const assay_result *r, const char *before) {
    size_t count[ASSAY_DRIFT_KIND_COUNT] = {0};
    for (size_t i = 0; i < r->drifts.count; i++) count[r->drifts.items[i].kind]++;
    size_t moved = count[ASSAY_DRIFT_MOVED], vanished = count[ASSAY_DRIFT_VANISHED];
    if (moved + vanished == 0) return;
    fputs(before, out);
    if (moved) html_put_count(out, moved, "measure moved", "measures moved");
    if (moved && vanished) fprintf(out, " and %zu vanished", vanished);
    else if (vanished) html_put_count(out, vanished, "measure vanished", "measures vanished");
    fputs(" since the baseline", out);
}

/* The best explanation of a case that fails; NULL without. */
static const assay_finding_item *explanation(const assay_case_result *c) {
    const assay_finding *f = assay_case_result_finding(c, "diagnosis");
    bool explained = c->verdict == ASSAY_CASE_FAIL && f && f->count && strcmp(f->verdict, "explained") == 0;
    return explained ? &f->items[0] : NULL;
}

static bool is_explained_by(const assay_case_result *c, const char *name) {
    const assay_finding *f = assay_case_result_finding(c, "diagnosis");
    for (size_t i = 0; explanation(c) && i < f->count; i++)
        if (strcmp(f->items[i].name, name) == 0) return true;
    return false;
}

/* The mistake that explains the most of the cases that fail. */
static const assay_finding_item *best_explanation(const assay_result *r, size_t *count) {
    const assay_finding_item *best = NULL;
    *count = 0;
    for (size_t i = 0; i < r->case_count && i < EXPLANATIONS_MOST; i++) {
        const assay_finding_item *item = explanation(&r->cases[i]);
        size_t explained = 0;
        for (size_t k = 0; item && k < r->case_count; k++) explained += is_explained_by(&r->cases[k], item->name);
        if (explained > *count) {
            *count = explained;
            best = item;
        }
    }
    return best;
}

/* " Explained by memory-keys-at-position-ids (MEM-1)." */
static void put_explained(FILE *out, const assay_result *r) {
    size_t failing = 0, explained = 0;
    const assay_finding_item *best = best_explanation(r, &explained);
    if (!best) return;
    for (size_t i = 0; i < r->case_count; i++) failing += r->cases[i].verdict == ASSAY_CASE_FAIL;
    if (explained < failing) fprintf(out, " %zu of the %zu that fail are explained by ", explained, failing);
    else fputs(" Explained by ", out);
    html_put_text(out, best->name);
    fputs(" (", out);
    html_put_text(out, best->rules);
    fputs(").", out);
}

static void put_verdict(FILE *out, const assay_result *r, const html_totals *t) {
    bool passed = assay_result_passed(r);
    fprintf(out, "<header class=\"verdict %s\">\n<h1><span class=\"badge\">%s</span> ", passed ? "ok" : "bad",
            passed ? "✓ pass" : "✗ fail");
    put_cases(out, r, t);
    if (failing(t) == 0) put_drifted(out, r, ", but ");
    put_stages(out, t);
    if (failing(t)) put_drifted(out, r, "; ");
    fputs(".", out);
    put_explained(out, r);
    fputs("</h1>\n", out);
}

static void put_tile(FILE *out, const char *style, size_t value, const char *what) {
    fprintf(out, "<li class=\"%s\"><b>%zu</b> %s</li>\n", value ? style : "none", value, what);
}

/* What a green result does not speak of stands beside it. */
static void put_tiles(FILE *out, const html_totals *t) {
    const size_t *e = t->entries, missing = assay_count_missing(e), required = e[ASSAY_VERDICT_MISSING_REQUIRED];
    char words[64] = "– missing";
    if (required) snprintf(words, sizeof words, "– missing, %zu of them required", required);
    fputs("<ul class=\"tiles\" aria-label=\"Counts of stages\">\n", out);
    put_tile(out, "bad", e[ASSAY_VERDICT_FAIL], "✗ failed");
    put_tile(out, "ok", e[ASSAY_VERDICT_PASS], "✓ passed");
    put_tile(out, required ? "bad" : "gap", missing, words);
    put_tile(out, "gap", e[ASSAY_VERDICT_EXTRA], "+ extra");
    put_tile(out, "gap", e[ASSAY_VERDICT_NOT_COMPARED], "? not compared");
    put_tile(out, "waived", e[ASSAY_VERDICT_WAIVED], "~ waived");
    fputs("</ul>\n", out);
    if (missing == 0) return;
    fputs("<p class=\"note\">Of ", out);
    html_put_count(out, missing, "stage", "stages");
    fputs(" of the golden the candidate has nothing, so nothing is said of them.</p>\n", out);
}

/* ---- the first divergence ---- */

static void put_rule(FILE *out, const char *id) {
    const assay_rule_info *rule = assay_rule_find(id);
    fputs("<li><b>", out);
    html_put_text(out, id);
    fputs("</b> ", out);
    if (rule) {
        html_put_text(out, rule->summary);
        fputs(" <span class=\"note\">Original: ", out);
        html_put_text(out, rule->original);
        fputs(".</span>", out);
    }
    fputs("</li>\n", out);
}

static void put_row(FILE *out, const char *name) { fprintf(out, "<dt>%s</dt><dd>", name); }

static void put_distance(FILE *out, const assay_entry *e) {
    put_row(out, "Distance");
    if (e->metrics.class_mismatches) {
        html_put_count(out, (size_t)e->metrics.class_mismatches, "place", "places");
        fprintf(out, " of %lld where a NaN or an infinity stands against another value</dd>\n",
                (long long)e->metrics.count);
        return;
    }
    html_put_number(out, e->deviation);
    fprintf(out, " (%s)", assay_metric_word(e));
    if (e->origin == ASSAY_TOLERANCE_NONE) fputs("; it must be equal", out);
    else {
        fputs(", tolerance ", out);
        html_put_number(out, e->tolerance);
        fputs(": <b class=\"bad\">", out);
        html_put_number(out, html_ratio(e));
        fputs(" times the tolerance</b>", out);
    }
    if (e->has_floor) {
        fputs(", noise floor ", out);
        html_put_number(out, e->floor);
    }
    fputs("</dd>\n", out);
}

static void put_worst_element(FILE *out, const assay_worst *w) {
    put_row(out, "Worst element");
    for (int i = 0; i < w->rank; i++) fprintf(out, "%s%s %lld", i ? ", " : "", w->axes[i], (long long)w->at[i]);
    fputs(w->rank ? ": golden <code>" : "golden <code>", out);
    html_put_value(out, w->golden);
    fputs("</code>, candidate <code>", out);
    html_put_value(out, w->candidate);
    fputs("</code></dd>\n", out);
}

void html_put_divergence(FILE *out, const assay_case_result *c) {
    if (c->first_divergence < 0) return;
    const assay_entry *e = &c->entries[c->first_divergence];
    fputs("<p class=\"lead\">", out);
    html_put_place(out, e);
    fputs(": ", out);
    html_put_text(out,
                  e->verdict == ASSAY_VERDICT_MISSING_REQUIRED && !e->reason[0] ? "missing, and required" : e->reason);
    fputs("</p>\n<dl>\n", out);
    put_row(out, "Stage");
    fputs("<code>", out);
    html_put_text(out, e->path);
    fputs("</code></dd>\n", out);
    if (e->has_metrics) put_distance(out, e);
    if (e->has_metrics && e->worst.index >= 0) put_worst_element(out, &e->worst);
    fputs("</dl>\n", out);
    if (!e->rules[0]) return;
    fputs("<p>Rules that this stage shows:</p>\n<ul class=\"rules\">\n", out);
    html_each_word(out, e->rules, put_rule);
    fputs("</ul>\n", out);
}

static void put_lead(FILE *out, const assay_result *r, const html_totals *t) {
    const assay_case_result *c = t->lead;
    if (!c) return;
    html_section_begin(out, "first", "First divergence");
    if (r->case_count > 1) {
        fprintf(out, "<p>In case <a href=\"#case-%zu\">", (size_t)(c - r->cases) + 1);
        html_put_cut(out, c->name, HTML_NAME_MOST);
        fputs("</a>", out);
        if (failing(t) > 1) fprintf(out, ", the first of %zu that fail", failing(t));
        fputs(".</p>\n", out);
    }
    if (c->error[0] || c->note[0]) {
        fputs("<p class=\"lead\">", out);
        html_put_text(out, c->error[0] ? c->error : c->note);
        fputs("</p>\n", out);
    }
    html_put_divergence(out, c);
    html_section_end(out);
}

/* ---- a closer look ---- */

static void put_finding_item(FILE *out, const assay_finding_item *i) {
    fputs("<li><b>", out);
    html_put_text(out, i->name);
    fputs("</b> ", out);
    html_put_rules(out, i->rules);
    fputs("<br/>", out);
    html_put_text(out, i->summary);
    if (i->path[0]) {
        fputs(" <span class=\"note\">First at <code>", out);
        html_put_text(out, i->path);
        fputs("</code>.</span>", out);
    }
    fputs("</li>\n", out);
}

static void put_finding_head(FILE *out, const assay_finding *f) {
    bool diagnosis = strcmp(f->source, "diagnosis") == 0, blame = strcmp(f->source, "blame") == 0;
    fputs("<h3>", out);
    html_put_cut(out,
                 diagnosis ? "Which known mistake explains it"
                 : blame   ? "Which operation is at fault"
                           : f->source,
                 HTML_NAME_MOST);
    fputs("</h3>\n<p><b>", out);
    html_put_cut(out, f->verdict, HTML_NAME_MOST);
    fputs("</b>: ", out);
    html_put_text(out, f->summary);
    fputs("</p>\n", out);
}

/* Items of a finding, as many as may still be written. */
static void put_finding(html_context *html, const assay_finding *f) {
    size_t most = html->finding_items < HTML_FINDING_ITEMS_OF_CASE ? html->finding_items : HTML_FINDING_ITEMS_OF_CASE;
    size_t shown = f->count < most ? f->count : most;
    put_finding_head(html->out, f);
    if (shown) fputs("<ol class=\"finding\">\n", html->out);
    for (size_t i = 0; i < shown; i++) put_finding_item(html->out, &f->items[i]);
    if (shown) fputs("</ol>\n", html->out);
    if (shown < f->count)
        fprintf(html->out, "<p class=\"note\">%zu more are in the JSON (<code>--json FILE</code>).</p>\n",
                f->count - shown);
    html->finding_items -= shown;
}

#define FINDINGS_OF_CASE 4

void html_put_findings(html_context *html, const assay_case_result *c) {
    for (size_t i = 0; i < c->finding_count && i < FINDINGS_OF_CASE; i++) put_finding(html, &c->findings[i]);
}

static void put_command(FILE *out, const assay_result *r) {
    const char *command = assay_facts_get(&r->facts, "command");
    if (!command) return;
    html_section_begin(out, "reproduce", "Run it again");
    fputs("<pre id=\"command\" tabindex=\"0\"><code>", out);
    html_put_text(out, command);
    fputs("</code></pre>\n", out);
    html_section_end(out);
}

void html_put_summary(html_context *html, const html_totals *t) {
    FILE *out = html->out;
    const assay_result *r = html->result;
    char counts[ASSAY_SUMMARY_TEXT];
    put_verdict(out, r, t);
    put_tiles(out, t);
    fprintf(out, "<p class=\"note\" id=\"counts\">%s.</p>\n", assay_summary_text(r, counts));
    fputs("</header>\n<main>\n<div class=\"pair\">\n", out);
    put_lead(out, r, t);
    if (t->lead && t->lead->finding_count) {
        html_section_begin(out, "diagnosis", "Diagnosis and blame");
        html_put_findings(html, t->lead);
        html_section_end(out);
    }
    fputs("</div>\n", out);
    put_command(out, r);
    html_put_drifts(out, r);
}
