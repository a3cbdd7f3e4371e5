#include "compare/layout.h"

#include <string.h>

/* One letter an axis. */
static const char *layout_of(assay_stage stage, int rank) {
    switch (stage) {
    case ASSAY_STAGE_INPUT_IDS:
    case ASSAY_STAGE_ATTENTION_MASK:
    case ASSAY_STAGE_POSITION_IDS:
    case ASSAY_STAGE_MEM_WRITE_MASK:
    case ASSAY_STAGE_REL_POS_IDS:
    case ASSAY_STAGE_MEM_READ_MASK:
    case ASSAY_STAGE_TOKENS:
    case ASSAY_STAGE_PAST_POSITION:
    case ASSAY_STAGE_PAST_MEM_MASK: return "BT";
    case ASSAY_STAGE_MEM_WRITE_KEY:
    case ASSAY_STAGE_MEM_WRITE_VALUE:
    case ASSAY_STAGE_ROTATE_QUERY:
    case ASSAY_STAGE_ROTATE_KEY:
    case ASSAY_STAGE_MEM_READ_KEY:
    case ASSAY_STAGE_MEM_READ_VALUE:
    case ASSAY_STAGE_PAST_KEY:
    case ASSAY_STAGE_PAST_VALUE:
    case ASSAY_STAGE_PAST_MEM_KEY:
    case ASSAY_STAGE_PAST_MEM_VALUE: return "BHTD";
    case ASSAY_STAGE_ATTN_SCORES:
    case ASSAY_STAGE_ATTN_PROBS: return "BHTK";
    case ASSAY_STAGE_COS:
    case ASSAY_STAGE_SIN: return "TD";
    case ASSAY_STAGE_SCHEDULE: return "WE";
    case ASSAY_STAGE_LOGITS: return rank == 2 ? "BL" : "BTV";
    case ASSAY_STAGE_LOSS: return "";
    default: return "BTD";
    }
}

static const char *axis_name(char letter) {
    static const struct {
        char letter;
        const char *name;
    } names[] = {{'B', "batch"}, {'H', "head"},  {'T', "token"},  {'D', "dim"},  {'K', "key"},
                 {'V', "vocab"}, {'L', "label"}, {'W', "window"}, {'E', "bound"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].letter == letter) return names[i].name;
    return "axis";
}

const char *assay_layout_axis(assay_stage stage, int rank, int axis) {
    const char *layout = layout_of(stage, rank);
    return (int)strlen(layout) == rank ? axis_name(layout[axis]) : "axis";
}

int assay_layout_token_axis(assay_stage stage, int rank) {
    const char *layout = layout_of(stage, rank), *token = strchr(layout, 'T');
    bool batched = layout[0] == 'B';
    return token && batched && (int)strlen(layout) == rank ? (int)(token - layout) : -1;
}

void assay_layout_unravel(const assay_tensor *t, int64_t index, int64_t *at) {
    for (int axis = t->rank - 1; axis >= 0; axis--) {
        at[axis] = index % t->shape[axis];
        index /= t->shape[axis];
    }
}
