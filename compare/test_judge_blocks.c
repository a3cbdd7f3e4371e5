/* Tensors of several blocks are judged as small ones are: each kind finds what is wrong at the edges of blocks. */
#include <omp.h>
#include <stdio.h>

#include "compare/compare_fixture.h"
#include "compare/judge.h"

#define BLOCK ASSAY_BLOCK_ELEMENTS
#define N (2 * BLOCK + 3)

static const int64_t places[] = {0, 1023, 1024, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, N - 1};
#define PLACES (sizeof places / sizeof *places)

static float g[N], c[N], u[N];
static uint16_t gh[N], ch[N];
static int64_t gi[N], ci[N];

static assay_entry judge(assay_stage stage, const assay_tensor *golden, const assay_tensor *candidate,
                         const assay_tensor *unrounded, double tolerance) {
    assay_entry e = {0};
    assay_values values[3] = {assay_values_of(golden), assay_values_of(candidate)};
    if (unrounded) values[2] = assay_values_of(unrounded);
    const assay_judge_input in = {.stage = stage,
                                  .golden = &values[0],
                                  .candidate = &values[1],
                                  .unrounded = unrounded ? &values[2] : NULL,
                                  .golden_run = ASSAY_F32,
                                  .candidate_run = ASSAY_F32,
                                  .mem_dtype = ASSAY_BF16,
                                  .tolerance = tolerance};
    cr_assert_eq(assay_judge(&e, &in, NULL), ASSAY_OK);
    return e;
}

static assay_entry judge_floats(assay_stage stage, double tolerance) {
    assay_tensor golden = vector_f32(g, N), candidate = vector_f32(c, N);
    return judge(stage, &golden, &candidate, NULL, tolerance);
}

static void start(void) {
    fill_random(g, N, 3);
    memcpy(c, g, sizeof c);
}

TestSuite(judge_blocks, .init = start);

Test(judge_blocks, the_farthest_element_is_found_at_every_edge) {
    for (size_t i = 0; i < PLACES; i++) {
        c[places[i]] += 0.5f;
        assay_entry e = judge_floats(ASSAY_STAGE_Q_PROJ, 0.25);
        cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
        cr_assert_eq(e.worst.index, places[i]);
        cr_assert_eq(e.worst.candidate, (double)c[places[i]]);
        cr_assert_eq(e.metrics.count, N);
        cr_assert_eq(e.metrics.different, 1);
        c[places[i]] = g[places[i]];
    }
}

Test(judge_blocks, a_nan_is_found_at_every_edge_and_the_first_is_named) {
    for (size_t i = PLACES; i-- > 0;) {
        c[places[i]] = NAN;
        for (int stage = 0; stage < 2; stage++) {
            assay_entry e = judge_floats(stage ? ASSAY_STAGE_ATTN_SCORES : ASSAY_STAGE_Q_PROJ, INFINITY);
            cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
            cr_assert_eq(e.worst.index, places[i]);
            cr_assert_eq(e.metrics.class_mismatches, (int64_t)(PLACES - i));
        }
    }
}

Test(judge_blocks, the_first_wrong_integer_is_named_and_all_are_counted) {
    int64_t n = N;
    assay_tensor golden = assay_tensor_view(ASSAY_I64, 1, &n, gi), candidate = assay_tensor_view(ASSAY_I64, 1, &n, ci);
    for (int64_t i = 0; i < N; i++) gi[i] = ci[i] = i;
    cr_assert_eq(judge(ASSAY_STAGE_INPUT_IDS, &golden, &candidate, NULL, 0).verdict, ASSAY_VERDICT_PASS);
    for (size_t i = PLACES; i-- > 0;) {
        ci[places[i]]++;
        assay_entry e = judge(ASSAY_STAGE_INPUT_IDS, &golden, &candidate, NULL, 0);
        cr_assert_eq(e.worst.index, places[i]);
        char text[64];
        snprintf(text, sizeof text, "at %zu of %d places", PLACES - i, N);
        cr_assert(strstr(e.reason, text), "%s", e.reason);
    }
}

Test(judge_blocks, hidden_scores_are_taken_out_and_a_wrong_one_is_found) {
    for (int64_t i = 0; i < N; i += 2) g[i] = c[i] = -1e6f;
    assay_entry e = judge_floats(ASSAY_STAGE_ATTN_SCORES, 0);
    cr_assert_eq(e.verdict, ASSAY_VERDICT_PASS);
    cr_assert_eq(e.metrics.finite, N / 2);
    cr_assert_leq(e.metrics.golden_max, 1);
    for (size_t i = PLACES; i-- > 0;) {
        c[places[i]] = places[i] % 2 ? -1e6f : 0;
        e = judge_floats(ASSAY_STAGE_ATTN_SCORES, INFINITY);
        cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
        cr_assert_eq(e.worst.index, places[i]);
        cr_assert_eq(e.deviation, INFINITY);
    }
}

Test(judge_blocks, a_stored_value_that_rounds_otherwise_is_found) {
    int64_t n = N;
    assay_tensor golden = assay_tensor_view(ASSAY_BF16, 1, &n, gh),
                 candidate = assay_tensor_view(ASSAY_BF16, 1, &n, ch);
    assay_tensor unrounded = vector_f32(u, N);
    for (int64_t i = 0; i < N; i++) gh[i] = ch[i] = assay_f32_to_bf16(u[i] = g[i] + 2);
    for (size_t i = PLACES; i-- > 0;) {
        ch[places[i]] += 2;
        for (int with = 0; with < 2; with++) {
            assay_entry e = judge(ASSAY_STAGE_MEM_READ_KEY, &golden, &candidate, with ? &unrounded : NULL, 1e-6);
            cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
            cr_assert(strstr(e.reason, "of 262147 places"), "%s", e.reason);
            cr_assert_eq(e.metrics.max_ulp, 2);
            if (!with) cr_assert_eq(e.worst.candidate - e.worst.golden, e.deviation);
        }
    }
    for (int64_t i = 0; i < N; i++) ch[i] = gh[i];
    ch[N - 1] ^= 0x7fc0;
    cr_assert_eq(judge(ASSAY_STAGE_MEM_READ_KEY, &golden, &candidate, NULL, INFINITY).worst.index, N - 1);
}

/* It deviates by nothing: an arbitrarily small move of the unrounded value explains it. */
Test(judge_blocks, a_tie_that_went_the_other_way_is_found_at_every_edge) {
    int64_t n = N;
    assay_tensor golden = assay_tensor_view(ASSAY_BF16, 1, &n, gh),
                 candidate = assay_tensor_view(ASSAY_BF16, 1, &n, ch);
    assay_tensor unrounded = vector_f32(u, N);
    for (int64_t i = 0; i < N; i++) gh[i] = ch[i] = assay_f32_to_bf16(u[i] = 1 + 0x1p-8f);
    for (size_t i = 0; i < PLACES; i++) {
        ch[places[i]]++;
        assay_entry e = judge(ASSAY_STAGE_MEM_READ_KEY, &golden, &candidate, &unrounded, 0);
        cr_assert_eq(e.verdict, ASSAY_VERDICT_FAIL);
        cr_assert_eq(e.worst.index, places[i]);
        cr_assert_eq(e.deviation, 0);
        ch[places[i]]--;
    }
}

Test(judge_blocks, what_was_not_cast_is_found) {
    int64_t n = N;
    assay_tensor golden = assay_tensor_view(ASSAY_BF16, 1, &n, gh), candidate = vector_f32(c, N);
    for (int64_t i = 0; i < N; i++) c[i] = assay_bf16_to_f32(gh[i] = assay_f32_to_bf16(g[i]));
    cr_assert_eq(judge(ASSAY_STAGE_MEM_READ_KEY, &golden, &candidate, NULL, 0).verdict, ASSAY_VERDICT_PASS);
    for (size_t i = PLACES; i-- > 0;) {
        c[places[i]] = 1 + 0x1p-20f;
        assay_entry e = judge(ASSAY_STAGE_MEM_READ_KEY, &golden, &candidate, NULL, INFINITY);
        cr_assert_str_eq(e.rules, "MEM-6");
        cr_assert_eq(e.worst.index, places[i]);
    }
}

/* Rows that do not divide a block, and one that is longer. */
Test(judge_blocks, rows_of_logits_are_never_cut) {
    const int64_t shapes[][2] = {{262, 1000}, {1, N}, {87382, 3}, {2, BLOCK + 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        int64_t rows = shapes[i][0], size = shapes[i][1];
        assay_tensor golden = assay_tensor_view(ASSAY_F32, 2, shapes[i], g);
        assay_tensor candidate = assay_tensor_view(ASSAY_F32, 2, shapes[i], c);
        start();
        for (int64_t row = 0; row < rows; row++) g[row * size + size / 2] = c[row * size + size / 2] = 4;
        c[(rows - 1) * size + size - 1] = 5;
        assay_entry e = judge(ASSAY_STAGE_LOGITS, &golden, &candidate, NULL, 0.5);
        cr_assert_eq(e.metrics.logits.rows, rows);
        cr_assert_eq(e.metrics.logits.top1_wrong, 1);
        cr_assert_eq(e.metrics.logits.kl_worst_row, rows - 1);
        cr_assert_eq(e.worst.index, (rows - 1) * size + size - 1);
    }
}

Test(judge_blocks, threads_change_no_bit) {
    for (int64_t i = 0; i < N; i++) c[i] = g[i] * (1 + 1e-6f);
    omp_set_num_threads(1);
    assay_entry first = judge_floats(ASSAY_STAGE_LOGITS, 1);
    for (int threads = 2; threads < 5; threads++) {
        omp_set_num_threads(threads);
        assay_entry e = judge_floats(ASSAY_STAGE_LOGITS, 1);
        cr_assert_eq(memcmp(&e.metrics, &first.metrics, sizeof e.metrics), 0);
    }
}

Test(judge_blocks, the_scale_is_that_of_all_blocks) {
    for (size_t i = 0; i < PLACES; i++) {
        start();
        g[places[i]] = -3;
        assay_tensor t = vector_f32(g, N);
        assay_values values = assay_values_of(&t);
        double scale;
        cr_assert_eq(assay_judge_scale(ASSAY_STAGE_Q_PROJ, &values, ASSAY_F32, &scale, NULL), ASSAY_OK);
        cr_assert_eq(scale, 3);
        g[places[i]] = -1e6f;
        g[places[PLACES - 1 - i]] = 2;
        cr_assert_eq(assay_judge_scale(ASSAY_STAGE_ATTN_SCORES, &values, ASSAY_F32, &scale, NULL), ASSAY_OK);
        cr_assert(scale == 2 || i == PLACES / 2);
    }
}
