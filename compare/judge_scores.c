/* Scores: hidden ones are taken out of copies, before the others are measured. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compare/judge_internal.h"
#include "compare/metrics_f32.h"
#include "compare/metrics_kernels.h"
#include "core/rounding.h"

#define CHUNK ASSAY_METRICS_CHUNK
#define ROOM ASSAY_METRICS_ROOM
#define LEAST_SCORE (-1e6) /* ATT-1 */

/* ATT-1's clamp as a run holds it: -1e6 in its dtype, or the dtype's minimum where that is greater. */
double assay_judge_clamp(assay_dtype run) { return fmax(assay_round_to(LEAST_SCORE, run), -assay_dtype_max(run)); }

bool assay_score_is_hidden(double value, assay_dtype run) {
    return assay_classify(value) != ASSAY_CLASS_NAN && value <= assay_judge_clamp(run);
}

static bool same_hidden(double g, double c, const assay_judge_input *in) {
    if (g == c) return true;
    if (g == assay_judge_clamp(in->golden_run) && c == assay_judge_clamp(in->candidate_run)) return true;
    return assay_judge_is_minimum(g, in->golden->tensor.dtype, in->golden_run) &&
           assay_judge_is_minimum(c, in->candidate->tensor.dtype, in->candidate_run);
}

/* What became of hidden scores. */
typedef struct {
    int64_t hidden;       /* on both sides, with the same value */
    int64_t wrong, first; /* other places where at least one side hides; index of the first */
} hidden_count;

typedef struct {
    assay_metrics_state metrics;
    hidden_count hidden;
} scores_part;

/* A block while it is looked at. */
typedef struct {
    const assay_judge_input *in;
    const assay_tensor *golden, *candidate;
    double golden_clamp, candidate_clamp;
    scores_part *part;
} score_visit;

/* Takes the hidden scores out of a chunk: they become 0 on both sides, which adds nothing to a sum or a maximum. */
static void take_hidden(const score_visit *v, double *g, double *c, const assay_span *span) {
    hidden_count *h = &v->part->hidden;
    for (int64_t i = 0; i < span->count; i++) {
        if (!(g[i] <= v->golden_clamp) && !(c[i] <= v->candidate_clamp)) continue;
        if (assay_classify(g[i]) == ASSAY_CLASS_NAN || assay_classify(c[i]) == ASSAY_CLASS_NAN) continue;
        if (same_hidden(g[i], c[i], v->in)) h->hidden++;
        else if (h->wrong++ == 0) h->first = span->begin + i;
        g[i] = c[i] = 0;
    }
}

static const void *element(const assay_tensor *t, int64_t i) {
    return (const char *)t->data + (size_t)i * assay_dtype_size(t->dtype);
}

static void measure_doubles(const score_visit *v, const assay_span *span) {
    double g[CHUNK], c[CHUNK];
    int64_t end = span->begin + span->count;
    for (int64_t at = span->begin; at < end; at += CHUNK) {
        assay_span chunk = {at, end - at < CHUNK ? end - at : CHUNK};
        assay_chunk_load(g, element(v->golden, at), v->golden->dtype, (size_t)chunk.count);
        assay_chunk_load(c, element(v->candidate, at), v->candidate->dtype, (size_t)chunk.count);
        take_hidden(v, g, c, &chunk);
        assay_metrics_add_f64(&v->part->metrics, g, c, at, chunk.count);
    }
}

/* The same, faster, where all hidden scores are the same numbers on both sides. False, and nothing is done, where they are not. */
static bool measure_floats(const score_visit *v, const assay_span *span) {
    float g[ROOM], c[ROOM];
    int64_t hidden;
    if (!assay_chunk_is_narrow(v->golden->dtype) || !assay_chunk_is_narrow(v->candidate->dtype)) return false;
    assay_chunk_load_f32(g, element(v->golden, span->begin), v->golden->dtype, (size_t)span->count);
    assay_chunk_load_f32(c, element(v->candidate, span->begin), v->candidate->dtype, (size_t)span->count);
    const float clamps[] = {(float)v->golden_clamp, (float)v->candidate_clamp};
    if (!assay_chunk_take_hidden(g, c, (size_t)span->count, clamps, &hidden)) return false;
    v->part->hidden.hidden += hidden;
    assay_metrics_add_f32(&v->part->metrics, g, c, span->begin, span->count);
    return true;
}

static assay_status visit(const void *context, const assay_block *b, void *part, assay_error *err) {
    (void)err; /* it needs no memory */
    const assay_judge_context *c = context;
    const score_visit v = {c->in,
                           &b->sides[ASSAY_WALK_GOLDEN],
                           &b->sides[ASSAY_WALK_CANDIDATE],
                           assay_judge_clamp(c->in->golden_run),
                           assay_judge_clamp(c->in->candidate_run),
                           part};
    assay_span span;
    assay_judge_begin(&v.part->metrics, c->ulp_dtype);
    for (size_t cursor = 0; assay_block_next(b, &cursor, &span);) {
        int64_t end = span.begin + span.count;
        for (int64_t at = span.begin; at < end; at += ROOM) {
            assay_span some = {at, end - at < ROOM ? end - at : ROOM};
            if (!measure_floats(&v, &some)) measure_doubles(&v, &some);
        }
    }
    return ASSAY_OK;
}

static void fold(void *total, const void *part, int64_t begin) {
    scores_part *t = total;
    const scores_part *p = part;
    assay_metrics_fold(&t->metrics, &p->metrics, begin);
    if (t->hidden.wrong == 0 && p->hidden.wrong > 0) t->hidden.first = begin + p->hidden.first;
    t->hidden.wrong += p->hidden.wrong;
    t->hidden.hidden += p->hidden.hidden;
}

static assay_status fail_for_hidden(assay_entry *e, const assay_judge_input *in, const hidden_count *hidden,
                                    assay_error *err) {
    assay_status st = assay_judge_set_worst(e, in, hidden->first, err);
    if (st) return st;
    bool golden_hides = assay_score_is_hidden(e->worst.golden, in->golden_run);
    bool candidate_hides = assay_score_is_hidden(e->worst.candidate, in->candidate_run);
    const char *what = !candidate_hides ? "a key that the golden hides is visible"
                       : !golden_hides  ? "a key that the golden shows is hidden"
                                        : "a key is hidden by another value than the golden's";
    e->verdict = ASSAY_VERDICT_FAIL;
    e->deviation = INFINITY;
    snprintf(e->reason, sizeof e->reason, "%s, at %lld of %lld places", what, (long long)hidden->wrong,
             (long long)e->metrics.count);
    return ASSAY_OK;
}

assay_status assay_judge_scores(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    const assay_judge_pass pass = {sizeof(scores_part), 1, in->golden->tensor.dtype, visit, fold};
    scores_part total = {.hidden = {0, 0, -1}};
    bool fails;
    assay_judge_begin(&total.metrics, pass.ulp_dtype);
    assay_status st = assay_judge_walk(in, &pass, &total, err);
    if (st) return st;
    total.metrics.m.finite -= total.hidden.hidden + total.hidden.wrong;
    e->metrics = assay_metrics_end(&total.metrics);
    st = assay_judge_classes(e, in, &fails, err);
    if (st || fails) return st;
    if (total.hidden.wrong > 0) return fail_for_hidden(e, in, &total.hidden, err);
    return assay_judge_distance(e, in, err);
}
