#include "reports/html_cases.h"

#include "reports/html_heatmap.h"
#include "reports/html_look.h"
#include "reports/html_page.h"
#include "reports/html_stage_chart.h"
#include "reports/html_summary.h"
#include "reports/html_tables.h"
#include "reports/html_text.h"
#include "reports/html_words.h"
#include "reports/summary_words.h"

static bool fails(const assay_case_result *c) {
    return c->verdict == ASSAY_CASE_FAIL || c->verdict == ASSAY_CASE_ERROR;
}

static size_t number_of(const html_context *html, const assay_case_result *c) {
    return (size_t)(c - html->result->cases) + 1;
}

/* Of what fails the first divergence, else the entry that is nearest to its tolerance; NULL: none. */
static const assay_entry *telling(const assay_case_result *c) {
    int64_t index = c->first_divergence >= 0 ? c->first_divergence : c->worst_pass;
    return index >= 0 && c->entry_count ? &c->entries[index] : NULL;
}

/* ---- the table of cases ---- */

static void put_case_row(html_context *html, const assay_case_result *c, bool linked) {
    FILE *out = html->out;
    const size_t columns[] = {c->counts[ASSAY_VERDICT_PASS], c->counts[ASSAY_VERDICT_FAIL],
                              assay_count_missing(c->counts), c->counts[ASSAY_VERDICT_EXTRA]};
    const assay_entry *e = telling(c);
    fputs("<tr><th scope=\"row\">", out);
    if (linked) fprintf(out, "<a href=\"#case-%zu\">", number_of(html, c));
    html_put_cut(out, c->name, HTML_NAME_MOST);
    fprintf(out, "%s</th><td class=\"%s\">", linked ? "</a>" : "", html_case_class(c->verdict));
    html_put_case_verdict(out, c->verdict);
    fputs("</td>", out);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) fprintf(out, "<td>%zu</td>", columns[i]);
    fputs("<td>", out);
    if (e && e->has_metrics) html_put_number(out, html_ratio(e));
    fputs("</td><td>", out);
    if (e) html_put_cut(out, e->path, HTML_NAME_MOST);
    else html_put_cut(out, c->error[0] ? c->error : c->unsupported[0] ? c->unsupported : c->note, HTML_NAME_MOST);
    fputs("</td></tr>\n", out);
}

static void put_case_table(html_context *html, size_t sections) {
    FILE *out = html->out;
    size_t rows = 0, all = html->result->case_count;
    html_scroll_begin(out, "Cases");
    fputs(
        "<table class=\"cases\"><caption>All cases, those that fail first. Ratio and place are of the first stage that "
        "fails, else of the one "
        "nearest to its tolerance.</caption>\n<thead><tr><th scope=\"col\">Case</th><th scope=\"col\">Verdict</th>"
        "<th scope=\"col\" class=\"n\">Passed</th><th scope=\"col\" class=\"n\">Failed</th><th scope=\"col\" "
        "class=\"n\">Missing</th><th scope=\"col\" class=\"n\">Extra</th>"
        "<th scope=\"col\" class=\"n\">Ratio</th><th scope=\"col\">Place</th></tr></thead>\n<tbody>\n",
        out);
    for (int failing = 1; failing >= 0; failing--)
        for (size_t i = 0; i < all && rows < HTML_CASES_MOST; i++)
            if (fails(&html->result->cases[i]) == (failing == 1))
                put_case_row(html, &html->result->cases[i], rows++ < sections);
    fputs("</tbody></table>", out);
    html_scroll_end(out);
    if (all > rows)
        fprintf(out, "<p class=\"note\">The first %zu of %zu. All are in the JSON (<code>--json FILE</code>).</p>\n",
                rows, all);
}

/* ---- a case ---- */

static void put_line(FILE *out, const char *label, const char *text) {
    if (!text[0]) return;
    fprintf(out, "<p><b>%s</b> ", label);
    html_put_text(out, text);
    fputs("</p>\n", out);
}

static void put_sides(FILE *out, const assay_case_result *c) {
    fputs("<p class=\"note\">", out);
    html_put_cut(out, c->golden_name, HTML_TEXT_MOST);
    if (c->has_dtypes) fprintf(out, " (%s)", assay_dtype_name(c->golden_dtype));
    fputs(" against ", out);
    html_put_cut(out, c->candidate_name[0] ? c->candidate_name : "nothing", HTML_TEXT_MOST);
    if (c->has_dtypes) fprintf(out, " (%s)", assay_dtype_name(c->candidate_dtype));
    if (c->ignore_pad_rows) fprintf(out, "; %lld elements of pad rows left out", (long long)c->pad_elements);
    fputs(".</p>\n", out);
}

static void put_half(FILE *out, const assay_case_result *c) {
    if (!c->is_half) return;
    fprintf(out, "<p>Judged as %s: ", assay_dtype_name(c->arithmetic));
    if (c->goodness_count == 0) fputs("its distance to the exact results was not measured.", out);
    else {
        fprintf(out, "%s; over ",
                c->is_as_good ? "as good as the original in that arithmetic"
                              : "worse than the original in that arithmetic");
        html_put_count(out, c->goodness_count, "stage", "stages");
        fputs(" it is ", out);
        html_put_number(out, c->goodness);
        fputs(" times as far from the exact results.", out);
    }
    fputs("</p>\n", out);
}

static void put_charts(html_context *html, const assay_case_result *c, const html_grid *grid) {
    if (html->charted_cases == 0 || c->entry_count == 0) return;
    html->charted_cases--;
    html_put_stage_chart(html, c, grid);
    html_put_layer_map(html, c, grid, ASSAY_STAGE_LAYER_OUTPUT);
    const assay_entry *e = telling(c);
    if (e && e->kind == ASSAY_ENTRY_STAGE && e->place.stage != ASSAY_STAGE_LAYER_OUTPUT)
        html_put_layer_map(html, c, grid, e->place.stage);
    html_put_looks(html, c, grid);
    html_put_logits(html, c);
}

static void put_case_head(html_context *html, const assay_case_result *c, bool open) {
    FILE *out = html->out;
    fprintf(out, "<details class=\"case\" id=\"case-%zu\"%s>\n<summary><span class=\"%s\">", number_of(html, c),
            open ? " open=\"open\"" : "", html_case_class(c->verdict));
    html_put_case_verdict(out, c->verdict);
    fputs("</span> <b>", out);
    html_put_cut(out, c->name, HTML_NAME_MOST);
    fputs("</b> <span class=\"note\">", out);
    size_t wrong = c->counts[ASSAY_VERDICT_FAIL], missing = assay_count_missing(c->counts);
    size_t required = c->counts[ASSAY_VERDICT_MISSING_REQUIRED];
    if (wrong) fprintf(out, "%zu failed, ", wrong);
    fprintf(out, "%zu passed", c->counts[ASSAY_VERDICT_PASS]);
    if (missing) fprintf(out, ", %zu missing", missing);
    if (required) fprintf(out, " (%zu of them required)", required);
    fputs("</span></summary>\n", out);
}

static assay_status put_case(html_context *html, const assay_case_result *c, const assay_case_result *lead,
                             assay_error *err) {
    html_grid grid;
    FILE *out = html->out;
    bool alone = html->result->case_count == 1;
    assay_status st = html_grid_of(&grid, c, err);
    if (st) return st;
    put_case_head(html, c, fails(c) || alone);
    put_sides(out, c);
    put_line(out, "Not compared:", c->error);
    put_line(out, "Note:", c->note);
    put_line(out, "The port says that it cannot run this:", c->unsupported);
    put_line(out, "Held against:", c->reference);
    put_half(out, c);
    if (c != lead) {
        if (c->first_divergence >= 0) fputs("<h3>First divergence</h3>\n", out);
        html_put_divergence(out, c);
        html_put_findings(html, c);
    }
    put_charts(html, c, &grid);
    if (c->entry_count) fputs("<h3>Stages</h3>\n", out);
    html_put_tables(html, c);
    html_put_waivers(html, c);
    if (c->facts.count) {
        fputs("<h3>Provenance</h3>\n", out);
        html_put_facts(html, &c->facts);
    }
    fputs("</details>\n", out);
    return ASSAY_OK;
}

/* So many cases that do not fail stand one by one; more are folded together. */
#define PASSING_APART 6

assay_status html_put_cases(html_context *html, const assay_case_result *lead, assay_error *err) {
    size_t all = html->result->case_count, sections = all < HTML_SECTIONS_MOST ? all : HTML_SECTIONS_MOST, done = 0;
    assay_status st = ASSAY_OK;
    html_section_begin(html->out, "cases", all == 1 ? "The case" : "Cases");
    if (all != 1) put_case_table(html, sections);
    for (size_t i = 0; !st && i < all && done < sections; i++)
        if (fails(&html->result->cases[i])) st = put_case(html, &html->result->cases[i], lead, err), done++;
    bool folded = all - done > PASSING_APART;
    if (folded)
        fprintf(html->out, "<details class=\"passing\">\n<summary><b>%zu cases that do not fail</b></summary>\n",
                all - done);
    for (size_t i = 0; !st && i < all && done < sections; i++)
        if (!fails(&html->result->cases[i])) st = put_case(html, &html->result->cases[i], lead, err), done++;
    if (folded) fputs("</details>\n", html->out);
    if (all > done)
        fprintf(html->out,
                "<p class=\"note\">%zu more case%s no section here. All are in the JSON (<code>--json "
                "FILE</code>).</p>\n",
                all - done, all - done == 1 ? " has" : "s have");
    html_section_end(html->out);
    return st;
}
