#include "reports/html_look.h"

#include <math.h>

#include "reports/html_heatmap.h"
#include "reports/html_page.h"
#include "reports/html_text.h"
#include "reports/html_words.h"

/* ---- error against magnitude ---- */

#define CELL 14
#define LEFT 54
#define TOP 6

static int count_class(int64_t n) { return n <= 0 ? 0 : n < 2 ? 1 : n < 10 ? 2 : n < 100 ? 3 : n < 1000 ? 4 : 5; }

static void put_counts(FILE *out, const assay_error_histogram *h, int shade) {
    static const char *const colours[] = {"", "#cfe0ee", "#9dc1dd", "#6699c4", "#3a6fa3", "#1d4370"};
    fprintf(out, "<path class=\"n%d\" stroke=\"%s\" d=\"", shade, colours[shade]);
    for (int m = 0; m < ASSAY_DETAIL_MAGNITUDES; m++)
        for (int e = 0; e < ASSAY_DETAIL_ERRORS; e++)
            if (count_class(h->counts[m][e]) == shade)
                fprintf(out, "M%d %dh%d", LEFT + m * CELL, TOP + (ASSAY_DETAIL_ERRORS - 1 - e) * CELL + CELL / 2,
                        CELL - 1);
    fputs("\"/>\n", out);
}

static void put_histogram_axes(FILE *out) {
    int bottom = TOP + ASSAY_DETAIL_ERRORS * CELL, right = LEFT + ASSAY_DETAIL_MAGNITUDES * CELL,
        middle = TOP + ASSAY_DETAIL_ERRORS / 2 * CELL;
    fprintf(out, "<path class=\"cell\" fill=\"none\" stroke=\"#999\" d=\"M%d %dV%dH%d\"/>", LEFT, TOP, bottom, right);
    fprintf(out, "<path class=\"tolerance\" fill=\"none\" stroke=\"#b00\" d=\"M%d %dH%d\"/>\n", LEFT, middle, right);
    for (int e = 0; e <= ASSAY_DETAIL_ERRORS; e += 4)
        fprintf(out, "<text class=\"tick\" text-anchor=\"end\" x=\"%d\" y=\"%d\">1e%d</text>", LEFT - 6,
                bottom - e * CELL + 4, (e - ASSAY_DETAIL_ERRORS / 2) / 2);
    for (int m = 0; m <= ASSAY_DETAIL_MAGNITUDES; m += 4)
        fprintf(out, "<text class=\"tick\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">1e%d</text>", LEFT + m * CELL,
                bottom + 14, (m - ASSAY_DETAIL_MAGNITUDES) / 2);
    fprintf(out, "<text class=\"tick\" x=\"%d\" y=\"%d\">magnitude, of the largest</text>\n", LEFT, bottom + 30);
}

static void put_histogram(FILE *out, const assay_error_histogram *h) {
    int width = LEFT + ASSAY_DETAIL_MAGNITUDES * CELL + 20, height = TOP + ASSAY_DETAIL_ERRORS * CELL + 38;
    uint64_t above = 0, all = 0;
    if (!h->known) return;
    for (int m = 0; m < ASSAY_DETAIL_MAGNITUDES; m++)
        for (int e = 0; e < ASSAY_DETAIL_ERRORS; e++) {
            int64_t n = h->counts[m][e] > 0 ? h->counts[m][e] : 0;
            all += (uint64_t)n;
            above += e >= ASSAY_DETAIL_ERRORS / 2 ? (uint64_t)n : 0;
        }
    fprintf(out,
            "<figure>\n<figcaption><h4>Error over tolerance against magnitude</h4>\n<p>%llu of %llu elements that "
            "differ lie above the "
            "tolerance. The stronger the colour, the more.</p></figcaption>\n",
            (unsigned long long)above, (unsigned long long)all);
    html_scroll_begin(out, "Error against magnitude");
    fprintf(out,
            "<svg class=\"histogram\" role=\"img\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" aria-label=\"Error "
            "over tolerance against magnitude: "
            "%llu of %llu elements that differ lie above the tolerance\">\n<title>Error against magnitude</title>\n<g "
            "fill=\"none\" stroke-width=\"%d\">\n",
            width, height, width, height, (unsigned long long)above, (unsigned long long)all, CELL - 1);
    for (int shade = 1; shade <= 5; shade++) put_counts(out, h, shade);
    fputs("</g>\n", out);
    put_histogram_axes(out);
    fputs("</svg>", out);
    html_scroll_end(out);
    fputs("</figure>\n", out);
}

/* ---- worst elements ---- */

static void put_value_cell(FILE *out, double value) {
    fputs("<td>", out);
    html_put_value(out, value);
    fputs("</td>", out);
}

static void put_element(FILE *out, const assay_entry *e, const assay_worst_element *w) {
    fputs("<tr>", out);
    for (int i = 0; i < e->worst.rank; i++) fprintf(out, "<td>%lld</td>", (long long)w->at[i]);
    put_value_cell(out, w->golden);
    put_value_cell(out, w->candidate);
    fputs("<td>", out);
    html_put_number(out, fabs(w->candidate - w->golden));
    fputs("</td></tr>\n", out);
}

static void put_worst(FILE *out, const assay_entry *e) {
    if (e->detail->worst_count == 0) return;
    html_scroll_begin(out, "Worst elements");
    fputs("<table class=\"values\"><caption>Worst elements, with both values</caption>\n<thead><tr>", out);
    for (int i = 0; i < e->worst.rank; i++) fprintf(out, "<th scope=\"col\">%s</th>", e->worst.axes[i]);
    fputs(
        "<th scope=\"col\">Golden</th><th scope=\"col\">Candidate</th><th "
        "scope=\"col\">Difference</th></tr></thead>\n<tbody>\n",
        out);
    for (int i = 0; i < e->detail->worst_count; i++) put_element(out, e, &e->detail->worst[i]);
    fputs("</tbody></table>", out);
    html_scroll_end(out);
}

/* ---- metrics ---- */

static void put_metric(FILE *out, const char *name, double value) {
    fprintf(out, "<dt>%s</dt><dd>", name);
    html_put_number(out, value);
    fputs("</dd>\n", out);
}

static void put_metrics(FILE *out, const assay_entry *e) {
    const assay_metrics *m = &e->metrics;
    fputs("<dl class=\"metrics\">\n", out);
    put_metric(out, "max abs", m->max_abs);
    put_metric(out, "max rel", m->max_rel);
    put_metric(out, "rms", m->rms);
    put_metric(out, "nmse", m->nmse);
    fputs("<dt>cosine</dt><dd>", out);
    html_put_value(out, m->cosine);
    fprintf(out, "</dd>\n<dt>ulp of %s</dt><dd>", assay_dtype_name(m->ulp_dtype));
    html_put_number(out, m->max_ulp);
    fprintf(out, "</dd>\n<dt>elements that differ</dt><dd>%lld of %lld</dd>\n", (long long)m->different,
            (long long)m->count);
    if (m->golden_nan | m->golden_inf)
        fprintf(out, "<dt>golden not finite</dt><dd>%lld NaN, %lld inf</dd>\n", (long long)m->golden_nan,
                (long long)m->golden_inf);
    if (m->candidate_nan | m->candidate_inf)
        fprintf(out, "<dt>candidate not finite</dt><dd>%lld NaN, %lld inf</dd>\n", (long long)m->candidate_nan,
                (long long)m->candidate_inf);
    fputs("</dl>\n", out);
}

/* ---- looks ---- */

static void put_look(html_context *html, const assay_case_result *c, const html_grid *grid, const assay_entry *e) {
    FILE *out = html->out;
    fputs("<details class=\"look\" open=\"open\">\n<summary><code>", out);
    html_put_text(out, e->path);
    fputs("</code>: ", out);
    html_put_text(out, e->reason);
    fputs("</summary>\n<div class=\"look\">\n", out);
    if (e->has_metrics) put_metrics(out, e);
    put_histogram(out, &e->detail->histogram);
    put_worst(out, e);
    html_put_head_map(html, c, grid, e);
    fputs("</div>\n</details>\n", out);
}

void html_put_looks(html_context *html, const assay_case_result *c, const html_grid *grid) {
    bool seen[ASSAY_STAGE_COUNT] = {false};
    int looks = 0;
    for (size_t i = 0; i < c->entry_count && looks < HTML_LOOKS_OF_CASE && html->looks > 0; i++) {
        const assay_entry *e = &c->entries[i];
        if (!assay_verdict_fails(e->verdict) || !e->detail || !e->has_metrics || seen[e->place.stage]) continue;
        if (looks++ == 0) fputs("<h3>A closer look at what fails</h3>\n", html->out);
        seen[e->place.stage] = true;
        html->looks--;
        put_look(html, c, grid, e);
    }
}

/* ---- logits ---- */

#define LOGITS_MOST 8

static void put_top_row(FILE *out, const assay_top_logits *t, int i) {
    const assay_top_logit *sides[] = {&t->golden[i], &t->candidate[i]};
    fprintf(out, "<tr><th scope=\"row\">%d</th>", i + 1);
    for (int s = 0; s < 2; s++) {
        fprintf(out, "<td>%lld</td>", (long long)sides[s]->id);
        put_value_cell(out, sides[s]->golden);
        put_value_cell(out, sides[s]->candidate);
    }
    fputs("</tr>\n", out);
}

static void put_logits_note(FILE *out, const assay_entry *e) {
    const assay_logit_metrics *l = &e->metrics.logits;
    if (!e->metrics.has_logits || l->rows == 0) return;
    fputs("<p>KL at most ", out);
    html_put_number(out, l->kl_max);
    fputs(", mean ", out);
    html_put_number(out, l->kl_mean);
    fprintf(out,
            "; the winner differs in %lld of %lld rows (%lld decided, %lld wrong), the five largest in %lld (%lld "
            "decided, %lld wrong).</p>\n",
            (long long)l->top1_differs, (long long)l->rows, (long long)l->top1_decided, (long long)l->top1_wrong,
            (long long)l->top5_differs, (long long)l->top5_decided, (long long)l->top5_wrong);
}

static void put_top(FILE *out, const assay_entry *e) {
    const assay_top_logits *t = &e->detail->top;
    html_scroll_begin(out, "Largest logits");
    fputs("<table class=\"values\"><caption><code>", out);
    html_put_text(out, e->path);
    fprintf(out, "</code>, row %lld: the largest of both sides. %s</caption>\n", (long long)t->row,
            t->same_winner ? "✓ The winner is the same." : "✗ The winner is another.");
    fputs(
        "<thead><tr><td rowspan=\"2\"></td><th scope=\"colgroup\" colspan=\"3\">Largest of the golden</th>"
        "<th scope=\"colgroup\" colspan=\"3\">Largest of the candidate</th></tr>\n<tr>",
        out);
    for (int s = 0; s < 2; s++)
        fputs("<th scope=\"col\">Token id</th><th scope=\"col\">Golden</th><th scope=\"col\">Candidate</th>", out);
    fputs("</tr></thead>\n<tbody>\n", out);
    for (int i = 0; i < t->count; i++) put_top_row(out, t, i);
    fputs("</tbody></table>", out);
    html_scroll_end(out);
}

void html_put_logits(html_context *html, const assay_case_result *c) {
    int shown = 0;
    for (int fails = 1; fails >= 0; fails--)
        for (size_t i = 0; i < c->entry_count && shown < LOGITS_MOST; i++) {
            const assay_entry *e = &c->entries[i];
            if (e->kind != ASSAY_ENTRY_STAGE || e->place.stage != ASSAY_STAGE_LOGITS || !e->detail ||
                e->detail->top.row < 0)
                continue;
            if (assay_verdict_fails(e->verdict) != (fails == 1)) continue;
            if (shown++ == 0) fputs("<h3>Logits side by side</h3>\n", html->out);
            put_logits_note(html->out, e);
            put_top(html->out, e);
        }
}
