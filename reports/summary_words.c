#include "reports/summary_words.h"

#include <stdarg.h>
#include <stdio.h>

/* What is counted over all cases. */
typedef struct {
    size_t cases[ASSAY_CASE_VERDICT_COUNT], entries[ASSAY_VERDICT_COUNT], foreign, half, drifts;
} totals;

size_t assay_count_judged(const size_t counts[ASSAY_VERDICT_COUNT]) {
    return counts[ASSAY_VERDICT_PASS] + counts[ASSAY_VERDICT_FAIL];
}

size_t assay_count_missing(const size_t counts[ASSAY_VERDICT_COUNT]) {
    return counts[ASSAY_VERDICT_MISSING] + counts[ASSAY_VERDICT_MISSING_REQUIRED];
}

/* Tensors of a case's candidate whose names are no stage's. */
static size_t count_foreign(const assay_case_result *c) {
    size_t count = 0;
    for (size_t i = 0; i < c->entry_count; i++)
        count += c->entries[i].kind == ASSAY_ENTRY_UNKNOWN && c->entries[i].verdict == ASSAY_VERDICT_EXTRA;
    return count;
}

static totals count_all(const assay_result *r) {
    totals t = {0};
    for (size_t i = 0; i < r->case_count; i++) {
        t.cases[r->cases[i].verdict]++;
        for (int v = 0; v < ASSAY_VERDICT_COUNT; v++) t.entries[v] += r->cases[i].counts[v];
        t.foreign += count_foreign(&r->cases[i]);
        t.half += r->cases[i].is_half;
    }
    for (size_t i = 0; i < r->drifts.count; i++) t.drifts += assay_drift_fails(r->drifts.items[i].kind);
    return t;
}

const char *assay_run_verdict(const assay_result *result) {
    if (assay_result_passed(result)) return "match";
    const totals all = count_all(result);
    if (result->case_count && all.cases[ASSAY_CASE_UNSUPPORTED] == result->case_count) return "nothing compared";
    return all.cases[ASSAY_CASE_FAIL] || all.cases[ASSAY_CASE_ERROR] || result->case_count == 0 ? "MISMATCH" : "DRIFT";
}

static void append(char *text, size_t *used, const char *format, ...) ASSAY_PRINTF(3, 4);
static void append(char *text, size_t *used, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text + *used, ASSAY_SUMMARY_TEXT - *used, format, args);
    va_end(args);
    *used += (size_t)n; /* the words and twelve numbers are shorter than the text */
}

static const char *plural(size_t n) { return n == 1 ? "" : "s"; }

const char *assay_summary_text(const assay_result *result, char text[ASSAY_SUMMARY_TEXT]) {
    totals t = count_all(result);
    size_t used = 0, judged = assay_count_judged(t.entries), missing = assay_count_missing(t.entries);
    size_t waived = t.entries[ASSAY_VERDICT_WAIVED], required = t.entries[ASSAY_VERDICT_MISSING_REQUIRED];
    append(text, &used, "%zu of %zu %s, %zu differ, %zu could not be compared", t.cases[ASSAY_CASE_PASS],
           result->case_count, result->case_count == 1 ? "case matches" : "cases match", t.cases[ASSAY_CASE_FAIL],
           t.cases[ASSAY_CASE_ERROR]);
    if (t.cases[ASSAY_CASE_UNSUPPORTED])
        append(text, &used, ", %zu unsupported by the port", t.cases[ASSAY_CASE_UNSUPPORTED]);
    append(text, &used, "; %zu stage%s judged", judged, plural(judged));
    if (waived) append(text, &used, ", %zu failure%s waived", waived, plural(waived));
    if (missing) append(text, &used, ", %zu that the goldens hold %s missing", missing, missing == 1 ? "was" : "were");
    if (required) append(text, &used, " (%zu of them required)", required);
    if (t.foreign)
        append(text, &used, ", %zu tensor%s not looked at (no stage has the name)", t.foreign, plural(t.foreign));
    if (t.half) append(text, &used, "; %zu case%s by the noise of half precision", t.half, plural(t.half));
    if (t.drifts) append(text, &used, "; %zu drift%s since the baseline", t.drifts, plural(t.drifts));
    return text;
}
