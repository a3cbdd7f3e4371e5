/*
 * The named mistakes: every value of assay_semantics that is not the original's, with its rule and its words. What breaks the
 * engine on purpose (assay verify --rules) and what explains a port's dump (assay diagnose) walk this table.
 */
#ifndef ASSAY_ENGINE_VARIANTS_H
#define ASSAY_ENGINE_VARIANTS_H

#include <stddef.h>

#include "core/status.h"
#include "engine/semantics.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a mistake can show at all. */
typedef enum {
    ASSAY_SHOWS_IN_RESULTS, /* in what a call returns: logits, loss, tokens, past */
    ASSAY_SHOWS_IN_STAGES,  /* only inside the computation; `proof` says why not in the results */
    ASSAY_SHOWS_NOWHERE     /* it computes the same numbers; `proof` says why */
} assay_variant_visibility;

typedef struct {
    const char *name;     /* "memory-keys-at-position-ids" */
    const char *rule;     /* the rule that it breaks: "MEM-1" */
    size_t field;         /* offset of its field in assay_semantics */
    int value;            /* never 0 */
    const char *original; /* what the original does */
    const char *mistake;  /* what a port with this mistake does */
    const char *place;    /* where in a port one would look */
    assay_variant_visibility visibility;
    const char *proof; /* NULL where it shows in the results */
} assay_variant;

size_t assay_variant_count(void);
const assay_variant *assay_variant_at(size_t index);

/* NULL for an unknown name. */
const assay_variant *assay_variant_find(const char *name);

/* Makes the mistake in `semantics`, on top of those that are there. */
void assay_variant_apply(const assay_variant *variant, assay_semantics *semantics);

/* The semantics with `count` mistakes made. */
assay_semantics assay_variants_combine(const assay_variant *const *mistakes, size_t count);

/* Makes several mistakes, named in `list` with commas between them. ASSAY_EINPUT: an unknown name, or two mistakes about the
 * same choice. */
assay_status assay_variants_parse(const char *list, assay_semantics *out, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
