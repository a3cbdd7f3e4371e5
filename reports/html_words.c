#include "reports/html_words.h"

#include <math.h>
#include <string.h>

#include "reports/entry_words.h"
#include "reports/html_text.h"

static const struct {
    const char *symbol, *word, *style;
} verdicts[ASSAY_VERDICT_COUNT] = {
    [ASSAY_VERDICT_PASS] = {"✓", "pass", "ok"},
    [ASSAY_VERDICT_FAIL] = {"✗", "fail", "bad"},
    [ASSAY_VERDICT_MISSING] = {"–", "missing", "gap"},
    [ASSAY_VERDICT_MISSING_REQUIRED] = {"✗", "missing, required", "bad"},
    [ASSAY_VERDICT_EXTRA] = {"+", "extra", "gap"},
    [ASSAY_VERDICT_NOT_COMPARED] = {"?", "not compared", "gap"},
    [ASSAY_VERDICT_WAIVED] = {"~", "waived", "waived"},
};

const char *html_verdict_word(assay_verdict v) { return verdicts[v].word; }

const char *html_verdict_class(assay_verdict v) { return verdicts[v].style; }

void html_put_verdict(FILE *out, assay_verdict v) { fprintf(out, "%s %s", verdicts[v].symbol, verdicts[v].word); }

const char *html_case_class(assay_case_verdict v) {
    static const char *const classes[ASSAY_CASE_VERDICT_COUNT] = {"ok", "bad", "bad", "waived"};
    return classes[v];
}

void html_put_case_verdict(FILE *out, assay_case_verdict v) {
    static const char *const symbols[ASSAY_CASE_VERDICT_COUNT] = {"✓", "✗", "✗", "~"};
    fprintf(out, "%s %s", symbols[v], assay_case_verdict_name(v));
}

void html_put_place(FILE *out, const assay_entry *e) {
    if (e->kind != ASSAY_ENTRY_STAGE) {
        html_put_cut(out, e->path, HTML_NAME_MOST);
        return;
    }
    const char *name = assay_stage_get(e->place.stage)->name, *dot = strrchr(name, '.');
    bool own = dot && strncmp(name, "self_attn.", 10) == 0; /* all that needs saying of "self_attn.attn_scores" */
    char place[100];
    fprintf(out, "%s of %s", own ? name + 10 : name, assay_entry_place_text(e, place, sizeof place));
}

double html_ratio(const assay_entry *e) {
    if (!e->has_metrics) return NAN;
    if (e->metrics.class_mismatches) return INFINITY;
    return isnan(e->ratio_tolerance) ? INFINITY : e->ratio_tolerance;
}
