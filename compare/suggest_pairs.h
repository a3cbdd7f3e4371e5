/*
 * The stages of a golden and the tensors of a port, every pair of them that may be one, and the best matching
 * (compare/suggest_map.h).
 */
#ifndef ASSAY_COMPARE_SUGGEST_PAIRS_H
#define ASSAY_COMPARE_SUGGEST_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/layout_guess.h"
#include "compare/name_meaning.h"
#include "compare/source.h"
#include "compare/value_sample.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Scores that differ by less do not tell two pairs apart. */
#define ASSAY_PAIR_MARGIN 0.1

/* A tensor of the candidate, in memory. */
typedef struct {
    char *name;
    assay_source_tensor values;
    assay_name_meaning meaning;
} assay_port_tensor;

/* A stage and a tensor that it may be, in the layout that fits best. */
typedef struct {
    size_t stage, tensor; /* indices */
    assay_layout_guess guess;
    assay_value_agreement values;
    double name;
    double score;
    bool one_layout; /* no other layout has the shape */
} assay_pair;

#define ASSAY_NO_PAIR ((size_t)-1)

typedef struct {
    const assay_source_item **stages; /* (stage_count) of the golden, in execution order; empty ones are left out */
    assay_value_sample *samples;      /* (stage_count) */
    size_t stage_count;
    assay_port_tensor *tensors; /* (tensor_count) in natural order of their names */
    size_t tensor_count;
    assay_pair *pairs; /* (pair_count) by stage */
    size_t pair_count;
    size_t *first;    /* (stage_count + 1) pairs of stage i are [first[i], first[i + 1]) */
    size_t *chosen;   /* (stage_count) its pair, or ASSAY_NO_PAIR */
    size_t *stage_of; /* (tensor_count) the stage that has it, or ASSAY_NO_PAIR */
} assay_pairing;

/* Reads both sides, scores all pairs, and chooses: the best score first, of equal ones the earlier stage and name. Errors: as
 * assay_source_read. Release with assay_pairing_free. */
assay_status assay_pairing_make(assay_pairing *out, const assay_source *golden, const assay_source *candidate,
                                const assay_layout_facts *facts, assay_error *err);

/* The pair of a stage and a tensor, or NULL. */
const assay_pair *assay_pairing_find(const assay_pairing *p, size_t stage, size_t tensor);

/* Another choice that is (nearly) as good as that of `stage`: the stage that would have its tensor then, or the same stage when another
 * tensor would do; ASSAY_NO_PAIR when there is none. *tensor is the tensor that the stage would have, or ASSAY_NO_PAIR. */
size_t assay_pairing_rival(const assay_pairing *p, size_t stage, size_t *tensor);

void assay_pairing_free(assay_pairing *p);

#ifdef __cplusplus
}
#endif

#endif
