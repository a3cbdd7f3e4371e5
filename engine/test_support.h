/*
 * What the engine's tests share: a small random model, calls on it, snapshots of a past, and comparisons.
 *
 * Every helper that can fail asserts, so a test reads as the property it checks. Random numbers are core/random.h's: a test
 * is the same test on every machine.
 */
#ifndef ASSAY_ENGINE_TEST_SUPPORT_H
#define ASSAY_ENGINE_TEST_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

/* Vocabulary 29, C 12, I 20, 3 layers of 2 heads (D 6), W 8, last context 4, layer 1 with memory, memory in float32. */
assay_config test_config(void);

/* A model with random weights of a size that makes attention uneven, and an empty past. */
typedef struct {
    assay_tensor_map *weights;
    assay_model *model;
    assay_past *past;
} test_rig;

void test_rig_start(test_rig *rig, const assay_config *config, assay_dtype dtype);
void test_rig_end(test_rig *rig);

/* The same with a model that makes mistakes on purpose, named in `mistakes` with commas between them (engine/variants.h). */
void test_rig_start_variant(test_rig *rig, const assay_config *config, const char *mistakes, assay_dtype dtype);

/* The random weights alone, in float32. */
assay_tensor_map *test_weights(const assay_config *config);

/* Owned tensors. Ids are random in [1, 29), so that none is the pad token 0. */
assay_tensor test_ids(int64_t batch, int64_t tokens, uint64_t seed);
assay_tensor test_i64(int64_t rows, int64_t columns, const int64_t *values);
assay_tensor test_f64(int64_t rows, int64_t columns, const double *values);

/* Ones with `pads` zeros at the left of row 0. */
assay_tensor test_left_pads(int64_t rows, int64_t columns, int64_t pads);

/* Columns [begin, end) of a (rows, columns) int64 tensor, owned. */
assay_tensor test_columns(const assay_tensor *t, int64_t begin, int64_t end);

/* Runs a call that must succeed. */
assay_output test_run(const test_rig *rig, const assay_call *call, const assay_taps *taps);

/* As test_run with ids alone; use_cache as in assay_call. Returns the logits, owned. */
assay_tensor test_feed(const test_rig *rig, const assay_tensor *ids, int use_cache);

/* A call that must be refused for `rule`, with `text` in its message, leaving the past and the output as they were. */
void test_refused(const test_rig *rig, const assay_call *call, const char *rule, const char *text);

/* Everything a past holds. */
typedef struct {
    int64_t layers, local, memory, batch;
    assay_past_layer *layer;
} test_snapshot;

test_snapshot test_snapshot_take(const assay_past *past);
void test_snapshot_free(test_snapshot *snapshot);
bool test_snapshot_equal(const test_snapshot *a, const test_snapshot *b);

/* Same dtype, shape and bits. */
bool test_same_bits(const assay_tensor *a, const assay_tensor *b);

/* Same shape, and no element further off than `tolerance` times the largest magnitude in b; NaN differs from everything. */
bool test_close(const assay_tensor *a, const assay_tensor *b, double tolerance);

/* Largest difference, relative to the largest magnitude in b. */
double test_difference(const assay_tensor *a, const assay_tensor *b);

/* Asserts that `err` is a refusal that cites `rule` and has `text` in one line of message. */
void test_is_refusal(assay_status status, const assay_error *err, const char *rule, const char *text);

/* n random numbers in [-scale, scale). */
void test_fill_f32(float *out, size_t n, uint64_t seed, float scale);
void test_fill_f64(double *out, size_t n, uint64_t seed, double scale);

/* Stages as they were emitted, in order. */
typedef struct {
    assay_place place; /* step 0 */
    assay_tensor tensor;
} test_event;

typedef struct {
    test_event *events;
    size_t count, capacity;
} test_record;

/* Taps that copy every stage into the record. */
assay_taps test_record_taps(test_record *record);
void test_record_free(test_record *record);

/* The stage of a window and layer (-1: of the window), or NULL. */
const assay_tensor *test_record_find(const test_record *record, assay_stage stage, int64_t window, int64_t layer);

#endif
