#include "compare/pad_rows.h"

#include <stdbool.h>
#include <stdlib.h>

#include "compare/layout.h"

/* keep (batch, tokens): 1 where a token counts, over the whole token axis (`kept` not yet applied). */
typedef struct {
    uint8_t *keep;
    int64_t batch, tokens;
} row_mask;

static bool is_rank2(const assay_source_item *item) { return item && item->info.rank == 2 && item->kept_axis < 0; }

static const assay_source_item *window_item(const assay_source *golden, const assay_place *near, int64_t window,
                                            assay_stage stage) {
    assay_place place = {.step = near->step, .window = window, .layer = -1, .stage = stage};
    const assay_source_item *item = assay_source_find(golden, &place);
    return is_rank2(item) ? item : NULL;
}

/* Columns [column, column + n) of a mask (B,S) into keep (B,mask->tokens) from column `at` on. An entry keeps when it
 * equals `keeps`: 1 of an attention mask, 0 of an additive one. */
typedef struct {
    int64_t column, n, at;
    double keeps;
} mask_part;

static assay_status copy_mask(row_mask *mask, const assay_source *golden, const assay_source_item *item,
                              const mask_part *part, assay_error *err) {
    assay_source_tensor t;
    assay_status st = assay_source_read(golden, item, false, &t, err);
    if (st) return st;
    int64_t columns = t.tensor.shape[1];
    for (int64_t b = 0; b < mask->batch; b++) {
        for (int64_t i = 0; i < part->n; i++) {
            size_t from = (size_t)(b * columns + part->column + i);
            bool keeps = assay_load_f64(t.tensor.data, t.tensor.dtype, from) == part->keeps;
            mask->keep[b * mask->tokens + part->at + i] = keeps;
        }
    }
    assay_source_release(&t);
    return ASSAY_OK;
}

static assay_status begin_mask(row_mask *mask, int64_t batch, int64_t tokens, assay_error *err) {
    *mask = (row_mask){NULL, batch, tokens};
    mask->keep = calloc((size_t)(batch * tokens) + 1, 1);
    return mask->keep ? ASSAY_OK : assay_fail_nomem(err, "a mask of pads");
}

/* The last `tokens` columns of a window's attention mask. keep stays NULL when the golden has no such mask. */
static assay_status mask_of_window(row_mask *mask, const assay_source *golden, const assay_place *near, int64_t window,
                                   int64_t tokens, assay_error *err) {
    const assay_source_item *item = window_item(golden, near, window, ASSAY_STAGE_ATTENTION_MASK);
    if (!item || item->info.shape[1] < tokens) return ASSAY_OK;
    assay_status st = begin_mask(mask, item->info.shape[0], tokens, err);
    mask_part part = {item->info.shape[1] - tokens, tokens, 0, 1};
    return st ? st : copy_mask(mask, golden, item, &part, err);
}

/* The stored mask that lies beside stored keys and values. */
static assay_status mask_of_memory(row_mask *mask, const assay_source *golden, const assay_place *place,
                                   assay_stage stage, assay_error *err) {
    assay_place at = *place;
    at.stage = stage;
    const assay_source_item *item = assay_source_find(golden, &at);
    if (!is_rank2(item)) return ASSAY_OK;
    assay_status st = begin_mask(mask, item->info.shape[0], item->info.shape[1], err);
    mask_part part = {0, item->info.shape[1], 0, 0};
    return st ? st : copy_mask(mask, golden, item, &part, err);
}

/* Tokens of a window; -1 when the golden does not show it. */
static int64_t window_tokens(const assay_source *golden, const assay_place *near, int64_t window) {
    const assay_source_item *item = window_item(golden, near, window, ASSAY_STAGE_POSITION_IDS);
    return item ? item->info.shape[1] : -1;
}

/* The windows' own columns, one window after the other (SCHED-3). */
static assay_status mask_of_step(row_mask *mask, const assay_source *golden, const assay_place *place,
                                 assay_error *err) {
    int64_t windows = 0, tokens = 0, batch = 0;
    for (; window_tokens(golden, place, windows) >= 0; windows++) {
        const assay_source_item *item = window_item(golden, place, windows, ASSAY_STAGE_ATTENTION_MASK);
        int64_t own = window_tokens(golden, place, windows);
        if (!item || item->info.shape[1] < own || (windows > 0 && item->info.shape[0] != batch)) return ASSAY_OK;
        batch = item->info.shape[0];
        tokens += own;
    }
    if (windows == 0) return ASSAY_OK;
    assay_status st = begin_mask(mask, batch, tokens, err);
    int64_t at = 0;
    for (int64_t w = 0; w < windows && !st; w++) {
        const assay_source_item *item = window_item(golden, place, w, ASSAY_STAGE_ATTENTION_MASK);
        int64_t own = window_tokens(golden, place, w);
        mask_part part = {item->info.shape[1] - own, own, at, 1};
        st = copy_mask(mask, golden, item, &part, err);
        at += own;
    }
    return st;
}

static assay_status mask_of_past(row_mask *mask, const assay_source *golden, const assay_source_item *item,
                                 assay_error *err) {
    int64_t last = -1;
    while (window_tokens(golden, &item->place, last + 1) >= 0) last++;
    if (last < 0 || item->info.rank != 4) return ASSAY_OK;
    return mask_of_window(mask, golden, &item->place, last, item->info.shape[2], err);
}

static assay_status find_mask(row_mask *mask, const assay_source *golden, const assay_source_item *item, int axis,
                              assay_error *err) {
    const assay_place *place = &item->place;
    switch (place->stage) {
    case ASSAY_STAGE_MEM_WRITE_KEY:
    case ASSAY_STAGE_MEM_WRITE_VALUE: return mask_of_memory(mask, golden, place, ASSAY_STAGE_MEM_WRITE_MASK, err);
    case ASSAY_STAGE_MEM_READ_KEY:
    case ASSAY_STAGE_MEM_READ_VALUE: return mask_of_memory(mask, golden, place, ASSAY_STAGE_MEM_READ_MASK, err);
    case ASSAY_STAGE_PAST_MEM_KEY:
    case ASSAY_STAGE_PAST_MEM_VALUE: return mask_of_memory(mask, golden, place, ASSAY_STAGE_PAST_MEM_MASK, err);
    case ASSAY_STAGE_PAST_KEY:
    case ASSAY_STAGE_PAST_VALUE: return mask_of_past(mask, golden, item, err);
    case ASSAY_STAGE_LOGITS: return mask_of_step(mask, golden, place, err);
    default: break;
    }
    bool is_kept = item->kept_axis == axis;
    int64_t tokens = is_kept ? window_tokens(golden, place, place->window) : item->info.shape[axis];
    return tokens < 0 ? ASSAY_OK : mask_of_window(mask, golden, place, place->window, tokens, err);
}

/* Whether the mask covers the item's axes. */
static bool mask_fits(const row_mask *mask, const assay_source_item *item, int axis) {
    if (!mask->keep || mask->batch != item->info.shape[0]) return false;
    if (item->kept_axis != axis) return item->kept_axis < 0 && mask->tokens == item->info.shape[axis];
    for (size_t i = 0; i < item->kept_count; i++)
        if (item->kept[i] < 0 || item->kept[i] >= mask->tokens) return false;
    return true;
}

static void append_span(assay_judged_spans *out, int64_t begin, int64_t count) {
    assay_span *last = out->count ? &out->spans[out->count - 1] : NULL;
    if (last && last->begin + last->count == begin) last->count += count;
    else out->spans[out->count++] = (assay_span){begin, count};
}

static assay_status make_spans(assay_judged_spans *out, const row_mask *mask, const assay_source_item *item, int axis,
                               assay_error *err) {
    int64_t outer = 1, inner = 1, tokens = item->info.shape[axis], batch = mask->batch;
    for (int i = 0; i < axis; i++) outer *= item->info.shape[i];
    for (int i = axis + 1; i < item->info.rank; i++) inner *= item->info.shape[i];
    assay_judged_spans made = {.spans = malloc(((size_t)(outer * tokens) + 1) * sizeof *made.spans)};
    if (!made.spans) return assay_fail_nomem(err, "a list of pads");
    for (int64_t row = 0; row < outer * tokens; row++) {
        int64_t b = row / tokens / (outer / batch), t = row % tokens;
        int64_t whole = item->kept_axis == axis ? item->kept[t] : t;
        if (mask->keep[b * mask->tokens + whole]) append_span(&made, row * inner, inner);
        else made.left_out += inner;
    }
    *out = made;
    return ASSAY_OK;
}

assay_status assay_pad_rows_find(assay_judged_spans *out, const assay_source *golden, const assay_source_item *item,
                                 assay_error *err) {
    *out = (assay_judged_spans){0};
    int axis = assay_layout_token_axis(item->place.stage, item->info.rank);
    bool is_exact = assay_stage_get(item->place.stage)->judge == ASSAY_JUDGE_EXACT;
    if (axis < 0 || is_exact || assay_tensor_count(&item->info) == 0) return ASSAY_OK;
    row_mask mask = {0};
    assay_status st = find_mask(&mask, golden, item, axis, err);
    if (!st && mask_fits(&mask, item, axis)) st = make_spans(out, &mask, item, axis, err);
    free(mask.keep);
    return st;
}

void assay_judged_spans_free(assay_judged_spans *spans) {
    free(spans->spans);
    *spans = (assay_judged_spans){0};
}
