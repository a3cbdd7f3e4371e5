#include "compare/judge.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/judge_internal.h"
#include "compare/judge_stored.h"
#include "compare/logits.h"
#include "compare/metrics_kernels.h"

/* ---- what the kinds share ---- */

void assay_judge_begin(assay_metrics_state *total, assay_dtype ulp_dtype) {
    assay_metrics_begin(total, assay_dtype_is_float(ulp_dtype) ? ulp_dtype : ASSAY_F64);
}

void assay_judge_measure(const assay_judge_context *context, const assay_block *b, assay_metrics_state *out) {
    assay_span span;
    assay_judge_begin(out, context->ulp_dtype);
    for (size_t cursor = 0; assay_block_next(b, &cursor, &span);)
        assay_metrics_add(out, &b->sides[ASSAY_WALK_GOLDEN], &b->sides[ASSAY_WALK_CANDIDATE], span.begin, span.count);
}

assay_status assay_judge_walk(const assay_judge_input *in, const assay_judge_pass *pass, void *total,
                              assay_error *err) {
    const assay_judge_context context = {in, pass->ulp_dtype};
    const assay_block_walk walk = {.sides = {in->golden, in->candidate, in->unrounded},
                                   .spans = in->spans,
                                   .span_count = in->span_count,
                                   .row = pass->row,
                                   .context = &context,
                                   .part_nbytes = pass->part_nbytes,
                                   .visit = pass->visit,
                                   .fold = pass->fold};
    return assay_block_walk_run(&walk, total, err);
}

assay_status assay_judge_set_worst(assay_entry *e, const assay_judge_input *in, int64_t index, assay_error *err) {
    e->worst.index = index;
    if (index < 0) return ASSAY_OK;
    assay_status st = assay_values_at(in->golden, index, &e->worst.golden, err);
    return st ? st : assay_values_at(in->candidate, index, &e->worst.candidate, err);
}

assay_status assay_judge_classes(assay_entry *e, const assay_judge_input *in, bool *fails, assay_error *err) {
    const assay_metrics *m = &e->metrics;
    *fails = m->class_mismatches > 0;
    if (!*fails) return ASSAY_OK;
    assay_status st = assay_judge_set_worst(e, in, m->first_class_mismatch, err);
    if (st) return st;
    e->verdict = ASSAY_VERDICT_FAIL;
    e->deviation = INFINITY;
    snprintf(e->reason, sizeof e->reason, "%s where the golden has %s, at %lld of %lld places",
             assay_float_class_name(assay_classify(e->worst.candidate)),
             assay_float_class_name(assay_classify(e->worst.golden)), (long long)m->class_mismatches,
             (long long)m->count);
    return ASSAY_OK;
}

assay_status assay_judge_distance(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    assay_status st = assay_judge_set_worst(e, in, e->metrics.max_abs_at, err);
    e->deviation = e->metrics.max_abs;
    if (st || e->deviation <= in->tolerance) return st;
    e->verdict = ASSAY_VERDICT_FAIL;
    snprintf(e->reason, sizeof e->reason, "max abs %.3g exceeds the tolerance %.3g", e->deviation, in->tolerance);
    return ASSAY_OK;
}

/* ---- float ---- */

static assay_status visit_float(const void *context, const assay_block *b, void *part, assay_error *err) {
    (void)err; /* it needs no memory */
    assay_judge_measure(context, b, part);
    return ASSAY_OK;
}

static void fold_float(void *total, const void *part, int64_t begin) { assay_metrics_fold(total, part, begin); }

static assay_status conclude_float(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    bool fails;
    assay_status st = assay_judge_classes(e, in, &fails, err);
    return st || fails ? st : assay_judge_distance(e, in, err);
}

static assay_status judge_float(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    const assay_judge_pass pass = {sizeof(assay_metrics_state), 1, in->golden->tensor.dtype, visit_float, fold_float};
    assay_metrics_state total;
    assay_judge_begin(&total, pass.ulp_dtype);
    assay_status st = assay_judge_walk(in, &pass, &total, err);
    if (st) return st;
    e->metrics = assay_metrics_end(&total);
    return conclude_float(e, in, err);
}

/* ---- exact ---- */

typedef struct {
    assay_metrics_state metrics;
    int64_t differing, first;
} exact_part;

bool assay_judge_is_minimum(double value, assay_dtype storage, assay_dtype run) {
    bool of_storage = assay_dtype_is_float(storage) && value == -assay_dtype_max(storage);
    return of_storage || (assay_dtype_is_float(run) && value == -assay_dtype_max(run));
}

static bool is_integer(assay_dtype dtype) { return !assay_dtype_is_float(dtype); }

static int64_t load_integer(const assay_tensor *t, size_t i) {
    if (t->dtype == ASSAY_I64) return ((const int64_t *)t->data)[i];
    if (t->dtype == ASSAY_I32) return ((const int32_t *)t->data)[i];
    return ((const uint8_t *)t->data)[i] != 0;
}

static bool same_number(const assay_judge_input *in, const assay_tensor *golden, const assay_tensor *candidate,
                        size_t i) {
    if (is_integer(golden->dtype) && is_integer(candidate->dtype))
        return load_integer(golden, i) == load_integer(candidate, i);
    double g = assay_load_f64(golden->data, golden->dtype, i);
    double c = assay_load_f64(candidate->data, candidate->dtype, i);
    if (assay_classify(g) == ASSAY_CLASS_NAN) return assay_classify(c) == ASSAY_CLASS_NAN;
    return g == c || (assay_judge_is_minimum(g, golden->dtype, in->golden_run) &&
                      assay_judge_is_minimum(c, candidate->dtype, in->candidate_run));
}

static bool same_bytes(const assay_tensor *a, const assay_tensor *b) {
    return a->dtype == b->dtype && memcmp(a->data, b->data, assay_tensor_nbytes(a)) == 0;
}

static assay_status visit_exact(const void *context, const assay_block *b, void *part, assay_error *err) {
    (void)err; /* it needs no memory */
    exact_part *p = part;
    const assay_tensor *g = &b->sides[ASSAY_WALK_GOLDEN], *c = &b->sides[ASSAY_WALK_CANDIDATE];
    assay_span span;
    assay_judge_measure(context, b, &p->metrics);
    if (same_bytes(g, c)) return ASSAY_OK;
    for (size_t cursor = 0; assay_block_next(b, &cursor, &span);) {
        for (int64_t i = span.begin; i < span.begin + span.count; i++) {
            if (same_number(((const assay_judge_context *)context)->in, g, c, (size_t)i)) continue;
            if (p->differing++ == 0) p->first = i;
        }
    }
    return ASSAY_OK;
}

static void fold_exact(void *total, const void *part, int64_t begin) {
    exact_part *t = total;
    const exact_part *p = part;
    assay_metrics_fold(&t->metrics, &p->metrics, begin);
    if (t->differing == 0 && p->differing > 0) t->first = begin + p->first;
    t->differing += p->differing;
}

static assay_status judge_exact(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    const assay_judge_pass pass = {sizeof(exact_part), 1, in->golden->tensor.dtype, visit_exact, fold_exact};
    exact_part total = {.differing = 0};
    bool fails = false;
    assay_judge_begin(&total.metrics, pass.ulp_dtype);
    assay_status st = assay_judge_walk(in, &pass, &total, err);
    if (!st) e->metrics = assay_metrics_end(&total.metrics);
    if (!st) st = assay_judge_classes(e, in, &fails, err);
    if (st || fails || total.differing == 0) return st;
    st = assay_judge_set_worst(e, in, total.first, err);
    e->verdict = ASSAY_VERDICT_FAIL;
    e->deviation = e->metrics.max_abs > 0 ? e->metrics.max_abs : INFINITY;
    snprintf(e->reason, sizeof e->reason, "must be exact, and differs at %lld of %lld places",
             (long long)total.differing, (long long)e->metrics.count);
    return st;
}

/* ---- logits ---- */

typedef struct {
    assay_metrics_state metrics;
    assay_logits_state logits;
} logits_part;

static const void *element(const assay_tensor *t, int64_t i) {
    return (const char *)t->data + (size_t)i * assay_dtype_size(t->dtype);
}

static assay_status visit_logits(const void *context, const assay_block *b, void *part, assay_error *err) {
    const assay_judge_input *in = ((const assay_judge_context *)context)->in;
    const assay_tensor *g = &b->sides[ASSAY_WALK_GOLDEN], *c = &b->sides[ASSAY_WALK_CANDIDATE];
    int64_t size = in->golden->tensor.shape[in->golden->tensor.rank - 1];
    logits_part *p = part;
    double *rows = malloc(2 * (size_t)size * sizeof *rows);
    if (!rows) return assay_fail_nomem(err, "a row of logits");
    assay_judge_measure(context, b, &p->metrics);
    assay_logits_begin(&p->logits);
    assay_span span;
    for (size_t cursor = 0; assay_block_next(b, &cursor, &span);) {
        for (int64_t at = span.begin; at < span.begin + span.count; at += size) {
            assay_chunk_load(rows, element(g, at), g->dtype, (size_t)size);
            assay_chunk_load(rows + size, element(c, at), c->dtype, (size_t)size);
            assay_logits_add_row(&p->logits, rows, rows + size, size, (b->begin + at) / size, in->tolerance);
        }
    }
    free(rows);
    return ASSAY_OK;
}

static void fold_logits(void *total, const void *part, int64_t begin) {
    logits_part *t = total;
    const logits_part *p = part;
    assay_metrics_fold(&t->metrics, &p->metrics, begin);
    assay_logits_fold(&t->logits, &p->logits);
}

static void fail_for_argmax(assay_entry *e) {
    int64_t wrong = e->metrics.logits.top1_wrong;
    if (wrong == 0) return;
    const char *join = e->reason[0] ? "; " : "";
    char reason[sizeof e->reason];
    snprintf(reason, sizeof reason, "%.200s%sthe argmax of %lld rows differs where the golden decides it", e->reason,
             join, (long long)wrong);
    snprintf(e->reason, sizeof e->reason, "%s", reason);
    e->verdict = ASSAY_VERDICT_FAIL;
}

static assay_status judge_logits(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    const assay_tensor *golden = &in->golden->tensor;
    int64_t size = golden->rank ? golden->shape[golden->rank - 1] : 0;
    if (size == 0) return judge_float(e, in, err);
    const assay_judge_pass pass = {sizeof(logits_part), size, golden->dtype, visit_logits, fold_logits};
    logits_part total;
    assay_judge_begin(&total.metrics, pass.ulp_dtype);
    assay_logits_begin(&total.logits);
    assay_status st = assay_judge_walk(in, &pass, &total, err);
    if (st) return st;
    e->metrics = assay_metrics_end(&total.metrics);
    e->metrics.has_logits = e->metrics.count > 0;
    if (e->metrics.has_logits) e->metrics.logits = assay_logits_end(&total.logits);
    st = conclude_float(e, in, err);
    if (!st) fail_for_argmax(e);
    return st;
}

/* ---- scale ---- */

typedef struct {
    bool is_scores;
    assay_dtype run;
} scale_context;

static double score_scale(const assay_tensor *t, assay_dtype run) {
    double scale = 0, clamp = assay_judge_clamp(run);
    for (int64_t i = 0; i < t->shape[0]; i++) {
        double value = assay_load_f64(t->data, t->dtype, (size_t)i);
        if (assay_classify(value) == ASSAY_CLASS_FINITE && value > clamp) scale = fmax(scale, fabs(value));
    }
    return scale;
}

static assay_status visit_scale(const void *context, const assay_block *b, void *part, assay_error *err) {
    (void)err; /* it needs no memory */
    const scale_context *c = context;
    const assay_tensor *golden = &b->sides[ASSAY_WALK_GOLDEN];
    *(double *)part = c->is_scores ? score_scale(golden, c->run) : assay_tensor_scale(golden);
    return ASSAY_OK;
}

static void fold_scale(void *total, const void *part, int64_t begin) {
    (void)begin;
    *(double *)total = fmax(*(double *)total, *(const double *)part);
}

assay_status assay_judge_scale(assay_stage stage, const assay_values *golden, assay_dtype run, double *scale,
                               assay_error *err) {
    const scale_context context = {assay_stage_get(stage)->judge == ASSAY_JUDGE_SCORES, run};
    const assay_block_walk walk = {.sides = {golden},
                                   .row = 1,
                                   .context = &context,
                                   .part_nbytes = sizeof(double),
                                   .visit = visit_scale,
                                   .fold = fold_scale};
    *scale = 0;
    return assay_block_walk_run(&walk, scale, err);
}

/* ---- the kinds ---- */

bool assay_judge_is_stored(assay_stage stage, assay_dtype golden_run, assay_dtype mem_dtype) {
    return assay_stage_get(stage)->judge == ASSAY_JUDGE_STORED && assay_dtype_is_half(mem_dtype) &&
           mem_dtype != golden_run;
}

static assay_status judge_stored(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    bool cast = assay_judge_is_stored(in->stage, in->golden_run, in->mem_dtype);
    assay_status st = cast ? assay_judge_is_cast(in->golden, in->mem_dtype, &cast, err) : ASSAY_OK;
    if (st) return st;
    return cast ? assay_judge_cast(e, in, err) : judge_float(e, in, err);
}

static assay_status judge_by_kind(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    switch (assay_stage_get(in->stage)->judge) {
    case ASSAY_JUDGE_EXACT: return judge_exact(e, in, err);
    case ASSAY_JUDGE_FLOAT: return judge_float(e, in, err);
    case ASSAY_JUDGE_SCORES: return assay_judge_scores(e, in, err);
    case ASSAY_JUDGE_STORED: return judge_stored(e, in, err);
    case ASSAY_JUDGE_LOGITS: return judge_logits(e, in, err);
    }
    return assay_fail(err, ASSAY_EINTERNAL, NULL, "a stage of an unknown kind");
}

assay_status assay_judge(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    assert(assay_tensor_same_shape(&in->golden->tensor, &in->candidate->tensor));
    const assay_stage_info *info = assay_stage_get(in->stage);
    assay_span whole = {0, assay_tensor_count(&in->golden->tensor)};
    assay_judge_input spanned = *in;
    if (!in->spans) {
        spanned.spans = &whole;
        spanned.span_count = 1;
    }
    if (info->judge == ASSAY_JUDGE_EXACT) spanned.tolerance = 0;
    e->verdict = ASSAY_VERDICT_PASS;
    e->tolerance = spanned.tolerance;
    e->worst = (assay_worst){.index = -1};
    snprintf(e->rules, sizeof e->rules, "%s", info->rules);
    assay_status st = judge_by_kind(e, &spanned, err);
    e->has_metrics = e->metrics.count > 0;
    return st;
}
