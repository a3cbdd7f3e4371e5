#include "blame/walk_layer.h"

#include "engine/schedule.h"

/* How the window's local keys and writes are cut. */
typedef struct {
    int64_t dropped;    /* cached tokens that leave (CACHE-1) */
    bool before, after; /* what joins the memory, and when (MEM-2) */
} layer_cut;

static assay_status judge_all(assay_walker *w, const assay_stage *stages, size_t count, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < count; i++) st = assay_judge_own(w, stages[i], err);
    return st;
}

/* Slot `to` = indices [range) of a along an axis, then b. */
static assay_status join(assay_walker *w, assay_slot to, const assay_value *a, const int64_t range[2],
                         const assay_value *b, int axis, assay_error *err) {
    assay_value v;
    assay_status st = assay_value_join(&v, a, range, b, axis, err);
    if (!st) assay_value_move(&w->slots[to], &v);
    return st;
}

static layer_cut cut_of(const assay_walker *w, const assay_walk_window *window) {
    assay_place place = assay_walker_place(w, ASSAY_STAGE_MEM_WRITE_MASK);
    const assay_source_item *written = assay_source_find(w->in->reference, &place);
    bool writes = written && assay_tensor_count(&written->info) > 0;
    int64_t dropped = assay_cache_dropped(window->cached, window->tokens, w->recipe.config->max_position_embeddings);
    return (layer_cut){dropped, writes && dropped > 0, writes && dropped == 0};
}

/* What joins the memory: the cached tokens that leave, or the window's own; nothing where neither does. */
static assay_status gather_write(assay_walker *w, const assay_carried *past, const assay_walk_window *window,
                                 const layer_cut *cut, const assay_value *heads, assay_error *err) {
    int64_t count = cut->before ? window->cached : cut->after ? window->tokens : 0;
    int64_t first = cut->after ? window->cached : 0;
    const assay_value *mask = &w->slots[ASSAY_STAGE_ATTENTION_MASK];
    assay_status st = join(w, ASSAY_SLOT_WRITE_KEEP, mask, (int64_t[]){first, first + count}, NULL, 1, err);
    for (int i = 0; !st && i < 2; i++) {
        const assay_value *from = cut->before ? &past->parts[i] : &heads[i];
        st = join(w, (assay_slot)(ASSAY_SLOT_WRITE_KEY + i), from, (int64_t[]){0, count}, NULL, 2, err);
    }
    return st;
}

static assay_status gather_local(assay_walker *w, const assay_carried *past, const assay_walk_window *window,
                                 const layer_cut *cut, const assay_value *heads, assay_error *err) {
    const int64_t kept[] = {cut->dropped, window->cached};
    const int64_t columns[] = {cut->dropped, window->cached + window->tokens};
    assay_status st = join(w, ASSAY_SLOT_LOCAL_KEY, &past->parts[0], kept, &heads[0], 2, err);
    if (!st) st = join(w, ASSAY_SLOT_LOCAL_VALUE, &past->parts[1], kept, &heads[1], 2, err);
    if (!st)
        st = join(w, ASSAY_SLOT_LOCAL_POSITION, &past->parts[2], kept, &w->slots[ASSAY_STAGE_POSITION_IDS], 1, err);
    if (!st) st = join(w, ASSAY_SLOT_LOCAL_KEEP, &w->slots[ASSAY_STAGE_ATTENTION_MASK], columns, NULL, 1, err);
    return st;
}

/* The whole memory with what has been written (NULL: nothing), into three slots. */
static assay_status gather_memory(assay_walker *w, const assay_carried *past, bool written, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && i < 3; i++) {
        const assay_value *memory = &past->parts[3 + i];
        int axis = assay_carried_axis(3 + i);
        int64_t length = memory->known && axis < memory->tensor.rank ? memory->tensor.shape[axis] : 0;
        const assay_value *more = written ? &w->slots[ASSAY_STAGE_MEM_WRITE_KEY + i] : NULL;
        st = join(w, (assay_slot)(ASSAY_SLOT_SEEN_KEY + i), memory, (int64_t[]){0, length}, more, axis, err);
    }
    return st;
}

static assay_status gather(assay_walker *w, const assay_carried *past, const assay_walk_window *window,
                           const layer_cut *cut, assay_error *err) {
    static const assay_stage writes[] = {ASSAY_STAGE_MEM_WRITE_KEY, ASSAY_STAGE_MEM_WRITE_VALUE,
                                         ASSAY_STAGE_MEM_WRITE_MASK};
    assay_value heads[2] = {{.known = false}, {.known = false}};
    int64_t h = w->recipe.config->num_attention_heads;
    assay_status st = assay_value_split_heads(&heads[0], &w->slots[ASSAY_STAGE_K_PROJ], h, err);
    if (!st) st = assay_value_split_heads(&heads[1], &w->slots[ASSAY_STAGE_V_PROJ], h, err);
    if (!st) st = gather_write(w, past, window, cut, heads, err);
    if (!st) st = judge_all(w, writes, 3, err);
    if (!st) st = gather_local(w, past, window, cut, heads, err);
    if (!st) st = gather_memory(w, past, cut->before, err);
    assay_value_free(&heads[0]);
    assay_value_free(&heads[1]);
    return st;
}

/* MEM-7: a layer without rotary has no such stages, and "rotated" queries and keys are what they were. */
static assay_status judge_rotary(assay_walker *w, assay_error *err) {
    static const assay_stage tables[] = {ASSAY_STAGE_REL_POS_IDS, ASSAY_STAGE_COS, ASSAY_STAGE_SIN};
    static const assay_stage rotated[] = {ASSAY_STAGE_ROTATE_QUERY, ASSAY_STAGE_ROTATE_KEY};
    const assay_config *c = w->recipe.config;
    bool rotary = !c->is_memory_layer[w->at.layer] || c->mem_positionals;
    assay_status st = rotary ? judge_all(w, tables, 3, err) : ASSAY_OK;
    for (int i = 0; !st && !rotary && i < 3; i++) {
        assay_value none = {0};
        st = assay_value_zeros(&none, 2, (int64_t[]){0, 0}, err);
        assay_value_move(&w->slots[tables[i]], &none);
    }
    if (!st) st = judge_all(w, rotated, 2, err);
    for (int i = 0; !rotary && i < 2; i++) w->slots[rotated[i]].via &= ~ASSAY_STAGE_BIT(rotated[i]);
    return st;
}

/* The part of the past becomes what a slot holds. */
static void keep(assay_walker *w, assay_carried *past, int part, assay_slot from, assay_stage_set via) {
    assay_value_move(&past->parts[part], &w->slots[from]);
    past->parts[part].via |= via;
}

/* What the window leaves. Between windows nothing of the local cache is dumped: it is one of the suspects of whatever reads it. */
static assay_status move_past(assay_walker *w, assay_carried *past, const assay_walk_window *window,
                              const layer_cut *cut, assay_error *err) {
    assay_status st = cut->after ? gather_memory(w, past, true, err) : ASSAY_OK;
    for (int i = 0; i < 3; i++) keep(w, past, 3 + i, (assay_slot)(ASSAY_SLOT_SEEN_KEY + i), 0);
    if (st) return st;
    if (!window->keeps_local) return assay_carried_drop_local(past, w->recipe.config, window->batch, err);
    keep(w, past, 0, ASSAY_SLOT_LOCAL_KEY, ASSAY_STAGE_BIT(ASSAY_STAGE_PAST_KEY));
    keep(w, past, 1, ASSAY_SLOT_LOCAL_VALUE, ASSAY_STAGE_BIT(ASSAY_STAGE_PAST_VALUE));
    keep(w, past, 2, ASSAY_SLOT_LOCAL_POSITION, ASSAY_STAGE_BIT(ASSAY_STAGE_PAST_POSITION));
    return ASSAY_OK;
}

assay_status assay_walk_layer(assay_walker *w, assay_carried *past, const assay_walk_window *window, assay_error *err) {
    static const assay_stage first[] = {ASSAY_STAGE_INPUT_LAYERNORM, ASSAY_STAGE_Q_PROJ, ASSAY_STAGE_K_PROJ,
                                        ASSAY_STAGE_V_PROJ};
    static const assay_stage rest[] = {ASSAY_STAGE_MEM_READ_KEY, ASSAY_STAGE_MEM_READ_VALUE, ASSAY_STAGE_MEM_READ_MASK,
                                       ASSAY_STAGE_ATTN_SCORES,  ASSAY_STAGE_ATTN_PROBS,     ASSAY_STAGE_ATTN_OUTPUT,
                                       ASSAY_STAGE_O_PROJ,       ASSAY_STAGE_ATTN_RESIDUAL,  ASSAY_STAGE_POST_LAYERNORM,
                                       ASSAY_STAGE_GATE_PROJ,    ASSAY_STAGE_ACT_FN,         ASSAY_STAGE_UP_PROJ,
                                       ASSAY_STAGE_DOWN_PROJ,    ASSAY_STAGE_LAYER_OUTPUT};
    w->recipe.layer = w->at.layer;
    layer_cut cut = cut_of(w, window);
    assay_status st = judge_all(w, first, sizeof first / sizeof *first, err);
    if (!st) st = gather(w, past, window, &cut, err);
    if (!st) st = judge_rotary(w, err);
    if (!st) st = judge_all(w, rest, sizeof rest / sizeof *rest, err);
    if (st) return st;
    assay_value_move(&w->slots[ASSAY_SLOT_HIDDEN], &w->slots[ASSAY_STAGE_LAYER_OUTPUT]);
    return move_past(w, past, window, &cut, err);
}
