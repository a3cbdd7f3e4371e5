/*
 * How far one tensor is from another: classes (NaN, infinities) first, then distances, gathered chunk by chunk.
 *
 * All sums are in double. NaN and infinities are recognised by their bits, never by a comparison.
 */
#ifndef ASSAY_COMPARE_METRICS_H
#define ASSAY_COMPARE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/dtype.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of the logits beyond their distances; a row is the last axis. */
typedef struct {
    int64_t rows;           /* rows of finite logits on both sides */
    int64_t rows_skipped;   /* rows with a NaN or an infinity on either side */
    double kl_max, kl_mean; /* KL(softmax(golden) || softmax(candidate)), nats, over `rows` */
    int64_t kl_worst_row;   /* row of kl_max, counted from 0 over all leading axes; -1 without rows */
    int64_t top1_differs;   /* rows with another argmax (the first of equals) */
    int64_t top1_decided;   /* rows whose golden margin (first minus second) exceeds twice the tolerance */
    int64_t top1_wrong;     /* rows that are decided and differ: a real error */
    int64_t top5_differs, top5_decided,
        top5_wrong; /* the same for the set of the five largest; margin fifth to sixth */
} assay_logit_metrics;

/* Distances between golden g and candidate c over the judged elements. Elements that are not finite on both sides enter
 * the counts only. */
typedef struct {
    int64_t count;  /* elements judged */
    int64_t finite; /* of them, finite on both sides: what the distances are over */
    int64_t golden_nan, golden_inf, candidate_nan, candidate_inf;
    int64_t class_mismatches;     /* places where one of NaN, +inf, -inf, finite stands against another */
    int64_t first_class_mismatch; /* index of the first of them; -1 when none */
    int64_t different;            /* finite elements with g != c */
    double max_abs;               /* max |g - c| */
    int64_t max_abs_at;           /* its index; -1 when `finite` is 0 */
    double max_rel;               /* max |g - c| / max(|g|, |c|), 0 where both are 0: in [0, 2] */
    double rms;                   /* sqrt(mean (g - c)^2) */
    double nmse;    /* sum (g - c)^2 / sum g^2; 0 when both sums are 0, infinite when only the second is */
    double cosine;  /* g.c / (|g| |c|); 1 when both are 0, 0 when one is, NaN when a sum overflows */
    double max_ulp; /* largest number of representable values between g and c, in `ulp_dtype` */
    assay_dtype ulp_dtype;
    double golden_max; /* max |g| over finite elements: the tensor's scale */
    bool has_logits;
    assay_logit_metrics logits;
} assay_metrics;

/* Class of a number, by its bits. */
typedef enum { ASSAY_CLASS_FINITE, ASSAY_CLASS_NAN, ASSAY_CLASS_POS_INF, ASSAY_CLASS_NEG_INF } assay_float_class;

assay_float_class assay_classify(double value);

/* "finite", "NaN", "+inf", "-inf". */
const char *assay_float_class_name(assay_float_class c);

/* Running state of assay_metrics_add; keep it opaque. */
typedef struct {
    assay_metrics m;
    double sum_diff2, sum_golden2, sum_candidate2, sum_product;
} assay_metrics_state;

/* Starts a measurement; ULPs are counted in ulp_dtype, a floating type. */
void assay_metrics_begin(assay_metrics_state *state, assay_dtype ulp_dtype);

/* Measures n elements of golden against candidate, from element `begin` of both on. Their counts must cover it. Ranges
 * may come in any order and size, each element once. */
void assay_metrics_add(assay_metrics_state *state, const assay_tensor *golden, const assay_tensor *candidate,
                       int64_t begin, int64_t n);

/* The same with values that are doubles already: golden (n) and candidate (n) are the elements from `begin` on. */
void assay_metrics_add_f64(assay_metrics_state *state, const double *golden, const double *candidate, int64_t begin,
                           int64_t n);

/* The same with values that are float32 already. */
void assay_metrics_add_f32(assay_metrics_state *state, const float *golden, const float *candidate, int64_t begin,
                           int64_t n);

/* Adds what was measured apart, of a part of the tensors whose first element is element `begin`: indices in *part count from there.
 * What is kept in *state (sums, and the first of equals) depends on the order. */
void assay_metrics_fold(assay_metrics_state *state, const assay_metrics_state *part, int64_t begin);

/* The metrics of all that was added. */
assay_metrics assay_metrics_end(const assay_metrics_state *state);

/* Whole tensors of equal shape, both floating: begin, add, end. */
assay_metrics assay_metrics_measure(const assay_tensor *golden, const assay_tensor *candidate, assay_dtype ulp_dtype);

/* Number of representable values of `dtype` (floating) between a and b after rounding both to it: 0 when equal, 1 for
 * neighbours; +0 and -0 are equal. Both must be finite. */
double assay_ulp_distance(double a, double b, assay_dtype dtype);

/* Largest finite magnitude of a floating tensor; 0 when there is none. */
double assay_tensor_scale(const assay_tensor *t);

#ifdef __cplusplus
}
#endif

#endif
