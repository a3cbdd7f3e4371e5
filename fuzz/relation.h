/*
 * Metamorphic relations: what the rules of docs/semantics.md say of two runs at once. Each makes a second form of a case that must give
 * the same results (all positions moved by a constant, rows of the batch exchanged, a long call made window by window ...), runs both on
 * the engine and compares. No golden and no oracle is needed. docs/relations.md lists them.
 */
#ifndef ASSAY_FUZZ_RELATION_H
#define ASSAY_FUZZ_RELATION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"
#include "engine/semantics.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_RELATION_NOT_APPLICABLE, /* the case says nothing about it: one row cannot be exchanged, a refused call computes nothing ... */
    ASSAY_RELATION_HOLDS,
    ASSAY_RELATION_BROKEN
} assay_relation_verdict;

typedef struct {
    assay_relation_verdict verdict;
    char message[512]; /* BROKEN: what, where and both numbers, in one line; "" otherwise */
    double
        distance; /* the largest that was seen, over what the relation allows: at most 1 where it holds; 0 of an exact one */
} assay_relation_result;

typedef struct assay_relation_job assay_relation_job;

typedef struct {
    const char *name;      /* "position_shift"; its libFuzzer target is fuzz/<name>/fuzz.c */
    const char *rules;     /* rule ids, separated by spaces */
    const char *statement; /* what must be the same */
    bool exact;            /* the same numbers, in float32; else within ASSAY_RELATION_TOLERANCE, in float64 */
    const char *why;       /* why exact, or why not */
    void (*check)(assay_relation_job *job);
} assay_relation;

/* How far numbers of a bounded relation may be apart, as a part of the largest of their tensor. Its forms round differently in
 * float64 (2.2e-16); the layers of a fuzzed model may enlarge that a thousand times. A mistake moves numbers far more, even one of
 * float32 (6e-8). */
#define ASSAY_RELATION_TOLERANCE 1e-9

size_t assay_relation_count(void);
const assay_relation *assay_relation_at(size_t index);

/* NULL for an unknown name. */
const assay_relation *assay_relation_find(const char *name);

/* Mistakes for the two forms to make (engine/variants.h); NULL: none. With the same mistakes in both, a relation shows which mistakes break
 * the rule that it is about; with a mistake in one form alone, that it compares what it says. */
typedef struct {
    const assay_semantics *first, *second;
} assay_relation_mistakes;

/* Checks one relation on one case, which must have a configuration and a recipe for its weights. `mistakes` may be NULL. Errors
 * (out of memory, a file of a round trip that cannot be written) are no verdict. */
assay_status assay_relation_check(const assay_relation *relation, const assay_case *c,
                                  const assay_relation_mistakes *mistakes, assay_relation_result *out,
                                  assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
