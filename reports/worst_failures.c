#include "reports/worst_failures.h"

#include <math.h>
#include <string.h>

bool assay_case_fails_as_a_whole(const assay_case_result *c) {
    return c->verdict == ASSAY_CASE_ERROR || (c->verdict == ASSAY_CASE_FAIL && c->first_divergence < 0);
}

static int rank_of(const assay_failure *f) {
    if (!f->entry) return 0;
    if (f->entry->verdict == ASSAY_VERDICT_MISSING_REQUIRED) return 2;
    return f->entry->has_metrics && f->entry->metrics.class_mismatches == 0 ? 3 : 1;
}

/* Deviation over tolerance; a NaN is as bad as infinity. */
static double ratio_of(const assay_failure *f) {
    if (!f->entry || !f->entry->has_metrics) return 0;
    return isnan(f->entry->ratio_tolerance) ? INFINITY : f->entry->ratio_tolerance;
}

static bool is_worse(const assay_failure *a, const assay_failure *b) {
    int rank = rank_of(a), other = rank_of(b);
    return rank != other ? rank < other : ratio_of(a) > ratio_of(b);
}

/* The worst so far, of all that were put in. */
typedef struct {
    assay_failure *worst;
    size_t limit, total;
} failure_list;

static void put(failure_list *list, assay_failure failure) {
    size_t at = list->total < list->limit ? list->total : list->limit;
    list->total++;
    while (at > 0 && is_worse(&failure, &list->worst[at - 1])) at--;
    if (at == list->limit) return;
    size_t kept = list->total < list->limit ? list->total : list->limit;
    memmove(&list->worst[at + 1], &list->worst[at], (kept - at - 1) * sizeof *list->worst);
    list->worst[at] = failure;
}

size_t assay_worst_failures(const assay_result *result, assay_failure *worst, size_t limit) {
    failure_list list = {.worst = worst, .limit = limit};
    for (size_t i = 0; i < result->case_count; i++) {
        const assay_case_result *c = &result->cases[i];
        if (assay_case_fails_as_a_whole(c)) put(&list, (assay_failure){c, NULL});
        for (size_t k = 0; k < c->entry_count; k++)
            if (assay_verdict_fails(c->entries[k].verdict)) put(&list, (assay_failure){c, &c->entries[k]});
    }
    return list.total;
}
