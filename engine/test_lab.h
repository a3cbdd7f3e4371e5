/*
 * A model with mistakes made on purpose under observation: calls on it, every stage they emit, and short ways to say what a stage
 * must hold. For the tests of what each mistake computes (engine/semantics.h).
 */
#ifndef ASSAY_ENGINE_TEST_LAB_H
#define ASSAY_ENGINE_TEST_LAB_H

#include "engine/test_support.h"

typedef struct {
    test_rig rig;
    test_record record;
    int64_t windows; /* of all calls so far: windows are numbered on */
} test_lab;

/* Starts over with a model of these mistakes ("": none) and an empty past. The lab is zero or was started before. */
void test_lab_start(test_lab *lab, const assay_config *config, const char *mistakes, assay_dtype dtype);
void test_lab_end(test_lab *lab);

/* Runs a call that must succeed and records its stages. Returns its logits, which last until the next call or the end. */
const assay_tensor *test_lab_call(test_lab *lab, const assay_call *call);

/* Feeds `tokens` random ids (B rows), of which a seed makes always the same. use_cache as in assay_call. */
const assay_tensor *test_lab_feed(test_lab *lab, int64_t batch, int64_t tokens, uint64_t seed, int use_cache);

/* The same as one window, however long: last_context_length is `tokens`. */
const assay_tensor *test_lab_feed_whole(test_lab *lab, int64_t batch, int64_t tokens, uint64_t seed);

/* The stage of a window (numbered on over calls) and layer, which must be there. */
const assay_tensor *test_lab_stage(const test_lab *lab, assay_stage stage, int64_t window, int64_t layer);

/* Asserts that row `b` of an integer stage is the numbers of `expected`, which has spaces between them. */
void test_lab_expect_row(const test_lab *lab, assay_stage stage, const int64_t place[3], const char *expected);

/* Element i of a tensor. */
double test_at(const assay_tensor *t, int64_t i);

/* What rotates a vector, from the rules alone and in double. Zeros: half-split pairs, exponent 2i/D, forward, theta 10000. */
typedef struct {
    bool interleaved, exponent_halved, backwards;
    double theta;
} test_rotation;

/* out (d) = x rotated at `position`. */
void test_rotate(double *out, const double *x, int64_t d, double position, const test_rotation *how);

/* Asserts that rotated[b][h][j] = a projection's token `from + j` of head h rotated at positions[j], for `count` tokens. rotated is
 * (B,H,n,D), projected (B,T,H*D). NULL positions: not rotated. */
typedef struct {
    const assay_tensor *rotated, *projected;
    int64_t to, from, count;
    const double *positions;
    test_rotation how;
    const char *what;
} test_rotated;
void test_expect_rotated(const test_rotated *r);

#endif
