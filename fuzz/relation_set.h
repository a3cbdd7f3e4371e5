/* The functions of the table in relation.c. Each leaves a verdict, or none where the case says nothing about its relation. */
#ifndef ASSAY_FUZZ_RELATION_SET_H
#define ASSAY_FUZZ_RELATION_SET_H

#include "fuzz/relation_job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* relation_batch.c */
void assay_relation_position_shift(assay_relation_job *job);
void assay_relation_batch_order(assay_relation_job *job);
void assay_relation_row_alone(assay_relation_job *job);
void assay_relation_cache_reorder(assay_relation_job *job);

#ifdef __cplusplus
}
#endif

#endif
