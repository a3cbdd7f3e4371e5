#include "compare/layout.h"

#include <string.h>

static const char *layout_of(assay_stage stage, int rank) {
    return stage == ASSAY_STAGE_LOGITS && rank == 2 ? "BL" : assay_stage_get(stage)->axes;
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
