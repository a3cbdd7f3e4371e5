/*
 * Four results as a comparison makes them, the same on every machine: for the reports that are kept in reports/expected.
 *
 * A model of three layers, of which layer 1 has memory, runs ten tokens in windows of four. All values and distances are multiples of
 * powers of two, so that sums are exact in any order.
 */
#ifndef ASSAY_REPORTS_REPORT_SITUATIONS_FIXTURE_H
#define ASSAY_REPORTS_REPORT_SITUATIONS_FIXTURE_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "compare/compare_fixture.h"
#include "compare/result.h"

typedef enum { SITUATION_PASS, SITUATION_WINDOW_BORDER, SITUATION_NAN, SITUATION_MISSING, SITUATION_COUNT } situation;

static inline const char *situation_name(situation which) {
    static const char *const names[SITUATION_COUNT] = {"pass", "window-border", "nan", "missing"};
    return names[which];
}

enum {
    SITUATION_TOKENS = 10,
    SITUATION_WINDOW = 4,
    SITUATION_WINDOWS = 3,
    SITUATION_LAYERS = 3,
    SITUATION_MEMORY_LAYER = 1,
    SITUATION_MAX_VALUES = 256
};

/* Both sides of one situation. */
typedef struct {
    situation which;
    fixture golden, candidate;
} situation_sides;

/* Whether memory of an earlier window has come in: in the memory layer and after it, from window 1 on. */
static inline bool situation_is_behind_memory(const assay_place *p) {
    if (p->stage == ASSAY_STAGE_PAST_MEM_KEY) return true;
    if (p->window < 1) return false;
    if (p->layer < 0) return p->stage == ASSAY_STAGE_NORM;
    return p->layer > SITUATION_MEMORY_LAYER ||
           (p->layer == SITUATION_MEMORY_LAYER && p->stage >= ASSAY_STAGE_MEM_READ_KEY);
}

/* The candidate's value where the golden's is `value`; `token` counts from the start of the window, or of the memory. */
static inline float situation_candidate(situation which, const assay_place *p, int64_t token, float value,
                                        uint64_t random) {
    float noise = (float)((int)(random % 9) - 4) * 0x1p-20f, error = (float)((int)(random % 63) - 31) * 0x1p-9f;
    bool logits = p->stage == ASSAY_STAGE_LOGITS,
         behind = situation_is_behind_memory(p) || (logits && token >= SITUATION_WINDOW);
    if (which == SITUATION_WINDOW_BORDER && behind) return value + error;
    if (which == SITUATION_MISSING && p->stage == ASSAY_STAGE_PAST_MEM_KEY) return value + error;
    /* A NaN of the first token: in its own row, and through the memory in all that comes later. */
    bool first = p->window == 0 && token == 0 && (p->layer > 0 || p->stage >= ASSAY_STAGE_ATTN_OUTPUT);
    bool memory = p->stage == ASSAY_STAGE_MEM_READ_KEY || p->stage == ASSAY_STAGE_PAST_MEM_KEY;
    bool in_memory = memory && token == 0, later = behind && !memory;
    if (which == SITUATION_NAN && (first || in_memory || later || (logits && token == 0))) return NAN;
    return value + noise;
}

static inline bool situation_lacks(situation which, assay_stage stage) {
    return which == SITUATION_MISSING && (stage == ASSAY_STAGE_ATTN_PROBS || stage == ASSAY_STAGE_LOGITS);
}

/* Puts a float tensor on both sides. Tokens are along axis `token_axis`. */
static inline void situation_put(situation_sides *s, const assay_place *p, int rank, const int64_t *shape,
                                 int token_axis) {
    float golden[SITUATION_MAX_VALUES], candidate[SITUATION_MAX_VALUES];
    char path[100];
    assay_place_path(p, path, sizeof path);
    int64_t count = 1, inner = 1;
    for (int i = 0; i < rank; i++) count *= shape[i], inner *= i > token_axis ? shape[i] : 1;
    cr_assert_leq(count, SITUATION_MAX_VALUES);
    uint64_t key = assay_random_key(7, path);
    for (int64_t i = 0; i < count; i++) {
        int64_t token = i / inner % shape[token_axis];
        golden[i] = (float)((int)(assay_random_at(key, (uint64_t)i) % 2048) - 1024) * 0x1p-10f;
        if (p->stage == ASSAY_STAGE_ATTN_PROBS) golden[i] = fabsf(golden[i]);
        candidate[i] = situation_candidate(s->which, p, token, golden[i], assay_random_at(key, (uint64_t)(count + i)));
    }
    fixture_put_f32(&s->golden, path, rank, shape, golden);
    if (!situation_lacks(s->which, p->stage)) fixture_put_f32(&s->candidate, path, rank, shape, candidate);
}

/* Puts integers that both sides have. */
static inline void situation_put_integers(situation_sides *s, const char *path, int rank, const int64_t *shape,
                                          const int64_t *values) {
    fixture_put_i64(&s->golden, path, rank, shape, values);
    fixture_put_i64(&s->candidate, path, rank, shape, values);
}

static inline void situation_put_layer(situation_sides *s, int64_t window, int64_t layer, int64_t tokens) {
    const int64_t memory = layer == SITUATION_MEMORY_LAYER ? window * SITUATION_WINDOW : 0;
    assay_place p = {0, window, layer, ASSAY_STAGE_INPUT_LAYERNORM};
    situation_put(s, &p, 3, (int64_t[]){1, tokens, 8}, 1);
    p.stage = ASSAY_STAGE_Q_PROJ;
    situation_put(s, &p, 3, (int64_t[]){1, tokens, 8}, 1);
    p.stage = ASSAY_STAGE_MEM_READ_KEY;
    if (memory) situation_put(s, &p, 4, (int64_t[]){1, 2, memory, 4}, 2);
    p.stage = ASSAY_STAGE_ATTN_PROBS;
    situation_put(s, &p, 4, (int64_t[]){1, 2, tokens, tokens + memory}, 2);
    p.stage = ASSAY_STAGE_ATTN_OUTPUT;
    situation_put(s, &p, 3, (int64_t[]){1, tokens, 8}, 1);
    p.stage = ASSAY_STAGE_LAYER_OUTPUT;
    situation_put(s, &p, 3, (int64_t[]){1, tokens, 8}, 1);
}

static inline void situation_put_window(situation_sides *s, int64_t window) {
    int64_t begin = window * SITUATION_WINDOW, tokens = SITUATION_TOKENS - begin, positions[SITUATION_WINDOW];
    char path[64];
    if (tokens > SITUATION_WINDOW) tokens = SITUATION_WINDOW;
    for (int64_t i = 0; i < tokens; i++) positions[i] = begin + i;
    snprintf(path, sizeof path, "steps/0/windows/%lld/position_ids", (long long)window);
    situation_put_integers(s, path, 2, (int64_t[]){1, tokens}, positions);
    situation_put(s, &(assay_place){0, window, -1, ASSAY_STAGE_EMBED_TOKENS}, 3, (int64_t[]){1, tokens, 8}, 1);
    for (int64_t layer = 0; layer < SITUATION_LAYERS; layer++) situation_put_layer(s, window, layer, tokens);
    situation_put(s, &(assay_place){0, window, -1, ASSAY_STAGE_NORM}, 3, (int64_t[]){1, tokens, 8}, 1);
}

static inline void situation_put_all(situation_sides *s) {
    situation_put_integers(s, "steps/0/schedule", 2, (int64_t[]){SITUATION_WINDOWS, 2}, (int64_t[]){0, 4, 4, 8, 8, 10});
    for (int64_t window = 0; window < SITUATION_WINDOWS; window++) situation_put_window(s, window);
    situation_put(s, &(assay_place){0, -1, SITUATION_MEMORY_LAYER, ASSAY_STAGE_PAST_MEM_KEY}, 4,
                  (int64_t[]){1, 2, 8, 4}, 2);
    situation_put(s, &(assay_place){0, -1, -1, ASSAY_STAGE_LOGITS}, 3, (int64_t[]){1, SITUATION_TOKENS, 12}, 1);
    if (s->which != SITUATION_MISSING) return;
    fixture_put_f32(&s->candidate, "steps/0/past/0/key", 4, (int64_t[]){1, 2, 1, 1}, (float[]){1, 2});
    fixture_put_f32(&s->candidate, "debug/hidden", 1, (int64_t[]){2}, (float[]){1, 2});
}

/* Every float stage of the golden gets a floor: from 2^-20 to 2^-18. */
static inline void situation_set_floors(fixture *f) {
    for (size_t i = 0; i < f->source.item_count; i++) {
        assay_source_item *item = &f->source.items[i];
        item->has_floor = assay_stage_get(item->place.stage)->judge != ASSAY_JUDGE_EXACT;
        item->floor = 0x1p-20 * (double)(1 << (item->place.layer + 1) % 3);
    }
}

/* A divergence is a sum of exponentials, whose last bits differ from machine to machine: 8 of 53 are left. */
static inline void situation_round(assay_case_result *c) {
    for (size_t i = 0; i < c->entry_count; i++) {
        assay_logit_metrics *l = &c->entries[i].metrics.logits;
        l->kl_max = ldexp(rint(ldexp(l->kl_max, 40)), -40);
        l->kl_mean = ldexp(rint(ldexp(l->kl_mean, 40)), -40);
    }
}

static inline assay_case_result situation_compare(situation_sides *s) {
    assay_waiver waiver = {"past/mem_key", NULL, NULL, "the memory after the call is truncated on purpose", 20991231};
    assay_policy policy;
    assay_policy_init(&policy);
    policy.waivers = &waiver;
    policy.waiver_count = s->which == SITUATION_MISSING;
    policy.today = 20260101;
    cr_assert_eq(assay_policy_require(&policy, "logits", "the situation", NULL), ASSAY_OK);
    const assay_compare_options options = {.name = "windows-3", .policy = &policy, .detail = true};
    assay_case_result c;
    assay_error err = {0};
    assay_status st = assay_compare(&c, &s->golden.source, &s->candidate.source, &options, &err);
    cr_assert_eq(st, ASSAY_OK, "%s", err.message);
    policy.waivers = NULL;
    policy.waiver_count = 0;
    assay_policy_free(&policy);
    situation_round(&c);
    return c;
}

static inline void situation_must(assay_status st) { cr_assert_eq(st, ASSAY_OK); }

/* What a diagnosis and blame would say of it. */
static inline void situation_add_findings(assay_case_result *c) {
    situation_must(assay_case_result_add_finding(
        c, "diagnosis", "explained",
        "The reference engine computes nearly what the candidate holds when it makes this mistake: "
        "memory-keys-at-position-ids.",
        NULL));
    situation_must(
        assay_finding_add(&c->findings[0], "memory-keys-at-position-ids", "MEM-1",
                          "rotates them at their position ids (the original: rotates keys at position 0 when "
                          "they go to memory)",
                          "steps/0/windows/1/layers/1/self_attn.mem_read.key", NULL));
    situation_must(assay_case_result_add_finding(
        c, "blame", "fault", "1 of 66 stages that were judged does not follow from the candidate's own inputs.", NULL));
    situation_must(assay_finding_add(&c->findings[1], "memory-write", "MEM-1 MEM-6",
                                     "what joins the memory, and how it is stored",
                                     "steps/0/windows/1/layers/1/self_attn.mem_read.key", NULL));
}

/* The other cases of the run. */
static inline void situation_add_others(assay_result *r, situation which) {
    assay_case_result other;
    assay_error why = {0};
    if (which == SITUATION_PASS)
        situation_must(
            assay_case_result_unsupported(&other, "beam-reorder", "beam-reorder.h5", "no beam search", NULL));
    else if (which == SITUATION_MISSING) {
        assay_fail(&why, ASSAY_EINPUT, NULL, "dumps/decode.h5: no such file");
        situation_must(assay_case_result_error(&other, "decode", "decode.h5", &why, NULL));
    } else return;
    situation_must(assay_result_add_case(r, &other, NULL));
}

static inline assay_result situation_result(situation which) {
    situation_sides s = {which, fixture_new("windows-3.h5", true), fixture_new("dumps/windows-3.h5", false)};
    assay_result r = {0};
    situation_put_all(&s);
    fixture_open(&s.golden), fixture_open(&s.candidate);
    situation_set_floors(&s.golden);
    assay_case_result c = situation_compare(&s);
    if (which == SITUATION_WINDOW_BORDER) situation_add_findings(&c);
    situation_must(
        assay_facts_set(&c.facts, "model", "3 layers, hidden size 8, 2 heads, window 4, last context 2", NULL));
    situation_must(assay_facts_set(&c.facts, "memory_layers", "1", NULL));
    situation_must(assay_facts_set(&c.facts, "case_sha256",
                                   "858de2c1381f6d658723052634d8c209e2bb698c824200957b68a452dcbd8e33", NULL));
    situation_must(assay_result_add_case(&r, &c, NULL));
    situation_add_others(&r, which);
    situation_must(assay_result_set_fact(&r, "dtype", "float32", NULL));
    situation_must(assay_result_set_fact(&r, "command", "assay compare windows-3.h5 dumps/windows-3.h5", NULL));
    fixture_free(&s.golden), fixture_free(&s.candidate);
    return r;
}

#endif
