#include "compare/stage_fold.h"

#include <math.h>
#include <string.h>

#include "compare/policy.h"

/* Sums on the way to a root mean square. */
typedef struct {
    double squares, elements, largest;
} spread;

static bool has_judgement(const assay_entry *e) {
    bool waived = e->verdict == ASSAY_VERDICT_WAIVED && e->waived_from == ASSAY_VERDICT_FAIL;
    return waived || e->verdict == ASSAY_VERDICT_PASS || e->verdict == ASSAY_VERDICT_FAIL;
}

bool assay_entry_was_judged(const assay_entry *e) { return e->kind == ASSAY_ENTRY_STAGE && has_judgement(e); }

size_t assay_fold_refusals(const assay_case_result *c, size_t *failed) {
    size_t judged = 0;
    *failed = 0;
    for (size_t i = 0; i < c->entry_count; i++) {
        const assay_entry *e = &c->entries[i];
        if (e->kind != ASSAY_ENTRY_STEP || !has_judgement(e)) continue;
        judged++;
        *failed += e->verdict == ASSAY_VERDICT_FAIL;
    }
    return judged;
}

/* `distance` in noise floors. 0 / 0 is 0: there is no noise, and no difference. */
static double in_floors(const assay_entry *e, double distance) {
    double unit = e->has_floor ? e->floor : e->tolerance / ASSAY_DEFAULT_FACTOR;
    if (distance == 0) return 0;
    return unit > 0 ? distance / unit : INFINITY;
}

static double worst_of(const assay_entry *e) {
    if (!e->has_metrics) return e->verdict == ASSAY_VERDICT_PASS ? 0 : INFINITY;
    double worst = e->metrics.class_mismatches ? INFINITY : in_floors(e, e->deviation);
    return isnan(worst) ? INFINITY : worst;
}

static void take_rms(assay_stage_fold *f, spread *s, const assay_entry *e, size_t index) {
    if (!e->has_metrics || assay_stage_get(e->place.stage)->judge == ASSAY_JUDGE_STORED) return;
    double rms = in_floors(e, e->metrics.rms), elements = (double)e->metrics.finite;
    s->squares += elements * rms * rms;
    s->elements += elements;
    if (rms < s->largest) return;
    s->largest = rms;
    f->rms_entry = index;
}

static void take(assay_stage_fold *f, spread *s, const assay_entry *e, size_t index) {
    f->places++;
    f->failed += e->verdict == ASSAY_VERDICT_FAIL;
    f->waived += e->verdict == ASSAY_VERDICT_WAIVED;
    if (assay_stage_get(e->place.stage)->judge == ASSAY_JUDGE_EXACT) return;
    double worst = worst_of(e);
    if (!f->has_worst || worst > f->worst) {
        f->worst = worst;
        f->worst_entry = index;
    }
    f->has_worst = true;
    double ratio = isinf(worst) || isnan(e->ratio_tolerance) ? INFINITY : e->ratio_tolerance;
    f->ratio = fmax(f->ratio, ratio);
    take_rms(f, s, e, index);
}

void assay_stage_fold_case(const assay_case_result *c, assay_stage_fold folds[ASSAY_STAGE_COUNT]) {
    spread spreads[ASSAY_STAGE_COUNT] = {0};
    memset(folds, 0, ASSAY_STAGE_COUNT * sizeof *folds);
    for (size_t i = 0; i < c->entry_count; i++) {
        const assay_entry *e = &c->entries[i];
        if (assay_entry_was_judged(e)) take(&folds[e->place.stage], &spreads[e->place.stage], e, i);
    }
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        folds[i].has_rms = spreads[i].elements >= ASSAY_FOLD_LEAST_ELEMENTS && isfinite(spreads[i].squares);
        if (folds[i].has_rms) folds[i].rms = sqrt(spreads[i].squares / spreads[i].elements);
    }
}
