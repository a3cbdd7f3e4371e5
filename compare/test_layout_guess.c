#include "compare/layout_guess.h"

#include "compare/compare_fixture.h"
#include "golden/test_scratch.h"

static const assay_layout_facts facts = {2, 4}; /* H, D */

/* Of the guesses for a candidate of this shape, the operations of the first in which the element of the stage lies at `offset`. */
static void expect_ops(assay_stage stage, const int64_t *shape, int rank, const int64_t *candidate, int candidate_rank,
                       size_t element, size_t offset, const assay_layout_kind *kinds, size_t count) {
    const assay_tensor whole = assay_tensor_view(ASSAY_F32, rank, shape, NULL);
    const assay_tensor port = assay_tensor_view(ASSAY_F32, candidate_rank, candidate, NULL);
    const assay_stage_axes axes = assay_stage_axes_of(stage, &whole, &facts);
    assay_layout_guess guesses[ASSAY_GUESS_MAX];
    size_t n = assay_layout_guesses(&axes, &port, guesses), i = 0, op_count;
    while (i < n && assay_layout_guess_offset(&axes, &guesses[i], element) != offset) i++;
    cr_assert_lt(i, n, "none of %zu guesses", n);
    assay_layout_op ops[ASSAY_GUESS_MAX_OPS];
    EXPECT_OK(assay_layout_guess_ops(&axes, &guesses[i], &port, &facts, ops, &op_count, &expect_err));
    cr_assert_eq(op_count, count, "%d axes from %d, element %zu: %zu operations, the first %s", rank, candidate_rank,
                 element, op_count, op_count ? assay_layout_name(ops[0].kind) : "");
    for (size_t k = 0; k < count; k++) cr_expect_eq(ops[k].kind, kinds[k], "%s", assay_layout_name(ops[k].kind));
    assay_tensor out;
    EXPECT_OK(assay_layout_shape(&out, &port, ops, op_count, &facts, "x", &expect_err));
    cr_expect(assay_tensor_same_shape(&out, &whole));
}

#define SHAPE(...) \
    (int64_t[]) { __VA_ARGS__ }
#define KINDS(...) \
    (assay_layout_kind[]) { __VA_ARGS__ }

Test(layout_guess, operations_have_names) {
    const assay_stage q = ASSAY_STAGE_Q_PROJ, rotated = ASSAY_STAGE_ROTATE_KEY, output = ASSAY_STAGE_LAYER_OUTPUT;
    expect_ops(q, SHAPE(3, 5, 8), 3, SHAPE(3, 5, 8), 3, 1, 1, NULL, 0);
    expect_ops(q, SHAPE(3, 5, 8), 3, SHAPE(3, 5, 8), 3, 2, 1, KINDS(ASSAY_LAYOUT_INTERLEAVED_TO_HALVES), 1);
    expect_ops(q, SHAPE(3, 5, 8), 3, SHAPE(3, 2, 5, 4), 4, 4, 20, KINDS(ASSAY_LAYOUT_MERGE_HEADS), 1);
    expect_ops(q, SHAPE(3, 5, 8), 3, SHAPE(5, 3, 8), 3, 8, 24, KINDS(ASSAY_LAYOUT_SWAP_BATCH_TOKEN), 1);
    expect_ops(q, SHAPE(1, 5, 8), 3, SHAPE(5, 8), 2, 8, 8, KINDS(ASSAY_LAYOUT_INSERT_AXIS), 1);
    expect_ops(rotated, SHAPE(3, 2, 5, 4), 4, SHAPE(3, 5, 8), 3, 4, 8, KINDS(ASSAY_LAYOUT_SPLIT_HEADS), 1);
    expect_ops(rotated, SHAPE(3, 2, 5, 4), 4, SHAPE(3, 5, 2, 4), 4, 4, 8, KINDS(ASSAY_LAYOUT_TRANSPOSE), 1);
    expect_ops(rotated, SHAPE(1, 2, 5, 4), 4, SHAPE(5, 2, 4), 3, 4, 8,
               KINDS(ASSAY_LAYOUT_INSERT_AXIS, ASSAY_LAYOUT_TRANSPOSE), 2);
    expect_ops(output, SHAPE(1, 5, 8), 3, SHAPE(1, 1, 5, 8), 4, 8, 8, KINDS(ASSAY_LAYOUT_DROP_AXIS), 1);
    /* sizes from the axis that runs fastest on */
    expect_ops(output, SHAPE(1, 5, 8), 3, SHAPE(8, 5), 2, 8, 8, KINDS(ASSAY_LAYOUT_RESHAPE, ASSAY_LAYOUT_INSERT_AXIS),
               2);
}

Test(layout_guess, what_cannot_be_has_no_guess) {
    assay_layout_guess guesses[ASSAY_GUESS_MAX];
    const assay_tensor whole = assay_tensor_view(ASSAY_F32, 3, SHAPE(3, 5, 8), NULL);
    const assay_stage_axes axes = assay_stage_axes_of(ASSAY_STAGE_LAYER_OUTPUT, &whole, &facts);
    const assay_tensor others[] = {assay_tensor_view(ASSAY_F32, 3, SHAPE(3, 5, 7), NULL),
                                   assay_tensor_view(ASSAY_F32, 2, SHAPE(12, 10), NULL),
                                   assay_tensor_view(ASSAY_F32, 3, SHAPE(3, 5, 0), NULL)};
    for (size_t i = 0; i < 3; i++) cr_expect_eq(assay_layout_guesses(&axes, &others[i], guesses), 0, "%zu", i);
}
