/*
 * The rules of docs/semantics.md as a table: what an id stands for in one line, where the original decides it, and
 * which of our files do the same, so that a report can explain the ids that stages, goldens and refusals cite.
 *
 * docs/semantics.md has the full text. `make lint` keeps the ids of both the same and in the same order.
 */
#ifndef ASSAY_CORE_RULES_H
#define ASSAY_CORE_RULES_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All strings are constants that live as long as the program; none is NULL.
 *
 * summary: what the original does, understandable alone. At most 110 characters on one line, without '|'.
 * original: the original's functions that decide it, or those of transformers 4.33.2 where it leaves it to them.
 * engine: our files that do it or refuse it. Empty where none does: the engine does not compute in half precision. */
typedef struct {
    const char *id;       /* "MEM-1" */
    const char *summary;  /* "keys are stored in memory rotated at position 0, whatever their true position" */
    const char *original; /* separated by "; ": "LongLlamaAttention.forward; rotate_as_if_first" */
    const char *engine;   /* separated by spaces: "engine/schedule.c engine/layer_attention.c" */
} assay_rule_info;

/* Number of rules. */
size_t assay_rule_count(void);

/* The rule number `index`, in the order of docs/semantics.md. NULL when index is not below the count. */
const assay_rule_info *assay_rule_at(size_t index);

/* The rule of an id ("MEM-1"; not NULL). NULL for an id that is none: compared whole, and case matters. */
const assay_rule_info *assay_rule_find(const char *id);

#ifdef __cplusplus
}
#endif

#endif
