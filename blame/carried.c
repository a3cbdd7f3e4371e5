#include "blame/carried.h"

#include <string.h>

static assay_stage stage_of(int part) { return (assay_stage)(ASSAY_STAGE_PAST_KEY + part); }

int assay_carried_axis(int part) { return part == 2 || part == 5 ? 1 : 2; }

void assay_carried_free(assay_carried *past) {
    for (int i = 0; i < ASSAY_CARRIED_PARTS; i++) assay_value_free(&past->parts[i]);
}

static assay_status clear(assay_carried *past, const int range[2], const int64_t shape[4], assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int i = range[0]; !st && i < range[1]; i++) {
        assay_value empty = {0};
        bool flat = assay_carried_axis(i) == 1;
        st = assay_value_zeros(&empty, flat ? 2 : 4, flat ? (int64_t[]){shape[0], 0} : shape, err);
        assay_value_move(&past->parts[i], &empty);
    }
    return st;
}

assay_status assay_carried_clear(assay_carried *past, const assay_config *c, int64_t batch, assay_error *err) {
    const int64_t shape[] = {batch, c->num_attention_heads, 0, assay_config_head_dim(c)};
    return clear(past, (int[]){0, ASSAY_CARRIED_PARTS}, shape, err);
}

assay_status assay_carried_drop_local(assay_carried *past, const assay_config *c, int64_t batch, assay_error *err) {
    const int64_t shape[] = {batch, c->num_attention_heads, 0, assay_config_head_dim(c)};
    return clear(past, (int[]){0, 3}, shape, err);
}

static assay_status select_rows(assay_value *v, const assay_tensor *idx, assay_error *err) {
    if (!v->known) return ASSAY_OK;
    int64_t shape[ASSAY_MAX_RANK], count = idx->shape[0];
    memcpy(shape, v->tensor.shape, sizeof shape);
    int64_t row = v->tensor.shape[0] ? assay_tensor_count(&v->tensor) / v->tensor.shape[0] : 0;
    shape[0] = count;
    assay_value out = {0};
    assay_status st = assay_value_zeros(&out, v->tensor.rank, shape, err);
    if (st) return st;
    out.via = v->via;
    for (int64_t i = 0; i < count; i++) {
        int64_t from = ((const int64_t *)idx->data)[i];
        out.known = out.known && from >= 0 && from < v->tensor.shape[0];
        if (out.known)
            memcpy((double *)out.tensor.data + i * row, (const double *)v->tensor.data + from * row,
                   (size_t)row * sizeof(double));
    }
    assay_value_move(v, &out);
    return ASSAY_OK;
}

assay_status assay_carried_reorder(assay_carried *past, const assay_tensor *beam_idx, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && i < ASSAY_CARRIED_PARTS; i++) st = select_rows(&past->parts[i], beam_idx, err);
    return st;
}

assay_status assay_carried_judge(assay_carried *past, assay_walker *w, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && i < ASSAY_CARRIED_PARTS; i++) {
        assay_value_move(&w->slots[ASSAY_SLOT_PAST_KEY + i], &past->parts[i]);
        size_t before = w->out->count;
        st = assay_judge_own(w, stage_of(i), err);
        if (i == 2 && w->out->count > before && w->out->entries[before].total > 0) w->positions_differ = true;
        assay_value_move(&past->parts[i], &w->slots[stage_of(i)]);
    }
    return st;
}

assay_status assay_carried_take(assay_carried *past, const assay_walker *w, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && i < ASSAY_CARRIED_PARTS; i++) {
        assay_place place = assay_walker_place(w, stage_of(i));
        const assay_source *source = w->in->candidate;
        const assay_source_item *item = assay_source_find(source, &place);
        if (!item) item = assay_source_find(source = w->in->reference, &place);
        if (!item) continue;
        assay_value v = {0};
        st = assay_value_read(&v, source, item, err);
        assay_value_move(&past->parts[i], &v);
    }
    return st;
}
