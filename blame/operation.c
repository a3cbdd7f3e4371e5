#include "blame/operation.h"

_Static_assert(ASSAY_STAGE_COUNT <= 64, "a set of stages has 64 bits");

static const struct {
    const char *name, *text;
} operations[ASSAY_OPERATION_COUNT] = {
    [ASSAY_OPERATION_INPUTS] = {"inputs", "window schedule, token ids, masks"},
    [ASSAY_OPERATION_POSITIONS] = {"positions", "position ids, relative positions"},
    [ASSAY_OPERATION_EMBEDDING] = {"embedding", "the look-up of token embeddings"},
    [ASSAY_OPERATION_NORM] = {"norm", "root mean square norms"},
    [ASSAY_OPERATION_PROJECTIONS] = {"projections", "query, key and value projections"},
    [ASSAY_OPERATION_ROTARY] = {"rotary", "cosines, sines, rotation of queries and local keys"},
    [ASSAY_OPERATION_MEMORY_WRITE] = {"memory-write", "what joins the memory, and how it is stored"},
    [ASSAY_OPERATION_MEMORY_READ] = {"memory-read", "which of the memory the queries see"},
    [ASSAY_OPERATION_SCORES] = {"scores", "scaled and masked products of queries and keys"},
    [ASSAY_OPERATION_SOFTMAX] = {"softmax", "the softmax over local keys and memory"},
    [ASSAY_OPERATION_VALUES] = {"values", "probabilities times values, heads joined"},
    [ASSAY_OPERATION_OUTPUT] = {"output", "output projection of the attention and its residual sum"},
    [ASSAY_OPERATION_MLP] = {"mlp", "gate, up, activation, down projection and its residual sum"},
    [ASSAY_OPERATION_HEAD] = {"head", "logits from the final norm"},
    [ASSAY_OPERATION_LOSS] = {"loss", "the loss from the logits"},
    [ASSAY_OPERATION_TOKENS] = {"tokens", "the choice of tokens"},
    [ASSAY_OPERATION_CACHE] = {"cache", "local cache and memory, carried on from window to window and step to step"},
};

const char *assay_operation_name(assay_operation operation) { return operations[operation].name; }
const char *assay_operation_text(assay_operation operation) { return operations[operation].text; }

assay_operation assay_operation_of(assay_stage stage) {
    switch (stage) {
    case ASSAY_STAGE_SCHEDULE:
    case ASSAY_STAGE_INPUT_IDS:
    case ASSAY_STAGE_ATTENTION_MASK: return ASSAY_OPERATION_INPUTS;
    case ASSAY_STAGE_POSITION_IDS:
    case ASSAY_STAGE_REL_POS_IDS: return ASSAY_OPERATION_POSITIONS;
    case ASSAY_STAGE_EMBED_TOKENS: return ASSAY_OPERATION_EMBEDDING;
    case ASSAY_STAGE_INPUT_LAYERNORM:
    case ASSAY_STAGE_POST_LAYERNORM:
    case ASSAY_STAGE_NORM: return ASSAY_OPERATION_NORM;
    case ASSAY_STAGE_Q_PROJ:
    case ASSAY_STAGE_K_PROJ:
    case ASSAY_STAGE_V_PROJ: return ASSAY_OPERATION_PROJECTIONS;
    case ASSAY_STAGE_COS:
    case ASSAY_STAGE_SIN:
    case ASSAY_STAGE_ROTATE_QUERY:
    case ASSAY_STAGE_ROTATE_KEY: return ASSAY_OPERATION_ROTARY;
    case ASSAY_STAGE_MEM_WRITE_KEY:
    case ASSAY_STAGE_MEM_WRITE_VALUE:
    case ASSAY_STAGE_MEM_WRITE_MASK: return ASSAY_OPERATION_MEMORY_WRITE;
    case ASSAY_STAGE_MEM_READ_KEY:
    case ASSAY_STAGE_MEM_READ_VALUE:
    case ASSAY_STAGE_MEM_READ_MASK: return ASSAY_OPERATION_MEMORY_READ;
    case ASSAY_STAGE_ATTN_SCORES: return ASSAY_OPERATION_SCORES;
    case ASSAY_STAGE_ATTN_PROBS: return ASSAY_OPERATION_SOFTMAX;
    case ASSAY_STAGE_ATTN_OUTPUT: return ASSAY_OPERATION_VALUES;
    case ASSAY_STAGE_O_PROJ:
    case ASSAY_STAGE_ATTN_RESIDUAL: return ASSAY_OPERATION_OUTPUT;
    case ASSAY_STAGE_GATE_PROJ:
    case ASSAY_STAGE_ACT_FN:
    case ASSAY_STAGE_UP_PROJ:
    case ASSAY_STAGE_DOWN_PROJ:
    case ASSAY_STAGE_LAYER_OUTPUT: return ASSAY_OPERATION_MLP;
    case ASSAY_STAGE_LOGITS: return ASSAY_OPERATION_HEAD;
    case ASSAY_STAGE_LOSS: return ASSAY_OPERATION_LOSS;
    case ASSAY_STAGE_TOKENS: return ASSAY_OPERATION_TOKENS;
    case ASSAY_STAGE_PAST_KEY:
    case ASSAY_STAGE_PAST_VALUE:
    case ASSAY_STAGE_PAST_POSITION:
    case ASSAY_STAGE_PAST_MEM_KEY:
    case ASSAY_STAGE_PAST_MEM_VALUE:
    case ASSAY_STAGE_PAST_MEM_MASK:
    case ASSAY_STAGE_COUNT: break;
    }
    return ASSAY_OPERATION_CACHE;
}
