#include "blame/walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "blame/tokens.h"
#include "blame/walk_layer.h"
#include "core/rounding.h"

/* The case under way. */
typedef struct {
    assay_walker w;
    const assay_step *step;
    assay_carried *past;    /* (layers) */
    int64_t prompt_windows; /* of a generate: windows of its prompt */
    int64_t begin;          /* tokens of the call before the window */
    assay_choices choices;  /* of a generate */
} walk;

static const assay_source_item *reference_at(const walk *k, assay_stage stage, int64_t window) {
    assay_place place = {k->w.at.step, window, -1, stage};
    return assay_source_find(k->w.in->reference, &place);
}

/* ---- a window ---- */

/* Its sizes, as the schedule has them. False after the last window. */
static bool window_at(const walk *k, int64_t number, assay_walk_window *out) {
    const assay_source_item *ids = reference_at(k, ASSAY_STAGE_POSITION_IDS, number);
    const assay_source_item *mask = reference_at(k, ASSAY_STAGE_ATTENTION_MASK, number);
    if (!ids || !mask) return false;
    int64_t tokens = ids->info.shape[1];
    *out = (assay_walk_window){ids->info.shape[0], tokens, mask->info.shape[1] - tokens, false};
    return true;
}

/* MEM-8: what comes next shows whether the window kept its keys. */
static bool keeps_local(const walk *k, int64_t number) {
    assay_walk_window next;
    if (window_at(k, number + 1, &next)) return next.cached > 0;
    assay_place place = {k->w.at.step, -1, 0, ASSAY_STAGE_PAST_POSITION};
    return assay_source_find(k->w.in->reference, &place) != NULL;
}

/* EMB-1: the window's part of inputs_embeds, in the type of the run. */
static assay_status set_embeds(walk *k, int64_t tokens, assay_error *err) {
    const assay_tensor *all = &k->step->inputs_embeds;
    assay_value whole = {0}, part = {0};
    if (all->data) {
        assay_status st = assay_value_copy(&whole, all, 0, err);
        if (!st) st = assay_value_join(&part, &whole, (int64_t[]){k->begin, k->begin + tokens}, NULL, 1, err);
        assay_value_free(&whole);
        if (st) return st;
        double *values = part.tensor.data;
        for (int64_t i = 0; part.known && i < assay_tensor_count(&part.tensor); i++)
            values[i] = assay_round_to(values[i], k->w.recipe.run);
    }
    assay_value_move(&k->w.slots[ASSAY_SLOT_EMBEDS], &part);
    return ASSAY_OK;
}

static assay_status judge_window_inputs(walk *k, const assay_walk_window *window, assay_error *err) {
    assay_walker *w = &k->w;
    bool chosen = k->step->op == ASSAY_OP_GENERATE && w->at.window >= k->prompt_windows; /* by the tokens so far */
    assay_status st = set_embeds(k, window->tokens, err);
    if (!st) st = assay_judge_given(w, ASSAY_STAGE_INPUT_IDS, chosen, err);
    size_t mask = w->out->count;
    if (!st) st = assay_judge_given(w, ASSAY_STAGE_ATTENTION_MASK, false, err);
    bool by_mask =
        k->step->op == ASSAY_OP_GENERATE && w->out->count > mask && w->out->entries[mask].own > 0; /* POS-4 */
    if (!st) st = assay_judge_given(w, ASSAY_STAGE_POSITION_IDS, w->positions_differ || by_mask, err);
    if (!st) st = assay_judge_own(w, ASSAY_STAGE_EMBED_TOKENS, err);
    assay_value_move(&w->slots[ASSAY_SLOT_HIDDEN], &w->slots[ASSAY_STAGE_EMBED_TOKENS]);
    return st;
}

/* SCHED-3: final norms of all windows, one after the other. */
static assay_status gather_norms(walk *k, bool first, assay_error *err) {
    assay_value *all = &k->w.slots[ASSAY_SLOT_NORMS], *norm = &k->w.slots[ASSAY_STAGE_NORM];
    if (first) {
        assay_value_move(all, norm);
        return ASSAY_OK;
    }
    int64_t length = all->known ? all->tensor.shape[1] : 0;
    assay_value joined;
    assay_status st = assay_value_join(&joined, all, (int64_t[]){0, length}, norm, 1, err);
    if (!st) assay_value_move(all, &joined);
    return st;
}

static assay_status walk_window(walk *k, const assay_walk_window *window, assay_error *err) {
    assay_walker *w = &k->w;
    assay_status st = judge_window_inputs(k, window, err);
    for (int64_t i = 0; !st && i < w->recipe.config->num_hidden_layers; i++) {
        w->at.layer = i;
        st = assay_walk_layer(w, &k->past[i], window, err);
    }
    if (!st) st = assay_judge_own(w, ASSAY_STAGE_NORM, err);
    bool generates = k->step->op == ASSAY_OP_GENERATE;
    if (!st && !generates) st = gather_norms(k, w->at.window == 0, err);
    if (!st && generates && w->at.window >= k->prompt_windows - 1) st = assay_choices_add(&k->choices, w, err);
    k->begin += window->tokens;
    return st;
}

/* ---- a step ---- */

static assay_status for_layers(walk *k, assay_status (*visit)(assay_carried *, assay_walker *, assay_error *),
                               assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int64_t i = 0; !st && i < k->w.recipe.config->num_hidden_layers; i++) {
        k->w.at.layer = i;
        st = visit(&k->past[i], &k->w, err);
    }
    return st;
}

static assay_status take(assay_carried *past, assay_walker *w, assay_error *err) {
    return assay_carried_take(past, w, err);
}

static assay_status clear_past(walk *k, int64_t batch, assay_error *err) {
    assay_status st = ASSAY_OK;
    k->w.positions_differ = false;
    for (int64_t i = 0; !st && i < k->w.recipe.config->num_hidden_layers; i++)
        st = assay_carried_clear(&k->past[i], k->w.recipe.config, batch, err);
    return st;
}

/* CLS-1: index of the last token by count of ids that are no pads; -1 is the last column. */
static double pooled_column(const assay_config *c, const assay_tensor *ids, int64_t row, int64_t tokens) {
    int64_t count = 0;
    if (!ids->data || c->pad_token_id == ASSAY_NO_TOKEN) return (double)(tokens - 1);
    for (int64_t t = 0; t < tokens; t++) count += ((const int64_t *)ids->data)[row * tokens + t] != c->pad_token_id;
    return (double)(count > 0 ? count - 1 : tokens - 1);
}

/* A norm that the candidate holds in another shape does not reach here, unless nothing else is known. */
static bool has_rows(const assay_tensor *ids, const assay_value *norms) {
    bool fits = ids->rank == 2 && ids->shape[0] == norms->tensor.shape[0] && ids->shape[1] == norms->tensor.shape[1];
    return !ids->data || fits;
}

static assay_status set_pooled(walk *k, assay_error *err) {
    assay_walker *w = &k->w;
    const assay_value *norms = &w->slots[ASSAY_SLOT_NORMS];
    assay_value pooled = {0};
    bool classifies = w->recipe.config->head == ASSAY_HEAD_CLASSIFICATION && norms->known &&
                      norms->tensor.shape[1] == k->begin && has_rows(&k->step->input_ids, norms);
    if (classifies) {
        int64_t batch = norms->tensor.shape[0], tokens = norms->tensor.shape[1];
        assay_status st = assay_value_zeros(&pooled, 1, &batch, err);
        if (st) return st;
        for (int64_t b = 0; b < batch; b++)
            ((double *)pooled.tensor.data)[b] = pooled_column(w->recipe.config, &k->step->input_ids, b, tokens);
    }
    assay_value_move(&w->slots[ASSAY_SLOT_POOLED], &pooled);
    return ASSAY_OK;
}

/* CLS-1: the first labels decide what the loss is, and it sticks. */
static void decide_problem(walk *k) {
    assay_recipe_context *c = &k->w.recipe;
    if (!c->labels || c->problem != ASSAY_PROBLEM_UNSET) return;
    bool several = c->config->num_labels != 1;
    c->problem = !several                                 ? ASSAY_PROBLEM_REGRESSION
                 : assay_dtype_is_float(c->labels->dtype) ? ASSAY_PROBLEM_MULTI_LABEL
                                                          : ASSAY_PROBLEM_SINGLE_LABEL;
}

static assay_status judge_results(walk *k, assay_error *err) {
    assay_walker *w = &k->w;
    if (k->step->op == ASSAY_OP_GENERATE) return assay_choices_judge(&k->choices, w, k->step, err);
    w->recipe.labels = k->step->labels.data ? &k->step->labels : NULL;
    if (k->step->op == ASSAY_OP_CLASSIFY) decide_problem(k);
    assay_status st = set_pooled(k, err);
    if (!st) st = assay_judge_own(w, ASSAY_STAGE_LOGITS, err);
    return st || !w->recipe.labels ? st : assay_judge_own(w, ASSAY_STAGE_LOSS, err);
}

static assay_status walk_windows(walk *k, assay_error *err) {
    assay_walk_window window;
    assay_status st = ASSAY_OK;
    k->begin = 0;
    assay_choices_clear(&k->choices);
    if (!window_at(k, 0, &window)) return ASSAY_OK;
    if (!k->step->past_keep) st = clear_past(k, window.batch, err);
    for (int64_t i = 0; !st && window_at(k, i, &window); i++) {
        k->w.at.window = i;
        window.keeps_local = keeps_local(k, i);
        st = walk_window(k, &window, err);
    }
    return st;
}

/* Another schedule: nothing of the step can be held against anything. */
static assay_status give_up_step(walk *k, assay_error *err) {
    const assay_source *c = k->w.in->candidate;
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < c->item_count; i++) {
        const assay_place *place = &c->items[i].place;
        if (place->step == k->w.at.step && place->stage != ASSAY_STAGE_SCHEDULE)
            st = assay_judge_not(&k->w, &c->items[i], "the candidate's window schedule is another one", err);
    }
    return st ? st : for_layers(k, take, err);
}

static assay_status walk_computing(walk *k, assay_error *err) {
    assay_walker *w = &k->w;
    size_t before = w->out->count;
    assay_status st = assay_judge_given(w, ASSAY_STAGE_SCHEDULE, false, err);
    if (st) return st;
    const assay_source_item *schedule = reference_at(k, ASSAY_STAGE_SCHEDULE, -1);
    k->prompt_windows = schedule ? schedule->info.shape[0] : 0;
    if (w->out->count > before && w->out->entries[before].verdict != ASSAY_BLAME_RIGHT) return give_up_step(k, err);
    st = walk_windows(k, err);
    if (!st) st = for_layers(k, assay_carried_judge, err);
    return st ? st : judge_results(k, err);
}

static assay_status walk_reorder(walk *k, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int64_t i = 0; !st && i < k->w.recipe.config->num_hidden_layers; i++)
        st = assay_carried_reorder(&k->past[i], &k->step->beam_idx, err);
    return st ? st : for_layers(k, assay_carried_judge, err);
}

static assay_status walk_steps(walk *k, assay_error *err) {
    const assay_case *c = k->w.in->test_case;
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < c->step_count; i++) {
        const assay_source_step *ran = assay_source_find_step(k->w.in->reference, (int64_t)i);
        if (!ran || ran->refused) continue;
        k->step = &c->steps[i];
        k->w.at = (assay_place){(int64_t)i, -1, -1, ASSAY_STAGE_SCHEDULE};
        const assay_source_step *own = assay_source_find_step(k->w.in->candidate, (int64_t)i);
        if (own && own->refused) {
            st = assay_judge_refusal(&k->w, own->refused_message, err);
            continue;
        }
        st = k->step->op == ASSAY_OP_REORDER ? walk_reorder(k, err) : walk_computing(k, err);
    }
    return st;
}

/* ---- the whole ---- */

static int compare_entries(const void *a, const void *b) {
    return assay_place_compare(&((const assay_blame_entry *)a)->place, &((const assay_blame_entry *)b)->place);
}

static void sort(assay_blame *out) {
    if (out->count > 0) qsort(out->entries, out->count, sizeof *out->entries, compare_entries);
}

/* Tensors where the original has none: in a step that it refuses, in a window that it does not run. */
static assay_status add_unvisited(walk *k, assay_error *err) {
    const assay_source *c = k->w.in->candidate;
    size_t visited = k->w.out->count, at = 0;
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < c->item_count; i++) {
        while (at < visited && assay_place_compare(&k->w.out->entries[at].place, &c->items[i].place) < 0) at++;
        if (at < visited && assay_place_compare(&k->w.out->entries[at].place, &c->items[i].place) == 0) continue;
        st = assay_judge_not(&k->w, &c->items[i], "the original has nothing there", err);
    }
    return st;
}

const bool *assay_walk_needs(void) {
    static const bool needs[ASSAY_STAGE_COUNT] = {
        [ASSAY_STAGE_INPUT_IDS] = true,      [ASSAY_STAGE_ATTENTION_MASK] = true, [ASSAY_STAGE_POSITION_IDS] = true,
        [ASSAY_STAGE_MEM_WRITE_MASK] = true, [ASSAY_STAGE_SCHEDULE] = true,       [ASSAY_STAGE_TOKENS] = true,
        [ASSAY_STAGE_PAST_POSITION] = true};
    return needs;
}

assay_status assay_walk(assay_blame *out, const assay_walk_input *in, assay_error *err) {
    assay_dtype run = in->dtype;
    walk k = {.w = {.in = in,
                    .out = out,
                    .recipe = {.config = in->config,
                               .weights = in->weights,
                               .problem = in->config->problem_type,
                               .run = run,
                               .round = assay_dtype_is_half(run) ? run : ASSAY_F64}}};
    out->dtype = run;
    k.past = calloc((size_t)in->config->num_hidden_layers, sizeof *k.past);
    assay_status st = k.past ? walk_steps(&k, err) : assay_fail_nomem(err, "a past");
    sort(out);
    if (!st) st = add_unvisited(&k, err);
    sort(out);
    for (int64_t i = 0; k.past && i < in->config->num_hidden_layers; i++) assay_carried_free(&k.past[i]);
    free(k.past);
    assay_choices_clear(&k.choices);
    for (int i = 0; i < ASSAY_SLOT_COUNT; i++) assay_value_free(&k.w.slots[i]);
    return st;
}
