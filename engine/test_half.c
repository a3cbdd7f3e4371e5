/*
 * Half precision against numbers that torch 2.13.0 computed on CPU, with the original's modules
 * (PREC-1 to PREC-4, ATT-1, ATT-3, ATT-4, NORM-1, ROPE-3, LOSS-1). Every number must be the very one: what is summed is short enough
 * that the order of float sums does not matter.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/attention.h"
#include "engine/loss.h"
#include "engine/norm.h"
#include "engine/real.h"
#include "engine/rope.h"

static void expect_equal(const float *found, const float *expected, int n, const char *what) {
    for (int i = 0; i < n; i++)
        cr_expect(found[i] == expected[i], "%s, %d: %.9g is not %.9g", what, i, (double)found[i], (double)expected[i]);
}

Test(half, rounding_is_to_nearest_even) {
    cr_expect_eq(real_rounded(0x1.01p0f, ASSAY_BF16), 1.0f, "a tie goes to the even one");
    cr_expect_eq(real_rounded(0x1.03p0f, ASSAY_BF16), 0x1.04p0f);
    cr_expect_eq(real_rounded(0x1.002p0f, ASSAY_F16), 1.0f);
    cr_expect_eq(real_rounded(0x1.006p0f, ASSAY_F16), 0x1.008p0f);
    cr_expect_eq(real_rounded(0x1.000002p0f, ASSAY_F32), 0x1.000002p0f);
    float values[] = {0x1.01p0f, 0x1.03p0f};
    real_round(values, 2, ASSAY_F32);
    cr_expect_eq(values[0], 0x1.01p0f);
    real_round(values, 2, ASSAY_BF16);
    cr_expect(values[0] == 1.0f && values[1] == 0x1.04p0f);
}

/* ---- the rest; of each pair the first is in bfloat16, the second in float16 ---- */

static const assay_dtype types[] = {ASSAY_BF16, ASSAY_F16};

Test(half, norm_is_cast_before_the_weight) { /* NORM-1 */
    static const float x[2][16] = {
        {-0.153320312f, 0.71875f, -1.5625f, 0.142578125f, 1.328125f, -0.57421875f, 3.234375f, -3.1875f, -0.103515625f,
         -0.61328125f, 0.49609375f, -0.4453125f, 1.828125f, 0.408203125f, 1.1484375f, 0.83203125f},
        {-3.02539062f, 0.00702667236f, 3.57617188f, 2.40039062f, -0.212890625f, -1.41601562f, -0.913574219f,
         -1.72851562f, -3.61523438f, -0.772460938f, 1.98339844f, 0.244995117f, -2.79882812f, 1.03027344f, 0.0424194336f,
         1.83398438f}};
    static const float weight[2][8] = {
        {0.5703125f, 1.296875f, 1.15625f, 1.375f, 0.7421875f, 1.0859375f, 1.125f, 0.9765625f},
        {1.25585938f, 1.01367188f, 0.349365234f, 1.2578125f, 0.82421875f, 0.692382812f, 0.586914062f, 0.917480469f}};
    static const float expected[2][16] = {
        {-0.048828125f, 0.51953125f, -1.0078125f, 0.109375f, 0.55078125f, -0.34765625f, 2.03125f, -1.7421875f,
         -0.06640625f, -0.890625f, 0.64453125f, -0.6875f, 1.515625f, 0.498046875f, 1.453125f, 0.91015625f},
        {-1.85449219f, 0.00347709656f, 0.609863281f, 1.47363281f, -0.0856933594f, -0.478759766f, -0.26171875f,
         -0.773925781f, -2.34765625f, -0.404785156f, 0.358154297f, 0.159423828f, -1.19238281f, 0.368896484f,
         0.0128707886f, 0.870117188f}};
    for (int i = 0; i < 2; i++) {
        float out[16];
        assay_rms_norm_f32(out, x[i], weight[i], 2, 8, &(assay_norm){.eps = 1e-5, .run = types[i]});
        expect_equal(out, expected[i], 16, assay_dtype_name(types[i]));
    }
}

/* Two vectors at the positions 3 and 299, in a table of 512 rows of which `built` are made with the model. */
static void rotate(float *out, const float *x, assay_dtype run, assay_rotary_frequencies frequencies, int64_t built) {
    assay_rope_table table = {.head_dim = 8, .theta = 1e4, .run = run, .frequencies = frequencies, .built_rows = built};
    cr_assert_eq(assay_rope_grow_f32(&table, 16, NULL), ASSAY_OK);
    cr_assert_eq(assay_rope_grow_f32(&table, 512, NULL), ASSAY_OK);
    assay_rope_rotate_f32(out, x, &table, 3);
    assay_rope_rotate_f32(out + 8, x + 8, &table, 299);
    assay_rope_free(&table);
}

Test(half, rotation_is_rounded_thrice) { /* ROPE-3, PREC-3 */
    static const float x[2][16] = {
        {-0.953125f, -0.5859375f, -0.6953125f, 0.69921875f, 0.07421875f, -0.135742188f, 0.859375f, -1.734375f,
         -0.54296875f, 0.283203125f, 0.259765625f, 1.359375f, -1.9140625f, 0.127929688f, 1.3203125f, 1.640625f},
        {-1.23144531f, 0.431884766f, -0.586425781f, -1.74511719f, -0.809082031f, 1.11230469f, 0.672363281f, 1.15332031f,
         -2.65234375f, -3.68554688f, -0.105102539f, -1.59667969f, 5.45703125f, -0.185791016f, 1.23242188f,
         -2.2578125f}};
    static const float built_in_type[2][16] = {
        {0.9296875f, -0.5234375f, -0.72265625f, 0.703125f, -0.208007812f, -0.302734375f, 0.83984375f, -1.734375f,
         -0.5390625f, 0.143554688f, -0.45703125f, 0.8203125f, 1.921875f, -0.275390625f, -1.265625f, 1.96875f},
        {1.33398438f, 0.083984375f, -0.605957031f, -1.74902344f, 0.627441406f, 1.19042969f, 0.654296875f, 1.1484375f,
         5.109375f, -0.387695312f, -0.0822143555f, -0.859863281f, -3.2734375f, 3.66992188f, -1.234375f, -2.62890625f}};
    static const float cast_later[2][16] = {
        {0.9296875f, -0.5234375f, -0.72265625f, 0.703125f, -0.208007812f, -0.3046875f, 0.83984375f, -1.734375f,
         -1.8984375f, 0.169921875f, -0.44140625f, 0.8203125f, 0.5859375f, -0.259765625f, -1.265625f, 1.9765625f},
        {1.33398438f, 0.083984375f, -0.605957031f, -1.74902344f, 0.627441406f, 1.19042969f, 0.654296875f, 1.1484375f,
         5.109375f, -0.353271484f, -0.0818481445f, -0.859863281f, -3.2734375f, 3.67382812f, -1.234375f, -2.62890625f}};
    for (int i = 0; i < 2; i++) {
        float out[16];
        rotate(out, x[i], types[i], ASSAY_FREQUENCIES_F32, 16);
        expect_equal(out, built_in_type[i], 16, "built in the type");
        rotate(out, x[i], types[i], ASSAY_FREQUENCIES_CAST, 512);
        expect_equal(out, built_in_type[i], 16, "a table that does not grow");
        rotate(out, x[i], types[i], ASSAY_FREQUENCIES_CAST, 16);
        expect_equal(out, cast_later[i], 16, "PREC-2: a table that grows after the cast");
    }
}

/* ---- attention: three queries of one head, D = 4, on their own keys ---- */

static const float query[2][12] = {{-0.78515625f, 0.3046875f, -2.375f, 1.0703125f, -2.90625f, -1.2578125f, 0.30859375f,
                                    -0.49609375f, 0.90625f, 0.0241699219f, 2.6875f, 2.921875f},
                                   {1.19921875f, 2.2265625f, 2.20703125f, -2.75585938f, -0.821289062f, 4.13671875f,
                                    0.483398438f, 2.00976562f, 2.18554688f, 0.591308594f, -1.81933594f, 1.12109375f}};
static const float key[2][12] = {{0.87109375f, 2.03125f, -4.375f, 0.423828125f, -1.8828125f, -0.6484375f, -2.109375f,
                                  1.6484375f, -1.0546875f, 1.625f, -1.609375f, -2.09375f},
                                 {3.18359375f, -1.42480469f, -0.59765625f, -0.5703125f, -1.02246094f, -0.294189453f,
                                  -3.1796875f, -1.62207031f, -2.34765625f, 0.144165039f, 3.15234375f, -1.078125f}};
static const float value[2][12] = {{-0.109863281f, 0.353515625f, -0.4453125f, -0.94921875f, -0.0561523438f, -1.4375f,
                                    -1.2109375f, 1.09375f, -0.49609375f, 0.7578125f, -0.6796875f, 0.83984375f},
                                   {0.0338134766f, -1.81835938f, 1.33203125f, -0.469482422f, 0.159179688f, 1.58691406f,
                                    -1.13183594f, 0.140625f, 0.515625f, 0.503417969f, 0.236328125f, 0.5625f}};

typedef struct {
    float out[12], scores[9], probs[9];
} attended;

static attended attend(int type, const float *q, const float *k, const uint8_t keep[3], bool fused) {
    attended r;
    float rotated[12], mixed[12], values[12];
    memcpy(rotated, q, sizeof rotated);
    memcpy(mixed, k, sizeof mixed);
    memcpy(values, value[type], sizeof values);
    assay_attention_f32 a = {.batch = 1, .heads = 1, .queries = 3, .local = 3, .head_dim = 4, .local_capacity = 3};
    a.query = rotated;
    a.key = mixed;
    a.value = values;
    a.keep = keep;
    a.keep_stride = 3;
    a.unclamped = a.fused = fused;
    a.run = types[type];
    a.out = r.out;
    a.scores = fused ? NULL : r.scores;
    a.probs = fused ? NULL : r.probs;
    float *scratch = malloc(assay_attention_scratch_f32(&a) * sizeof *scratch);
    assay_attend_f32(&a, scratch, 1);
    free(scratch);
    return r;
}

static void expect_attended(int type, const char *keeps, const float *scores, const float *probs, const float *out) {
    uint8_t keep[3];
    for (int i = 0; i < 3; i++) keep[i] = keeps[i] == '1';
    attended r = attend(type, query[type], key[type], keep, false);
    expect_equal(r.scores, scores, 9, "scores");
    expect_equal(r.probs, probs, 9, "probabilities");
    expect_equal(r.out, out, 12, "output");
}

Test(half, every_operation_of_attention_is_rounded) { /* PREC-3, ATT-1, ATT-2 */
    static const float scores[2][9] = {
        {5.375f, -999424, -999424, -3.328125f, 2.40625f, -999424, -4.84375f, -1.2890625f, -5.6875f},
        {0.448974609f, -65504, -65504, -4.97265625f, -2.58789062f, -65504, 3.28125f, 0.778808594f, -5.99609375f}};
    static const float probs[2][9] = {
        {1, 0, 0, 0.00321960449f, 0.99609375f, 0, 0.0274658203f, 0.9609375f, 0.0118408203f},
        {1, 0, 0, 0.0843505859f, 0.915527344f, 0, 0.924316406f, 0.0756835938f, 8.64267349e-05f}};
    static const float out[2][12] = {
        {-0.109863281f, 0.353515625f, -0.4453125f, -0.94921875f, -0.0563964844f, -1.4296875f, -1.2109375f, 1.0859375f,
         -0.0629882812f, -1.359375f, -1.1875f, 1.03125f},
        {0.0338134766f, -1.81835938f, 1.33203125f, -0.469482422f, 0.14855957f, 1.29980469f, -0.923828125f,
         0.0891723633f, 0.0433349609f, -1.56054688f, 1.14550781f, -0.423339844f}};
    for (int i = 0; i < 2; i++) expect_attended(i, "111", scores[i], probs[i], out[i]);
}

Test(half, hidden_keys_have_the_clamp_of_the_type) { /* ATT-1, ATT-3: the first query sees nothing */
    static const float scores[2][9] = {
        {-999424, -999424, -999424, -999424, 2.40625f, -999424, -999424, -1.2890625f, -5.6875f},
        {-65504, -65504, -65504, -65504, -2.58789062f, -65504, -65504, 0.778808594f, -5.99609375f}};
    static const float probs[2][9] = {
        {0.333984375f, 0.333984375f, 0.333984375f, 0, 1, 0, 0, 0.98828125f, 0.0121459961f},
        {0.333251953f, 0.333251953f, 0.333251953f, 0, 1, 0, 0, 0.999023438f, 0.00114059448f}};
    static const float out[2][12] = {
        {-0.220703125f, -0.108886719f, -0.78125f, 0.328125f, -0.0561523438f, -1.4375f, -1.2109375f, 1.09375f,
         -0.0615234375f, -1.4140625f, -1.203125f, 1.09375f},
        {0.236206055f, 0.090637207f, 0.145507812f, 0.0778808594f, 0.159179688f, 1.58691406f, -1.13183594f, 0.140625f,
         0.159667969f, 1.5859375f, -1.13085938f, 0.141113281f}};
    for (int i = 0; i < 2; i++) expect_attended(i, "011", scores[i], probs[i], out[i]);
}

/* ATT-3: 80 above the least float16, the score of a hidden key stands out of the others. */
Test(half, a_hidden_row_of_float16_keeps_its_largest_score) {
    static const float q[12] = {8, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0};
    static const float k[12] = {1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0};
    static const uint8_t keep[3] = {0, 0, 0};
    attended r = attend(1, q, k, keep, false);
    cr_expect_eq(r.probs[7], 1.0f, "the last query");
    cr_expect_eq(r.scores[7], -65408.0f);
    cr_expect_eq(r.scores[6], -65504.0f);
    r = attend(0, q, k, keep, false);
    cr_expect_eq(r.scores[7], -999424.0f, "bfloat16's mask absorbs it");
    cr_expect_eq(r.probs[6], r.probs[7]);
}

/* PREC-4, ATT-4: float16 sums of torch's own attention are good to a unit only, as its exponential is. */
Test(half, fused_attention_rounds_its_weights_and_output) {
    static const float out[2][12] = {{-0.220703125f, -0.108886719f, -0.77734375f, 0.328125f, -0.0561523438f, -1.4375f,
                                      -1.2109375f, 1.09375f, -0.0615234375f, -1.4140625f, -1.203125f, 1.09375f},
                                     {0.497070312f, 0.421386719f, 0.272949219f, 0.523925781f, 0.159179688f, 1.58691406f,
                                      -1.13183594f, 0.140625f, 0.159545898f, 1.5859375f, -1.12988281f, 0.141113281f}};
    static const uint8_t keep[3] = {0, 1, 1};
    for (int i = 0; i < 2; i++) {
        attended r = attend(i, query[i], key[i], keep, true);
        for (int j = 0; j < 12; j++) {
            double unit = assay_dtype_epsilon(types[i]) * fabs((double)out[i][j]);
            cr_expect_leq(fabs((double)(r.out[j] - out[i][j])), i ? unit : 0, "%d: %.9g is not %.9g", j,
                          (double)r.out[j], (double)out[i][j]);
        }
    }
}

Test(half, loss_is_the_mean_of_rounded_terms) { /* LOSS-1 */
    static const float logits[2][18] = {
        {-3.578125f, -0.40625f, -0.52734375f, 3.1875f, -0.0147094727f, 3.546875f, 2.25f, 4.40625f, -2.375f, 3.15625f,
         -0.51171875f, 0.314453125f, -0.57421875f, -0.373046875f, 2.875f, -0.34375f, -1.2265625f, -0.10546875f},
        {-2.296875f, 0.739746094f, -0.8984375f, -0.874511719f, -5.9375f, -1.4609375f, -0.706054688f, -4.984375f,
         -2.92578125f, 3.52539062f, 1.46191406f, 3.33984375f, 3.60351562f, 2.00585938f, -0.312255859f, 4.3046875f,
         3.65039062f, 4.6171875f}};
    static const double expected[2] = {3.328125, 3.015625};
    static const double terms[2][3] = {{4.53125, 5.28125, 0.1650390625}, {0.440673828125, 2.7421875, 5.8671875}};
    int64_t labels[] = {0, 1, 4, 2};
    for (int i = 0; i < 2; i++) {
        float padded[24] = {0};
        memcpy(padded, logits[i], sizeof logits[i]);
        const int64_t shape[] = {1, 4, 6};
        assay_tensor wide = assay_tensor_view(ASSAY_F32, 3, shape, padded), narrow;
        cr_assert_eq(assay_tensor_copy(&narrow, &wide, types[i], NULL), ASSAY_OK);
        for (int t = 0; t < 3; t++) cr_expect_eq(assay_cross_entropy(&narrow, t * 6, 6, labels[t + 1]), terms[i][t]);
        assay_tensor wanted = assay_tensor_view(ASSAY_I64, 2, (int64_t[]){1, 4}, labels);
        float loss = (float)assay_loss_causal(&narrow, &wanted, &(assay_semantics){0});
        cr_expect_eq((double)assay_round_half(loss, types[i]), expected[i]);
        assay_tensor_free(&narrow);
    }
}

/* Rows of six logits on a grid, some of them without a label; the numbers are torch's. A plain mean gives others. */
Test(half, long_losses_are_summed_in_levels) { /* LOSS-1 */
    enum { rows = 33, vocab = 6 };
    static const double expected[] = {2.890625, 2.900390625};
    float logits[rows + 1][vocab] = {{0}};
    int64_t labels[rows + 1] = {0};
    for (int i = 0; i < rows; i++) {
        for (int v = 0; v < vocab; v++) logits[i][v] = (float)((i * 7 + v * 3) % 11 - 5) * 0.5f;
        labels[i + 1] = i % 9 == 4 ? -100 : i * 5 % vocab;
    }
    assay_tensor wide = assay_tensor_view(ASSAY_F32, 3, (int64_t[]){1, rows + 1, vocab}, logits);
    assay_tensor wanted = assay_tensor_view(ASSAY_I64, 2, (int64_t[]){1, rows + 1}, labels);
    for (int i = 0; i < 2; i++) {
        assay_tensor narrow;
        cr_assert_eq(assay_tensor_copy(&narrow, &wide, types[i], NULL), ASSAY_OK);
        double loss = assay_loss_causal(&narrow, &wanted, &(assay_semantics){0});
        cr_expect_eq(loss, expected[i], "%s: %.9g", assay_dtype_name(types[i]), loss);
        assay_tensor_free(&narrow);
    }
}
