/*
 * A candidate with another program's names and layouts, seen through a mapping (compare/map_file.h).
 */
#ifndef ASSAY_COMPARE_MAPPED_SOURCE_H
#define ASSAY_COMPARE_MAPPED_SOURCE_H

#include "compare/map_file.h"
#include "compare/source.h"
#include "core/status.h"
#include "golden/golden_file.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct assay_mapped_source assay_mapped_source;

/* What layouts need to know of the configuration of a golden (or of a dump that stands for one). */
assay_layout_facts assay_layout_facts_of(const assay_golden *golden);

/* A source that has the stages that the mapping's rules make of the tensors of `from`, and the stages of `from` that no rule takes.
 * A tensor that a rule takes no longer stands for the stage of its own name, nor is it unknown. Nothing is read until a stage is;
 * a stage that one tensor is, without a layout, is read as `from` reads it. `from` and `map` must outlive *out.
 *
 * ASSAY_EINPUT, in one line that names mapping and rule: a rule that is not optional matches nothing, two tensors are one stage (of
 * two rules, of one rule without `join`, or of a rule and a tensor that has the stage's name), an operation does not fit a tensor's
 * shape, or parts that are joined differ in type or in another axis. Release with assay_mapped_source_destroy. */
assay_status assay_mapped_source_create(assay_mapped_source **out, const assay_source *from, const assay_map *map,
                                        const assay_layout_facts *facts, assay_error *err);

/* The stages, which live as long as the mapped source. One thread uses them at a time. */
const assay_source *assay_mapped_source_view(const assay_mapped_source *mapped);

/* NULL is fine. */
void assay_mapped_source_destroy(assay_mapped_source *mapped);

#ifdef __cplusplus
}
#endif

#endif
