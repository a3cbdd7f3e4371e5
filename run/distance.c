#include "run/distance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "compare/judge.h"
#include "compare/judge_stored.h"

static const double farthest = 1e9;

/* ---- the candidate ---- */

static assay_status scale_of(const assay_source *source, const assay_source_item *item, double *scale,
                             assay_error *err) {
    assay_values values;
    assay_status st = assay_values_open(&values, source, item, false, err);
    if (st) return st;
    st = assay_judge_scale(item->place.stage, &values, source->info.dtype, scale, err);
    assay_values_close(&values);
    return st;
}

/* The golden's floor for a place, larger in proportion where the candidate's tensor is larger. */
static assay_status take_floor(assay_source_item *item, const assay_source *candidate, const assay_source *golden,
                               assay_error *err) {
    bool wide = candidate->info.has_dtype && candidate->info.dtype == ASSAY_F64;
    const assay_source_item *g = wide ? assay_source_find_float64(golden, &item->place) : NULL;
    if (!g) g = assay_source_find(golden, &item->place);
    item->has_unrounded = false;
    item->has_floor = g && g->has_floor;
    if (!item->has_floor) return ASSAY_OK;
    double own = 0, its = 0;
    assay_status st = scale_of(candidate, item, &own, err);
    if (!st) st = scale_of(golden, g, &its, err);
    item->floor = its > 0 && own > its ? g->floor * own / its : g->floor;
    return st;
}

/* What is richest in what the candidate holds. */
static void take_evidence(assay_measured *m) {
    bool stages = false, past = false, numbers = false;
    const assay_source *s = &m->memory.source;
    for (size_t i = 0; i < s->item_count; i++) {
        assay_stage stage = s->items[i].place.stage;
        assay_stage_scope scope = assay_stage_get(stage)->scope;
        m->numbers += assay_tensor_count(&s->items[i].info);
        stages = stages || scope == ASSAY_PER_LAYER || scope == ASSAY_PER_WINDOW;
        past = past || scope == ASSAY_PER_PAST;
        numbers = numbers || stage == ASSAY_STAGE_LOGITS || stage == ASSAY_STAGE_LOSS;
    }
    m->evidence = stages    ? ASSAY_EVIDENCE_STAGES
                  : past    ? ASSAY_EVIDENCE_RESULTS
                  : numbers ? ASSAY_EVIDENCE_LOGITS
                            : ASSAY_EVIDENCE_TOKENS;
}

/* A step whose dump holds nothing of the past does not hold the whole of it, whatever an attribute says. */
static void forget_empty_pasts(assay_source *s) {
    for (size_t i = 0; i < s->step_count; i++) {
        bool holds = false;
        for (size_t k = 0; k < s->item_count; k++)
            holds = holds || (s->items[k].place.step == s->steps[i].step &&
                              assay_stage_get(s->items[k].place.stage)->scope == ASSAY_PER_PAST);
        if (!holds) s->steps[i].past_captured = 0;
    }
}

assay_status assay_measured_load(assay_measured *out, const assay_source *candidate, const assay_source *golden,
                                 assay_error *err) {
    assay_measured m = {0};
    assay_status st = assay_source_memory_load(&m.memory, candidate, err);
    if (st) return st;
    assay_source *s = &m.memory.source;
    for (size_t i = 0; !st && i < s->item_count; i++) {
        st = take_floor(&s->items[i], s, golden, err);
        m.has_floors = m.has_floors || s->items[i].has_floor;
    }
    forget_empty_pasts(s);
    s->info.is_golden = true; /* what it says to hold the whole of, and lacks, is empty */
    s->info.case_sha256 = s->info.config_sha256 = s->info.weights_xxh128 = "";
    s->unknown_count = 0;
    take_evidence(&m);
    m.mem_dtype = golden->info.has_mem_dtype ? golden->info.mem_dtype : ASSAY_F64;
    if (st) assay_measured_free(&m);
    else *out = m;
    return st;
}

void assay_measured_free(assay_measured *m) {
    assay_source_memory_free(&m->memory);
    *m = (assay_measured){0};
}

static bool has_stage(const assay_source *source, const assay_place *place) {
    for (size_t i = 0; i < source->item_count; i++)
        if (source->items[i].place.step == place->step && source->items[i].place.stage == place->stage) return true;
    return false;
}

static bool is_of_memory(assay_stage stage) {
    return (stage >= ASSAY_STAGE_MEM_WRITE_KEY && stage <= ASSAY_STAGE_MEM_WRITE_MASK) ||
           (stage >= ASSAY_STAGE_MEM_READ_KEY && stage <= ASSAY_STAGE_MEM_READ_MASK);
}

void assay_measured_drop_foreign(assay_measured *m, const assay_source *golden, const assay_source *run) {
    assay_source *s = &m->memory.source;
    size_t kept = 0;
    for (size_t i = 0; i < s->item_count; i++) {
        const assay_place *place = &s->items[i].place;
        bool of_past = assay_stage_get(place->stage)->scope == ASSAY_PER_PAST || is_of_memory(place->stage);
        bool known_step = assay_source_find_step(run, place->step) != NULL;
        if ((of_past && known_step) || has_stage(golden, place) || has_stage(run, place))
            s->items[kept++] = s->items[i];
    }
    s->item_count = kept;
}

/* Largest difference of two runs at a place, over what is finite and not hidden on both sides; 0 where they cannot be compared. */
static double difference(const assay_source *run, const assay_source *other, const assay_place *place) {
    const assay_source_item *a = assay_source_find(run, place), *b = assay_source_find(other, place);
    if (!a || !b || !assay_tensor_same_shape(&a->info, &b->info) || !assay_dtype_is_float(a->info.dtype)) return 0;
    const assay_tensor *x = a->values, *y = b->values; /* runs are in memory */
    double most = 0;
    for (int64_t i = 0; i < assay_tensor_count(x); i++) {
        double p = assay_load_f64(x->data, x->dtype, (size_t)i), q = assay_load_f64(y->data, y->dtype, (size_t)i);
        bool counts = assay_classify(p) == ASSAY_CLASS_FINITE && assay_classify(q) == ASSAY_CLASS_FINITE;
        if (counts && fabs(p) < 1e6 && fabs(q) < 1e6) most = fmax(most, fabs(p - q));
    }
    return most;
}

assay_status assay_measured_fork(assay_measured *out, const assay_measured *m, assay_error *err) {
    *out = *m;
    assay_source *s = &out->memory.source;
    s->items = malloc((s->item_count + 1) * sizeof *s->items);
    if (!s->items) return assay_fail_nomem(err, "noise floors");
    if (s->item_count) memcpy(s->items, m->memory.source.items, s->item_count * sizeof *s->items);
    return ASSAY_OK;
}

void assay_measured_fork_free(assay_measured *fork) {
    free(fork->memory.source.items);
    *fork = (assay_measured){0};
}

void assay_measured_widen(assay_measured *m, const assay_source *run, const assay_source *other) {
    for (size_t i = 0; i < m->memory.source.item_count; i++) {
        assay_source_item *item = &m->memory.source.items[i];
        double noise = difference(run, other, &item->place);
        if (!(noise > 0) || (item->has_floor && item->floor >= noise)) continue;
        item->has_floor = true;
        item->floor = noise;
    }
}

/* ---- the distance ---- */

/* Of keys and values in half precision a unit in the last place is allowed, for a tie may round either way. That hides what is
 * smaller than a unit (truncation, say); but ties are rare, so the share of values that differ tells. */
static double unit_distance(const assay_entry *e) {
    static const double most_ties = 0.1;
    bool stored = assay_judge_is_stored(e->place.stage, ASSAY_F32, e->golden.dtype);
    if (!stored || !e->has_metrics) return 0;
    return (double)e->metrics.different / (double)e->metrics.count / most_ties;
}

/* MEM-6: keys or values that are no numbers of mem_dtype were never cast, as a run's are that casts. */
static bool was_not_cast(const assay_measured *m, const assay_entry *e) {
    bool stored = e->kind == ASSAY_ENTRY_STAGE && assay_judge_is_stored(e->place.stage, ASSAY_F32, m->mem_dtype);
    if (!stored || e->candidate.dtype != m->mem_dtype) return false;
    const assay_source_item *item = assay_source_find(&m->memory.source, &e->place);
    return item && !assay_dtype_holds(m->mem_dtype, item->values);
}

/* In tolerances; negative for an entry that says nothing. */
static double distance_of(const assay_entry *e) {
    switch (e->verdict) {
    case ASSAY_VERDICT_PASS:
        if (!e->has_metrics && e->kind != ASSAY_ENTRY_STEP) return -1;
        return fmax(fmin(e->ratio_tolerance, 1), unit_distance(e));
    case ASSAY_VERDICT_FAIL: return e->deviation > 0 && e->ratio_tolerance > 0 ? e->ratio_tolerance : INFINITY;
    case ASSAY_VERDICT_MISSING_REQUIRED:
    case ASSAY_VERDICT_NOT_COMPARED: return INFINITY;
    case ASSAY_VERDICT_MISSING:
    case ASSAY_VERDICT_EXTRA:
    case ASSAY_VERDICT_WAIVED: /* no policy is asked for distances */
    case ASSAY_VERDICT_COUNT: break;
    }
    return -1;
}

static void add_entry(assay_distance *d, const assay_measured *m, const assay_entry *e) {
    double distance = was_not_cast(m, e) ? INFINITY : distance_of(e);
    if (distance < 0) return;
    double capped = fmin(distance, farthest);
    d->judged++;
    d->closeness += capped * capped;
    if (d->judged == 1 || distance > d->worst) {
        d->worst = distance;
        snprintf(d->worst_path, sizeof d->worst_path, "%s", e->path);
    }
    if (distance <= 1) return;
    if (d->differing == 0) snprintf(d->first_path, sizeof d->first_path, "%s", e->path);
    d->differing++;
    d->badness += 1 + log10(capped);
}

/* Whether the candidate says anything of a step. */
static bool tells_of(const assay_source *candidate, int64_t step) {
    if (assay_source_find_step(candidate, step)) return true;
    for (size_t i = 0; i < candidate->item_count; i++)
        if (candidate->items[i].place.step == step) return true;
    return false;
}

/* Holds the run against the candidate. Where a run refuses a step of which the candidate says nothing (.npy files have no word for a
 * refusal), that is no difference. */
static assay_status compare(assay_case_result *out, const assay_source *candidate, const assay_source *run,
                            assay_error *err) {
    static const assay_compare_options options = {.name = "", .require_all = true};
    assay_source heard = *run;
    heard.steps = malloc((run->step_count + 1) * sizeof *heard.steps);
    if (!heard.steps) return assay_fail_nomem(err, "the steps of a run");
    heard.step_count = 0;
    for (size_t i = 0; i < run->step_count; i++)
        if (!run->steps[i].refused || tells_of(candidate, run->steps[i].step))
            heard.steps[heard.step_count++] = run->steps[i];
    assay_status st = assay_compare(out, candidate, &heard, &options, err);
    free(heard.steps);
    return st;
}

assay_status assay_measure_distance(assay_distance *out, const assay_measured *m, const assay_source *run,
                                    assay_error *err) {
    assay_case_result compared;
    assay_status st = compare(&compared, &m->memory.source, run, err);
    if (st) return st;
    assay_distance d = {0};
    int64_t refused_by_both = -1; /* a step: what a side computed before it was refused says nothing */
    for (size_t i = 0; i < compared.entry_count; i++) {
        const assay_entry *e = &compared.entries[i];
        if (e->kind == ASSAY_ENTRY_STEP && e->verdict == ASSAY_VERDICT_PASS) refused_by_both = e->place.step;
        if (e->kind == ASSAY_ENTRY_STEP || e->place.step != refused_by_both) add_entry(&d, m, e);
    }
    if (d.judged) d.closeness = sqrt(d.closeness / (double)d.judged);
    assay_case_result_free(&compared);
    *out = d;
    return ASSAY_OK;
}
