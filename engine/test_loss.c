/* Losses against torch.nn's, run once in float64 under torch 2.13.0 (LOSS-1, CLS-1). */
#include "engine/loss.h"

#include <criterion/criterion.h>
#include <math.h>

#include "engine/test_support.h"

enum { batch = 2, tokens = 5, vocabulary = 7 };

/* The logits that the constants were made from. */
static double values[batch * tokens * vocabulary];
static assay_tensor logits_of(int rank, const int64_t *shape) {
    for (int i = 0; i < batch * tokens * vocabulary; i++) values[i] = 3 * sin(0.7 * i + 0.3);
    return assay_tensor_view(ASSAY_F64, rank, shape, values);
}

static assay_tensor labels_view(int64_t *labels, int64_t rows, int64_t columns) {
    return assay_tensor_view(ASSAY_I64, 2, (int64_t[]){rows, columns}, labels);
}

Test(loss, causal_is_shifted_and_leaves_minus_100_out) { /* LOSS-1 */
    assay_tensor logits = logits_of(3, (int64_t[]){batch, tokens, vocabulary});
    int64_t labels[] = {6, 0, 3, -100, 1, 2, -100, 5, 6, 4};
    assay_tensor t = labels_view(labels, batch, tokens);
    cr_assert_float_eq(assay_loss_causal(&logits, &t, &(assay_semantics){0}), 2.313124996246509, 1e-14);
    labels[0] = 5; /* the first label of a row is never read */
    labels[5] = -100;
    cr_assert_float_eq(assay_loss_causal(&logits, &t, &(assay_semantics){0}), 2.313124996246509, 1e-14);
}

Test(loss, cross_entropy_of_one_row) {
    assay_tensor logits = logits_of(3, (int64_t[]){batch, tokens, vocabulary});
    cr_assert_float_eq(assay_cross_entropy(&logits, 0, vocabulary, 3), 1.7448099509960184, 1e-14);
}

Test(loss, float_logits_are_summed_in_double) {
    logits_of(3, (int64_t[]){batch, tokens, vocabulary});
    float narrow[vocabulary];
    for (int i = 0; i < vocabulary; i++) narrow[i] = (float)values[i];
    assay_tensor logits = assay_tensor_view(ASSAY_F32, 1, (int64_t[]){vocabulary}, narrow);
    cr_assert_float_eq(assay_cross_entropy(&logits, 0, vocabulary, 3), 1.7448099509960184, 1e-6);
}

Test(loss, nothing_left_is_nan) { /* LOSS-1 */
    assay_tensor logits = logits_of(3, (int64_t[]){1, 3, vocabulary});
    int64_t labels[] = {1, -100, -100};
    assay_tensor t = labels_view(labels, 1, 3);
    cr_assert(isnan(assay_loss_causal(&logits, &t, &(assay_semantics){0})));
    logits = logits_of(3, (int64_t[]){1, 1, vocabulary}); /* T = 1 */
    t = labels_view(labels, 1, 1);
    cr_assert(isnan(assay_loss_causal(&logits, &t, &(assay_semantics){0})));
}

Test(loss, large_logits_do_not_overflow) {
    double big[] = {1000, -1000};
    assay_tensor logits = assay_tensor_view(ASSAY_F64, 2, (int64_t[]){1, 2}, big);
    cr_assert_float_eq(assay_cross_entropy(&logits, 0, 2, 1), 2000, 1e-9);
    cr_assert_float_eq(assay_cross_entropy(&logits, 0, 2, 0), 0, 1e-9);
    double wanted[] = {0, 1};
    assay_tensor labels = assay_tensor_view(ASSAY_F64, 2, (int64_t[]){1, 2}, wanted);
    cr_assert_float_eq(assay_loss_binary(&logits, &labels), 1000, 1e-9);
}

Test(loss, nan_logits_make_a_nan_loss) {
    double row[] = {1, NAN, 2};
    assay_tensor logits = assay_tensor_view(ASSAY_F64, 2, (int64_t[]){1, 3}, row);
    cr_assert(isnan(assay_cross_entropy(&logits, 0, 3, 0)));
}

Test(loss, squared_and_binary) { /* CLS-1 */
    assay_tensor logits = logits_of(2, (int64_t[]){2, 3});
    double targets[] = {1, 0, -2, .5, 3, 1}, bits[] = {1, 0, 1, 0, 0, .25};
    assay_tensor labels = assay_tensor_view(ASSAY_F64, 2, (int64_t[]){2, 3}, targets);
    cr_assert_float_eq(assay_loss_squared(&logits, &labels), 8.295591762656537, 1e-14);
    labels = assay_tensor_view(ASSAY_F64, 2, (int64_t[]){2, 3}, bits);
    cr_assert_float_eq(assay_loss_binary(&logits, &labels), 1.0851479189240834, 1e-14);
}

static void check_refused(int64_t *data, int64_t rows, int64_t columns, const char *text) {
    assay_error err = {0};
    assay_tensor t = labels_view(data, rows, columns);
    test_is_refusal(assay_loss_check_labels(&t, batch, tokens, vocabulary, &err), &err, "LOSS-1", text);
}

Test(loss, labels_must_fit) {
    int64_t labels[] = {99, 0, 6, -100, 1, -7, -100, 5, 6, 4};
    assay_tensor t = labels_view(labels, batch, tokens);
    cr_assert_eq(assay_loss_check_labels(&t, batch, tokens, vocabulary, NULL), ASSAY_OK, "first labels are not read");
    labels[9] = 7;
    check_refused(labels, batch, tokens, "labels[1][4] is 7");
    labels[9] = -1;
    check_refused(labels, batch, tokens, "labels[1][4] is -1");
    check_refused(labels, 1, 10, "(1, 10)");
    check_refused(labels, batch, tokens - 1, "(2, 4)");
    assay_error err = {0};
    double floats[10] = {0};
    t = assay_tensor_view(ASSAY_F64, 2, (int64_t[]){batch, tokens}, floats);
    test_is_refusal(assay_loss_check_labels(&t, batch, tokens, vocabulary, &err), &err, "LOSS-1", "whole numbers");
}
