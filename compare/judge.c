#include "compare/judge.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/judge_stored.h"
#include "compare/logits.h"
#include "compare/metrics_kernels.h"
#include "core/rounding.h"

#define CHUNK ASSAY_METRICS_CHUNK
#define LEAST_SCORE (-1e6) /* ATT-1 */

/* What every judgement begins with, and adds to. */
static void measure(assay_entry *e, const assay_judge_input *in, assay_dtype ulp_dtype) {
    assay_metrics_state state;
    assay_metrics_begin(&state, assay_dtype_is_float(ulp_dtype) ? ulp_dtype : ASSAY_F64);
    for (size_t i = 0; i < in->span_count; i++)
        assay_metrics_add(&state, in->golden, in->candidate, in->spans[i].begin, in->spans[i].count);
    e->metrics = assay_metrics_end(&state);
}

void assay_judge_set_worst(assay_entry *e, const assay_judge_input *in, int64_t index) {
    e->worst.index = index;
    if (index < 0) return;
    e->worst.golden = assay_load_f64(in->golden->data, in->golden->dtype, (size_t)index);
    e->worst.candidate = assay_load_f64(in->candidate->data, in->candidate->dtype, (size_t)index);
}

/* NaN and infinities come first: true, and a failure, when their classes differ anywhere. */
static bool fails_by_class(assay_entry *e, const assay_judge_input *in) {
    const assay_metrics *m = &e->metrics;
    if (m->class_mismatches == 0) return false;
    assay_judge_set_worst(e, in, m->first_class_mismatch);
    e->verdict = ASSAY_VERDICT_FAIL;
    e->deviation = INFINITY;
    snprintf(e->reason, sizeof e->reason, "%s where the golden has %s, at %lld of %lld places",
             assay_float_class_name(assay_classify(e->worst.candidate)),
             assay_float_class_name(assay_classify(e->worst.golden)), (long long)m->class_mismatches,
             (long long)m->count);
    return true;
}

static void judge_distance(assay_entry *e, const assay_judge_input *in) {
    assay_judge_set_worst(e, in, e->metrics.max_abs_at);
    e->deviation = e->metrics.max_abs;
    if (e->deviation <= in->tolerance) return;
    e->verdict = ASSAY_VERDICT_FAIL;
    snprintf(e->reason, sizeof e->reason, "max abs %.3g exceeds the tolerance %.3g", e->deviation, in->tolerance);
}

static void judge_float(assay_entry *e, const assay_judge_input *in) {
    measure(e, in, in->golden->dtype);
    if (!fails_by_class(e, in)) judge_distance(e, in);
}

/* ---- exact ---- */

static bool is_minimum(double value, assay_dtype storage, assay_dtype run) {
    bool of_storage = assay_dtype_is_float(storage) && value == -assay_dtype_max(storage);
    return of_storage || (assay_dtype_is_float(run) && value == -assay_dtype_max(run));
}

static bool is_integer(assay_dtype dtype) { return !assay_dtype_is_float(dtype); }

static int64_t load_integer(const assay_tensor *t, size_t i) {
    if (t->dtype == ASSAY_I64) return ((const int64_t *)t->data)[i];
    if (t->dtype == ASSAY_I32) return ((const int32_t *)t->data)[i];
    return ((const uint8_t *)t->data)[i] != 0;
}

static bool same_number(const assay_judge_input *in, size_t i) {
    if (is_integer(in->golden->dtype) && is_integer(in->candidate->dtype))
        return load_integer(in->golden, i) == load_integer(in->candidate, i);
    double g = assay_load_f64(in->golden->data, in->golden->dtype, i);
    double c = assay_load_f64(in->candidate->data, in->candidate->dtype, i);
    if (assay_classify(g) == ASSAY_CLASS_NAN) return assay_classify(c) == ASSAY_CLASS_NAN;
    return g == c ||
           (is_minimum(g, in->golden->dtype, in->golden_run) && is_minimum(c, in->candidate->dtype, in->candidate_run));
}

static bool same_bytes(const assay_tensor *a, const assay_tensor *b) {
    return a->dtype == b->dtype && memcmp(a->data, b->data, assay_tensor_nbytes(a)) == 0;
}

static void judge_exact(assay_entry *e, const assay_judge_input *in) {
    measure(e, in, in->golden->dtype);
    if (fails_by_class(e, in) || same_bytes(in->golden, in->candidate)) return;
    int64_t first = -1, differing = 0;
    for (size_t s = 0; s < in->span_count; s++) {
        for (int64_t i = in->spans[s].begin; i < in->spans[s].begin + in->spans[s].count; i++) {
            if (same_number(in, (size_t)i)) continue;
            if (first < 0) first = i;
            differing++;
        }
    }
    if (differing == 0) return;
    assay_judge_set_worst(e, in, first);
    e->verdict = ASSAY_VERDICT_FAIL;
    e->deviation = e->metrics.max_abs > 0 ? e->metrics.max_abs : INFINITY;
    snprintf(e->reason, sizeof e->reason, "must be exact, and differs at %lld of %lld places", (long long)differing,
             (long long)e->metrics.count);
}

/* ---- scores ---- */

/* ATT-1's clamp as a run holds it: -1e6 in its dtype, or the dtype's minimum where that is greater. */
static double clamp_of(assay_dtype run) { return fmax(assay_round_to(LEAST_SCORE, run), -assay_dtype_max(run)); }

bool assay_score_is_hidden(double value, assay_dtype run) {
    return assay_classify(value) != ASSAY_CLASS_NAN && value <= clamp_of(run);
}

static bool same_hidden(double g, double c, const assay_judge_input *in) {
    if (g == c) return true;
    if (g == clamp_of(in->golden_run) && c == clamp_of(in->candidate_run)) return true;
    return is_minimum(g, in->golden->dtype, in->golden_run) && is_minimum(c, in->candidate->dtype, in->candidate_run);
}

/* What became of hidden scores. */
typedef struct {
    double golden_clamp, candidate_clamp;
    int64_t hidden;       /* on both sides, with the same value */
    int64_t wrong, first; /* other places where at least one side hides; index of the first */
} hidden_count;

/* Takes the hidden scores out of a chunk: they become 0 on both sides, which adds nothing to a sum or a maximum. */
static void take_hidden(hidden_count *h, const assay_judge_input *in, double *g, double *c, const assay_span *span) {
    for (int64_t i = 0; i < span->count; i++) {
        if (!(g[i] <= h->golden_clamp) && !(c[i] <= h->candidate_clamp)) continue;
        if (assay_classify(g[i]) == ASSAY_CLASS_NAN || assay_classify(c[i]) == ASSAY_CLASS_NAN) continue;
        if (same_hidden(g[i], c[i], in)) {
            h->hidden++;
        } else {
            h->wrong++;
            if (h->first < 0) h->first = span->begin + i;
        }
        g[i] = c[i] = 0;
    }
}

static void load_chunk(double *out, const assay_tensor *t, const assay_span *span) {
    assay_chunk_load(out, (const char *)t->data + (size_t)span->begin * assay_dtype_size(t->dtype), t->dtype,
                     (size_t)span->count);
}

static hidden_count measure_scores(assay_entry *e, const assay_judge_input *in) {
    double g[CHUNK], c[CHUNK];
    hidden_count hidden = {clamp_of(in->golden_run), clamp_of(in->candidate_run), 0, 0, -1};
    assay_metrics_state state;
    assay_metrics_begin(&state, in->golden->dtype);
    for (size_t s = 0; s < in->span_count; s++) {
        int64_t end = in->spans[s].begin + in->spans[s].count;
        for (int64_t at = in->spans[s].begin; at < end; at += CHUNK) {
            assay_span span = {at, end - at < CHUNK ? end - at : CHUNK};
            load_chunk(g, in->golden, &span);
            load_chunk(c, in->candidate, &span);
            take_hidden(&hidden, in, g, c, &span);
            assay_metrics_add_f64(&state, g, c, at, span.count);
        }
    }
    state.m.finite -= hidden.hidden + hidden.wrong;
    e->metrics = assay_metrics_end(&state);
    return hidden;
}

static void judge_scores(assay_entry *e, const assay_judge_input *in) {
    hidden_count hidden = measure_scores(e, in);
    if (fails_by_class(e, in)) return;
    if (hidden.wrong == 0) {
        judge_distance(e, in);
        return;
    }
    assay_judge_set_worst(e, in, hidden.first);
    bool golden_hides = assay_score_is_hidden(e->worst.golden, in->golden_run);
    bool candidate_hides = assay_score_is_hidden(e->worst.candidate, in->candidate_run);
    const char *what = !candidate_hides ? "a key that the golden hides is visible"
                       : !golden_hides  ? "a key that the golden shows is hidden"
                                        : "a key is hidden by another value than the golden's";
    e->verdict = ASSAY_VERDICT_FAIL;
    e->deviation = INFINITY;
    snprintf(e->reason, sizeof e->reason, "%s, at %lld of %lld places", what, (long long)hidden.wrong,
             (long long)e->metrics.count);
}

/* ---- logits ---- */

static assay_status measure_rows(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    int64_t size = in->golden->shape[in->golden->rank - 1];
    double *rows = malloc(2 * (size_t)size * sizeof *rows);
    if (!rows) return assay_fail_nomem(err, "a row of logits");
    assay_logits_state state;
    assay_logits_begin(&state);
    for (size_t s = 0; s < in->span_count; s++) {
        for (int64_t at = in->spans[s].begin; at < in->spans[s].begin + in->spans[s].count; at += size) {
            assay_span row = {at, size};
            load_chunk(rows, in->golden, &row);
            load_chunk(rows + size, in->candidate, &row);
            assay_logits_add_row(&state, rows, rows + size, size, at / size, in->tolerance);
        }
    }
    free(rows);
    e->metrics.logits = assay_logits_end(&state);
    e->metrics.has_logits = true;
    return ASSAY_OK;
}

static assay_status judge_logits(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    judge_float(e, in);
    if (in->golden->rank == 0 || e->metrics.count == 0) return ASSAY_OK;
    assay_status st = measure_rows(e, in, err);
    int64_t wrong = st ? 0 : e->metrics.logits.top1_wrong;
    if (wrong == 0) return st;
    const char *join = e->reason[0] ? "; " : "";
    char reason[sizeof e->reason];
    snprintf(reason, sizeof reason, "%.200s%sthe argmax of %lld rows differs where the golden decides it", e->reason,
             join, (long long)wrong);
    snprintf(e->reason, sizeof e->reason, "%s", reason);
    e->verdict = ASSAY_VERDICT_FAIL;
    return ASSAY_OK;
}

/* ---- the rest ---- */

double assay_judge_scale(assay_stage stage, const assay_tensor *golden, assay_dtype run) {
    if (assay_stage_get(stage)->judge != ASSAY_JUDGE_SCORES) return assay_tensor_scale(golden);
    double scale = 0;
    int64_t n = assay_tensor_count(golden);
    for (int64_t i = 0; i < n; i++) {
        double value = assay_load_f64(golden->data, golden->dtype, (size_t)i);
        bool counts = assay_classify(value) == ASSAY_CLASS_FINITE && !assay_score_is_hidden(value, run);
        if (counts) scale = fmax(scale, fabs(value));
    }
    return scale;
}

bool assay_judge_is_stored(assay_stage stage, assay_dtype golden_run, assay_dtype mem_dtype) {
    bool half = mem_dtype == ASSAY_F16 || mem_dtype == ASSAY_BF16;
    return assay_stage_get(stage)->judge == ASSAY_JUDGE_STORED && half && mem_dtype != golden_run;
}

static void judge_stored(assay_entry *e, const assay_judge_input *in) {
    if (!assay_judge_is_stored(in->stage, in->golden_run, in->mem_dtype) ||
        assay_first_not_representable(in->golden, in->mem_dtype) >= 0) {
        judge_float(e, in);
        return;
    }
    measure(e, in, in->mem_dtype);
    if (!assay_judge_cast(e, in)) return;
    if (in->unrounded) assay_judge_against_unrounded(e, in);
    else if (!fails_by_class(e, in)) assay_judge_by_unit(e, in);
}

static assay_status judge_by_kind(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    switch (assay_stage_get(in->stage)->judge) {
    case ASSAY_JUDGE_EXACT: judge_exact(e, in); return ASSAY_OK;
    case ASSAY_JUDGE_FLOAT: judge_float(e, in); return ASSAY_OK;
    case ASSAY_JUDGE_SCORES: judge_scores(e, in); return ASSAY_OK;
    case ASSAY_JUDGE_STORED: judge_stored(e, in); return ASSAY_OK;
    case ASSAY_JUDGE_LOGITS: return judge_logits(e, in, err);
    }
    return assay_fail(err, ASSAY_EINTERNAL, NULL, "a stage of an unknown kind");
}

assay_status assay_judge(assay_entry *e, const assay_judge_input *in, assay_error *err) {
    assert(assay_tensor_same_shape(in->golden, in->candidate));
    const assay_stage_info *info = assay_stage_get(in->stage);
    assay_span whole = {0, assay_tensor_count(in->golden)};
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
