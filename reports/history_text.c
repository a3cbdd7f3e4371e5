#include "reports/history_text.h"

#include <math.h>
#include <stdint.h>

#include "core/terminal_text.h"
#include "reports/drift_text.h"

#define LIST_LIMIT 20

static void put_run(FILE *out, const assay_trend_run *run) {
    char name[ASSAY_STAGE_TEXT] = "-", ratio[32] = "-";
    assay_stage worst = assay_trend_worst(run);
    if (worst != ASSAY_STAGE_COUNT) {
        assay_stage_text(worst, name);
        snprintf(ratio, sizeof ratio, "%.3g", run->points[worst].ratio);
    }
    fprintf(out, "%.12s  %s  %-7s  %5lld  %6lld  %6lld  %8s  %-26s  ", run->id, run->time,
            run->passed ? "pass" : "fail", (long long)run->cases, (long long)run->failed, (long long)run->drifts, ratio,
            name);
    assay_terminal_put(out, *run->kernel ? run->kernel : "-");
    fprintf(out, "  ");
    assay_terminal_put(out, run->labels);
    fprintf(out, "\n");
}

void assay_report_runs(FILE *out, const assay_trend *trend) {
    fprintf(out, "%-12s  %-20s  %-7s  %5s  %6s  %6s  %8s  %-26s  %s\n", "run", "time", "verdict", "cases", "failed",
            "drifts", "worst", "stage", "kernel  labels");
    for (size_t i = 0; i < trend->count; i++) put_run(out, &trend->runs[i]);
    fprintf(out, "\n%zu run%s; worst: largest deviation / tolerance\n", trend->count, trend->count == 1 ? "" : "s");
}

static void put_facts(FILE *out, const char *what, const assay_facts *facts) {
    for (size_t i = 0; i < facts->count; i++) {
        fprintf(out, "%s ", what);
        assay_terminal_put(out, facts->items[i].key);
        fprintf(out, ": ");
        assay_terminal_put(out, facts->items[i].value);
        fprintf(out, "\n");
    }
}

static void put_failing(FILE *out, const assay_run_record *r) {
    for (size_t i = 0; i < r->case_count; i++) {
        if (r->cases[i].verdict == ASSAY_CASE_PASS) continue;
        fprintf(out, "  %-11s  ", assay_case_verdict_name(r->cases[i].verdict));
        assay_terminal_put(out, r->cases[i].name);
        fprintf(out, "\n");
    }
}

/* A stage over all cases. */
static void put_stage(FILE *out, const assay_run_record *r, int stage) {
    int64_t places = 0, failed = 0;
    double ratio = 0, worst = 0;
    const char *where = "";
    bool has = false;
    for (size_t i = 0; i < r->case_count; i++) {
        const assay_run_stage *s = &r->cases[i].stages[stage];
        places += s->places;
        failed += s->failed;
        if (!s->has_worst || (has && s->ratio <= ratio)) continue;
        has = true;
        ratio = s->ratio;
        worst = s->worst;
        where = r->cases[i].name;
    }
    char name[ASSAY_STAGE_TEXT];
    if (!places) return;
    fprintf(out, "  %-26s  %6lld  %6lld", assay_stage_text((assay_stage)stage, name), (long long)places,
            (long long)failed);
    if (has) fprintf(out, "  %8.3g  %8.3g  ", ratio, worst);
    else fprintf(out, "  %8s  %8s  ", "exact", "-");
    assay_terminal_put(out, where);
    fprintf(out, "\n");
}

void assay_report_run(FILE *out, const assay_run_record *record) {
    fprintf(out, "%s: %s, %zu case%s\n", record->time, record->passed ? "pass" : "fail", record->case_count,
            record->case_count == 1 ? "" : "s");
    put_facts(out, "label", &record->labels);
    put_facts(out, "fact", &record->facts);
    put_failing(out, record);
    assay_report_drifts(out, &record->drifts, LIST_LIMIT);
    fprintf(out, "\n  %-26s  %6s  %6s  %8s  %8s  %s\n", "stage", "judged", "failed", "ratio", "floors",
            "worst in case");
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) put_stage(out, record, i);
}
