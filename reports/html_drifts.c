#include "reports/html_drifts.h"

#include "reports/html_page.h"
#include "reports/html_text.h"

#define ROWS_MOST 500

static const char *measure_words(assay_drift_measure measure) {
    static const char *const words[ASSAY_MEASURE_COUNT] = {"worst, in floors", "rms, in floors", "places judged"};
    return words[measure];
}

static void put_kind(FILE *out, assay_drift_kind kind) {
    static const char *const symbols[ASSAY_DRIFT_KIND_COUNT] = {"✗", "✗", "+", "✓"};
    static const char *const styles[ASSAY_DRIFT_KIND_COUNT] = {"bad", "bad", "gap", "ok"};
    fprintf(out, "<td class=\"%s\">%s %s</td>", styles[kind], symbols[kind], assay_drift_kind_name(kind));
}

static void put_cell(FILE *out, double value, bool there) {
    fputs("<td>", out);
    if (there) html_put_number(out, value);
    fputs("</td>", out);
}

static void put_row(FILE *out, const assay_drift *d) {
    bool new = d->kind == ASSAY_DRIFT_NEW, vanished = d->kind == ASSAY_DRIFT_VANISHED;
    fputs("<tr><th scope=\"row\">", out);
    html_put_cut(out, d->path[0] ? d->path : "the whole case", HTML_NAME_MOST);
    fputs("</th>", out);
    put_kind(out, d->kind);
    fprintf(out, "<td>%s</td>", measure_words(d->measure));
    put_cell(out, d->before, !new);
    put_cell(out, d->now, !vanished || d->measure == ASSAY_MEASURE_PLACES);
    put_cell(out, d->limit, !new && !vanished);
    fputs("<td>", out);
    html_put_cut(out, d->test_case, HTML_NAME_MOST);
    fputs("</td></tr>\n", out);
}

/* Those that fail first. */
static void put_table(FILE *out, const assay_result *r) {
    size_t rows = 0;
    html_scroll_begin(out, "What moved");
    fputs(
        "<table class=\"drifts\"><caption>What moved since the baseline, what fails first. The band is where "
        "noise "
        "ends.</caption>\n<thead><tr><th scope=\"col\">Place</th><th scope=\"col\">Change</th><th "
        "scope=\"col\">Measure</th>"
        "<th scope=\"col\" class=\"n\">Before</th><th scope=\"col\" class=\"n\">Now</th><th scope=\"col\" "
        "class=\"n\">Band</th>"
        "<th scope=\"col\">Case</th></tr></thead>\n<tbody>\n",
        out);
    for (int failing = 1; failing >= 0; failing--)
        for (size_t i = 0; i < r->drifts.count && rows < ROWS_MOST; i++)
            if (assay_drift_fails(r->drifts.items[i].kind) == (failing == 1)) put_row(out, &r->drifts.items[i]), rows++;
    fputs("</tbody></table>", out);
    html_scroll_end(out);
    if (rows < r->drifts.count)
        fprintf(out, "<p class=\"note\">The first %zu of %zu. All are in the JSON (<code>--json FILE</code>).</p>\n",
                rows, r->drifts.count);
}

void html_put_drifts(FILE *out, const assay_result *r) {
    size_t counts[ASSAY_DRIFT_KIND_COUNT] = {0};
    if (!r->drifts.baseline) return;
    for (size_t i = 0; i < r->drifts.count; i++) counts[r->drifts.items[i].kind]++;
    html_section_begin(out, "baseline", "Change since the baseline");
    fputs("<p>Held against <code>", out);
    html_put_cut(out, r->drifts.baseline, HTML_NAME_MOST);
    fputs("</code>: ", out);
    if (r->drifts.count == 0) fputs("✓ nothing moved beyond noise", out);
    for (int k = 0, n = 0; k < ASSAY_DRIFT_KIND_COUNT; k++)
        if (counts[k]) fprintf(out, "%s%zu %s", n++ ? ", " : "", counts[k], assay_drift_kind_name((assay_drift_kind)k));
    fputs(".</p>\n", out);
    if (r->drifts.count) put_table(out, r);
    html_section_end(out);
}
