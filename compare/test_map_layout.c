#include "compare/map_layout.h"

#include "compare/compare_fixture.h"
#include "golden/test_scratch.h"

static const assay_layout_facts facts = {2, 4}; /* H, D */

/* Applies operations to 0, 1, 2 .. seen as `shape`; the outcome must have this shape and these values. */
static void expect(const assay_layout_op *ops, size_t count, int rank, const int64_t *shape, int out_rank,
                   const int64_t *out_shape, const float *values) {
    float data[64];
    for (int i = 0; i < 64; i++) data[i] = (float)i;
    const assay_tensor in = assay_tensor_view(ASSAY_F32, rank, shape, data);
    assay_tensor out, said;
    EXPECT_OK(assay_layout_shape(&said, &in, ops, count, &facts, "x", &expect_err));
    EXPECT_OK(assay_layout_apply(&out, &in, ops, count, &facts, "x", &expect_err));
    cr_assert(assay_tensor_same_shape(&said, &out));
    cr_assert_eq(out.rank, out_rank);
    for (int i = 0; i < out_rank; i++) cr_assert_eq(out.shape[i], out_shape[i], "axis %d", i);
    for (int64_t i = 0; i < assay_tensor_count(&out); i++)
        cr_assert_eq(((float *)out.data)[i], values[i], "element %d: %g, expected %g", (int)i,
                     (double)((float *)out.data)[i], (double)values[i]);
    assay_tensor_free(&out);
}

#define SHAPE(...) \
    (int64_t[]) { __VA_ARGS__ }
#define VALUES(...) \
    (float[]) { __VA_ARGS__ }

Test(map_layout, transpose) {
    const assay_layout_op two = {.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = 2, .sizes = {1, 0}};
    expect(&two, 1, 2, SHAPE(2, 3), 2, SHAPE(3, 2), VALUES(0, 3, 1, 4, 2, 5));
    const assay_layout_op three = {.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = 3, .sizes = {2, 0, -2}};
    expect(&three, 1, 3, SHAPE(1, 2, 3), 3, SHAPE(3, 1, 2), VALUES(0, 3, 1, 4, 2, 5));
    const assay_layout_op cycle = {.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = 3, .sizes = {1, 2, 0}};
    expect(&cycle, 1, 3, SHAPE(2, 1, 3), 3, SHAPE(1, 3, 2), VALUES(0, 3, 1, 4, 2, 5));
}

Test(map_layout, reshape) {
    const assay_layout_op op = {.kind = ASSAY_LAYOUT_RESHAPE, .rank = 3, .sizes = {ASSAY_SIZE_REST, 1, 2}};
    expect(&op, 1, 1, SHAPE(4), 3, SHAPE(2, 1, 2), VALUES(0, 1, 2, 3));
    const assay_layout_op letters = {
        .kind = ASSAY_LAYOUT_RESHAPE, .rank = 3, .sizes = {ASSAY_SIZE_REST, ASSAY_SIZE_H, ASSAY_SIZE_D}};
    expect(&letters, 1, 2, SHAPE(1, 8), 3, SHAPE(1, 2, 4), VALUES(0, 1, 2, 3, 4, 5, 6, 7));
    const assay_layout_op c = {.kind = ASSAY_LAYOUT_RESHAPE, .rank = 1, .sizes = {ASSAY_SIZE_C}};
    expect(&c, 1, 2, SHAPE(1, 8), 1, SHAPE(8), VALUES(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Two tokens of two heads of four: token t, head h, element d is 8t + 4h + d. */
Test(map_layout, heads) {
    const assay_layout_op split = {.kind = ASSAY_LAYOUT_SPLIT_HEADS}, merge = {.kind = ASSAY_LAYOUT_MERGE_HEADS};
    const float by_head[] = {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15};
    const float by_token[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    expect(&split, 1, 3, SHAPE(1, 2, 8), 4, SHAPE(1, 2, 2, 4), by_head);
    expect(&split, 1, 2, SHAPE(2, 8), 3, SHAPE(2, 2, 4), by_head);
    expect(&merge, 1, 4, SHAPE(1, 2, 2, 4), 3, SHAPE(1, 2, 8), by_head);
    const assay_layout_op both[] = {split, merge};
    expect(both, 2, 3, SHAPE(1, 2, 8), 3, SHAPE(1, 2, 8), by_token);
}

Test(map_layout, batch_and_axes_of_one) {
    const assay_layout_op swap = {.kind = ASSAY_LAYOUT_SWAP_BATCH_TOKEN},
                          first = {.kind = ASSAY_LAYOUT_INSERT_AXIS, .axis = 0},
                          last = {.kind = ASSAY_LAYOUT_INSERT_AXIS, .axis = -1},
                          drop = {.kind = ASSAY_LAYOUT_DROP_AXIS, .axis = 1};
    expect(&swap, 1, 3, SHAPE(3, 2, 1), 3, SHAPE(2, 3, 1), VALUES(0, 2, 4, 1, 3, 5));
    expect(&first, 1, 2, SHAPE(1, 2), 3, SHAPE(1, 1, 2), VALUES(0, 1));
    expect(&last, 1, 2, SHAPE(1, 2), 3, SHAPE(1, 2, 1), VALUES(0, 1));
    expect(&drop, 1, 3, SHAPE(2, 1, 2), 2, SHAPE(2, 2), VALUES(0, 1, 2, 3));
}

/* Pairs (0,1) (2,3) of each head of four become (0,2) (1,3): what was at 1 goes to 2. */
Test(map_layout, rotary_pairs) {
    const assay_layout_op to = {.kind = ASSAY_LAYOUT_INTERLEAVED_TO_HALVES},
                          back = {.kind = ASSAY_LAYOUT_HALVES_TO_INTERLEAVED};
    const float halves[] = {0, 2, 1, 3, 4, 6, 5, 7};
    expect(&to, 1, 2, SHAPE(1, 8), 2, SHAPE(1, 8), halves);
    expect(&to, 1, 3, SHAPE(1, 2, 4), 3, SHAPE(1, 2, 4), halves);
    const assay_layout_op both[] = {to, back};
    expect(both, 2, 2, SHAPE(1, 8), 2, SHAPE(1, 8), VALUES(0, 1, 2, 3, 4, 5, 6, 7));
    const assay_layout_facts eight = {1, 8};
    const float data[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const float want[] = {0, 2, 4, 6, 1, 3, 5, 7}, want_back[] = {0, 4, 1, 5, 2, 6, 3, 7};
    for (int i = 0; i < 2; i++) {
        const assay_tensor in = vector_f32(data, 8);
        assay_tensor out;
        EXPECT_OK(assay_layout_apply(&out, &in, i ? &back : &to, 1, &eight, "x", &expect_err));
        cr_assert_arr_eq(out.data, i ? want_back : want, sizeof want);
        assay_tensor_free(&out);
    }
}

Test(map_layout, slice) {
    const assay_layout_op columns = {.kind = ASSAY_LAYOUT_SLICE, .axis = 1, .from = 1, .to = 3},
                          rows = {.kind = ASSAY_LAYOUT_SLICE, .axis = -2, .from = 1, .to = -1},
                          none = {.kind = ASSAY_LAYOUT_SLICE, .axis = 0, .from = 0, .to = 0};
    expect(&columns, 1, 2, SHAPE(2, 4), 2, SHAPE(2, 2), VALUES(1, 2, 5, 6));
    expect(&rows, 1, 2, SHAPE(3, 2), 2, SHAPE(2, 2), VALUES(2, 3, 4, 5));
    expect(&none, 1, 2, SHAPE(3, 2), 2, SHAPE(0, 2), VALUES(0));
}

Test(map_layout, other_types_and_nothing_at_all) {
    int64_t ids[] = {1, 2, 3, 4};
    const assay_tensor in = assay_tensor_view(ASSAY_I64, 2, SHAPE(2, 2), ids);
    const assay_layout_op swap = {.kind = ASSAY_LAYOUT_SWAP_BATCH_TOKEN};
    assay_tensor out;
    EXPECT_OK(assay_layout_apply(&out, &in, &swap, 1, &facts, "x", &expect_err));
    cr_assert_eq(((int64_t *)out.data)[1], 3);
    assay_tensor_free(&out);
    EXPECT_OK(assay_layout_apply(&out, &in, NULL, 0, &facts, "x", &expect_err));
    cr_assert(out.dtype == ASSAY_I64 && ((int64_t *)out.data)[1] == 2);
    assay_tensor_free(&out);
}

static void refuse(assay_layout_op op, int rank, const int64_t *shape, const assay_layout_facts *known,
                   const char *part) {
    float data[64] = {0};
    const assay_tensor in = assay_tensor_view(ASSAY_F32, rank, shape, data);
    assay_tensor out;
    EXPECT_REFUSED(assay_layout_apply(&out, &in, &op, 1, known, "rule 3", &expect_err), part);
    EXPECT_REFUSED(assay_layout_shape(&out, &in, &op, 1, known, "rule 3", &expect_err), "rule 3: '");
}

Test(map_layout, what_does_not_fit_is_refused) {
    const assay_layout_facts none = {0, 0}, odd = {2, 3};
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = 3, .sizes = {0, 1, 2}}, 2, SHAPE(2, 3), &facts,
           "another number");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = 2, .sizes = {0, 2}}, 2, SHAPE(2, 3), &facts,
           "no such axis");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = 2, .sizes = {1, -1}}, 2, SHAPE(2, 3), &facts,
           "an axis twice");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_RESHAPE, .rank = 2, .sizes = {2, 2}}, 2, SHAPE(2, 3), &facts,
           "another one");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_RESHAPE, .rank = 2, .sizes = {4, -1}}, 2, SHAPE(2, 3), &facts,
           "do not divide");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_RESHAPE, .rank = 1, .sizes = {ASSAY_SIZE_C}}, 1, SHAPE(8), &none,
           "no configuration");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_SPLIT_HEADS}, 2, SHAPE(2, 6), &facts,
           "(2, 6): the last axis must be H*D");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_SPLIT_HEADS}, 2, SHAPE(2, 8), &none, "no configuration");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_SPLIT_HEADS}, 1, SHAPE(8), &facts, "the last axis must be");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_MERGE_HEADS}, 2, SHAPE(2, 8), &facts, "the last axes must be");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_SWAP_BATCH_TOKEN}, 1, SHAPE(8), &facts, "two axes");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_INSERT_AXIS, .axis = 3}, 2, SHAPE(2, 3), &facts, "no such axis");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_INSERT_AXIS, .axis = 0}, 8, SHAPE(1, 1, 1, 1, 1, 1, 1, 1), &facts,
           "no such axis");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_DROP_AXIS, .axis = 0}, 2, SHAPE(2, 3), &facts, "larger than 1");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_DROP_AXIS, .axis = 2}, 2, SHAPE(2, 3), &facts, "no such axis");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_INTERLEAVED_TO_HALVES}, 2, SHAPE(2, 6), &facts, "must be D or H*D");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_HALVES_TO_INTERLEAVED}, 2, SHAPE(2, 6), &odd, "D even");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_SLICE, .axis = 1, .from = 1, .to = 4}, 2, SHAPE(2, 3), &facts,
           "not within");
    refuse((assay_layout_op){.kind = ASSAY_LAYOUT_SLICE, .axis = 1, .from = 4, .to = -1}, 2, SHAPE(2, 3), &facts,
           "not within");
}
