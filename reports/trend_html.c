#include "reports/trend_html.h"

#include <math.h>
#include <string.h>

#include "reports/html_page.h"
#include "reports/html_text.h"

/* ---- the verdict ---- */

static void put_runs_failing(FILE *out, const assay_trend *t) {
    size_t failed = 0, drifted = 0;
    for (size_t i = 0; i < t->count; i++) {
        failed += !t->runs[i].passed;
        drifted += t->runs[i].drifts > 0;
    }
    fputs("<p class=\"note\">", out);
    html_put_count(out, t->count, "run", "runs");
    fprintf(out, ", of which %zu did not pass, %zu with drift since a baseline. From %s to %s.</p>\n", failed, drifted,
            t->runs[0].time, t->runs[t->count - 1].time);
}

static void put_verdict(FILE *out, const assay_trend *t, const char *name) {
    if (t->count == 0) {
        fputs("<div class=\"verdict bad\"><h1>There is no run in ", out);
        html_put_text(out, name);
        fputs("</h1></div>\n", out);
        return;
    }
    const assay_trend_run *last = &t->runs[t->count - 1];
    assay_stage worst = assay_trend_worst(last);
    const char *word = last->passed ? "pass" : last->failed || !last->drifts ? "fail" : "drift";
    fprintf(out, "<div class=\"verdict %s\">\n<h1><span class=\"badge\">%s</span> The latest run ",
            last->passed ? "ok" : "bad", word);
    fprintf(out, "(%.7s, %s): ", last->id, last->time);
    if (last->failed)
        fprintf(out, "%lld of %lld %s %s", (long long)last->failed, (long long)last->cases,
                last->cases == 1 ? "case" : "cases", last->failed == 1 ? "fails" : "fail");
    else fprintf(out, "none of %lld %s fails", (long long)last->cases, last->cases == 1 ? "case" : "cases");
    if (last->drifts) fprintf(out, ", %lld drifted since the baseline", (long long)last->drifts);
    if (worst != ASSAY_STAGE_COUNT) {
        char stage[ASSAY_STAGE_TEXT];
        fputs("; the worst stage is at ", out);
        html_put_number(out, last->points[worst].ratio);
        fprintf(out, " of its tolerance (%s)", assay_stage_text(worst, stage));
    }
    fputs("</h1>\n", out);
    put_runs_failing(out, t);
    fputs("</div>\n", out);
}

/* ---- charts ---- */

static void put_all(FILE *out, const assay_trend *t) {
    const assay_trend_chart size = {1180, 330, true};
    html_section_begin(out, "all", "The worst of all stages");
    fputs("<figure>\n", out);
    html_scroll_begin(out, "Chart of the worst of all stages, over runs");
    assay_trend_svg(out, t, ASSAY_STAGE_COUNT, &size);
    html_scroll_end(out);
    fputs("<figcaption><p>Runs from left to right, largest deviation over tolerance from bottom to top.</p>\n", out);
    assay_trend_legend(out);
    fputs("</figcaption></figure>\n", out);
    html_section_end(out);
}

static bool is_drawn(const assay_trend *t, int stage) {
    for (size_t i = 0; i < t->count; i++)
        if (t->runs[i].points[stage].has_ratio) return true;
    return false;
}

static void put_stage_charts(FILE *out, const assay_trend *t) {
    const assay_trend_chart size = {560, 110, false};
    html_section_begin(out, "stages", "Each stage");
    fputs("<div class=\"pair\">\n", out);
    for (int s = 0; s < ASSAY_STAGE_COUNT; s++) {
        char name[ASSAY_STAGE_TEXT];
        if (!is_drawn(t, s)) continue;
        fprintf(out, "<figure><h3>%s</h3>\n", assay_stage_text((assay_stage)s, name));
        html_scroll_begin(out, name);
        assay_trend_svg(out, t, (assay_stage)s, &size);
        html_scroll_end(out);
        fputs("</figure>\n", out);
    }
    fputs("</div>\n", out);
    html_section_end(out);
}

/* ---- tables ---- */

static void put_ratio(FILE *out, const assay_trend_point *p) {
    fputs("<td>", out);
    if (p && p->has_ratio) html_put_number(out, p->ratio);
    else fputs(p && p->judged ? "exact" : "<span class=\"none\">not judged</span>", out);
    if (p && p->failed) fputs(" <span class=\"bad\">fails</span>", out);
    if (p && p->drifts) fputs(" <span class=\"waived\">drift</span>", out);
    fputs("</td>", out);
}

static const assay_trend_point *at(const assay_trend *t, size_t back, int stage) {
    return t->count > back ? &t->runs[t->count - 1 - back].points[stage] : NULL;
}

/* Smallest and largest over the runs that have it. */
static void put_range(FILE *out, const assay_trend *t, int stage) {
    double lowest = INFINITY, highest = 0;
    for (size_t i = 0; i < t->count; i++) {
        const assay_trend_point *p = &t->runs[i].points[stage];
        if (!p->has_ratio) continue;
        lowest = fmin(lowest, p->ratio);
        highest = fmax(highest, p->ratio);
    }
    fputs("<td>", out);
    html_put_number(out, lowest);
    fputs("</td><td>", out);
    html_put_number(out, highest);
    fputs("</td>", out);
}

static void put_stage_table(FILE *out, const assay_trend *t) {
    fputs(
        "<table>\n<caption>Largest deviation over tolerance, by stage</caption>\n<thead><tr><th "
        "scope=\"col\">stage</th>"
        "<th scope=\"col\">latest run</th><th scope=\"col\">the run before</th><th scope=\"col\">smallest</th>"
        "<th scope=\"col\">largest</th><th scope=\"col\">latest worst in case</th></tr></thead>\n<tbody>\n",
        out);
    for (int s = 0; s < ASSAY_STAGE_COUNT; s++) {
        char name[ASSAY_STAGE_TEXT];
        const assay_trend_point *last = at(t, 0, s);
        if (!is_drawn(t, s)) continue;
        fprintf(out, "<tr><th scope=\"row\">%s</th>", assay_stage_text((assay_stage)s, name));
        put_ratio(out, last);
        put_ratio(out, at(t, 1, s));
        put_range(out, t, s);
        fputs("<td>", out);
        html_put_cut(out, last && last->test_case ? last->test_case : "", HTML_NAME_MOST);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
}

static void put_run_row(FILE *out, const assay_trend_run *run) {
    char name[ASSAY_STAGE_TEXT] = "";
    assay_stage worst = assay_trend_worst(run);
    const assay_trend_point *p = worst == ASSAY_STAGE_COUNT ? NULL : &run->points[worst];
    if (p) assay_stage_text(worst, name);
    fprintf(out, "<tr><th scope=\"row\">%.12s</th><td>%s</td><td class=\"%s\">%s</td><td>%lld</td><td>%lld</td>",
            run->id, run->time, run->passed ? "ok" : "bad", run->passed ? "pass" : "fail", (long long)run->cases,
            (long long)run->failed);
    fprintf(out, "<td>%lld</td>", (long long)run->drifts);
    put_ratio(out, p);
    fprintf(out, "<td>%s</td><td>", name);
    html_put_cut(out, p && p->test_case ? p->test_case : "", HTML_NAME_MOST);
    fputs("</td><td>", out);
    html_put_cut(out, run->kernel, HTML_NAME_MOST);
    fputs("</td><td>", out);
    html_put_cut(out, run->labels, HTML_NAME_MOST);
    fputs("</td></tr>\n", out);
}

static void put_run_table(FILE *out, const assay_trend *t) {
    fputs(
        "<table>\n<caption>Runs, the latest first</caption>\n<thead><tr><th scope=\"col\">run</th><th "
        "scope=\"col\">time</th>"
        "<th scope=\"col\">verdict</th><th scope=\"col\">cases</th><th scope=\"col\">failed</th>"
        "<th scope=\"col\">drifts</th><th scope=\"col\">worst ratio</th><th scope=\"col\">stage</th>"
        "<th scope=\"col\">case</th><th scope=\"col\">kernel</th><th scope=\"col\">labels</th></tr></thead>\n<tbody>\n",
        out);
    for (size_t i = t->count; i > 0; i--) put_run_row(out, &t->runs[i - 1]);
    fputs("</tbody></table>\n", out);
}

static void put_table(FILE *out, const assay_trend *t, void (*put)(FILE *out, const assay_trend *t), const char *id,
                      const char *title) {
    html_section_begin(out, id, title);
    html_scroll_begin(out, title);
    put(out, t);
    html_scroll_end(out);
    html_section_end(out);
}

assay_status assay_report_trend_html(FILE *out, const assay_trend *trend, const char *name, assay_error *err) {
    assay_status st = html_page_begin(out, "Assay: trend of runs", err);
    if (st) return st;
    fputs("<main>\n", out);
    put_verdict(out, trend, name);
    if (trend->count) {
        put_all(out, trend);
        put_table(out, trend, put_run_table, "runs", "Runs");
        put_stage_charts(out, trend);
        put_table(out, trend, put_stage_table, "numbers", "Numbers of each stage");
    }
    fputs("</main>\n", out);
    html_page_end(out);
    if (fflush(out) == 0 && !ferror(out)) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINTERNAL, NULL, "the trend cannot be written");
}
