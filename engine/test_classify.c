/* The classification head (CLS-1): pooling, the choice of the problem, its labels, and whole calls. */
#include "engine/classify.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "engine/loss.h"
#include "engine/test_support.h"

static assay_config classifier(int64_t labels) {
    assay_config c = test_config();
    c.head = ASSAY_HEAD_CLASSIFICATION;
    c.num_labels = labels;
    return c;
}

Test(classify, pooling_counts_the_ids_that_are_not_pads) {
    assay_config c = classifier(2);
    c.pad_token_id = 3;
    cr_assert_eq(assay_classify_column(&c, (int64_t[]){5, 6, 7, 3}, 4, ASSAY_POOL_COUNT), 2);
    cr_assert_eq(assay_classify_column(&c, (int64_t[]){5, 6, 7, 8}, 4, ASSAY_POOL_COUNT), 3);
    cr_assert_eq(assay_classify_column(&c, (int64_t[]){3, 3, 7, 8}, 4, ASSAY_POOL_COUNT), 1,
                 "wrong for left pads, and so it is");
    cr_assert_eq(assay_classify_column(&c, (int64_t[]){5, 3, 7, 3}, 4, ASSAY_POOL_COUNT), 1);
    cr_assert_eq(assay_classify_column(&c, (int64_t[]){3, 3, 3, 3}, 4, ASSAY_POOL_COUNT), 3,
                 "a row of pads only: the last column");
    cr_assert_eq(assay_classify_column(&c, NULL, 4, ASSAY_POOL_COUNT), 3, "embeddings have no pads");
    c.pad_token_id = ASSAY_NO_TOKEN;
    cr_assert_eq(assay_classify_column(&c, (int64_t[]){5, 3, 3, 3}, 4, ASSAY_POOL_COUNT), 3);
}

static assay_problem decided(int64_t labels, assay_tensor t) {
    assay_config c = classifier(labels);
    assay_problem problem = ASSAY_PROBLEM_UNSET;
    assay_error err = {0};
    cr_assert_eq(assay_classify_check_labels(&c, 2, &t, &problem, &err), ASSAY_OK, "%s", err.message);
    return problem;
}

static int64_t whole[] = {1, 0, 1, 0, 1, 1};
static double real_numbers[] = {1, 0, 1, 0, .5, 1};

static assay_tensor integers(int rank, int64_t columns) {
    return assay_tensor_view(ASSAY_I64, rank, (int64_t[]){2, columns}, whole);
}

static assay_tensor floats(int rank, int64_t columns) {
    return assay_tensor_view(ASSAY_F64, rank, (int64_t[]){2, columns}, real_numbers);
}

Test(classify, labels_decide_an_unset_problem) {
    cr_assert_eq(decided(1, floats(1, 0)), ASSAY_PROBLEM_REGRESSION);
    cr_assert_eq(decided(1, integers(1, 0)), ASSAY_PROBLEM_REGRESSION);
    cr_assert_eq(decided(1, floats(2, 1)), ASSAY_PROBLEM_REGRESSION);
    cr_assert_eq(decided(3, integers(1, 0)), ASSAY_PROBLEM_SINGLE_LABEL);
    cr_assert_eq(decided(3, floats(2, 3)), ASSAY_PROBLEM_MULTI_LABEL);
}

static void check_refused(int64_t labels, assay_problem problem, assay_tensor t, const char *text) {
    assay_config c = classifier(labels);
    assay_problem kept = problem;
    assay_error err = {0};
    test_is_refusal(assay_classify_check_labels(&c, 2, &t, &kept, &err), &err, "CLS-1", text);
    cr_assert_neq(kept, ASSAY_PROBLEM_UNSET, "labels that are refused decide as well");
    cr_assert(problem == ASSAY_PROBLEM_UNSET || kept == problem);
}

Test(classify, labels_that_do_not_fit_are_refused) {
    check_refused(3, ASSAY_PROBLEM_SINGLE_LABEL, floats(2, 3), "whole numbers");
    check_refused(3, ASSAY_PROBLEM_UNSET, integers(2, 3), "one a row");
    check_refused(3, ASSAY_PROBLEM_MULTI_LABEL, integers(2, 3), "binary cross entropy");
    check_refused(3, ASSAY_PROBLEM_MULTI_LABEL, floats(2, 2), "(2, 2)");
    check_refused(3, ASSAY_PROBLEM_MULTI_LABEL, floats(1, 0), "(2)");
    check_refused(3, ASSAY_PROBLEM_REGRESSION, floats(1, 0), "squared error");
    int64_t bad[] = {1, 3};
    check_refused(3, ASSAY_PROBLEM_UNSET, assay_tensor_view(ASSAY_I64, 1, (int64_t[]){2}, bad), "labels[1] is 3");
    bad[1] = -1;
    check_refused(3, ASSAY_PROBLEM_UNSET, assay_tensor_view(ASSAY_I64, 1, (int64_t[]){2}, bad), "labels[1] is -1");
    bad[1] = -100;
    cr_assert_eq(decided(3, assay_tensor_view(ASSAY_I64, 1, (int64_t[]){2}, bad)), ASSAY_PROBLEM_SINGLE_LABEL);
}

Test(classify, losses_are_those_of_torch) {
    double values[6];
    for (int i = 0; i < 6; i++) values[i] = 3 * sin(0.7 * i + 0.3);
    assay_tensor logits = assay_tensor_view(ASSAY_F64, 2, (int64_t[]){2, 3}, values);
    int64_t classes[] = {2, 0};
    assay_tensor labels = assay_tensor_view(ASSAY_I64, 1, (int64_t[]){2}, classes);
    cr_assert_float_eq(assay_classify_loss(&logits, &labels, ASSAY_PROBLEM_SINGLE_LABEL), 0.36163126809801172, 1e-14);
    classes[0] = -100, classes[1] = 1;
    cr_assert_float_eq(assay_classify_loss(&logits, &labels, ASSAY_PROBLEM_SINGLE_LABEL), 2.0589496165895196, 1e-14);
    classes[1] = -100;
    cr_assert(isnan(assay_classify_loss(&logits, &labels, ASSAY_PROBLEM_SINGLE_LABEL)));
    double bits[] = {1, 0, 1, 0, 0, .25};
    labels = assay_tensor_view(ASSAY_F64, 2, (int64_t[]){2, 3}, bits);
    cr_assert_float_eq(assay_classify_loss(&logits, &labels, ASSAY_PROBLEM_MULTI_LABEL), 1.0851479189240834, 1e-14);
    cr_assert_float_eq(assay_classify_loss(&logits, &labels, ASSAY_PROBLEM_REGRESSION),
                       assay_loss_squared(&logits, &labels), 0);
}

/* ---- whole calls ---- */

/* logits[b] = score . norm of the pooled column, from the taps, wherever a window boundary falls. */
static void check_pooled(const test_record *record, const assay_output *out, const test_rig *rig, int64_t b,
                         int64_t column) {
    size_t k = 0;
    while (out->windows[k].end <= column) k++;
    const assay_tensor *norm = test_record_find(record, ASSAY_STAGE_NORM, (int64_t)k, -1);
    int64_t at = b * norm->shape[1] + column - out->windows[k].begin, c = norm->shape[2];
    const float *score = assay_tensor_map_get(rig->weights, "score.weight")->data;
    for (int64_t label = 0; label < out->logits.shape[1]; label++) {
        double sum = 0;
        for (int64_t i = 0; i < c; i++) sum += (double)((float *)norm->data)[at * c + i] * (double)score[label * c + i];
        double found = assay_load_f64(out->logits.data, ASSAY_F32, (size_t)(b * out->logits.shape[1] + label));
        cr_assert_float_eq(found, sum, 1e-5, "row %d label %d: %g is not %g", (int)b, (int)label, found, sum);
    }
}

Test(classify, every_row_is_pooled_at_its_column_in_any_window) {
    assay_config c = classifier(3);
    test_rig rig;
    test_rig_start(&rig, &c, ASSAY_F32);
    assay_tensor ids = test_ids(4, 14, 3); /* windows 8, 2, 4 */
    const int64_t columns[] = {13, 8, 2, 13};
    for (int64_t b = 0; b < 3; b++)
        for (int64_t t = columns[b] + 1; t < 14; t++) ((int64_t *)ids.data)[b * 14 + t] = 0;
    for (int64_t t = 0; t < 14; t++) ((int64_t *)ids.data)[3 * 14 + t] = 0;
    test_record record = {0};
    assay_taps taps = test_record_taps(&record);
    assay_call call = {.input_ids = &ids, .use_cache = -1};
    assay_output out = test_run(&rig, &call, &taps);
    cr_assert_eq(out.window_count, 3);
    cr_assert_eq(out.logits.rank, 2);
    for (int64_t b = 0; b < 4; b++) check_pooled(&record, &out, &rig, b, columns[b]);
    assay_output_free(&out);
    test_record_free(&record);
    assay_tensor_free(&ids);
    test_rig_end(&rig);
}

Test(classify, the_first_choice_of_a_problem_sticks) {
    assay_config c = classifier(3);
    test_rig rig;
    test_rig_start(&rig, &c, ASSAY_F32);
    assay_tensor ids = test_ids(2, 3, 3), first = integers(1, 0), second = floats(2, 3);
    assay_problem problem = ASSAY_PROBLEM_UNSET;
    assay_call call = {.input_ids = &ids, .labels = &first, .use_cache = 0, .problem = &problem};
    assay_output out = test_run(&rig, &call, NULL);
    cr_assert(out.has_loss);
    cr_assert_eq(problem, ASSAY_PROBLEM_SINGLE_LABEL);
    assay_output_free(&out);
    call.labels = &second;
    test_refused(&rig, &call, "CLS-1", "labels");
    cr_assert_eq(problem, ASSAY_PROBLEM_SINGLE_LABEL);
    call.problem = NULL; /* forgotten: the labels decide again */
    out = test_run(&rig, &call, NULL);
    cr_assert_float_eq(out.loss, assay_loss_binary(&out.logits, &second), 1e-6);
    cr_assert_eq(out.loss, (double)(float)out.loss, "rounded to the model's dtype");
    assay_output_free(&out);
    assay_tensor_free(&ids);
    test_rig_end(&rig);
}

Test(classify, labels_that_are_refused_decide_for_later_calls) {
    assay_config c = classifier(3);
    test_rig rig;
    test_rig_start(&rig, &c, ASSAY_F32);
    assay_tensor ids = test_ids(2, 3, 3), narrow = floats(2, 2), classes = integers(1, 0);
    assay_problem problem = ASSAY_PROBLEM_UNSET;
    assay_call call = {
        .input_ids = &ids, .labels = &narrow, .use_cache = 0, .last_context_length = 0, .problem = &problem};
    call.has_last_context_length = true;
    test_refused(&rig, &call, "SCHED-4", "last_context_length");
    cr_assert_eq(problem, ASSAY_PROBLEM_UNSET, "the original does not come to the labels of such a call");
    call.has_last_context_length = false;
    test_refused(&rig, &call, "CLS-1", "binary cross entropy");
    cr_assert_eq(problem, ASSAY_PROBLEM_MULTI_LABEL);
    call.labels = &classes;
    test_refused(&rig, &call, "CLS-1", "binary cross entropy");
    assay_tensor_free(&ids);
    test_rig_end(&rig);
}

Test(classify, without_a_pad_id_there_is_one_row) {
    assay_config c = classifier(2);
    c.pad_token_id = ASSAY_NO_TOKEN;
    test_rig rig;
    test_rig_start(&rig, &c, ASSAY_F32);
    assay_tensor ids = test_ids(2, 3, 3), one = test_ids(1, 3, 3);
    assay_call call = {.input_ids = &ids, .use_cache = 0};
    test_refused(&rig, &call, "CLS-1", "batch of 2");
    call.input_ids = &one;
    assay_output out = test_run(&rig, &call, NULL);
    assay_output_free(&out);
    assay_tensor_free(&ids);
    assay_tensor_free(&one);
    test_rig_end(&rig);
}
