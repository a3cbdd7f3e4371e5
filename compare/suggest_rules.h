/*
 * The rules of a suggested mapping: entries that differ in nothing but their numbers become one rule with placeholders, which then
 * fits other cases too.
 */
#ifndef ASSAY_COMPARE_SUGGEST_RULES_H
#define ASSAY_COMPARE_SUGGEST_RULES_H

#include <stddef.h>

#include "compare/suggest_map.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_RULE_TEXT_NBYTES 512

/* One rule, for `count` entries with the layout of `entry`. */
typedef struct {
    char from[ASSAY_RULE_TEXT_NBYTES], to[ASSAY_RULE_TEXT_NBYTES];
    const assay_suggested *entry; /* the first of them */
    size_t count;
} assay_suggested_rule;

/* Makes the rules of a suggestion, which must outlive them; the caller frees *out. Each tensor of the candidate that a rule takes is one of
 * its entries. What is not sure has a rule of its own. ASSAY_EINTERNAL when out of memory. */
assay_status assay_suggestion_rules(assay_suggested_rule **out, size_t *count, const assay_suggestion *suggestion,
                                    assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
