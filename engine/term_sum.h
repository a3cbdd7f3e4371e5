/*
 * The sum of a loss's terms. In half precision torch keeps it in the dtype of the logits, in levels, so that the rounding of a long
 * sum stays small (PREC-3, LOSS-1); otherwise it is one double.
 *
 * Source: the cascade in which torch's nll_loss adds on CPU, written anew and checked against the results of torch 2.13.0.
 */
#ifndef ASSAY_ENGINE_TERM_SUM_H
#define ASSAY_ENGINE_TERM_SUM_H

#include <stdint.h>

#include "core/dtype.h"

#define ASSAY_TERM_SUM_LEVELS 8

typedef struct {
    assay_dtype dtype; /* of the logits */
    int64_t index;     /* of the next term */
    int power;         /* a level takes 2^power terms of the one below */
    double levels[ASSAY_TERM_SUM_LEVELS];
} assay_term_sum;

/* An empty sum of at most `terms` terms. */
assay_term_sum assay_term_sum_begin(assay_dtype dtype, int64_t terms);

/* Adds the next term. */
void assay_term_sum_add(assay_term_sum *sum, double term);

/* Leaves the next term out: it counts as a place, and adds nothing. */
static inline void assay_term_sum_skip(assay_term_sum *sum) { sum->index++; }

/* The sum divided by `count`: NaN when both are 0. */
double assay_term_sum_mean(const assay_term_sum *sum, int64_t count);

#endif
