/*
 * Some values of a golden's tensor, and how well a port's tensor agrees with them in a layout.
 */
#ifndef ASSAY_COMPARE_VALUE_SAMPLE_H
#define ASSAY_COMPARE_VALUE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/layout_guess.h"
#include "compare/source.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_SAMPLE_MAX 512
#define ASSAY_SAMPLE_FIRST 24 /* a look at so many tells what is worth a second one */

/* Values at places that are spread over the tensor at random (the same ones each time). */
typedef struct {
    assay_stage_axes axes;
    size_t count;
    size_t index[ASSAY_SAMPLE_MAX]; /* row-major in the stage with all its tokens */
    double value[ASSAY_SAMPLE_MAX];
    bool is_exact;       /* integers and masks: equal or not */
    bool is_informative; /* the values differ, and are more than a few: others would hardly agree by chance */
} assay_value_sample;

/* How a port's tensor agrees. */
typedef struct {
    double
        agreement; /* 1: equal; 0: as far as nothing at all. 1 - distance, or the share of equal ones where they are exact */
    double distance;    /* |a - b| / |a|, without hidden scores */
    double correlation; /* 0 where a side is constant */
} assay_value_agreement;

/* Reads a tensor of the golden and keeps some of its values. Errors: as assay_source_read. */
assay_status assay_value_sample_take(assay_value_sample *out, const assay_source *golden, const assay_source_item *item,
                                     const assay_layout_facts *facts, assay_error *err);

/* Where the values lie in the memory of a tensor whose layout is the guess. */
void assay_value_sample_offsets(const assay_value_sample *sample, const assay_layout_guess *guess,
                                size_t offsets[ASSAY_SAMPLE_MAX]);

/* Loads `count` values of a tensor in memory that lie at these offsets. */
void assay_value_sample_load(const assay_tensor *tensor, const size_t *offsets, size_t count, double *out);

/* Holds the first `count` values (fewer where the sample has fewer) against those that were loaded. */
assay_value_agreement assay_value_sample_compare(const assay_value_sample *sample, size_t count, const double *values);

/* Whether two samples of goldens have the same shape and values: either stage could be the other. */
bool assay_value_sample_same(const assay_value_sample *a, const assay_value_sample *b);

#ifdef __cplusplus
}
#endif

#endif
