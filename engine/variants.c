#include "engine/variants.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/nearest.h"

/* Every field of assay_semantics is an enum, and every enum without negative values is stored as an unsigned int. */
static_assert(sizeof(assay_split) == sizeof(unsigned), "enums are unsigned ints");
static_assert(sizeof(assay_semantics) % sizeof(unsigned) == 0, "assay_semantics holds enums alone");

#define FIELD(name) offsetof(assay_semantics, name)

static const assay_variant variants[] = {
    /* window schedule */
    {"split-above-window", "SCHED-1", FIELD(split), ASSAY_SPLIT_ABOVE_WINDOW,
     "splits a call of more than C tokens (last_context_length)", "splits only calls of more than W tokens",
     "the test that decides whether a call is cut into windows", 0, NULL},
    {"final-window-of-w", "SCHED-1", FIELD(final_window), ASSAY_FINAL_WINDOW,
     "leaves C tokens (last_context_length) to the final window", "leaves W tokens to the final window",
     "the length of the final window", 0, NULL},
    {"final-window-is-remainder", "SCHED-1", FIELD(final_window), ASSAY_FINAL_REMAINDER,
     "keeps the last C tokens apart for the final window",
     "cuts windows of W tokens to the end; what is left is the final one", "the loop that cuts a call into windows", 0,
     NULL},
    {"short-window-first", "SCHED-1", FIELD(short_window), ASSAY_SHORT_WINDOW_FIRST,
     "makes the last prefix window the short one", "makes the first prefix window the short one",
     "the loop that cuts the prefix into windows", 0, NULL},
    {"call-context-length-ignored", "SCHED-1", FIELD(context_source), ASSAY_CONTEXT_OF_CONFIG,
     "takes last_context_length from the call where it is given",
     "always takes the configuration's last_context_length", "the argument last_context_length of forward and generate",
     0, NULL},
    {"prefix-windows-cached", "SCHED-2", FIELD(prefix_cache), ASSAY_PREFIX_CACHED,
     "runs prefix windows without a local cache when the call brings none",
     "lets prefix windows build up a local cache of their own", "use_cache of the prefix windows", 0, NULL},
    {"context-limited-to-window", "SCHED-4", FIELD(context_limit), ASSAY_CONTEXT_AT_MOST_W,
     "accepts a C above W: the final window is longer than W", "cuts C down to W", "the length of the final window", 0,
     NULL},
    {"no-split-without-memory-layers", "SCHED-5", FIELD(memoryless_split), ASSAY_SPLIT_WITH_MEMORY,
     "splits long calls even without memory layers, which loses the prefix",
     "runs a long call as one window when no layer has memory",
     "the test that decides whether a call is cut into windows", 0, NULL},
    {"mask-nonzero-keeps", "SCHED-6", FIELD(mask_entry), ASSAY_MASK_NONZERO_KEEPS,
     "keeps a token only where the mask is exactly 1", "keeps a token wherever the mask is not 0",
     "the conversion of attention_mask to booleans", 0, NULL},
    {"mask-first-columns", "SCHED-6", FIELD(mask_cut), ASSAY_MASK_FIRST_COLUMNS,
     "cuts a mask that is too long to its last columns", "cuts a mask that is too long to its first columns",
     "the slice of attention_mask for cache and input", 0, NULL},
    {"mask-ignored", "SCHED-6", FIELD(mask_use), ASSAY_MASK_IGNORED, "hides what attention_mask does not keep",
     "ignores attention_mask", "attention_mask on its way to the scores and to the memory", 0, NULL},
    {"pads-remembered", "CACHE-8", FIELD(cached_pads), ASSAY_PADS_REMEMBERED,
     "treats all cached columns as kept when a call has no mask",
     "remembers the mask of earlier calls for cached columns", "the default mask of a call on top of a local cache", 0,
     NULL},
    /* local cache */
    {"flip-at-window", "CACHE-1", FIELD(flip_threshold), ASSAY_FLIP_AT_W,
     "drops the local cache when cached + new tokens exceed W", "drops it already when they reach W",
     "the comparison with W before attention", 0, NULL},
    {"flip-overflow-only", "CACHE-1", FIELD(flip_extent), ASSAY_FLIP_OVERFLOW,
     "drops the whole cached part when it overflows", "drops only the oldest tokens that are too many",
     "how many cached tokens leave the local cache", 0, NULL},
    {"flip-discards", "CACHE-1", FIELD(flip_extent), ASSAY_FLIP_DISCARDED,
     "moves what the local cache drops to the memory", "drops it without moving it to the memory",
     "what happens to dropped keys and values in memory layers", 0, NULL},
    {"flip-on-memory-layers-only", "CACHE-1", FIELD(flip_layers), ASSAY_FLIP_MEMORY_LAYERS,
     "drops the local cache on every layer", "drops it on memory layers only; the others keep all they have",
     "the drop in layers without memory", 0, NULL},
    {"mask-not-cut-at-flip", "CACHE-4", FIELD(flip_mask), ASSAY_MASK_UNCUT_AT_FLIP,
     "cuts the dropped columns off the mask", "goes on with the mask's first columns",
     "the slice of the mask after a drop", 0, NULL},
    {"relative-positions-stored", "CACHE-5", FIELD(stored_positions), ASSAY_STORED_RELATIVE,
     "keeps the position ids of cached tokens in the past", "keeps their relative positions",
     "what the past stores as positions", 0, NULL},
    {"memory-lost-between-calls", "CACHE-5", FIELD(memory_lifetime), ASSAY_MEMORY_OF_CALL,
     "returns the memory in the past, for the next call", "starts every call with an empty memory",
     "the memory parts of past_key_values", 0, NULL},
    {"memory-not-reordered", "CACHE-7", FIELD(reorder_parts), ASSAY_REORDER_LOCAL,
     "reorders all six tensors of the past along the batch", "reorders the local cache and leaves the memory",
     "the reordering for beam search", 0, NULL},
    /* positions */
    {"positions-from-zero-each-call", "POS-1", FIELD(next_position), ASSAY_NEXT_FROM_ZERO,
     "goes on one past the largest position in the local cache", "starts every call at position 0",
     "default position ids of a call with a past", 0, NULL},
    {"positions-after-memory", "POS-1", FIELD(next_position), ASSAY_NEXT_AFTER_MEMORY,
     "restarts at position 0 on a past that holds memory alone", "goes on after what is in memory",
     "default position ids of a call with a past", 0, NULL},
    {"positions-after-cached", "POS-1", FIELD(next_position), ASSAY_NEXT_AFTER_CACHED,
     "goes on one past the largest position in the local cache", "goes on from the number of cached tokens",
     "default position ids of a call with a past", 0, NULL},
    {"positions-without-pads", "POS-1", FIELD(next_position), ASSAY_NEXT_WITHOUT_PADS,
     "counts pads in default position ids", "counts only what the mask keeps",
     "default position ids of a call with a mask", 0, NULL},
    {"positions-absolute", "POS-2", FIELD(position_origin), ASSAY_ORIGIN_ZERO,
     "makes positions relative to the smallest one in the local context", "rotates by absolute position ids",
     "the positions that queries and local keys are rotated with", 0, NULL},
    {"positions-from-batch-minimum", "POS-2", FIELD(position_origin), ASSAY_ORIGIN_BATCH_MINIMUM,
     "takes the smallest position of each row", "takes the smallest position of the whole batch",
     "the minimum over positions (its axes)", 0, NULL},
    {"positions-from-first-key", "POS-2", FIELD(position_origin), ASSAY_ORIGIN_FIRST_KEY,
     "takes the smallest position in the local context", "takes the position of the first local key",
     "the origin of relative positions", 0, NULL},
    {"position-one-after-flip", "CACHE-2", FIELD(flip_position), ASSAY_FLIP_RESTARTS_AT_1,
     "restarts relative positions at 0 after a drop", "restarts them at 1 in the window that drops",
     "relative positions after a drop", 0, NULL},
    {"position-gap-accepted", "POS-3", FIELD(position_gap), ASSAY_GAP_ACCEPTED,
     "refuses position ids with a gap (an index error)", "computes with them", "the length of the rotary table", 0,
     NULL},
    {"generate-pads-counted", "POS-4", FIELD(generate_positions), ASSAY_GENERATE_COLUMNS,
     "takes cumsum(mask) - 1 as positions in generation", "counts pads in positions",
     "position ids of generation with a mask", 0, NULL},
    {"generate-pads-at-one", "POS-4", FIELD(generate_positions), ASSAY_GENERATE_PADS_AT_1,
     "leaves pads at the left at position -1", "puts pads at position 1, as Hugging Face's LLaMA does",
     "the masked_fill on position ids of generation, which has no effect in the original", 0, NULL},
    {"positions-reset-per-window", "POS-5", FIELD(window_positions), ASSAY_WINDOW_POSITIONS_RESET,
     "cuts position ids by window as the tokens are",
     "restarts position ids in each window, at 0 or after its local cache", "position ids of the windows of a call", 0,
     NULL},
    {"queries-from-first-positions", "POS-6", FIELD(query_position), ASSAY_QUERY_FIRST_POSITIONS,
     "rotates queries with the last relative positions", "rotates them with the first ones",
     "the slice of positions for queries when there is a local cache", 0, NULL},
    {"queries-at-position-0", "POS-6", FIELD(query_position), ASSAY_QUERY_POSITION_ZERO,
     "rotates queries with their relative positions", "rotates every query at position 0", "the rotation of queries", 0,
     NULL},
    /* rotary embedding */
    {"rotary-interleaved", "ROPE-1", FIELD(rotary_pairs), ASSAY_PAIRS_INTERLEAVED,
     "rotates element i with element i + D/2", "rotates neighbours 2i and 2i + 1",
     "the pairing in the rotary embedding", 0, NULL},
    {"rotary-exponent-halved", "ROPE-1", FIELD(rotary_exponent), ASSAY_EXPONENT_I_OVER_D,
     "raises theta to 2i/D for pair i", "raises theta to i/D", "the inverse frequencies", 0, NULL},
    {"rotary-backwards", "ROPE-2", FIELD(rotary_direction), ASSAY_ROTATES_BACKWARD,
     "adds rotate_half(x) = [-x2, x1] times the sine", "subtracts it: rotates the other way", "signs in rotate_half", 0,
     NULL},
    {"cos-sin-in-bf16", "ROPE-3", FIELD(rotary_table), ASSAY_TABLE_BF16, "computes cosines and sines in float32",
     "rounds them to bfloat16", "the dtype of the rotary table", 0, NULL},
    {"rotary-frequencies-cast", "PREC-2", FIELD(rotary_frequencies), ASSAY_FREQUENCIES_CAST,
     "keeps float32 frequencies when it is built in half precision",
     "casts them, as .to() or .half() do with a model that is built already; shows once a table grows",
     "how the rotary tables come into half precision", 0, NULL},
    {"cached-keys-rotated", "ROPE-4", FIELD(cached_keys), ASSAY_CACHED_ROTATED,
     "caches keys unrotated and rotates them at each use", "caches rotated keys, which then also go to memory",
     "where keys are rotated and where they are cached", 0, NULL},
    {"theta-1e4", "ROPE-5", FIELD(theta), ASSAY_THETA_1E4, "takes theta from rope_theta", "takes theta 10000",
     "rope_theta of the configuration", 0, NULL},
    {"theta-1e6", "ROPE-5", FIELD(theta), ASSAY_THETA_1E6, "takes theta from rope_theta (10000 where it is absent)",
     "takes theta 1000000", "rope_theta of the configuration", 0, NULL},
    /* memory */
    {"memory-keys-at-position-ids", "MEM-1", FIELD(memory_key_rotation), ASSAY_MEMORY_KEY_AT_ID,
     "rotates keys at position 0 when they go to memory", "rotates them at their position ids",
     "the rotation of keys on their way to the memory", 0, NULL},
    {"memory-keys-at-relative-positions", "MEM-1", FIELD(memory_key_rotation), ASSAY_MEMORY_KEY_AT_RELATIVE,
     "rotates keys at position 0 when they go to memory", "rotates them at their relative positions in their window",
     "the rotation of keys on their way to the memory", 0, NULL},
    {"memory-queries-at-position-0", "MEM-1", FIELD(memory_query), ASSAY_MEMORY_QUERY_AT_0,
     "reads the memory with queries at their relative positions", "reads the memory with unrotated queries",
     "the queries of the scores against memory", 0, NULL},
    {"own-window-in-memory", "MEM-2", FIELD(own_window), ASSAY_OWN_WINDOW_AT_ONCE,
     "adds a window to the memory after its attention", "adds it before: the window also sees itself through memory",
     "the order of memory update and attention", 0, NULL},
    {"memory-before-local", "MEM-3", FIELD(key_order), ASSAY_KEYS_MEMORY_FIRST,
     "puts local keys before those in memory", "puts keys in memory first",
     "the concatenation of local and memory scores", ASSAY_SHOWS_IN_STAGES,
     "a softmax and the weighted sum after it do not depend on the order of keys beyond rounding; it shows where "
     "scores or "
     "probabilities are dumped"},
    {"memory-causal", "MEM-4", FIELD(memory_visibility), ASSAY_MEMORY_SEEN_CAUSALLY,
     "lets every query see all of the memory",
     "applies the causal mask to the memory: query t sees its first t + 1 keys", "the mask over memory scores", 0,
     NULL},
    {"memory-causal-aligned", "MEM-4", FIELD(memory_visibility), ASSAY_MEMORY_SEEN_ALIGNED,
     "lets every query see all of the memory", "applies a causal mask that ends with the last key in memory",
     "the mask over memory scores", 0, NULL},
    {"memory-mask-missing", "MEM-5", FIELD(memory_mask_row), ASSAY_MEMORY_MASK_NONE,
     "stores a mask with the memory: pads stay hidden", "stores no mask: pads in memory are visible",
     "the mask that goes to memory with keys and values", 0, NULL},
    {"memory-mask-of-first-query", "MEM-5", FIELD(memory_mask_row), ASSAY_MEMORY_MASK_FIRST_QUERY,
     "stores the last query's mask row", "stores the first query's mask row, which hides what comes after it",
     "the row of the mask that goes to memory", 0, NULL},
    {"memory-mask-shifted", "MEM-5", FIELD(memory_mask_row), ASSAY_MEMORY_MASK_SHIFTED,
     "stores with each key its own mask entry", "stores the entry of the key before it",
     "the slice of the mask that goes to memory", 0, NULL},
    {"memory-not-cast", "MEM-6", FIELD(memory_cast), ASSAY_MEMORY_NOT_CAST,
     "casts keys and values to mem_dtype when they are stored", "keeps them in the activations' dtype",
     "the dtype of the memory (mem_dtype, bfloat16 by default)", 0, NULL},
    {"memory-truncated", "MEM-6", FIELD(memory_cast), ASSAY_MEMORY_TRUNCATED,
     "rounds to the nearest even when it casts to mem_dtype", "cuts the low bits off", "the conversion to mem_dtype", 0,
     NULL},
    {"memory-mask-cast", "MEM-6", FIELD(memory_mask_cast), ASSAY_MEMORY_MASK_CAST,
     "keeps memory masks in the activations' dtype", "casts memory masks to mem_dtype as well",
     "the dtype of the masks in memory", 0, NULL},
    {"mem-positionals-ignored", "MEM-7", FIELD(mem_positionals), ASSAY_MEM_POSITIONALS_IGNORED,
     "uses no rotary embedding in memory layers when mem_positionals is false", "rotates in memory layers all the same",
     "mem_positionals of the configuration", 0, NULL},
    {"final-window-to-memory", "MEM-8", FIELD(final_keys), ASSAY_FINAL_TO_MEMORY,
     "leaves the final window in the local cache under use_cache", "moves the final window to memory as well",
     "the memory update of the final window", 0, NULL},
    {"no-memory-without-cache", "MEM-8", FIELD(uncached_keys), ASSAY_UNCACHED_DISCARDED,
     "moves the final window to memory without use_cache", "forgets it", "the memory update of the final window", 0,
     NULL},
    {"two-softmaxes-added", "MEM-9", FIELD(softmax_count), ASSAY_SOFTMAX_TWO_ADDED,
     "normalises local and memory scores in one softmax", "normalises each alone and adds the two outputs",
     "the softmax over local and memory scores", 0, NULL},
    {"two-softmaxes-averaged", "MEM-9", FIELD(softmax_count), ASSAY_SOFTMAX_TWO_AVERAGED,
     "normalises local and memory scores in one softmax", "normalises each alone and averages the two outputs",
     "the softmax over local and memory scores", 0, NULL},
    {"memory-layer-one-earlier", "MEM-11", FIELD(memory_layers), ASSAY_MEMORY_LAYERS_ONE_EARLIER,
     "counts the ids of memory layers from 0", "counts them from 1: the layer before has the memory",
     "mem_layers of the configuration", 0, NULL},
    {"memory-layer-one-later", "MEM-11", FIELD(memory_layers), ASSAY_MEMORY_LAYERS_ONE_LATER,
     "counts the ids of memory layers from 0", "gives the memory to the layer after", "mem_layers of the configuration",
     0, NULL},
    {"memory-in-every-layer", "MEM-11", FIELD(memory_layers), ASSAY_MEMORY_LAYERS_ALL,
     "gives memory only to the layers that are named", "gives memory to every layer", "mem_layers of the configuration",
     0, NULL},
    /* generation */
    {"prompt-pads-not-masked", "GEN-2", FIELD(prompt_pads), ASSAY_PROMPT_PADS_KEPT,
     "masks pad ids of a prompt that comes without a mask", "attends to pads", "the default mask of generation", 0,
     NULL},
    {"prompt-cut-on-memory", "GEN-3", FIELD(memory_prompt), ASSAY_PROMPT_LAST_TOKEN,
     "feeds the whole prompt on top of a past that holds memory alone", "feeds its last token",
     "the cut of input_ids when there is a past", 0, NULL},
    {"uncached-step-of-one-token", "GEN-4", FIELD(uncached_step), ASSAY_UNCACHED_STEP_LAST,
     "feeds the whole sequence again at each step without a cache", "feeds the last token",
     "the cut of input_ids when there is a past", 0, NULL},
    /* attention */
    {"scale-missing", "ATT-1", FIELD(score_scale), ASSAY_SCALE_NONE, "divides scores by sqrt(D)",
     "does not scale scores", "the factor on query times key", 0, NULL},
    {"scale-of-d", "ATT-1", FIELD(score_scale), ASSAY_SCALE_D, "divides scores by sqrt(D)", "divides scores by D",
     "the factor on query times key", 0, NULL},
    {"scale-of-hidden-size", "ATT-1", FIELD(score_scale), ASSAY_SCALE_ROOT_HIDDEN, "divides scores by sqrt(D)",
     "divides scores by sqrt(hidden_size)", "the factor on query times key", 0, NULL},
    {"clamp-missing", "ATT-1", FIELD(score_clamp), ASSAY_SCORES_UNCLAMPED, "clamps scores at -1e6 after the mask",
     "leaves masked scores as they are", "the clamp on masked scores; it changes rows whose keys are all hidden", 0,
     NULL},
    {"softmax-in-bf16", "ATT-2", FIELD(softmax_precision), ASSAY_SOFTMAX_BF16, "computes the softmax in float32",
     "computes it in bfloat16", "the dtype of the softmax", 0, NULL},
    {"masked-rows-zero", "ATT-3", FIELD(hidden_row), ASSAY_HIDDEN_ROW_ZERO,
     "gives a query that sees no key the average over all keys", "gives it zeros", "rows whose keys are all hidden", 0,
     NULL},
    {"masked-rows-nan", "ATT-3", FIELD(hidden_row), ASSAY_HIDDEN_ROW_NAN,
     "gives a query that sees no key the average over all keys", "gives it NaN", "rows whose keys are all hidden", 0,
     NULL},
    {"torch-attention-clamped", "ATT-4", FIELD(torch_attention), ASSAY_TORCH_ATTENTION_CLAMPED,
     "does not clamp scores with torch_attention", "clamps them as without it",
     "torch_attention of the configuration; it changes rows whose keys are all hidden", 0, NULL},
    {"causal-mask-one-ahead", "ATT-5", FIELD(causality), ASSAY_CAUSAL_ONE_AHEAD, "hides all later tokens from a query",
     "lets a query see the next token", "the diagonal of the causal mask", 0, NULL},
    {"causal-mask-missing", "ATT-5", FIELD(causality), ASSAY_CAUSAL_NOT, "hides later tokens from a query",
     "lets a query see the whole local context", "the causal mask", 0, NULL},
    /* the rest */
    {"eps-outside-root", "NORM-1", FIELD(eps_place), ASSAY_EPS_OUTSIDE_ROOT,
     "adds eps to the variance, inside the root", "adds eps to the root", "RMSNorm", 0, NULL},
    {"eps-1e-6", "NORM-1", FIELD(eps_source), ASSAY_EPS_1E_6, "takes eps from rms_norm_eps", "takes eps 1e-6",
     "rms_norm_eps of the configuration", 0, NULL},
    {"norm-weight-before-cast", "NORM-1", FIELD(norm_weight), ASSAY_NORM_WEIGHT_BEFORE_CAST,
     "multiplies by the norm's weight after the cast to the activations' dtype", "multiplies by it before the cast",
     "RMSNorm in half precision", ASSAY_SHOWS_NOWHERE,
     "in float32 and float64 the cast changes nothing, so both orders give the same bits; in half precision the order "
     "moves "
     "single roundings, no farther than others are moved by float32 sums in another order"},
    {"norm-weight-plus-one", "NORM-1", FIELD(norm_weight), ASSAY_NORM_WEIGHT_PLUS_ONE,
     "multiplies by the norm's weight", "multiplies by 1 + weight, as Gemma does", "RMSNorm", 0, NULL},
    {"activation-silu", "MLP-1", FIELD(act_source), ASSAY_ACT_ALWAYS_SILU, "takes the activation that hidden_act names",
     "takes silu whatever hidden_act says", "hidden_act of the configuration", 0, NULL},
    {"activation-gelu", "MLP-1", FIELD(act_source), ASSAY_ACT_ALWAYS_GELU,
     "takes the activation that hidden_act names (silu by default)", "takes gelu", "the activation in the MLP", 0,
     NULL},
    {"activation-gelu-tanh", "MLP-1", FIELD(act_source), ASSAY_ACT_ALWAYS_GELU_TANH,
     "takes the activation that hidden_act names (silu by default)", "takes the tanh form of gelu",
     "the activation in the MLP", 0, NULL},
    {"up-activated", "MLP-1", FIELD(activated_projection), ASSAY_UP_ACTIVATED, "activates gate_proj's output",
     "activates up_proj's output", "the product of gate and up in the MLP", 0, NULL},
    {"gate-and-up-swapped", "MLP-1", FIELD(activated_projection), ASSAY_GATE_UP_EXCHANGED,
     "reads gate_proj and up_proj by their names", "loads one projection's weight as the other's",
     "the names or the order of gate_proj and up_proj when weights are loaded", 0, NULL},
    {"head-always-tied", "HEAD-1", FIELD(head_weight), ASSAY_HEAD_TIED,
     "has a head of its own unless tie_word_embeddings", "always uses the embedding as head", "lm_head's weight", 0,
     NULL},
    {"head-untied", "HEAD-1", FIELD(head_weight), ASSAY_HEAD_UNTIED,
     "uses the embedding as head with tie_word_embeddings", "uses a head of its own, left at zero", "lm_head's weight",
     0, NULL},
    {"final-norm-missing", "HEAD-1", FIELD(head_input), ASSAY_HEAD_READS_HIDDEN,
     "applies the final norm before the head", "feeds the last layer's output to the head", "the final norm", 0, NULL},
    {"loss-not-shifted", "LOSS-1", FIELD(label_shift), ASSAY_LABELS_NOT_SHIFTED,
     "holds the logits of a token against the next label", "holds them against the token's own label", "the loss", 0,
     NULL},
    {"loss-over-all", "LOSS-1", FIELD(loss_mean), ASSAY_LOSS_OVER_ALL, "takes the mean over labels that are not -100",
     "divides by the number of all labels", "the mean in the loss", 0, NULL},
    {"pooled-at-last-column", "CLS-1", FIELD(pooling), ASSAY_POOL_LAST_COLUMN,
     "pools at the count of ids that are no pad, minus 1", "pools at the last column",
     "the column that the classification head reads", 0, NULL},
    {"pooled-at-last-token", "CLS-1", FIELD(pooling), ASSAY_POOL_LAST_TOKEN,
     "pools at the count of ids that are no pad, minus 1", "pools at the last id that is no pad",
     "the column that the classification head reads", 0, NULL},
    {"pooled-before-first-pad", "CLS-1", FIELD(pooling), ASSAY_POOL_BEFORE_FIRST_PAD,
     "pools at the count of ids that are no pad, minus 1", "pools at the column before the first pad",
     "the column that the classification head reads", 0, NULL},
    {"embeddings-scaled", "EMB-1", FIELD(embedding_scale), ASSAY_EMBEDDING_SCALED, "takes embeddings as they are",
     "multiplies them by sqrt(hidden_size)", "what enters the first layer", 0, NULL},
};
enum { variant_count = sizeof variants / sizeof *variants };

size_t assay_variant_count(void) { return variant_count; }
const assay_variant *assay_variant_at(size_t index) { return &variants[index]; }

static const assay_variant *find(const char *name, size_t length) {
    for (size_t i = 0; i < variant_count; i++)
        if (strlen(variants[i].name) == length && memcmp(variants[i].name, name, length) == 0) return &variants[i];
    return NULL;
}

const assay_variant *assay_variant_find(const char *name) { return find(name, strlen(name)); }

static unsigned field_of(const assay_variant *variant, const assay_semantics *semantics) {
    unsigned value;
    memcpy(&value, (const char *)semantics + variant->field, sizeof value);
    return value;
}

void assay_variant_apply(const assay_variant *variant, assay_semantics *semantics) {
    unsigned value = (unsigned)variant->value;
    memcpy((char *)semantics + variant->field, &value, sizeof value);
}

assay_semantics assay_variants_combine(const assay_variant *const *mistakes, size_t count) {
    assay_semantics semantics = {0};
    for (size_t i = 0; i < count; i++) assay_variant_apply(mistakes[i], &semantics);
    return semantics;
}

static assay_status unknown(const char *name, size_t length, assay_error *err) {
    char hint[128];
    assay_nearest near = assay_nearest_begin(name, length);
    for (size_t i = 0; i < variant_count; i++) assay_nearest_offer(&near, variants[i].name);
    return assay_fail(err, ASSAY_EINPUT, NULL, "'%.*s' is no known mistake; %s", (int)length, name,
                      assay_nearest_hint(&near, "'assay diagnose --list' shows their names", hint, sizeof hint));
}

assay_status assay_variants_parse(const char *list, assay_semantics *out, assay_error *err) {
    assay_semantics semantics = {0};
    for (const char *at = list;;) {
        size_t length = strcspn(at, ",");
        const assay_variant *variant = find(at, length);
        if (!variant) return unknown(at, length, err);
        if (field_of(variant, &semantics))
            return assay_fail(err, ASSAY_EINPUT, NULL, "'%s': two mistakes about the same choice do not go together",
                              list);
        assay_variant_apply(variant, &semantics);
        at += length;
        if (!*at) break;
        at++;
    }
    *out = semantics;
    return ASSAY_OK;
}
