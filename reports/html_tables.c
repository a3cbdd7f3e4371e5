#include "reports/html_tables.h"

#include <cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/entry_words.h"
#include "reports/html_page.h"
#include "reports/html_text.h"
#include "reports/html_words.h"
#include "reports/waiver_list.h"

/* ---- groups of entries ---- */

typedef struct {
    assay_verdict verdict;
    const char *title;
    const char *what; /* what such an entry is */
    bool judged;      /* it has a distance */
    bool open;        /* shown without a click */
} group;

static const group groups[] = {
    {ASSAY_VERDICT_FAIL, "✗ Failed", "What is further off than its tolerance, or missing though it is required.", true,
     true},
    {ASSAY_VERDICT_WAIVED, "~ Waived", "It fails, and a waiver of the policy says that it may.", true, true},
    {ASSAY_VERDICT_NOT_COMPARED, "? Not compared", "Both sides may have it, and it was not judged.", false, false},
    {ASSAY_VERDICT_MISSING, "– Missing", "The golden has it and the candidate does not. Nothing is known of it.", false,
     false},
    {ASSAY_VERDICT_EXTRA, "+ Extra", "The candidate has it and the golden does not.", false, false},
    {ASSAY_VERDICT_PASS, "✓ Passed", "It lies within its tolerance.", true, false},
};

static bool belongs(const assay_entry *e, const group *g) {
    return e->verdict == g->verdict ||
           (g->verdict == ASSAY_VERDICT_FAIL && e->verdict == ASSAY_VERDICT_MISSING_REQUIRED);
}

typedef struct {
    size_t count;
    bool reasons, required;
} census;

static census count_group(const assay_case_result *c, const group *g) {
    census n = {0};
    for (size_t i = 0; i < c->entry_count; i++) {
        const assay_entry *e = &c->entries[i];
        if (!belongs(e, g)) continue;
        n.count++;
        n.reasons |= e->reason[0] != '\0';
        n.required |= e->verdict == ASSAY_VERDICT_MISSING_REQUIRED;
    }
    return n;
}

/* ---- rows ---- */

static void put_cell(FILE *out, bool has, double value) {
    fputs("<td>", out);
    if (has) html_put_number(out, value);
    fputs("</td>", out);
}

static void put_shape(FILE *out, const assay_entry *e) {
    const assay_result_shape *s = e->golden.rank >= 0 ? &e->golden : &e->candidate;
    fputs("<td>", out);
    if (s->rank >= 0 && e->kind != ASSAY_ENTRY_STEP) {
        fprintf(out, "%s (", assay_dtype_name(s->dtype));
        for (int i = 0; i < s->rank; i++) fprintf(out, "%s%lld", i ? ", " : "", (long long)s->shape[i]);
        putc(')', out);
    }
    fputs("</td>", out);
}

static void put_judged(FILE *out, const assay_entry *e) {
    bool measured = e->has_metrics;
    fprintf(out, "<td>%s</td>", assay_metric_word(e));
    put_cell(out, measured, e->deviation);
    put_cell(out, measured, e->tolerance);
    put_cell(out, measured && (e->origin != ASSAY_TOLERANCE_NONE || html_ratio(e) > 0), html_ratio(e));
    put_cell(out, measured && e->has_floor, e->ratio_floor);
}

static void put_row(FILE *out, const assay_entry *e, const group *g, const census *n) {
    fputs("<tr><th scope=\"row\">", out);
    html_put_cut(out, e->path, HTML_NAME_MOST);
    fputs("</th>", out);
    if (n->required) {
        fputs("<td>", out);
        html_put_verdict(out, e->verdict);
        fputs("</td>", out);
    }
    if (g->judged) put_judged(out, e);
    else put_shape(out, e);
    fputs("<td>", out);
    html_put_text(out, e->rules);
    fputs("</td>", out);
    if (n->reasons) {
        fputs("<td>", out);
        html_put_text(out, e->reason);
        fputs("</td>", out);
    }
    fputs("</tr>\n", out);
}

static void put_head(FILE *out, const group *g, const census *n) {
    fputs("<thead><tr><th scope=\"col\">Stage</th>", out);
    if (n->required) fputs("<th scope=\"col\">Verdict</th>", out);
    if (g->judged)
        fputs(
            "<th scope=\"col\">Metric</th><th scope=\"col\" class=\"n\">Distance</th><th scope=\"col\" "
            "class=\"n\">Tolerance</th>"
            "<th scope=\"col\" class=\"n\">Ratio</th><th scope=\"col\" class=\"n\">In floors</th>",
            out);
    else fputs("<th scope=\"col\">Tensor</th>", out);
    fprintf(out, "<th scope=\"col\">Rules</th>%s</tr></thead>\n<tbody>\n",
            n->reasons ? "<th scope=\"col\">Reason</th>" : "");
}

static void begin_table(FILE *out, const assay_case_result *c, const group *g, const char *style) {
    html_scroll_begin(out, g->title);
    fprintf(out, "<table class=\"%s%s\"><caption>%s <span>Case ", style, g->judged ? " judged" : "", g->what);
    html_put_cut(out, c->name, HTML_NAME_MOST);
    fputs(", in execution order.</span></caption>\n", out);
}

static void end_table(FILE *out) {
    fputs("</tbody></table>", out);
    html_scroll_end(out);
}

/* Writes at most `most` rows. */
static void put_rows(html_context *html, const assay_case_result *c, const group *g, const census *n, size_t most) {
    size_t done = 0;
    begin_table(html->out, c, g, n->required ? "entries required" : "entries");
    put_head(html->out, g, n);
    for (size_t i = 0; i < c->entry_count && done < most; i++) {
        if (!belongs(&c->entries[i], g)) continue;
        put_row(html->out, &c->entries[i], g, n);
        done++;
    }
    end_table(html->out);
    if (done < n->count)
        fprintf(html->out,
                "<p class=\"note\">The first %zu of %zu. All are in the JSON (<code>--json FILE</code>).</p>\n", done,
                n->count);
}

/* ---- folded ---- */

typedef struct {
    size_t places;
    const assay_entry *worst;
} fold;

static void put_fold_row(FILE *out, const char *stage, const fold *f, bool judged) {
    fprintf(out, "<tr><th scope=\"row\">%s</th><td>%zu</td>", stage, f->places);
    if (judged) {
        bool measured = f->worst && f->worst->has_metrics;
        put_cell(out, measured && f->worst->origin != ASSAY_TOLERANCE_NONE, measured ? html_ratio(f->worst) : 0);
        fputs("<td>", out);
        if (f->worst) html_put_cut(out, f->worst->path, HTML_NAME_MOST);
        fputs("</td>", out);
    }
    fputs("</tr>\n", out);
}

static void add_to_fold(fold *f, const assay_entry *e) {
    f->places++;
    if (!f->worst || (e->has_metrics && html_ratio(e) > html_ratio(f->worst))) f->worst = e;
}

static void put_folded(html_context *html, const assay_case_result *c, const group *g, const census *n) {
    fold folds[ASSAY_STAGE_COUNT + 1] = {0}; /* the last: what is no stage */
    for (size_t i = 0; i < c->entry_count; i++) {
        const assay_entry *e = &c->entries[i];
        if (belongs(e, g)) add_to_fold(&folds[e->kind == ASSAY_ENTRY_STAGE ? e->place.stage : ASSAY_STAGE_COUNT], e);
    }
    begin_table(html->out, c, g, "folded");
    fprintf(
        html->out,
        "<thead><tr><th scope=\"col\">Stage</th><th scope=\"col\" class=\"n\">Places</th>%s</tr></thead>\n<tbody>\n",
        g->judged ? "<th scope=\"col\" class=\"n\">Worst ratio</th><th scope=\"col\">At</th>" : "");
    for (int s = 0; s <= ASSAY_STAGE_COUNT; s++) {
        if (folds[s].places == 0) continue;
        put_fold_row(html->out, s < ASSAY_STAGE_COUNT ? assay_stage_get((assay_stage)s)->name : "other", &folds[s],
                     g->judged);
        html->rows -= html->rows > 0;
    }
    end_table(html->out);
    fprintf(html->out,
            "<p class=\"note\">A row for each stage, of %zu places. Each place is in the JSON (<code>--json "
            "FILE</code>).</p>\n",
            n->count);
}

/* ---- all groups ---- */

static void put_content(html_context *html, const assay_case_result *c, const group *g, const census *n) {
    if (g->verdict == ASSAY_VERDICT_FAIL) {
        put_rows(html, c, g, n, html->failing_rows);
        html->failing_rows -= n->count < html->failing_rows ? n->count : html->failing_rows;
    } else if (n->count <= html->rows && (html->list_all || c->verdict != ASSAY_CASE_PASS)) {
        put_rows(html, c, g, n, n->count);
        html->rows -= n->count;
    } else if (html->rows > ASSAY_STAGE_COUNT) put_folded(html, c, g, n);
    else fputs("<p class=\"note\">They are in the JSON (<code>--json FILE</code>).</p>\n", html->out);
}

/* What a group has beside its title, so that its count is not taken for another. */
static const char *rest_of_title(const assay_case_result *c, const group *g) {
    if (c->counts[ASSAY_VERDICT_MISSING_REQUIRED] == 0) return "";
    if (g->verdict == ASSAY_VERDICT_FAIL) return ", or missing and required";
    return g->verdict == ASSAY_VERDICT_MISSING ? ", and not required" : "";
}

void html_put_tables(html_context *html, const assay_case_result *c) {
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        const group *g = &groups[i];
        census n = count_group(c, g);
        if (n.count == 0) continue;
        fprintf(html->out, "<details class=\"group\"%s>\n<summary>%s%s <span class=\"count\">%zu</span></summary>\n",
                g->open ? " open=\"open\"" : "", g->title, rest_of_title(c, g), n.count);
        put_content(html, c, g, &n);
        fputs("</details>\n", html->out);
    }
}

/* ---- waivers, facts ---- */

static void put_waiver(FILE *out, const assay_waiver_use *use) {
    char scope[300], day[ASSAY_DATE_TEXT];
    fputs("<tr><th scope=\"row\">", out);
    html_put_text(out, assay_waiver_scope(use, scope, sizeof scope));
    fprintf(out, "</th><td>%s</td><td>%zu</td><td>%s</td><td>", assay_waiver_state(use), use->count,
            assay_date_text(use->expires, day));
    html_put_text(out, use->reason ? use->reason : "");
    fputs("</td></tr>\n", out);
}

#define WAIVERS_MOST 100

void html_put_waivers(html_context *html, const assay_case_result *c) {
    FILE *out = html->out;
    if (c->waivers.count == 0) return;
    html_scroll_begin(out, "Waivers");
    fputs(
        "<table class=\"waivers\"><caption>Waivers of the policy</caption>\n<thead><tr><th scope=\"col\">About</th><th "
        "scope=\"col\">State</th>"
        "<th scope=\"col\" class=\"n\">Failures</th><th scope=\"col\">Until</th><th "
        "scope=\"col\">Reason</th></tr></thead>\n<tbody>\n",
        out);
    for (size_t i = 0; i < c->waivers.count && i < WAIVERS_MOST; i++) put_waiver(out, &c->waivers.items[i]);
    end_table(out);
}

#define FACTS_OF_LIST 40

/* Where a golden comes from is a JSON object: a term for each member. Anything else is text. */
static void put_fact_value(FILE *out, const char *value) {
    cJSON *object = value[0] == '{' ? cJSON_Parse(value) : NULL;
    int members = 0;
    if (!object) {
        html_put_text(out, value);
        return;
    }
    fputs("<dl>", out);
    for (const cJSON *m = object->child; m && members < FACTS_OF_LIST; m = m->next, members++) {
        char *text = cJSON_IsString(m) ? strdup(m->valuestring) : cJSON_PrintUnformatted(m);
        fputs("<dt>", out);
        html_put_cut(out, m->string, HTML_NAME_MOST);
        fputs("</dt><dd>", out);
        html_put_cut(out, text ? text : "", HTML_NAME_MOST);
        fputs("</dd>", out);
        free(text);
    }
    fputs("</dl>", out);
    cJSON_Delete(object);
}

void html_put_facts(html_context *html, const assay_facts *facts) {
    FILE *out = html->out;
    size_t most = html->facts < FACTS_OF_LIST ? html->facts : FACTS_OF_LIST;
    size_t shown = facts->count < most ? facts->count : most;
    if (shown) fputs("<dl class=\"facts\">\n", out);
    for (size_t i = 0; i < shown; i++) {
        fputs("<dt>", out);
        html_put_cut(out, facts->items[i].key, HTML_NAME_MOST);
        fputs("</dt><dd>", out);
        put_fact_value(out, facts->items[i].value);
        fputs("</dd>\n", out);
    }
    if (shown) fputs("</dl>\n", out);
    if (shown < facts->count)
        fprintf(out, "<p class=\"note\">%zu more are in the JSON (<code>--json FILE</code>).</p>\n",
                facts->count - shown);
    html->facts -= shown;
}
