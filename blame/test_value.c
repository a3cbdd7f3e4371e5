/* Joining, picking and splitting values. */
#include "blame/value.h"

#include <criterion/criterion.h>

static assay_value value_of(int rank, const int64_t *shape, const double *numbers) {
    assay_value v;
    assay_tensor t = assay_tensor_view(ASSAY_F64, rank, shape, numbers);
    cr_assert_eq(assay_value_copy(&v, &t, 0, NULL), ASSAY_OK);
    return v;
}

static void expect_numbers(const assay_value *v, const double *wanted, int64_t count) {
    cr_assert(v->known);
    cr_assert_eq(assay_tensor_count(&v->tensor), count);
    for (int64_t i = 0; i < count; i++)
        cr_expect_eq(((const double *)v->tensor.data)[i], wanted[i], "number %d", (int)i);
}

static const double six[] = {1, 2, 3, 4, 5, 6};

Test(value, joins_along_an_axis) {
    assay_value a = value_of(2, (int64_t[]){2, 3}, six), b = value_of(2, (int64_t[]){2, 1}, (double[]){7, 8}), out;
    a.via = 1;
    b.via = 2;
    cr_assert_eq(assay_value_join(&out, &a, (int64_t[]){1, 3}, &b, 1, NULL), ASSAY_OK);
    expect_numbers(&out, (double[]){2, 3, 7, 5, 6, 8}, 6);
    cr_expect_eq(out.via, 3);
    assay_value_free(&out);
    cr_assert_eq(assay_value_join(&out, &a, (int64_t[]){1, 1}, &b, 1, NULL), ASSAY_OK);
    expect_numbers(&out, (double[]){7, 8}, 2);
    cr_expect_eq(out.via, 2, "nothing of the first is in it");
    assay_value_free(&out);
    assay_value_free(&a);
    assay_value_free(&b);
}

Test(value, what_does_not_fit_is_not_known) {
    assay_value a = value_of(2, (int64_t[]){2, 3}, six), b = value_of(2, (int64_t[]){1, 1}, six), out, none = {0};
    cr_assert_eq(assay_value_join(&out, &a, (int64_t[]){0, 3}, &b, 1, NULL), ASSAY_OK);
    cr_expect_not(out.known);
    cr_assert_eq(assay_value_join(&out, &a, (int64_t[]){0, 4}, NULL, 1, NULL), ASSAY_OK);
    cr_expect_not(out.known);
    cr_assert_eq(assay_value_join(&out, &none, (int64_t[]){0, 0}, &a, 1, NULL), ASSAY_OK);
    cr_expect_not(out.known);
    cr_assert_eq(assay_value_pick(&out, &a, 1, (int64_t[]){0, 3}, 2, NULL), ASSAY_OK);
    cr_expect_not(out.known);
    cr_assert_eq(assay_value_split_heads(&out, &a, 3, NULL), ASSAY_OK);
    cr_expect_not(out.known);
    assay_value_free(&a);
    assay_value_free(&b);
}

Test(value, picks_indices_and_splits_heads) {
    assay_value a = value_of(2, (int64_t[]){2, 3}, six), x = value_of(3, (int64_t[]){1, 2, 2}, (double[]){1, 2, 3, 4}),
                out;
    cr_assert_eq(assay_value_pick(&out, &a, 1, (int64_t[]){2, 0}, 2, NULL), ASSAY_OK);
    expect_numbers(&out, (double[]){3, 1, 6, 4}, 4);
    assay_value_free(&out);
    cr_assert_eq(assay_value_split_heads(&out, &x, 2, NULL), ASSAY_OK);
    expect_numbers(&out, (double[]){1, 3, 2, 4}, 4);
    cr_expect_eq(out.tensor.shape[1], 2);
    assay_value_free(&out);
    assay_value_free(&a);
    assay_value_free(&x);
}
