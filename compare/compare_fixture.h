/*
 * What the comparator's tests share: numbers made of bits, small tensors, sources of a few tensors.
 */
#ifndef ASSAY_COMPARE_COMPARE_FIXTURE_H
#define ASSAY_COMPARE_COMPARE_FIXTURE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "compare/compare.h"
#include "compare/source.h"
#include "core/random.h"
#include "core/tensor.h"

static inline double double_of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The four corners of NaN: quiet and signalling, of either sign. */
#define NAN_KINDS 4
static inline float nan_of_kind(int kind) {
    static const uint32_t bits[NAN_KINDS] = {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0xff800001u};
    return float_of_bits(bits[kind]);
}

static inline assay_tensor vector_f32(const float *data, int64_t n) {
    return assay_tensor_view(ASSAY_F32, 1, &n, data);
}
static inline assay_tensor vector_f64(const double *data, int64_t n) {
    return assay_tensor_view(ASSAY_F64, 1, &n, data);
}

/* n numbers in [-1, 1). */
static inline void fill_random(float *data, size_t n, uint64_t seed) {
    for (size_t i = 0; i < n; i++) data[i] = assay_random_symmetric_f32(seed, i);
}

/* A map with what is put into it, seen as a source. */
typedef struct {
    assay_tensor_map *map;
    assay_source_info info;
    assay_source_step steps[8];
    size_t step_count;
    assay_source source;
} fixture;

static inline fixture fixture_new(const char *name, bool is_golden) {
    fixture f = {.map = assay_tensor_map_create(), .info = assay_source_info_init(name)};
    f.info.is_golden = is_golden;
    f.info.has_dtype = true;
    return f;
}

static inline void fixture_put(fixture *f, const char *path, assay_tensor view) {
    cr_assert_eq(assay_tensor_map_put_copy(f->map, path, &view, NULL), ASSAY_OK);
}

static inline void fixture_put_f32(fixture *f, const char *path, int rank, const int64_t *shape, const float *data) {
    fixture_put(f, path, assay_tensor_view(ASSAY_F32, rank, shape, data));
}

static inline void fixture_put_i64(fixture *f, const char *path, int rank, const int64_t *shape, const int64_t *data) {
    fixture_put(f, path, assay_tensor_view(ASSAY_I64, rank, shape, data));
}

static inline void fixture_refuse(fixture *f, int64_t step, const char *rules, const char *message) {
    f->steps[f->step_count++] = (assay_source_step){step, true, "forward", rules, message, -1};
}

static inline void fixture_open(fixture *f) {
    cr_assert_eq(assay_source_of_map(&f->source, f->map, &f->info, f->steps, f->step_count, NULL), ASSAY_OK);
}

static inline assay_source_item *fixture_item(fixture *f, const char *path) {
    assay_place place;
    cr_assert(assay_place_parse(path, &place));
    assay_source_item *item = assay_source_find(&f->source, &place);
    cr_assert_not_null(item, "%s", path);
    return item;
}

static inline void fixture_set_floor(fixture *f, const char *path, double floor) {
    assay_source_item *item = fixture_item(f, path);
    item->has_floor = true;
    item->floor = floor;
}

static inline void fixture_free(fixture *f) {
    assay_source_close(&f->source);
    assay_tensor_map_destroy(f->map);
}

/* Compares two opened fixtures; fails the test on an error. */
static inline assay_case_result compare_fixtures(fixture *golden, fixture *candidate, const assay_policy *policy,
                                                 bool require_all) {
    assay_case_result result;
    assay_error err = {0};
    assay_compare_options options = {.name = "a case", .policy = policy, .require_all = require_all};
    assay_status st = assay_compare(&result, &golden->source, &candidate->source, &options, &err);
    cr_assert_eq(st, ASSAY_OK, "%s", err.message);
    return result;
}

/* The entry with this path; fails the test when there is none. */
static inline const assay_entry *entry_of(const assay_case_result *r, const char *path) {
    for (size_t i = 0; i < r->entry_count; i++)
        if (strcmp(r->entries[i].path, path) == 0) return &r->entries[i];
    cr_assert_fail("no entry for %s", path);
    return NULL;
}

#endif
