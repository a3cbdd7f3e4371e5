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

/* relation_windows.c */
void assay_relation_windows_by_hand(assay_relation_job *job);
void assay_relation_decode_partition(assay_relation_job *job);
void assay_relation_flip(assay_relation_job *job);
void assay_relation_later_tokens(assay_relation_job *job);
void assay_relation_shared_windows(assay_relation_job *job);

/* relation_memory.c */
void assay_relation_unused_memory(assay_relation_job *job);
void assay_relation_lost_prefix(assay_relation_job *job);
void assay_relation_memory_order(assay_relation_job *job);
void assay_relation_masked_removed(assay_relation_job *job);
void assay_relation_memory_dtype(assay_relation_job *job);
void assay_relation_grouping(assay_relation_job *job);

/* relation_weights.c */
void assay_relation_value_scale(assay_relation_job *job);
void assay_relation_silent_memory(assay_relation_job *job);
void assay_relation_tied_head(assay_relation_job *job);

/* relation_inputs.c */
void assay_relation_pad_id(assay_relation_job *job);
void assay_relation_hidden_tokens(assay_relation_job *job);
void assay_relation_mask_form(assay_relation_job *job);
void assay_relation_cache_default(assay_relation_job *job);
void assay_relation_longer_context(assay_relation_job *job);
void assay_relation_embeddings(assay_relation_job *job);

/* relation_results.c */
void assay_relation_generation_by_hand(assay_relation_job *job);
void assay_relation_loss_parts(assay_relation_job *job);

/* relation_files.c */
void assay_relation_case_text(assay_relation_job *job);
void assay_relation_weights_file(assay_relation_job *job);
void assay_relation_dump_file(assay_relation_job *job);

#ifdef __cplusplus
}
#endif

#endif
