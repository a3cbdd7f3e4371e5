#include "reports/stage_table.h"

#include <stdbool.h>

#include "compare/stage_fold.h"
#include "core/terminal_text.h"

/* What is known of one stage. */
typedef struct {
    size_t judged, failed;
    const assay_entry *worst;
    const char *worst_case;
} stage_row;

/* 2 for a failure, 1 for a waived one, 0 for a pass. */
static int badness(const assay_entry *e) {
    return assay_verdict_fails(e->verdict) ? 2 : e->verdict == ASSAY_VERDICT_WAIVED;
}

/* A failure is worse than a waived one, that than a pass; then the larger ratio. */
static bool is_worse(const assay_entry *a, const assay_entry *b) {
    if (!b) return true;
    if (badness(a) != badness(b)) return badness(a) > badness(b);
    return a->ratio_tolerance > b->ratio_tolerance;
}

static void count_case(stage_row *rows, const assay_case_result *c) {
    for (size_t i = 0; i < c->entry_count; i++) {
        const assay_entry *e = &c->entries[i];
        if (!assay_entry_was_judged(e)) continue;
        stage_row *row = &rows[e->place.stage];
        row->judged += e->verdict != ASSAY_VERDICT_WAIVED; /* as assay_count_judged */
        row->failed += e->verdict == ASSAY_VERDICT_FAIL;
        if (!is_worse(e, row->worst)) continue;
        row->worst = e;
        row->worst_case = c->name;
    }
}

static void put_row(FILE *out, const assay_stage_info *info, const stage_row *row) {
    const assay_entry *e = row->worst;
    char name[ASSAY_STAGE_TEXT];
    fprintf(out, "%-26s  %6zu  %6zu", assay_stage_text(e->place.stage, name), row->judged, row->failed);
    if (info->judge == ASSAY_JUDGE_EXACT) fprintf(out, "  %9s  %9s  %9s  %7s", "exact", "-", "0", "-");
    else {
        fprintf(out, "  %9.3g", e->has_metrics ? e->deviation : 0);
        if (e->has_floor) fprintf(out, "  %9.3g", e->floor);
        else fprintf(out, "  %9s", "-");
        fprintf(out, "  %9.3g  %7.3g", e->tolerance, e->ratio_tolerance);
    }
    fprintf(out, "  %-7s  ", assay_verdict_name(e->verdict));
    assay_terminal_put(out, row->worst_case);
    fputc(' ', out);
    assay_terminal_put(out, e->path);
    fputc('\n', out);
}

void assay_report_stage_table(FILE *out, const assay_result *result) {
    stage_row rows[ASSAY_STAGE_COUNT] = {0};
    for (size_t i = 0; i < result->case_count; i++) count_case(rows, &result->cases[i]);
    fprintf(out, "%-26s  %6s  %6s  %9s  %9s  %9s  %7s  %-7s  %s\n", "stage", "judged", "failed", "deviation", "floor",
            "tolerance", "ratio", "verdict", "worst at");
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++)
        if (rows[i].worst) put_row(out, assay_stage_get((assay_stage)i), &rows[i]);
}
