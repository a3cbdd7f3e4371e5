#include "compare/layout.h"

#include "compare/compare_fixture.h"

Test(layout, axes_have_names) {
    cr_assert_str_eq(assay_layout_axis(ASSAY_STAGE_Q_PROJ, 3, 2), "dim");
    cr_assert_str_eq(assay_layout_axis(ASSAY_STAGE_ROTATE_KEY, 4, 1), "head");
    cr_assert_str_eq(assay_layout_axis(ASSAY_STAGE_ATTN_SCORES, 4, 3), "key");
    cr_assert_str_eq(assay_layout_axis(ASSAY_STAGE_COS, 2, 0), "token");
    cr_assert_str_eq(assay_layout_axis(ASSAY_STAGE_SCHEDULE, 2, 1), "bound");
    cr_assert_str_eq(assay_layout_axis(ASSAY_STAGE_LOGITS, 3, 2), "vocab");
    cr_assert_str_eq(assay_layout_axis(ASSAY_STAGE_LOGITS, 2, 1), "label");
    cr_assert_str_eq(assay_layout_axis(ASSAY_STAGE_LOGITS, 2, 0), "batch");
    cr_assert_str_eq(assay_layout_axis(ASSAY_STAGE_Q_PROJ, 2, 1), "axis", "another rank than the stage's");
}

Test(layout, token_axis_is_that_of_batched_tensors) {
    cr_assert_eq(assay_layout_token_axis(ASSAY_STAGE_Q_PROJ, 3), 1);
    cr_assert_eq(assay_layout_token_axis(ASSAY_STAGE_ROTATE_KEY, 4), 2);
    cr_assert_eq(assay_layout_token_axis(ASSAY_STAGE_ATTN_PROBS, 4), 2);
    cr_assert_eq(assay_layout_token_axis(ASSAY_STAGE_LOGITS, 3), 1);
    cr_assert_eq(assay_layout_token_axis(ASSAY_STAGE_LOGITS, 2), -1);
    cr_assert_eq(assay_layout_token_axis(ASSAY_STAGE_COS, 2), -1);
    cr_assert_eq(assay_layout_token_axis(ASSAY_STAGE_Q_PROJ, 2), -1);
}

Test(layout, unravel_reverses_row_major_order) {
    float unused = 0;
    assay_tensor t = assay_tensor_view(ASSAY_F32, 3, (int64_t[]){2, 3, 4}, &unused);
    for (int64_t index = 0; index < 24; index++) {
        int64_t at[3];
        assay_layout_unravel(&t, index, at);
        cr_assert_eq((at[0] * 3 + at[1]) * 4 + at[2], index);
        cr_assert(at[0] < 2 && at[1] < 3 && at[2] < 4);
    }
}
