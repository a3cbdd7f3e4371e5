/*
 * Results of any size for the tests of the HTML report, without a model: what a run of many layers and windows would leave behind.
 */
#ifndef ASSAY_REPORTS_HTML_FIXTURE_H
#define ASSAY_REPORTS_HTML_FIXTURE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/result.h"
#include "core/random.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    int layers, windows, tokens, heads;
    int64_t fails_from; /* layers from this one on fail in the last two windows, past the middle; -1: none */
    uint64_t seed;
} html_fixture_size;

static inline double html_fixture_random(const html_fixture_size *size, size_t at) {
    return (double)(assay_random_at(size->seed, at) >> 40) / 16777216.0;
}

static inline void html_fixture_heat(assay_heat *heat, int heads, int tokens, const html_fixture_size *size,
                                     double ratio) {
    *heat = (assay_heat){.heads = heads, .tokens = tokens};
    heat->head_bins = heads < ASSAY_DETAIL_HEADS ? heads : ASSAY_DETAIL_HEADS;
    heat->token_bins = tokens < ASSAY_DETAIL_TOKENS ? tokens : ASSAY_DETAIL_TOKENS;
    heat->ratios = calloc((size_t)(heat->head_bins * heat->token_bins), sizeof *heat->ratios);
    for (int i = 0; i < heat->head_bins * heat->token_bins; i++) {
        double wave = html_fixture_random(size, (size_t)i + (size_t)(ratio * 1e6));
        heat->ratios[i] = (float)(ratio > 1 && i % heat->token_bins < heat->token_bins / 2 ? 0.2 * wave : ratio * wave);
    }
}

static inline assay_detail *html_fixture_detail(const html_fixture_size *size, const assay_entry *e) {
    assay_detail *d = calloc(1, sizeof *d);
    bool fails = assay_verdict_fails(e->verdict), heads = assay_stage_get(e->place.stage)->axes[1] == 'H';
    html_fixture_heat(&d->by_token, 1, size->tokens, size, e->ratio_tolerance);
    if (fails && heads) html_fixture_heat(&d->by_head, size->heads, size->tokens, size, e->ratio_tolerance);
    d->top.row = -1;
    d->histogram.known = fails;
    for (int m = 0; fails && m < ASSAY_DETAIL_MAGNITUDES; m++)
        for (int k = 0; k < ASSAY_DETAIL_ERRORS; k++)
            d->histogram.counts[m][k] = abs(m - 12) + abs(k - 10) > 7 ? 0 : 1 << (2 * (7 - abs(m - 12) - abs(k - 10)));
    d->worst_count = fails ? ASSAY_DETAIL_WORST : 0;
    for (int i = 0; i < d->worst_count; i++)
        d->worst[i] =
            (assay_worst_element){{0, i, size->tokens - 1 - i}, 1.5 / (i + 1), 1.5 / (i + 1) + e->deviation / (i + 1)};
    if (e->place.stage != ASSAY_STAGE_LOGITS) return d;
    d->top.row = 3;
    d->top.count = ASSAY_DETAIL_TOP;
    d->top.same_winner = !fails;
    for (int i = 0; i < ASSAY_DETAIL_TOP; i++) {
        d->top.golden[i] = (assay_top_logit){100 + i, 9.5 - i, 9.5 - i + (fails ? i : 0)};
        d->top.candidate[i] = (assay_top_logit){fails ? 104 - i : 100 + i, 9 - i, 9.5 - i};
    }
    return d;
}

static inline bool html_fixture_fails(const html_fixture_size *size, const assay_place *p) {
    if (size->fails_from < 0) return false;
    if (p->stage == ASSAY_STAGE_LOGITS) return true;
    if (p->layer < size->fails_from || p->window < size->windows - 2) return false;
    return p->stage >= ASSAY_STAGE_ATTN_SCORES || p->layer > size->fails_from;
}

static inline void html_fixture_add(assay_case_result *c, const html_fixture_size *size, assay_place place) {
    const assay_stage_info *info = assay_stage_get(place.stage);
    assay_entry e = {.kind = ASSAY_ENTRY_STAGE, .place = place, .has_metrics = true};
    bool exact = info->judge == ASSAY_JUDGE_EXACT, fails = !exact && html_fixture_fails(size, &place);
    double part = html_fixture_random(size, c->entry_count);
    assay_place_path(&place, e.path, sizeof e.path);
    snprintf(e.rules, sizeof e.rules, "%s", info->rules);
    e.golden = e.candidate = (assay_result_shape){ASSAY_F32, 3, {1, size->tokens, 128}};
    e.verdict = fails ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_PASS;
    e.origin = exact ? ASSAY_TOLERANCE_NONE : ASSAY_TOLERANCE_FLOOR;
    e.has_floor = !exact;
    e.floor = exact ? 0 : 1.25e-6 * (1 + part);
    e.tolerance = 8 * e.floor;
    e.ratio_tolerance = exact ? 0 : fails ? 40 * pow(2, (double)place.layer) * (1 + part) : 0.45 * part;
    e.deviation = e.ratio_tolerance * e.tolerance;
    e.ratio_floor = 8 * e.ratio_tolerance;
    if (fails) snprintf(e.reason, sizeof e.reason, "max abs %.3g exceeds the tolerance %.3g", e.deviation, e.tolerance);
    e.metrics = (assay_metrics){.count = 128 * size->tokens,
                                .finite = 128 * size->tokens,
                                .different = 100,
                                .max_abs = e.deviation,
                                .max_rel = 0.1 * part,
                                .rms = e.deviation / 3,
                                .nmse = 1e-9,
                                .cosine = 0.999999,
                                .ulp_dtype = ASSAY_F32,
                                .golden_max = 2};
    e.worst = (assay_worst){.index = 5,
                            .rank = 3,
                            .axes = {"batch", "token", "dim"},
                            .at = {0, size->tokens - 1, 5},
                            .golden = 1.5,
                            .candidate = 1.5 + e.deviation};
    e.detail = html_fixture_detail(size, &e);
    if (assay_case_result_add(c, &e, NULL)) abort();
}

static inline void html_fixture_scope(assay_case_result *c, const html_fixture_size *size, assay_stage_scope scope,
                                      int64_t window, int64_t layer, bool last) {
    for (int s = 0; s < ASSAY_STAGE_COUNT; s++) {
        bool final = s == ASSAY_STAGE_NORM || s == ASSAY_STAGE_LOGITS;
        if (assay_stage_get((assay_stage)s)->scope != scope || final != last) continue;
        if (scope == ASSAY_PER_STEP && s != ASSAY_STAGE_SCHEDULE && s != ASSAY_STAGE_LOGITS) continue;
        html_fixture_add(c, size, (assay_place){0, window, layer, (assay_stage)s});
    }
}

/* A case of one step; the caller finishes nothing, and frees it. */
static inline assay_case_result html_fixture_case(const char *name, const html_fixture_size *size) {
    assay_case_result c = {
        .name = strdup(name), .golden_name = strdup("golden.h5"), .candidate_name = strdup("port.h5")};
    html_fixture_scope(&c, size, ASSAY_PER_STEP, -1, -1, false);
    for (int w = 0; w < size->windows; w++) {
        html_fixture_scope(&c, size, ASSAY_PER_WINDOW, w, -1, false);
        for (int l = 0; l < size->layers; l++) html_fixture_scope(&c, size, ASSAY_PER_LAYER, w, l, false);
        html_fixture_scope(&c, size, ASSAY_PER_WINDOW, w, -1, true);
    }
    for (int l = 0; l < size->layers; l++) html_fixture_scope(&c, size, ASSAY_PER_PAST, -1, l, false);
    html_fixture_scope(&c, size, ASSAY_PER_STEP, -1, -1, true);
    assay_case_result_finish(&c);
    return c;
}

#ifdef __cplusplus
}
#endif

#endif
