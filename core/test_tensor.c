/* Tensors and the ordered map of them. */
#include "core/tensor.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static assay_tensor shaped(assay_dtype dtype, int rank, const int64_t *shape) {
    return assay_tensor_view(dtype, rank, shape, NULL);
}

static int64_t count_of(int rank, const int64_t *shape) {
    assay_tensor t = shaped(ASSAY_F32, rank, shape);
    return assay_tensor_count(&t);
}

Test(tensor, counts) {
    cr_assert_eq(count_of(0, NULL), 1, "a scalar has one element");
    cr_assert_eq(count_of(3, (int64_t[]){2, 3, 4}), 24);
    cr_assert_eq(count_of(3, (int64_t[]){2, 0, 4}), 0);
    cr_assert_eq(count_of(2, (int64_t[]){2, -1}), -1);
    cr_assert_eq(count_of(2, (int64_t[]){0, -1}), -1);
    cr_assert_eq(count_of(2, (int64_t[]){-1, 0}), -1);
    cr_assert_eq(count_of(2, (int64_t[]){INT64_C(1) << 32, INT64_C(1) << 31}), -1, "the product does not fit");
    cr_assert_eq(count_of(1, (int64_t[]){INT64_C(1) << 61}), -1, "the size in bytes does not fit");
    cr_assert_eq(count_of(1, (int64_t[]){INT64_C(1) << 60}), INT64_C(1) << 60);
    assay_tensor t = shaped(ASSAY_I64, 2, (int64_t[]){3, 5});
    cr_assert_eq(assay_tensor_nbytes(&t), 120);
}

Test(tensor, shapes_are_compared_and_written) {
    assay_tensor a = shaped(ASSAY_F32, 2, (int64_t[]){2, 3}), b = shaped(ASSAY_F64, 2, (int64_t[]){2, 3});
    assay_tensor c = shaped(ASSAY_F32, 3, (int64_t[]){2, 3, 1}), d = shaped(ASSAY_F32, 2, (int64_t[]){3, 2});
    cr_assert(assay_tensor_same_shape(&a, &b));
    cr_assert_not(assay_tensor_same_shape(&a, &c));
    cr_assert_not(assay_tensor_same_shape(&a, &d));
    char text[32];
    cr_assert_str_eq(assay_tensor_shape_text(&c, text, sizeof text), "(2, 3, 1)");
    a = shaped(ASSAY_F32, 0, NULL);
    cr_assert_str_eq(assay_tensor_shape_text(&a, text, sizeof text), "()");
    for (size_t room = 1; room < 10; room++) {
        memset(text, 'z', sizeof text);
        assay_tensor_shape_text(&c, text, room);
        cr_assert_lt(strlen(text), room, "a short text is cut");
        cr_assert_eq(text[room], 'z');
    }
}

Test(tensor, allocation_is_zeroed_and_refuses_what_does_not_fit) {
    assay_tensor t;
    assay_error err = {0};
    cr_assert_eq(assay_tensor_alloc(&t, ASSAY_F32, 2, (int64_t[]){3, 4}, "a", &err), ASSAY_OK);
    for (int i = 0; i < 12; i++) cr_assert_eq(((float *)t.data)[i], 0);
    assay_tensor_free(&t);
    cr_assert_null(t.data);
    assay_tensor_free(&t); /* safe on a cleared one */
    cr_assert_eq(assay_tensor_alloc(&t, ASSAY_F32, 2, (int64_t[]){0, 4}, "a", &err), ASSAY_OK);
    cr_assert_not_null(t.data, "never NULL, even for nothing");
    assay_tensor_free(&t);
    t.rank = 5;
    cr_assert_eq(assay_tensor_alloc(&t, ASSAY_F32, 1, (int64_t[]){-2}, "the thing", &err), ASSAY_EINPUT);
    cr_assert(strstr(err.message, "the thing") && strstr(err.message, "(-2)"), "%s", err.message);
    cr_assert_eq(t.rank, 5, "outputs of a failure are untouched");
}

Test(tensor, a_copy_is_converted_and_its_own) {
    float x[] = {1.5f, -2.25f, 3.0f};
    assay_tensor view = assay_tensor_view(ASSAY_F32, 1, (int64_t[]){3}, x), copy;
    cr_assert_eq(assay_tensor_copy(&copy, &view, ASSAY_F64, NULL), ASSAY_OK);
    cr_assert(assay_tensor_same_shape(&copy, &view));
    x[0] = 9;
    cr_assert_eq(((double *)copy.data)[0], 1.5);
    cr_assert_eq(((double *)copy.data)[1], -2.25);
    assay_tensor_free(&copy);
}

static assay_tensor scalar(double value) {
    assay_tensor t;
    cr_assert_eq(assay_tensor_alloc(&t, ASSAY_F64, 0, NULL, "a scalar", NULL), ASSAY_OK);
    *(double *)t.data = value;
    return t;
}

Test(tensor, a_map_finds_every_name_and_keeps_the_order) {
    assay_tensor_map *map = assay_tensor_map_create();
    enum { n = 500 };
    for (int i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "w.%d", i * 7919 % 1000);
        cr_assert_eq(assay_tensor_map_put(map, name, scalar(i), NULL), ASSAY_OK);
    }
    cr_assert_eq(assay_tensor_map_count(map), n);
    for (int i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "w.%d", i * 7919 % 1000);
        cr_assert_str_eq(assay_tensor_map_name(map, (size_t)i), name);
        cr_assert_str_eq(assay_tensor_map_name_of(assay_tensor_map_at(map, (size_t)i)), name);
        cr_assert_eq(assay_load_f64(assay_tensor_map_at(map, (size_t)i)->data, ASSAY_F64, 0), i);
        cr_assert_eq(assay_tensor_map_get(map, name), assay_tensor_map_at(map, (size_t)i));
    }
    cr_assert_null(assay_tensor_map_get(map, "w"));
    cr_assert_null(assay_tensor_map_get(map, ""));
    assay_tensor_map_destroy(map);
    assay_tensor_map_destroy(NULL);
}

Test(tensor, a_name_that_is_there_already_is_an_error) {
    assay_tensor_map *map = assay_tensor_map_create();
    assay_error err = {0};
    cr_assert_eq(assay_tensor_map_put(map, "a", scalar(1), &err), ASSAY_OK);
    cr_assert_eq(assay_tensor_map_put(map, "a", scalar(2), &err), ASSAY_EINPUT); /* and frees the second */
    cr_assert(strstr(err.message, "'a'"), "%s", err.message);
    cr_assert_eq(assay_tensor_map_count(map), 1);
    cr_assert_eq(assay_load_f64(assay_tensor_map_get(map, "a")->data, ASSAY_F64, 0), 1);
    assay_tensor_map_destroy(map);
}

Test(tensor, a_map_may_take_a_copy) {
    assay_tensor_map *map = assay_tensor_map_create();
    int64_t x[] = {1, 2};
    assay_tensor view = assay_tensor_view(ASSAY_I64, 1, (int64_t[]){2}, x);
    cr_assert_eq(assay_tensor_map_put_copy(map, "x", &view, NULL), ASSAY_OK);
    x[1] = 7;
    cr_assert_eq(((int64_t *)assay_tensor_map_get(map, "x")->data)[1], 2);
    cr_assert_eq(assay_tensor_map_get(map, "x")->dtype, ASSAY_I64);
    assay_tensor_map_destroy(map);
}
