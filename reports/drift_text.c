#include "reports/drift_text.h"

#include <math.h>
#include <string.h>

#include "core/terminal_text.h"

/* Text of a file, made safe for a terminal. */
static void put_clean(FILE *out, const char *text, int width) {
    int length = (int)strlen(text);
    assay_terminal_put(out, text);
    fprintf(out, "%*s", width > length ? width - length : 0, "");
}

static size_t count_kind(const assay_drifts *r, assay_drift_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++) count += r->items[i].kind == kind;
    return count;
}

static void put_row(FILE *out, const assay_drift *d, int name_width) {
    char factor[32] = "-", limit[32] = "-";
    if (d->kind == ASSAY_DRIFT_MOVED || d->kind == ASSAY_DRIFT_BETTER) {
        if (d->before > 0 && isfinite(d->now)) snprintf(factor, sizeof factor, "%.3g", d->now / d->before);
        snprintf(limit, sizeof limit, "%.3g", d->limit);
    }
    fprintf(out, "  %-8s  ", assay_drift_kind_name(d->kind));
    put_clean(out, d->test_case, name_width);
    fprintf(out, "  %-7s  %8.3g  %8.3g  %8s  %8s  ", assay_drift_measure_name(d->measure), d->before, d->now, factor,
            limit);
    put_clean(out, d->path[0] ? d->path : "(the whole case)", 0);
    fprintf(out, "\n");
}

static void put_kind(FILE *out, const assay_drifts *r, assay_drift_kind kind, size_t limit, int name_width) {
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        if (r->items[i].kind == kind && count++ < limit) put_row(out, &r->items[i], name_width);
    if (count > limit) fprintf(out, "      ... and %zu more\n", count - limit);
}

static int width_of_names(const assay_drifts *r) {
    size_t width = strlen("case");
    for (size_t i = 0; i < r->count; i++)
        if (strlen(r->items[i].test_case) > width) width = strlen(r->items[i].test_case);
    return width > 40 ? 40 : (int)width;
}

static void put_counts(FILE *out, const assay_drifts *r) {
    fprintf(out, "\nbaseline ");
    put_clean(out, r->baseline, 0);
    if (r->count == 0) {
        fprintf(out, ": nothing moved beyond noise\n");
        return;
    }
    for (int kind = 0; kind < ASSAY_DRIFT_KIND_COUNT; kind++)
        fprintf(out, "%s %zu %s", kind ? "," : ":", count_kind(r, (assay_drift_kind)kind),
                assay_drift_kind_name((assay_drift_kind)kind));
    fprintf(out, " (docs/baselines.md)\n");
}

void assay_report_drifts(FILE *out, const assay_drifts *drifts, size_t limit) {
    if (!drifts->baseline) return;
    put_counts(out, drifts);
    if (drifts->count == 0) return;
    int width = width_of_names(drifts);
    fprintf(out, "  %-8s  %-*s  %-7s  %8s  %8s  %8s  %8s  %s\n", "drift", width, "case", "measure", "before", "now",
            "factor", "limit", "where it is worst now, or the stage");
    for (int kind = 0; kind < ASSAY_DRIFT_KIND_COUNT; kind++)
        put_kind(out, drifts, (assay_drift_kind)kind, limit, width);
}
