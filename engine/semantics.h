/*
 * What a port can get wrong, as data: one field for each choice that LongLLaMA's original made, one value for each way to make
 * it. The first value of every field (0) is the original's, so that a zeroed assay_semantics is the original; every other value
 * is a named mistake about one rule (engine/variants.h lists them with their words). The engine reads the fields where the rule
 * stands in its code. A model carries its semantics from creation on.
 */
#ifndef ASSAY_ENGINE_SEMANTICS_H
#define ASSAY_ENGINE_SEMANTICS_H

#include "core/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- window schedule ---- */

/* SCHED-1: a call is split when it has more tokens than this. */
typedef enum { ASSAY_SPLIT_ABOVE_CONTEXT, ASSAY_SPLIT_ABOVE_WINDOW } assay_split;

/* SCHED-1: tokens of the final window. */
typedef enum {
    ASSAY_FINAL_CONTEXT,  /* C */
    ASSAY_FINAL_WINDOW,   /* W */
    ASSAY_FINAL_REMAINDER /* what is left after whole windows of W */
} assay_final_window;

/* SCHED-1: which prefix window is the short one. */
typedef enum { ASSAY_SHORT_WINDOW_LAST, ASSAY_SHORT_WINDOW_FIRST } assay_short_window;

/* SCHED-1: whether a call's own last_context_length counts. */
typedef enum { ASSAY_CONTEXT_OF_CALL, ASSAY_CONTEXT_OF_CONFIG } assay_context_source;

/* SCHED-2: prefix windows of a call without a local cache. */
typedef enum { ASSAY_PREFIX_UNCACHED, ASSAY_PREFIX_CACHED } assay_prefix_cache;

/* SCHED-4: a C above W. */
typedef enum { ASSAY_CONTEXT_AS_GIVEN, ASSAY_CONTEXT_AT_MOST_W } assay_context_limit;

/* SCHED-5: a long call without memory layers. */
typedef enum { ASSAY_SPLIT_ALWAYS, ASSAY_SPLIT_WITH_MEMORY } assay_memoryless_split;

/* SCHED-6: the mask entries that keep. */
typedef enum { ASSAY_MASK_ONE_KEEPS, ASSAY_MASK_NONZERO_KEEPS } assay_mask_entry;

/* SCHED-6: the columns of a mask that is too long. */
typedef enum { ASSAY_MASK_LAST_COLUMNS, ASSAY_MASK_FIRST_COLUMNS } assay_mask_cut;

/* SCHED-6: whether the mask is read at all. */
typedef enum { ASSAY_MASK_READ, ASSAY_MASK_IGNORED } assay_mask_use;

/* CACHE-8: pads of earlier calls under a call without a mask. */
typedef enum { ASSAY_PADS_FORGOTTEN, ASSAY_PADS_REMEMBERED } assay_cached_pads;

/* ---- local cache ---- */

/* CACHE-1: cached + new tokens drop the cache when they are ... */
typedef enum { ASSAY_FLIP_ABOVE_W, ASSAY_FLIP_AT_W } assay_flip_threshold;

/* CACHE-1: what a flip drops, and where it goes. */
typedef enum {
    ASSAY_FLIP_WHOLE,    /* the whole cached part; memory layers move it to memory */
    ASSAY_FLIP_OVERFLOW, /* the oldest tokens that are too many */
    ASSAY_FLIP_DISCARDED /* the whole cached part, which is lost */
} assay_flip_extent;

/* CACHE-1: the layers that flip. */
typedef enum { ASSAY_FLIP_EVERY_LAYER, ASSAY_FLIP_MEMORY_LAYERS } assay_flip_layers;

/* CACHE-4: the mask of the local keys after a flip. */
typedef enum { ASSAY_MASK_CUT_AT_FLIP, ASSAY_MASK_UNCUT_AT_FLIP } assay_flip_mask;

/* CACHE-5: what the past holds as position ids. */
typedef enum { ASSAY_STORED_POSITION_IDS, ASSAY_STORED_RELATIVE } assay_stored_positions;

/* CACHE-7: what beam search reorders. */
typedef enum { ASSAY_REORDER_ALL, ASSAY_REORDER_LOCAL } assay_reorder_parts;

/* CACHE-5: how long the memory lasts. */
typedef enum { ASSAY_MEMORY_IN_PAST, ASSAY_MEMORY_OF_CALL } assay_memory_lifetime;

/* ---- positions ---- */

/* POS-1: positions of a call without position ids. */
typedef enum {
    ASSAY_NEXT_AFTER_LARGEST, /* one past the largest in the local cache; from 0 without one */
    ASSAY_NEXT_FROM_ZERO,     /* from 0 in every call */
    ASSAY_NEXT_AFTER_MEMORY,  /* without a local cache: go on after what is in memory */
    ASSAY_NEXT_AFTER_CACHED,  /* from the number of cached tokens */
    ASSAY_NEXT_WITHOUT_PADS   /* cumsum(mask) - 1, and 0 for pads at the left */
} assay_next_position;

/* POS-5: position ids of a window. */
typedef enum { ASSAY_WINDOW_POSITIONS_CUT, ASSAY_WINDOW_POSITIONS_RESET } assay_window_positions;

/* POS-2: what becomes relative position 0. */
typedef enum {
    ASSAY_ORIGIN_ROW_MINIMUM,
    ASSAY_ORIGIN_ZERO,          /* absolute positions */
    ASSAY_ORIGIN_BATCH_MINIMUM, /* one minimum for all rows */
    ASSAY_ORIGIN_FIRST_KEY      /* the position of the first local key */
} assay_position_origin;

/* CACHE-2: relative position of the first key after a flip. */
typedef enum { ASSAY_FLIP_RESTARTS_AT_0, ASSAY_FLIP_RESTARTS_AT_1 } assay_flip_position;

/* POS-3: position ids with a gap. */
typedef enum { ASSAY_GAP_REFUSED, ASSAY_GAP_ACCEPTED } assay_position_gap;

/* POS-6: the relative positions that queries are rotated with. */
typedef enum {
    ASSAY_QUERY_LAST_POSITIONS,
    ASSAY_QUERY_FIRST_POSITIONS,
    ASSAY_QUERY_POSITION_ZERO
} assay_query_position;

/* POS-4: positions in generation. */
typedef enum {
    ASSAY_GENERATE_CUMSUM,   /* cumsum(mask) - 1: pads at the left stay at -1 */
    ASSAY_GENERATE_COLUMNS,  /* 0, 1, 2 ...: pads count */
    ASSAY_GENERATE_PADS_AT_1 /* cumsum(mask) - 1, and pads at 1 */
} assay_generate_positions;

/* ---- rotary embedding ---- */

/* ROPE-1: elements that are rotated together. */
typedef enum { ASSAY_PAIRS_HALF_SPLIT, ASSAY_PAIRS_INTERLEAVED } assay_rotary_pairs;

/* ROPE-1: exponent of theta for pair i. */
typedef enum { ASSAY_EXPONENT_2I_OVER_D, ASSAY_EXPONENT_I_OVER_D } assay_rotary_exponent;

/* ROPE-2: sign of the sine. */
typedef enum { ASSAY_ROTATES_FORWARD, ASSAY_ROTATES_BACKWARD } assay_rotary_direction;

/* ROPE-3: precision of the table of cosines and sines. */
typedef enum { ASSAY_TABLE_F32, ASSAY_TABLE_BF16 } assay_rotary_table_form;

/* PREC-2: what tables that grow are made from in half precision. */
typedef enum {
    ASSAY_FREQUENCIES_F32, /* frequencies in float32: a model that was built under its dtype, as from_pretrained does */
    ASSAY_FREQUENCIES_CAST /* cast with the model, by .to() or .half() */
} assay_rotary_frequencies;

/* ROPE-4: keys in the local cache. */
typedef enum { ASSAY_CACHED_UNROTATED, ASSAY_CACHED_ROTATED } assay_cached_keys;

/* ROPE-5: theta. */
typedef enum { ASSAY_THETA_OF_CONFIG, ASSAY_THETA_1E4, ASSAY_THETA_1E6 } assay_theta;

/* ---- memory ---- */

/* MEM-1: position that keys are rotated at when they go to memory. */
typedef enum {
    ASSAY_MEMORY_KEY_AT_0,
    ASSAY_MEMORY_KEY_AT_RELATIVE, /* the relative position that they had in their context */
    ASSAY_MEMORY_KEY_AT_ID        /* their position id */
} assay_memory_key_rotation;

/* MEM-1: position of the queries that read the memory. */
typedef enum { ASSAY_MEMORY_QUERY_AS_LOCAL, ASSAY_MEMORY_QUERY_AT_0 } assay_memory_query;

/* MEM-2: when a window's own keys become visible through memory. */
typedef enum { ASSAY_OWN_WINDOW_LATER, ASSAY_OWN_WINDOW_AT_ONCE } assay_own_window;

/* MEM-3: order of keys in attention. */
typedef enum { ASSAY_KEYS_LOCAL_FIRST, ASSAY_KEYS_MEMORY_FIRST } assay_key_order;

/* MEM-4: keys in memory that query t of T sees. */
typedef enum {
    ASSAY_MEMORY_SEEN_WHOLE,
    ASSAY_MEMORY_SEEN_CAUSALLY, /* the first t + 1 */
    ASSAY_MEMORY_SEEN_ALIGNED   /* all but the last T - 1 - t */
} assay_memory_visibility;

/* MEM-5: the mask stored with keys. */
typedef enum {
    ASSAY_MEMORY_MASK_LAST_QUERY,
    ASSAY_MEMORY_MASK_NONE, /* all visible */
    ASSAY_MEMORY_MASK_FIRST_QUERY,
    ASSAY_MEMORY_MASK_SHIFTED /* that of the key before */
} assay_memory_mask_row;

/* MEM-6: cast of keys and values to mem_dtype. */
typedef enum { ASSAY_MEMORY_ROUNDED, ASSAY_MEMORY_NOT_CAST, ASSAY_MEMORY_TRUNCATED } assay_memory_cast;

/* MEM-6: cast of memory masks. */
typedef enum { ASSAY_MEMORY_MASK_NOT_CAST, ASSAY_MEMORY_MASK_CAST } assay_memory_mask_cast;

/* MEM-7: whether memory layers heed mem_positionals. */
typedef enum { ASSAY_MEM_POSITIONALS_READ, ASSAY_MEM_POSITIONALS_IGNORED } assay_mem_positionals_use;

/* MEM-8: keys of the final window under use_cache. */
typedef enum { ASSAY_FINAL_TO_LOCAL, ASSAY_FINAL_TO_MEMORY } assay_final_keys;

/* MEM-8: keys of the final window without use_cache. */
typedef enum { ASSAY_UNCACHED_TO_MEMORY, ASSAY_UNCACHED_DISCARDED } assay_uncached_keys;

/* MEM-9: how local and memory scores are normalised. */
typedef enum {
    ASSAY_SOFTMAX_ONE,
    ASSAY_SOFTMAX_TWO_ADDED,   /* one each, and the outputs summed */
    ASSAY_SOFTMAX_TWO_AVERAGED /* one each, and the outputs averaged */
} assay_softmax_count;

/* MEM-11: layers with memory. */
typedef enum {
    ASSAY_MEMORY_LAYERS_AS_GIVEN,
    ASSAY_MEMORY_LAYERS_ONE_EARLIER, /* ids counted from 1 */
    ASSAY_MEMORY_LAYERS_ONE_LATER,
    ASSAY_MEMORY_LAYERS_ALL
} assay_memory_layers;

/* ---- generation ---- */

/* GEN-2: pads of a prompt without a mask. */
typedef enum { ASSAY_PROMPT_PADS_MASKED, ASSAY_PROMPT_PADS_KEPT } assay_prompt_pads;

/* GEN-3: what is fed of a prompt on top of a memory-only past. */
typedef enum { ASSAY_PROMPT_WHOLE, ASSAY_PROMPT_LAST_TOKEN } assay_memory_prompt;

/* GEN-4: what is fed at a step without a cache. */
typedef enum { ASSAY_UNCACHED_STEP_ALL, ASSAY_UNCACHED_STEP_LAST } assay_uncached_step;

/* ---- attention ---- */

/* ATT-1: factor on scores. */
typedef enum { ASSAY_SCALE_ROOT_D, ASSAY_SCALE_NONE, ASSAY_SCALE_D, ASSAY_SCALE_ROOT_HIDDEN } assay_score_scale;

/* ATT-1: least score. */
typedef enum { ASSAY_SCORES_CLAMPED, ASSAY_SCORES_UNCLAMPED } assay_score_clamp;

/* ATT-2: precision of the softmax. */
typedef enum { ASSAY_SOFTMAX_F32, ASSAY_SOFTMAX_BF16 } assay_softmax_precision;

/* ATT-3: a query that sees no key. */
typedef enum { ASSAY_HIDDEN_ROW_UNIFORM, ASSAY_HIDDEN_ROW_ZERO, ASSAY_HIDDEN_ROW_NAN } assay_hidden_row;

/* ATT-4: pad rows with torch_attention. */
typedef enum { ASSAY_TORCH_ATTENTION_UNCLAMPED, ASSAY_TORCH_ATTENTION_CLAMPED } assay_torch_attention_form;

/* ATT-5: the local keys that a query may see. */
typedef enum { ASSAY_CAUSAL, ASSAY_CAUSAL_ONE_AHEAD, ASSAY_CAUSAL_NOT } assay_causality;

/* ---- the rest ---- */

/* NORM-1: where eps is added. */
typedef enum { ASSAY_EPS_INSIDE_ROOT, ASSAY_EPS_OUTSIDE_ROOT } assay_eps_place;

/* NORM-1: which eps. */
typedef enum { ASSAY_EPS_OF_CONFIG, ASSAY_EPS_1E_6 } assay_eps_source;

/* NORM-1: how the weight is applied. */
typedef enum {
    ASSAY_NORM_WEIGHT_AFTER_CAST,
    ASSAY_NORM_WEIGHT_BEFORE_CAST, /* the same numbers where the activations are not in half precision */
    ASSAY_NORM_WEIGHT_PLUS_ONE
} assay_norm_weight;

/* MLP-1: the activation. */
typedef enum {
    ASSAY_ACT_OF_CONFIG,
    ASSAY_ACT_ALWAYS_SILU,
    ASSAY_ACT_ALWAYS_GELU,
    ASSAY_ACT_ALWAYS_GELU_TANH
} assay_act_source;

/* MLP-1: which projection is activated. */
typedef enum {
    ASSAY_GATE_ACTIVATED,
    ASSAY_UP_ACTIVATED,
    ASSAY_GATE_UP_EXCHANGED /* gate_proj holds up_proj's weight, and the other way round */
} assay_activated_projection;

/* HEAD-1: the head's weight. */
typedef enum {
    ASSAY_HEAD_OF_CONFIG,
    ASSAY_HEAD_TIED,  /* the embedding, whatever the configuration says */
    ASSAY_HEAD_UNTIED /* its own; zero where the checkpoint has none */
} assay_head_weight;

/* HEAD-1: what the head reads. */
typedef enum { ASSAY_HEAD_READS_NORM, ASSAY_HEAD_READS_HIDDEN } assay_head_input;

/* LOSS-1: the label of a token's logits. */
typedef enum { ASSAY_LABELS_SHIFTED, ASSAY_LABELS_NOT_SHIFTED } assay_label_shift;

/* LOSS-1: what the mean divides by. */
typedef enum { ASSAY_LOSS_OVER_KEPT, ASSAY_LOSS_OVER_ALL } assay_loss_mean;

/* CLS-1: the pooled column. */
typedef enum {
    ASSAY_POOL_COUNT,           /* count of ids that are no pad, minus 1 */
    ASSAY_POOL_LAST_COLUMN,     /* the last column */
    ASSAY_POOL_LAST_TOKEN,      /* the last id that is no pad */
    ASSAY_POOL_BEFORE_FIRST_PAD /* the one before the first pad */
} assay_pooling;

/* EMB-1: factor on embeddings. */
typedef enum { ASSAY_EMBEDDING_PLAIN, ASSAY_EMBEDDING_SCALED } assay_embedding_scale;

typedef struct {
    assay_split split;
    assay_final_window final_window;
    assay_short_window short_window;
    assay_context_source context_source;
    assay_prefix_cache prefix_cache;
    assay_context_limit context_limit;
    assay_memoryless_split memoryless_split;
    assay_mask_entry mask_entry;
    assay_mask_cut mask_cut;
    assay_mask_use mask_use;
    assay_cached_pads cached_pads;
    assay_flip_threshold flip_threshold;
    assay_flip_extent flip_extent;
    assay_flip_layers flip_layers;
    assay_flip_mask flip_mask;
    assay_stored_positions stored_positions;
    assay_reorder_parts reorder_parts;
    assay_memory_lifetime memory_lifetime;
    assay_next_position next_position;
    assay_window_positions window_positions;
    assay_position_origin position_origin;
    assay_flip_position flip_position;
    assay_position_gap position_gap;
    assay_query_position query_position;
    assay_generate_positions generate_positions;
    assay_rotary_pairs rotary_pairs;
    assay_rotary_exponent rotary_exponent;
    assay_rotary_direction rotary_direction;
    assay_rotary_table_form rotary_table;
    assay_rotary_frequencies rotary_frequencies;
    assay_cached_keys cached_keys;
    assay_theta theta;
    assay_memory_key_rotation memory_key_rotation;
    assay_memory_query memory_query;
    assay_own_window own_window;
    assay_key_order key_order;
    assay_memory_visibility memory_visibility;
    assay_memory_mask_row memory_mask_row;
    assay_memory_cast memory_cast;
    assay_memory_mask_cast memory_mask_cast;
    assay_mem_positionals_use mem_positionals;
    assay_final_keys final_keys;
    assay_uncached_keys uncached_keys;
    assay_softmax_count softmax_count;
    assay_memory_layers memory_layers;
    assay_prompt_pads prompt_pads;
    assay_memory_prompt memory_prompt;
    assay_uncached_step uncached_step;
    assay_score_scale score_scale;
    assay_score_clamp score_clamp;
    assay_softmax_precision softmax_precision;
    assay_hidden_row hidden_row;
    assay_torch_attention_form torch_attention;
    assay_causality causality;
    assay_eps_place eps_place;
    assay_eps_source eps_source;
    assay_norm_weight norm_weight;
    assay_act_source act_source;
    assay_activated_projection activated_projection;
    assay_head_weight head_weight;
    assay_head_input head_input;
    assay_label_shift label_shift;
    assay_loss_mean loss_mean;
    assay_pooling pooling;
    assay_embedding_scale embedding_scale;
} assay_semantics;

/* The configuration that a model of these semantics behaves as if it had been given: theta, eps, activation, layers with memory,
 * mem_dtype, mem_positionals. The original's semantics leave it as it is. `dtype` is what the model computes in. */
void assay_semantics_configure(assay_config *config, const assay_semantics *semantics, assay_dtype dtype);

#ifdef __cplusplus
}
#endif

#endif
