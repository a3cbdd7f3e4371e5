#include "engine/test_lab.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Logits of the last call: one lab at a time. */
static assay_tensor last_logits;

void test_lab_end(test_lab *lab) {
    if (!lab->rig.model) return;
    test_record_free(&lab->record);
    test_rig_end(&lab->rig);
    assay_tensor_free(&last_logits);
    *lab = (test_lab){0};
}

void test_lab_start(test_lab *lab, const assay_config *config, const char *mistakes, assay_dtype dtype) {
    test_lab_end(lab);
    if (*mistakes) test_rig_start_variant(&lab->rig, config, mistakes, dtype);
    else test_rig_start(&lab->rig, config, dtype);
}

const assay_tensor *test_lab_call(test_lab *lab, const assay_call *call) {
    assay_taps taps = test_record_taps(&lab->record);
    taps.first_window = lab->windows;
    assay_output out = test_run(&lab->rig, call, &taps);
    lab->windows += (int64_t)out.window_count;
    assay_tensor_free(&last_logits);
    last_logits = out.logits;
    out.logits = (assay_tensor){0};
    assay_output_free(&out);
    return &last_logits;
}

const assay_tensor *test_lab_feed(test_lab *lab, int64_t batch, int64_t tokens, uint64_t seed, int use_cache) {
    assay_tensor ids = test_ids(batch, tokens, seed);
    const assay_tensor *logits = test_lab_call(lab, &(assay_call){.input_ids = &ids, .use_cache = use_cache});
    assay_tensor_free(&ids);
    return logits;
}

const assay_tensor *test_lab_feed_whole(test_lab *lab, int64_t batch, int64_t tokens, uint64_t seed) {
    assay_tensor ids = test_ids(batch, tokens, seed);
    const assay_call call = {
        .input_ids = &ids, .use_cache = 1, .has_last_context_length = true, .last_context_length = tokens};
    const assay_tensor *logits = test_lab_call(lab, &call);
    assay_tensor_free(&ids);
    return logits;
}

const assay_tensor *test_lab_stage(const test_lab *lab, assay_stage stage, int64_t window, int64_t layer) {
    const assay_tensor *t = test_record_find(&lab->record, stage, window, layer);
    cr_assert(t, "%s of window %d, layer %d was not emitted", assay_stage_get(stage)->name, (int)window, (int)layer);
    return t;
}

void test_lab_expect_row(const test_lab *lab, assay_stage stage, const int64_t place[3], const char *expected) {
    const assay_tensor *t = test_lab_stage(lab, stage, place[0], place[1]);
    char found[256] = "";
    size_t length = 0;
    for (int64_t j = 0; j < t->shape[1] && length < sizeof found - 24; j++)
        length += (size_t)snprintf(found + length, sizeof found - length, "%s%lld", j ? " " : "",
                                   (long long)((const int64_t *)t->data)[place[2] * t->shape[1] + j]);
    cr_assert_str_eq(found, expected, "%s of window %d, row %d", assay_stage_get(stage)->name, (int)place[0],
                     (int)place[2]);
}

double test_at(const assay_tensor *t, int64_t i) {
    cr_assert(i >= 0 && i < assay_tensor_count(t));
    return assay_load_f64(t->data, t->dtype, (size_t)i);
}

void test_rotate(double *out, const double *x, int64_t d, double position, const test_rotation *how) {
    for (int64_t i = 0; i < d / 2; i++) {
        double exponent = (how->exponent_halved ? 1.0 : 2.0) * (double)i / (double)d;
        double angle = position / pow(how->theta > 0 ? how->theta : 10000, exponent) * (how->backwards ? -1 : 1);
        int64_t first = how->interleaved ? 2 * i : i, second = how->interleaved ? 2 * i + 1 : i + d / 2;
        out[first] = x[first] * cos(angle) - x[second] * sin(angle);
        out[second] = x[second] * cos(angle) + x[first] * sin(angle);
    }
}

/* One vector; what it is rotated from is token `from + j` of head h. */
static void expect_vector(const test_rotated *r, int64_t row, int64_t j) {
    int64_t heads = r->rotated->shape[1], d = r->rotated->shape[3], n = r->rotated->shape[2];
    int64_t tokens = r->projected->shape[1], b = row / heads, h = row % heads;
    double x[64] = {0}, y[64];
    cr_assert(d <= 64 && d * heads == r->projected->shape[2]);
    for (int64_t i = 0; i < d; i++) x[i] = test_at(r->projected, ((b * tokens + r->from + j) * heads + h) * d + i);
    test_rotate(y, x, d, r->positions ? r->positions[j] : 0, &r->how);
    for (int64_t i = 0; i < d; i++)
        cr_assert_float_eq(test_at(r->rotated, (row * n + r->to + j) * d + i), y[i], 2e-5,
                           "%s: row %d, token %d, element %d", r->what, (int)row, (int)j, (int)i);
}

void test_expect_rotated(const test_rotated *r) {
    for (int64_t row = 0; row < r->rotated->shape[0] * r->rotated->shape[1]; row++)
        for (int64_t j = 0; j < r->count; j++) expect_vector(r, row, j);
}
