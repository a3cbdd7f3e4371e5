/*
 * Where in a tensor the distances lie, for charts: by token, by head and token, by magnitude; the worst elements; the logits of the
 * worst row. Plain data; collected by compare/detail_collect.h when it is asked for.
 */
#ifndef ASSAY_COMPARE_DETAIL_H
#define ASSAY_COMPARE_DETAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bins along an axis. Of a longer axis several neighbours share a bin: element i of n lies in bin i * bins / n. */
#define ASSAY_DETAIL_TOKENS 64
#define ASSAY_DETAIL_HEADS 32
/* Worst elements that are kept, and logits on each side. */
#define ASSAY_DETAIL_WORST 8
#define ASSAY_DETAIL_TOP 5
/* Half decades of the golden's magnitude below its largest, and of the deviation around the tolerance. */
#define ASSAY_DETAIL_MAGNITUDES 16
#define ASSAY_DETAIL_ERRORS 16

/* Largest deviation over tolerance of each bin; infinite where a NaN or an infinity stands against something else, or an exact value
 * differs; 0 where nothing is judged. */
typedef struct {
    int64_t heads, tokens; /* sizes of the axes; heads 1 where the tensor has no such axis. 0: there is no map */
    int head_bins, token_bins;
    float *ratios; /* (head_bins, token_bins) */
} assay_heat;

/* How many elements differ by how much, by how large they are. An element of golden value g and deviation d counts in
 *   magnitude m: floor(2 log10(|g| / largest |g|)) + ASSAY_DETAIL_MAGNITUDES - 1,
 *   error e:     floor(2 log10(d / tolerance)) + ASSAY_DETAIL_ERRORS / 2,
 * each at least 0 and at most its last. Elements that are equal or not finite are left out. */
typedef struct {
    bool known;
    int64_t counts[ASSAY_DETAIL_MAGNITUDES][ASSAY_DETAIL_ERRORS];
} assay_error_histogram;

typedef struct {
    int64_t at[ASSAY_MAX_RANK]; /* as assay_worst.at, along the axes of the entry's worst element */
    double golden, candidate;
} assay_worst_element;

/* A logit, with both values. */
typedef struct {
    int64_t id;
    double golden, candidate;
} assay_top_logit;

/* One row of logits: its largest on each side, the largest first. */
typedef struct {
    int64_t row;      /* over all leading axes; -1 without */
    int count;        /* on each side */
    bool same_winner; /* the first of both sides */
    assay_top_logit golden[ASSAY_DETAIL_TOP], candidate[ASSAY_DETAIL_TOP];
} assay_top_logits;

typedef struct {
    assay_heat by_token;             /* heads 1 */
    assay_heat by_head;              /* of an entry that fails and has heads */
    assay_error_histogram histogram; /* of an entry that fails */
    assay_worst_element
        worst[ASSAY_DETAIL_WORST]; /* (worst_count) of an entry that fails: other classes first, then the largest */
    int worst_count;
    assay_top_logits top; /* of logits */
} assay_detail;

/* Frees it and what it owns. Safe on NULL. */
void assay_detail_free(assay_detail *detail);

#ifdef __cplusplus
}
#endif

#endif
