#include "compare/gather.h"

#include "compare/compare_fixture.h"

Test(gather, picks_indices_along_every_axis) {
    enum { A = 3, B = 4, C = 2 };
    float data[A * B * C];
    for (int i = 0; i < A * B * C; i++) data[i] = (float)i;
    int64_t shape[] = {A, B, C}, indices[] = {1, 0, 1};
    assay_tensor t = assay_tensor_view(ASSAY_F32, 3, shape, data), out;
    for (int axis = 0; axis < 3; axis++) {
        cr_assert_eq(assay_gather(&out, &t, axis, indices, 3, NULL), ASSAY_OK);
        cr_assert_eq(out.shape[axis], 3);
        for (int64_t i = 0; i < assay_tensor_count(&out); i++) {
            int64_t at[3] = {i / (out.shape[1] * out.shape[2]), i / out.shape[2] % out.shape[1], i % out.shape[2]};
            at[axis] = indices[at[axis]];
            cr_assert_eq(((float *)out.data)[i], (float)((at[0] * B + at[1]) * C + at[2]));
        }
        assay_tensor_free(&out);
    }
}

Test(gather, none_gives_an_empty_axis) {
    float data[] = {1, 2};
    assay_tensor t = vector_f32(data, 2), out;
    cr_assert_eq(assay_gather(&out, &t, 0, NULL, 0, NULL), ASSAY_OK);
    cr_assert_eq(assay_tensor_count(&out), 0);
    assay_tensor_free(&out);
}
