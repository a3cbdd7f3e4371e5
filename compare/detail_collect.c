#include "compare/detail_collect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/layout.h"

/* ---- what one block gives ---- */

/* An element and how far it is off: infinite where its class is another. */
typedef struct {
    int64_t index;
    double distance, golden, candidate;
} distant;

typedef struct {
    float by_head[ASSAY_DETAIL_HEADS * ASSAY_DETAIL_TOKENS];
    int64_t counts[ASSAY_DETAIL_MAGNITUDES][ASSAY_DETAIL_ERRORS];
    distant worst[ASSAY_DETAIL_WORST];
    int worst_count;
} detail_part;

/* Where an element lies along an axis, and in which bin. */
typedef struct {
    int64_t stride, size; /* size 1 where the tensor has no such axis */
    int bins;
} axis_bins;

typedef struct {
    const assay_judge_input *in;
    axis_bins heads, tokens;
    double tolerance, scale;
    double most; /* of a ratio: of a stage that passes what it was judged by, for other distances are none */
    bool fails, is_scores, is_stored;
} collection;

static int bin_of(const axis_bins *a, int64_t index) {
    int64_t at = index / a->stride % a->size;
    return (int)(at * a->bins / a->size);
}

static int clamp(double value, int last) { return value < 0 ? 0 : value > last ? last : (int)value; }

/* Bin of half a decade. */
static int half_decade(double value, int zero, int last) { return clamp(floor(2 * log10(value)) + zero, last); }

/* How far two numbers are apart: 0 for equal ones and for the same class, infinite for different classes. */
static double distance_of(double g, double c) {
    assay_float_class a = assay_classify(g), b = assay_classify(c);
    if (a != b) return INFINITY;
    return a == ASSAY_CLASS_FINITE ? fabs(g - c) : 0;
}

/* A stored value may be rounded either way (compare/judge.h): a unit is no failure. */
static double ratio_of(const collection *c, const distant *d) {
    double ratio = c->tolerance > 0 ? d->distance / c->tolerance : INFINITY;
    bool is_rounding =
        c->is_stored && isfinite(d->distance) && assay_ulp_distance(d->golden, d->candidate, c->in->mem_dtype) <= 1;
    return fmin(ratio, is_rounding ? fmin(1, c->most) : c->most);
}

static void insert_worst(detail_part *p, const distant *d) {
    bool full = p->worst_count == ASSAY_DETAIL_WORST;
    if (full && p->worst[ASSAY_DETAIL_WORST - 1].distance >= d->distance) return;
    int at = full ? ASSAY_DETAIL_WORST - 1 : p->worst_count++;
    for (; at > 0 && p->worst[at - 1].distance < d->distance; at--) p->worst[at] = p->worst[at - 1];
    p->worst[at] = *d;
}

static void count_error(const collection *c, detail_part *p, const distant *d) {
    if (!isfinite(d->distance) || c->tolerance <= 0 || c->scale <= 0) return;
    int m = half_decade(fabs(d->golden) / c->scale, ASSAY_DETAIL_MAGNITUDES - 1, ASSAY_DETAIL_MAGNITUDES - 1);
    int e = half_decade(d->distance / c->tolerance, ASSAY_DETAIL_ERRORS / 2, ASSAY_DETAIL_ERRORS - 1);
    p->counts[m][e]++;
}

/* Scores that both sides hide are equal, however they write it. */
static bool both_hidden(const collection *c, double g, double k) {
    return c->is_scores && assay_score_is_hidden(g, c->in->golden_run) &&
           assay_score_is_hidden(k, c->in->candidate_run);
}

static void look_at(const collection *c, detail_part *p, const distant *d) {
    float ratio = (float)ratio_of(c, d);
    float *bin = &p->by_head[bin_of(&c->heads, d->index) * ASSAY_DETAIL_TOKENS + bin_of(&c->tokens, d->index)];
    if (ratio > *bin) *bin = ratio;
    if (!c->fails) return;
    count_error(c, p, d);
    insert_worst(p, d);
}

static assay_status visit(const void *context, const assay_block *b, void *part, assay_error *err) {
    (void)err; /* it needs no memory */
    const collection *c = context;
    const assay_tensor *golden = &b->sides[ASSAY_WALK_GOLDEN], *candidate = &b->sides[ASSAY_WALK_CANDIDATE];
    assay_span span;
    for (size_t cursor = 0; assay_block_next(b, &cursor, &span);) {
        for (int64_t i = span.begin; i < span.begin + span.count; i++) {
            double g = assay_load_f64(golden->data, golden->dtype, (size_t)i);
            double k = assay_load_f64(candidate->data, candidate->dtype, (size_t)i);
            distant d = {b->begin + i, distance_of(g, k), g, k};
            if (d.distance != 0 && !both_hidden(c, g, k)) look_at(c, part, &d);
        }
    }
    return ASSAY_OK;
}

static void fold(void *total, const void *part, int64_t begin) {
    (void)begin; /* indices are of the whole tensor already */
    detail_part *t = total;
    const detail_part *p = part;
    for (int i = 0; i < ASSAY_DETAIL_HEADS * ASSAY_DETAIL_TOKENS; i++)
        if (p->by_head[i] > t->by_head[i]) t->by_head[i] = p->by_head[i];
    for (int m = 0; m < ASSAY_DETAIL_MAGNITUDES; m++)
        for (int e = 0; e < ASSAY_DETAIL_ERRORS; e++) t->counts[m][e] += p->counts[m][e];
    for (int i = 0; i < p->worst_count; i++) insert_worst(t, &p->worst[i]);
}

/* ---- what the blocks give together ---- */

/* The axis of a name. Keys, too, are tokens: those of a memory. */
static axis_bins find_axis(assay_stage stage, const assay_tensor *t, const char *name, int most) {
    int64_t stride = 1;
    for (int axis = t->rank - 1; axis >= 0; axis--) {
        int64_t size = t->shape[axis];
        if (strcmp(assay_layout_axis(stage, t->rank, axis), name) == 0)
            return (axis_bins){stride, size, size < most ? (int)size : most};
        stride *= size;
    }
    return (axis_bins){1, 1, 1};
}

static assay_status set_heat(assay_heat *out, const axis_bins *heads, const axis_bins *tokens, const float *ratios,
                             assay_error *err) {
    *out = (assay_heat){heads->size, tokens->size, heads->bins, tokens->bins, NULL};
    out->ratios = calloc((size_t)heads->bins * (size_t)tokens->bins, sizeof *out->ratios);
    if (!out->ratios) return assay_fail_nomem(err, "a map of distances");
    for (int h = 0; h < heads->bins; h++)
        memcpy(out->ratios + h * tokens->bins, ratios + h * ASSAY_DETAIL_TOKENS, (size_t)tokens->bins * sizeof *ratios);
    return ASSAY_OK;
}

static assay_status set_maps(assay_detail *d, const collection *c, const detail_part *p, assay_error *err) {
    static const axis_bins no_heads = {1, 1, 1};
    float by_token[ASSAY_DETAIL_TOKENS] = {0};
    for (int i = 0; i < ASSAY_DETAIL_HEADS * ASSAY_DETAIL_TOKENS; i++)
        by_token[i % ASSAY_DETAIL_TOKENS] = fmaxf(by_token[i % ASSAY_DETAIL_TOKENS], p->by_head[i]);
    assay_status st = set_heat(&d->by_token, &no_heads, &c->tokens, by_token, err);
    if (!st && c->fails && c->heads.size > 1) st = set_heat(&d->by_head, &c->heads, &c->tokens, p->by_head, err);
    return st;
}

static void set_worst(assay_detail *d, const assay_tensor *golden, const detail_part *p) {
    d->worst_count = p->worst_count;
    for (int i = 0; i < p->worst_count; i++) {
        d->worst[i].golden = p->worst[i].golden;
        d->worst[i].candidate = p->worst[i].candidate;
        assay_layout_unravel(golden, p->worst[i].index, d->worst[i].at);
    }
}

/* ---- logits ---- */

static assay_status read_row(const assay_values *values, int64_t row, int64_t size, double *out, assay_error *err) {
    assay_dtype dtype = values->tensor.dtype;
    void *buffer = malloc((size_t)size * assay_dtype_size(dtype));
    const void *data = NULL;
    if (!buffer) return assay_fail_nomem(err, "a row of logits");
    assay_status st = assay_values_get(values, row * size, size, buffer, &data, err);
    for (int64_t i = 0; !st && i < size; i++) out[i] = assay_load_f64(data, dtype, (size_t)i);
    free(buffer);
    return st;
}

/* The largest that is not among the ids before it; -1 when only NaN is left. */
static int64_t next_largest(const double *row, int64_t size, const int64_t *before, int count) {
    int64_t best = -1;
    for (int64_t i = 0; i < size; i++) {
        bool taken = assay_classify(row[i]) == ASSAY_CLASS_NAN;
        for (int k = 0; k < count && !taken; k++) taken = before[k] == i;
        if (!taken && (best < 0 || row[i] > row[best])) best = i;
    }
    return best;
}

static int largest(const double *row, int64_t size, int64_t *ids) {
    int count = 0;
    while (count < ASSAY_DETAIL_TOP && (ids[count] = next_largest(row, size, ids, count)) >= 0) count++;
    return count;
}

static void set_top(assay_top_logits *top, const double *golden, const double *candidate, int64_t size) {
    int64_t g[ASSAY_DETAIL_TOP], k[ASSAY_DETAIL_TOP];
    int of_golden = largest(golden, size, g), of_candidate = largest(candidate, size, k);
    top->count = of_golden < of_candidate ? of_golden : of_candidate;
    top->same_winner = top->count > 0 && g[0] == k[0];
    for (int i = 0; i < top->count; i++) {
        top->golden[i].id = g[i];
        top->golden[i].golden = golden[g[i]];
        top->golden[i].candidate = candidate[g[i]];
        top->candidate[i].id = k[i];
        top->candidate[i].golden = golden[k[i]];
        top->candidate[i].candidate = candidate[k[i]];
    }
}

/* The row whose distribution is furthest off; where none is known, that of the worst element. */
static assay_status collect_top(assay_detail *d, const assay_entry *e, const assay_judge_input *in, assay_error *err) {
    const assay_tensor *t = &in->golden->tensor;
    d->top.row = -1;
    if (e->place.stage != ASSAY_STAGE_LOGITS || t->rank == 0) return ASSAY_OK;
    int64_t size = t->shape[t->rank - 1], worst = e->metrics.has_logits ? e->metrics.logits.kl_worst_row : -1;
    if (e->metrics.class_mismatches || worst < 0) worst = e->worst.index < 0 ? -1 : e->worst.index / size;
    if (worst < 0) return ASSAY_OK;
    double *rows = malloc(2 * (size_t)size * sizeof *rows);
    if (!rows) return assay_fail_nomem(err, "a row of logits");
    assay_status st = read_row(in->golden, worst, size, rows, err);
    if (!st) st = read_row(in->candidate, worst, size, rows + size, err);
    if (!st) set_top(&d->top, rows, rows + size, size);
    if (!st) d->top.row = worst;
    free(rows);
    return st;
}

/* ---- all of it ---- */

static collection begin(const assay_entry *e, const assay_judge_input *in) {
    const assay_tensor *t = &in->golden->tensor;
    collection c = {.in = in, .tolerance = e->tolerance, .scale = e->metrics.golden_max};
    c.heads = find_axis(e->place.stage, t, "head", ASSAY_DETAIL_HEADS);
    c.tokens = find_axis(e->place.stage, t, "token", ASSAY_DETAIL_TOKENS);
    if (c.tokens.size == 1) c.tokens = find_axis(e->place.stage, t, "key", ASSAY_DETAIL_TOKENS);
    c.fails = assay_verdict_fails(e->verdict);
    c.most = c.fails ? (double)INFINITY : e->ratio_tolerance;
    c.is_stored = assay_judge_is_stored(e->place.stage, in->golden_run, in->mem_dtype);
    c.is_scores = assay_stage_get(e->place.stage)->judge == ASSAY_JUDGE_SCORES;
    return c;
}

static assay_status walk(detail_part *total, const collection *c, assay_error *err) {
    const assay_span whole = {0, assay_tensor_count(&c->in->golden->tensor)};
    const assay_block_walk w = {.sides = {c->in->golden, c->in->candidate},
                                .spans = c->in->spans ? c->in->spans : &whole,
                                .span_count = c->in->spans ? c->in->span_count : 1,
                                .row = 1,
                                .context = c,
                                .part_nbytes = sizeof(detail_part),
                                .visit = visit,
                                .fold = fold};
    return assay_block_walk_run(&w, total, err);
}

assay_status assay_detail_collect(assay_detail **out, const assay_entry *e, const assay_judge_input *in,
                                  assay_error *err) {
    *out = NULL;
    if (!e->has_metrics) return ASSAY_OK;
    const collection c = begin(e, in);
    detail_part *total = calloc(1, sizeof *total);
    assay_detail *d = calloc(1, sizeof *d);
    assay_status st = total && d ? walk(total, &c, err) : assay_fail_nomem(err, "the detail of a stage");
    if (!st) st = set_maps(d, &c, total, err);
    if (!st) st = collect_top(d, e, in, err);
    if (!st) {
        set_worst(d, &in->golden->tensor, total);
        d->histogram.known = c.fails && c.tolerance > 0 && c.scale > 0;
        memcpy(d->histogram.counts, total->counts, sizeof total->counts);
    }
    free(total);
    if (st) assay_detail_free(d);
    else *out = d;
    return st;
}
