#include "fuzz/oracle_agree.h"

#include <math.h>
#include <string.h>

#include "core/rounding.h"

/* True when some rule of `a` is in `b`. */
static bool share_rule(const char *a, const char *b) {
    for (const char *at = a; *at;) {
        char rule[24];
        size_t length = strcspn(at, " ");
        if (length < sizeof rule) {
            memcpy(rule, at, length);
            rule[length] = '\0';
            if (assay_rules_have(b, rule)) return true;
        }
        at += length + strspn(at + length, " ");
    }
    return false;
}

static bool same_step(const assay_source_step *a, const assay_source_step *b) {
    if (a->step != b->step || a->refused != b->refused) return false;
    bool unnamed = !a->refused_rules[0] || !b->refused_rules[0];
    return !a->refused || unnamed || share_rule(a->refused_rules, b->refused_rules);
}

/* Integers, and masks: 0, or what hides in either dtype. */
static bool same_exactly(const assay_tensor *a, const assay_tensor *b) {
    int64_t n = assay_tensor_count(a);
    if (a->dtype == ASSAY_I64 && b->dtype == ASSAY_I64)
        return memcmp(a->data, b->data, (size_t)n * sizeof(int64_t)) == 0;
    for (int64_t i = 0; i < n; i++) {
        double x = assay_load_f64(a->data, a->dtype, (size_t)i), y = assay_load_f64(b->data, b->dtype, (size_t)i);
        bool both_hide = x == -assay_dtype_max(a->dtype) && y == -assay_dtype_max(b->dtype);
        if (x != y && !both_hide) return false;
    }
    return true;
}

/* NaN is near NaN alone, and an infinity near itself. */
static bool near(const assay_tensor *a, const assay_tensor *b, double allowed) {
    for (int64_t i = 0, n = assay_tensor_count(a); i < n; i++) {
        double x = assay_load_f64(a->data, a->dtype, (size_t)i), y = assay_load_f64(b->data, b->dtype, (size_t)i);
        bool both_nan = x != x && y != y;
        if (x != y && !both_nan && !(fabs(x - y) <= allowed)) return false;
    }
    return true;
}

static bool same_tensor(const assay_source_item *a, const assay_source_item *b, double factor) {
    const assay_tensor *x = a->values, *y = b->values;
    if (!assay_tensor_same_shape(x, y)) return false;
    if (assay_stage_get(a->place.stage)->judge == ASSAY_JUDGE_EXACT) return same_exactly(x, y);
    /* Memory in half precision: the same bits, or no verdict here. */
    if (a->has_unrounded) return x->dtype == y->dtype && memcmp(x->data, y->data, assay_tensor_nbytes(x)) == 0;
    return near(x, y, factor * a->floor);
}

bool assay_oracle_agrees(const assay_source *oracle, const assay_source *run, double factor) {
    if (oracle->step_count != run->step_count || oracle->item_count != run->item_count) return false;
    for (size_t i = 0; i < oracle->step_count; i++)
        if (!same_step(&oracle->steps[i], &run->steps[i])) return false;
    for (size_t i = 0; i < oracle->item_count; i++) {
        const assay_source_item *a = &oracle->items[i], *b = &run->items[i];
        if (assay_place_compare(&a->place, &b->place) != 0 || !same_tensor(a, b, factor)) return false;
    }
    return oracle->item_count + oracle->step_count > 0;
}
