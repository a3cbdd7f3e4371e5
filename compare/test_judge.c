#include "compare/judge.h"

#include <float.h>

#include "compare/compare_fixture.h"
#include "core/rounding.h"

#define N 8

/* As assay_judge_input, of tensors in memory. */
typedef struct {
    assay_stage stage;
    const assay_tensor *golden, *candidate, *unrounded;
    const assay_span *spans;
    size_t span_count;
    assay_dtype golden_run, candidate_run, mem_dtype;
    double tolerance;
} judged;

static judged input_of(assay_stage stage, const assay_tensor *g, const assay_tensor *c) {
    return (judged){.stage = stage,
                    .golden = g,
                    .candidate = c,
                    .golden_run = ASSAY_F32,
                    .candidate_run = ASSAY_F32,
                    .mem_dtype = ASSAY_BF16};
}

static assay_entry judge(const judged *j) {
    assay_entry e = {0};
    assay_values golden = assay_values_of(j->golden), candidate = assay_values_of(j->candidate), unrounded = {0};
    if (j->unrounded) unrounded = assay_values_of(j->unrounded);
    const assay_judge_input in = {.stage = j->stage,
                                  .golden = &golden,
                                  .candidate = &candidate,
                                  .unrounded = j->unrounded ? &unrounded : NULL,
                                  .spans = j->spans,
                                  .span_count = j->span_count,
                                  .golden_run = j->golden_run,
                                  .candidate_run = j->candidate_run,
                                  .mem_dtype = j->mem_dtype,
                                  .tolerance = j->tolerance};
    cr_assert_eq(assay_judge(&e, &in, NULL), ASSAY_OK);
    return e;
}

static double scale_of(assay_stage stage, const assay_tensor *t, assay_dtype run) {
    assay_values values = assay_values_of(t);
    double scale;
    cr_assert_eq(assay_judge_scale(stage, &values, run, &scale, NULL), ASSAY_OK);
    return scale;
}

static assay_entry judge_f32(assay_stage stage, const float *g, const float *c, int64_t n, double tolerance) {
    assay_tensor gt = vector_f32(g, n), ct = vector_f32(c, n);
    judged in = input_of(stage, &gt, &ct);
    in.tolerance = tolerance;
    return judge(&in);
}

/* ---- FLOAT ---- */

Test(judge, distance_equal_to_the_tolerance_passes_and_the_next_number_fails) {
    float g[N] = {0}, c[N] = {0};
    for (int at = 0; at < N; at++) {
        c[at] = 0.125f;
        cr_assert_eq(judge_f32(ASSAY_STAGE_Q_PROJ, g, c, N, 0.125).verdict, ASSAY_VERDICT_PASS);
        c[at] = nextafterf(0.125f, 1);
        assay_entry e = judge_f32(ASSAY_STAGE_Q_PROJ, g, c, N, 0.125);
        cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
        cr_assert_eq(e.worst.index, at);
        cr_assert_eq(e.worst.candidate, (double)c[at]);
        cr_assert_eq(e.worst.golden, 0);
        c[at] = 0;
    }
}

Test(judge, no_tolerance_lets_a_nan_or_an_infinity_through) {
    float g[N] = {1, 2, 3}, c[N];
    for (int at = 0; at < N; at++) {
        for (int kind = 0; kind < NAN_KINDS + 2; kind++) {
            memcpy(c, g, sizeof c);
            c[at] = kind < NAN_KINDS ? nan_of_kind(kind) : kind == NAN_KINDS ? INFINITY : -INFINITY;
            assay_stage stages[] = {ASSAY_STAGE_Q_PROJ, ASSAY_STAGE_ATTN_SCORES, ASSAY_STAGE_LOGITS,
                                    ASSAY_STAGE_MEM_READ_KEY, ASSAY_STAGE_MEM_READ_MASK};
            for (size_t s = 0; s < sizeof stages / sizeof *stages; s++) {
                assay_entry e = judge_f32(stages[s], g, c, N, DBL_MAX);
                cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL, "%s", assay_stage_get(stages[s])->name);
                cr_assert_eq(e.worst.index, at);
                cr_assert(isinf(e.deviation));
                e = judge_f32(stages[s], c, g, N, DBL_MAX);
                cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL, "golden, %s", assay_stage_get(stages[s])->name);
            }
        }
    }
}

Test(judge, nan_where_the_golden_has_nan_passes_and_does_not_hide_the_rest) {
    float g[] = {NAN, 1, 2}, c[] = {-NAN, 1, 2}, d[] = {NAN, 1, 3};
    cr_assert_eq(judge_f32(ASSAY_STAGE_LOSS, g, c, 3, 0).verdict, ASSAY_VERDICT_PASS);
    cr_assert_eq(judge_f32(ASSAY_STAGE_LOSS, g, d, 3, 0.5).verdict, ASSAY_VERDICT_FAIL);
}

Test(judge, spans_limit_what_is_judged) {
    float g[N] = {0}, c[N] = {9, 0, 0, 9, 0, 0, NAN, 9};
    assay_tensor gt = vector_f32(g, N), ct = vector_f32(c, N);
    judged in = input_of(ASSAY_STAGE_Q_PROJ, &gt, &ct);
    assay_span good[] = {{1, 2}, {4, 2}}, bad[] = {{1, 2}, {4, 3}};
    in.spans = good, in.span_count = 2;
    assay_entry e = judge(&in);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_PASS);
    cr_assert_eq(e.metrics.count, 4);
    in.spans = bad;
    cr_assert_eq(judge(&in).worst.index, 6);
    in.span_count = 0;
    cr_assert_not(judge(&in).has_metrics);
}

/* ---- EXACT ---- */

Test(judge, one_changed_integer_is_found_at_every_place) {
    int64_t n = N, g[N], c[N];
    for (int i = 0; i < N; i++) g[i] = c[i] = (INT64_C(1) << 60) + i; /* beyond what a double tells apart */
    assay_tensor gt = assay_tensor_view(ASSAY_I64, 1, &n, g), ct = assay_tensor_view(ASSAY_I64, 1, &n, c);
    judged in = input_of(ASSAY_STAGE_INPUT_IDS, &gt, &ct);
    in.tolerance = 1e300;
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_PASS);
    for (int at = 0; at < N; at++) {
        c[at]++;
        assay_entry e = judge(&in);
        cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
        cr_assert_eq(e.worst.index, at);
        cr_assert_eq(e.tolerance, 0);
        c[at]--;
    }
}

Test(judge, integer_widths_do_not_matter) {
    int64_t n = 3, g[] = {1, 0, -7};
    int32_t c[] = {1, 0, -7};
    uint8_t b[] = {1, 0, 1};
    assay_tensor gt = assay_tensor_view(ASSAY_I64, 1, &n, g), ct = assay_tensor_view(ASSAY_I32, 1, &n, c);
    assay_tensor bt = assay_tensor_view(ASSAY_BOOL, 1, &n, b);
    judged in = input_of(ASSAY_STAGE_ATTENTION_MASK, &gt, &ct);
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_PASS);
    in.candidate = &bt;
    cr_assert_eq(judge(&in).worst.index, 2);
    n = 2; /* without the last, whose bits are those of a NaN */
    assay_tensor integers = assay_tensor_view(ASSAY_I32, 1, &n, c), same_bits = assay_tensor_view(ASSAY_F32, 1, &n, c);
    in.golden = &integers, in.candidate = &same_bits;
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_FAIL, "the bits of 1 are another number in float32");
}

Test(judge, mask_minimum_is_that_of_the_run) {
    float g[] = {0, -FLT_MAX};
    double c[] = {0, -DBL_MAX}, wrong[] = {0, -1e30}, other[] = {-DBL_MAX, 0};
    assay_tensor gt = vector_f32(g, 2), ct = vector_f64(c, 2), wt = vector_f64(wrong, 2), ot = vector_f64(other, 2);
    judged in = input_of(ASSAY_STAGE_MEM_READ_MASK, &gt, &ct);
    in.candidate_run = ASSAY_F64;
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_PASS);
    in.candidate = &wt;
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_FAIL);
    in.candidate = &ot;
    cr_assert_eq(judge(&in).worst.index, 0);
    in.golden = &wt, in.candidate = &ct;
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_FAIL, "another large number is no minimum");
}

/* ---- SCORES ---- */

Test(judge, hidden_scores_must_coincide_in_place_and_value) {
    float g[] = {1, -1e6f, 3, -1e6f}, moved[] = {1, 3, -1e6f, -1e6f}, shown[] = {1, -1e6f, 3, -5},
          other[] = {1, -1e6f, 3, -FLT_MAX}, inf[] = {1, -1e6f, 3, -INFINITY};
    cr_assert_eq(judge_f32(ASSAY_STAGE_ATTN_SCORES, g, g, 4, 0).verdict, ASSAY_VERDICT_PASS);
    assay_entry e = judge_f32(ASSAY_STAGE_ATTN_SCORES, g, moved, 4, 1e30);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(e.worst.index, 1);
    cr_assert_eq(e.metrics.finite, 1);
    cr_assert_not_null(strstr(e.reason, "visible"));
    cr_assert_not_null(strstr(judge_f32(ASSAY_STAGE_ATTN_SCORES, moved, g, 4, 1e30).reason, "is hidden"));
    cr_assert_not_null(strstr(judge_f32(ASSAY_STAGE_ATTN_SCORES, shown, g, 4, 1e30).reason, "is hidden"));
    cr_assert_eq(judge_f32(ASSAY_STAGE_ATTN_SCORES, g, other, 4, 1e38).verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(judge_f32(ASSAY_STAGE_ATTN_SCORES, g, inf, 4, 1e38).verdict, ASSAY_VERDICT_FAIL);
}

Test(judge, visible_scores_are_measured_without_the_hidden_ones) {
    float g[] = {1, -1e6f, 2, -1e6f}, c[] = {1, -1e6f, 2.5f, -1e6f};
    assay_entry e = judge_f32(ASSAY_STAGE_ATTN_SCORES, g, c, 4, 0.25);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(e.worst.index, 2);
    cr_assert_eq(e.metrics.finite, 2);
    cr_assert_eq(e.metrics.golden_max, 2);
    cr_assert_float_eq(e.metrics.rms, sqrt(0.25 / 2), 1e-15);
    assay_tensor t = vector_f32(g, 4);
    cr_assert_eq(scale_of(ASSAY_STAGE_ATTN_SCORES, &t, ASSAY_F32), 2);
    cr_assert_eq(scale_of(ASSAY_STAGE_Q_PROJ, &t, ASSAY_F32), 1e6);
}

Test(judge, the_clamp_is_that_of_the_run) {
    cr_assert(assay_score_is_hidden(-1e6, ASSAY_F32));
    cr_assert_not(assay_score_is_hidden(nextafter(-1e6, 0), ASSAY_F32));
    cr_assert(assay_score_is_hidden(-999424, ASSAY_BF16), "-1e6 in bfloat16");
    cr_assert_not(assay_score_is_hidden(-999424, ASSAY_F32));
    cr_assert(assay_score_is_hidden(-65504, ASSAY_F16));
    cr_assert_not(assay_score_is_hidden(-65472, ASSAY_F16));
    cr_assert(assay_score_is_hidden(-INFINITY, ASSAY_F64));
    cr_assert_not(assay_score_is_hidden(NAN, ASSAY_F32));
}

/* ---- STORED ---- */

typedef struct {
    float u[N];
    uint16_t g[N], c[N];
    assay_tensor ut, gt, ct;
    judged in;
} stored;

/* u becomes the unrounded key, and golden and candidate its rounding. */
static stored *stored_new(const float *u, double tolerance) {
    static stored s;
    int64_t n = N;
    memcpy(s.u, u, sizeof s.u);
    for (int i = 0; i < N; i++) s.g[i] = s.c[i] = assay_f32_to_bf16(u[i]);
    s.ut = vector_f32(s.u, n);
    s.gt = assay_tensor_view(ASSAY_BF16, 1, &n, s.g);
    s.ct = assay_tensor_view(ASSAY_BF16, 1, &n, s.c);
    s.in = input_of(ASSAY_STAGE_MEM_WRITE_KEY, &s.gt, &s.ct);
    s.in.unrounded = &s.ut;
    s.in.tolerance = tolerance;
    return &s;
}

Test(judge, truncation_instead_of_rounding_is_caught_at_every_place) {
    float u[N];
    fill_random(u, N, 21);
    int truncated_differs = 0;
    for (int at = 0; at < N; at++) {
        stored *s = stored_new(u, 1e-7);
        uint32_t bits;
        memcpy(&bits, &u[at], sizeof bits);
        s->c[at] = (uint16_t)(bits >> 16);
        bool differs = s->c[at] != s->g[at];
        truncated_differs += differs;
        assay_entry e = judge(&s->in);
        cr_assert_eq(e.verdict, differs ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_PASS);
        if (differs) cr_assert_eq(e.worst.index, at);
    }
    cr_assert_gt(truncated_differs, 1);
}

Test(judge, a_flip_is_accepted_only_within_the_tolerance_of_the_unrounded_key) {
    double tie = 1 + 0x1p-8, off = 0x1p-20;
    float u[N] = {(float)(tie + off)}; /* rounds up to 1 + 2^-7; a slip of `off` or more lets it round down to 1 */
    stored *s = stored_new(u, off);
    s->c[0] = assay_f32_to_bf16(1);
    assay_entry e = judge(&s->in);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_PASS);
    cr_assert_eq(e.deviation, off);
    s->in.tolerance = off - 0x1p-50; /* the least that u - tolerance can show */
    e = judge(&s->in);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(e.worst.index, 0);
    cr_assert_not_null(strstr(e.reason, "bfloat16"));
}

Test(judge, a_flip_upwards_is_judged_as_one_downwards) {
    double tie = 1 + 0x1p-8, off = 0x1p-20;
    float u[N] = {0, (float)(tie - off), (float)(-tie + off)};
    stored *s = stored_new(u, off);
    s->c[1] = assay_f32_to_bf16(1 + 0x1p-7f);
    s->c[2] = assay_f32_to_bf16(-1 - 0x1p-7f);
    cr_assert_eq(judge(&s->in).verdict, ASSAY_VERDICT_FAIL, "the tie itself goes to even, that is to 1");
    s->in.tolerance = off + 0x1p-50;
    assay_entry e = judge(&s->in);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_PASS);
    cr_assert_eq(e.deviation, off);
    s->in.tolerance = off * 0.75;
    e = judge(&s->in);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
    cr_assert_not_null(strstr(e.reason, "2 of 8 places"));
}

Test(judge, a_reference_whose_memory_was_not_cast_is_judged_as_float) {
    float g[N] = {0.1f, 0.2f}, c[N] = {0.1f, 0.2f};
    assay_tensor gt = vector_f32(g, N), ct = vector_f32(c, N);
    judged in = input_of(ASSAY_STAGE_MEM_READ_KEY, &gt, &ct);
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_PASS);
    c[1] = nextafterf(c[1], 1);
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_FAIL);
}

Test(judge, an_exact_tie_goes_to_even_when_nothing_may_move) {
    float u[N] = {0};
    u[3] = (float)(1 + 0x1p-8); /* between 1 (even) and 1 + 2^-7 (odd) */
    stored *s = stored_new(u, 0);
    cr_assert_eq(judge(&s->in).verdict, ASSAY_VERDICT_PASS);
    s->c[3]++;
    assay_entry e = judge(&s->in);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(e.worst.index, 3);
    s->in.tolerance = 0x1p-40;
    cr_assert_eq(judge(&s->in).verdict, ASSAY_VERDICT_PASS, "with room to move, either neighbour of a tie is right");
    s->c[3]++;
    cr_assert_eq(judge(&s->in).verdict, ASSAY_VERDICT_FAIL, "two units are not");
}

Test(judge, a_rounding_of_another_key_is_found_at_every_place) {
    float u[N];
    fill_random(u, N, 22);
    for (int at = 0; at < N; at++) {
        for (int move = -1; move <= 1; move += 2) {
            stored *s = stored_new(u, 1e-9);
            s->c[at] = (uint16_t)(s->c[at] + move);
            cr_assert_eq(judge(&s->in).verdict, ASSAY_VERDICT_FAIL);
        }
    }
}

Test(judge, a_stored_nan_is_matched_by_nothing_else) {
    float u[N] = {0};
    stored *s = stored_new(u, 1e30);
    s->g[2] = 0x7fc0;
    cr_assert_eq(judge(&s->in).worst.index, 2);
    s->c[2] = 0xffc1;
    cr_assert_eq(judge(&s->in).verdict, ASSAY_VERDICT_PASS);
    s->g[2] = 0;
    cr_assert_eq(judge(&s->in).verdict, ASSAY_VERDICT_FAIL);
}

Test(judge, a_wider_candidate_counts_as_the_number_it_holds) {
    float u[N], wide[N];
    fill_random(u, N, 23);
    stored *s = stored_new(u, 1e-9);
    for (int i = 0; i < N; i++) wide[i] = assay_bf16_to_f32(s->g[i]);
    assay_tensor wt = vector_f32(wide, N);
    s->in.candidate = &wt;
    cr_assert_eq(judge(&s->in).verdict, ASSAY_VERDICT_PASS);
    wide[2] = assay_bf16_to_f32((uint16_t)(s->g[2] + 1));
    cr_assert_eq(judge(&s->in).worst.index, 2);
}

Test(judge, a_candidate_that_was_not_cast_names_its_rule) {
    float u[N];
    fill_random(u, N, 24);
    stored *s = stored_new(u, 1e30);
    s->in.candidate = &s->ut;
    assay_entry e = judge(&s->in);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
    cr_assert_str_eq(e.rules, "MEM-6");
    cr_assert_not_null(strstr(e.reason, "not cast"));
    s->in.unrounded = NULL;
    cr_assert_str_eq(judge(&s->in).rules, "MEM-6");
}

Test(judge, overflow_to_infinity_is_a_rounding_too) {
    int64_t n = 1;
    float u = 65519.99f;
    uint16_t g = assay_f32_to_f16(u), c = 0x7c00, nan = 0x7e00;
    assay_tensor ut = vector_f32(&u, n), gt = assay_tensor_view(ASSAY_F16, 1, &n, &g),
                 ct = assay_tensor_view(ASSAY_F16, 1, &n, &c);
    judged in = input_of(ASSAY_STAGE_PAST_MEM_KEY, &gt, &ct);
    in.mem_dtype = ASSAY_F16, in.unrounded = &ut, in.tolerance = 0.1;
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_PASS);
    in.tolerance = 1e-4;
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_FAIL);
    ct.data = &nan;
    in.tolerance = 1e30;
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_FAIL);
}

Test(judge, without_unrounded_keys_one_unit_passes_and_two_need_the_tolerance) {
    float u[N];
    fill_random(u, N, 25);
    for (int at = 0; at < N; at++) {
        stored *s = stored_new(u, 0);
        s->in.unrounded = NULL;
        s->c[at]++;
        assay_entry e = judge(&s->in);
        cr_assert_eq(e.verdict, ASSAY_VERDICT_PASS);
        cr_assert_eq(e.metrics.max_ulp, 1);
        s->c[at]++;
        e = judge(&s->in);
        cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
        cr_assert_eq(e.worst.index, at);
        s->in.tolerance = e.deviation;
        cr_assert_eq(judge(&s->in).verdict, ASSAY_VERDICT_PASS);
    }
}

Test(judge, memory_as_wide_as_the_run_is_judged_as_float) {
    float g[N] = {1}, c[N] = {1 + FLT_EPSILON};
    cr_assert(assay_judge_is_stored(ASSAY_STAGE_MEM_READ_KEY, ASSAY_F32, ASSAY_F16));
    cr_assert_not(assay_judge_is_stored(ASSAY_STAGE_MEM_READ_KEY, ASSAY_F32, ASSAY_F32));
    cr_assert_not(assay_judge_is_stored(ASSAY_STAGE_MEM_READ_KEY, ASSAY_BF16, ASSAY_BF16));
    cr_assert_not(assay_judge_is_stored(ASSAY_STAGE_Q_PROJ, ASSAY_F32, ASSAY_BF16));
    assay_tensor gt = vector_f32(g, N), ct = vector_f32(c, N);
    judged in = input_of(ASSAY_STAGE_MEM_READ_KEY, &gt, &ct);
    in.mem_dtype = ASSAY_F32;
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_FAIL);
    in.tolerance = 1e-6;
    cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_PASS);
}

/* ---- LOGITS ---- */

Test(judge, logits_report_rows_and_a_wrong_argmax) {
    float g[] = {1, 2, 3, 3, 2, 1}, c[] = {1, 2, 3, 1, 2, 3};
    int64_t shape[] = {1, 2, 3};
    assay_tensor gt = assay_tensor_view(ASSAY_F32, 3, shape, g), ct = assay_tensor_view(ASSAY_F32, 3, shape, c);
    judged in = input_of(ASSAY_STAGE_LOGITS, &gt, &ct);
    in.tolerance = 0.1;
    assay_entry e = judge(&in);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
    cr_assert_eq(e.metrics.logits.rows, 2);
    cr_assert_eq(e.metrics.logits.top1_wrong, 1);
    cr_assert_eq(e.metrics.logits.kl_worst_row, 1);
    cr_assert_not_null(strstr(e.reason, "argmax of 1 rows"));
    assay_span first = {0, 3};
    in.spans = &first, in.span_count = 1;
    e = judge(&in);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_PASS);
    cr_assert_eq(e.metrics.logits.rows, 1);
}

Test(judge, empty_tensors_pass_in_every_kind) {
    float unused = 0;
    for (int stage = 0; stage < ASSAY_STAGE_COUNT; stage++) {
        int64_t shape[] = {1, 0, 3};
        assay_tensor t = assay_tensor_view(ASSAY_F32, 3, shape, &unused);
        judged in = input_of((assay_stage)stage, &t, &t);
        cr_assert_eq(judge(&in).verdict, ASSAY_VERDICT_PASS);
    }
}
