/*
 * The plain arithmetic of the oracle: one function a rule, in float64, with nothing but loops.
 *
 * It shares no code with engine/ or blame/, so that a mistake of theirs is not made here as well.
 */
#ifndef ASSAY_FUZZ_ORACLE_MATH_H
#define ASSAY_FUZZ_ORACLE_MATH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "core/dtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out (outputs) = weight (outputs, inputs) times x (inputs): every projection (HEAD-1: no biases). */
void assay_oracle_project(double *out, const double *weight, const double *x, int64_t outputs, int64_t inputs);

/* out (n) = weight * x / sqrt(mean of x squared + eps) (NORM-1). */
void assay_oracle_norm(double *out, const double *x, const double *weight, int64_t n, double eps);

/* The activation of one number (MLP-1), as transformers 4.33.2 writes it. */
double assay_oracle_activate(double x, assay_activation act);

/* Scores (n) to probabilities, in place (ATT-2). At least one score must not be -inf. */
void assay_oracle_softmax(double *scores, int64_t n);

/* The rotary angle of pair i of a head of D numbers at a position, every step rounded to float32 (ROPE-1). */
float assay_oracle_angle(int64_t position, int64_t i, int64_t head_dim, double theta);

/* Cosine and sine of such an angle, rounded to float32 (ROPE-3). */
void assay_oracle_turn(float angle, double *cosine, double *sine);

/* x (D) to out (D) by one (cosine, sine) for each of D/2 pairs; element i goes with element i + D/2 (ROPE-2). */
void assay_oracle_rotate(double *out, const double *x, const double *cosines, const double *sines, int64_t head_dim);

/* A key or value as the memory of a run in `run` holds it (MEM-6): rounded to mem_dtype where that is narrower. As torch does, a float64
 * comes to half precision by way of float32. */
double assay_oracle_stored(double x, assay_dtype run, assay_dtype mem_dtype);

/* What assay_oracle_stored rounds to mem_dtype: x itself, or x in float32 (see there). */
double assay_oracle_unrounded(double x, assay_dtype run, assay_dtype mem_dtype);

/* x as assay_oracle_stored rounds it, or on the other side of a tie that lies within `slack` of it, when `other_side` says so. */
double assay_oracle_stored_near(double x, double slack, bool other_side, assay_dtype run, assay_dtype mem_dtype);

/* -(log of softmax) of entry `label` of x (n): cross entropy of one row (LOSS-1, CLS-1). */
double assay_oracle_cross_entropy(const double *x, int64_t n, int64_t label);

/* Index of the largest of x (n), the first of several. */
int64_t assay_oracle_argmax(const double *x, int64_t n);

#ifdef __cplusplus
}
#endif

#endif
