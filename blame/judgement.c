#include "blame/judgement.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blame/own_error.h"
#include "compare/layout.h"
#include "compare/tolerance.h"
#include "core/random.h"
#include "core/rounding.h"

/* Runs with inputs that are moved by a unit in the last place of float32: how much rounding may move the output. */
enum { moved_runs = 2 };

/* How a recipe is run. */
typedef struct {
    uint64_t seed; /* 0: inputs as they are */
    bool rounds;   /* with the roundings of the candidate's half precision */
} manner;

assay_place assay_walker_place(const assay_walker *w, assay_stage stage) {
    assay_stage_scope scope = assay_stage_get(stage)->scope;
    assay_place place = {w->at.step, -1, -1, stage};
    if (scope == ASSAY_PER_WINDOW || scope == ASSAY_PER_LAYER) place.window = w->at.window;
    if (scope == ASSAY_PER_LAYER || scope == ASSAY_PER_PAST) place.layer = w->at.layer;
    return place;
}

/* ---- what should be there ---- */

static bool has_input(const assay_recipe *r, int i) {
    return i < ASSAY_RECIPE_INPUTS && r->inputs[i] != ASSAY_SLOT_NONE;
}

static bool inputs_known(const assay_walker *w, const assay_recipe *r) {
    bool all = true;
    for (int i = 0; has_input(r, i); i++)
        all = all && (w->slots[r->inputs[i]].known || assay_slot_is_optional(r->inputs[i]));
    return all;
}

static assay_stage_set via_inputs(const assay_walker *w, const assay_recipe *r) {
    assay_stage_set via = 0;
    for (int i = 0; has_input(r, i); i++) via |= w->slots[r->inputs[i]].via;
    return via;
}

/* A copy whose values are moved by a unit in the last place, up or down at random. Hidden scores stay. */
static assay_status move(assay_tensor *out, const assay_tensor *from, uint64_t seed, assay_error *err) {
    assay_status st = assay_tensor_copy(out, from, ASSAY_F64, err);
    for (int64_t i = 0; !st && i < assay_tensor_count(out); i++) {
        double *value = (double *)out->data + i;
        double unit = ldexp(1, -23);
        if (*value > -1e6) *value *= assay_random_at(seed, (uint64_t)i) & 1 ? 1 + unit : 1 - unit;
    }
    return st;
}

static assay_status expect(const assay_walker *w, assay_stage stage, manner how, assay_tensor *out, assay_error *err) {
    const assay_recipe *r = assay_recipe_of(stage);
    assay_recipe_context c = w->recipe;
    if (!how.rounds) c.round = ASSAY_F64;
    assay_tensor moved[ASSAY_RECIPE_INPUTS] = {{0}};
    const assay_tensor *in[ASSAY_RECIPE_INPUTS] = {NULL};
    assay_status st = ASSAY_OK;
    for (int i = 0; !st && has_input(r, i); i++) {
        const assay_value *v = &w->slots[r->inputs[i]];
        if (!v->known) continue;
        bool moves = how.seed && !assay_slot_is_exact(r->inputs[i]);
        if (moves) st = move(&moved[i], &v->tensor, how.seed + (uint64_t)i, err);
        in[i] = moves ? &moved[i] : &v->tensor;
    }
    if (!st) st = assay_recipe_run(stage, &c, in, out, err);
    for (int i = 0; i < ASSAY_RECIPE_INPUTS; i++) assay_tensor_free(&moved[i]);
    return st;
}

/* ---- how far it may be off ---- */

static assay_own_kind kind_of(const assay_walker *w, assay_stage stage, assay_dtype dtype) {
    return (assay_own_kind){stage, w->recipe.run, w->recipe.config->mem_dtype, dtype, false};
}

static assay_status widen(const assay_walker *w, assay_stage stage, manner how, const assay_tensor *wanted,
                          double *distance, assay_error *err) {
    assay_tensor other;
    assay_status st = expect(w, stage, how, &other, err);
    if (st) return st;
    assay_own_kind kind = kind_of(w, stage, ASSAY_F64);
    kind.stored = ASSAY_F64; /* values before the cast */
    kind.visible = true;
    double d = assay_measure_own(&kind, wanted, &other).distance;
    if (isfinite(d)) *distance = fmax(*distance, d);
    assay_tensor_free(&other);
    return ASSAY_OK;
}

/* Activations that torch computes by operations of their own round between them, which the recipe does not. */
static bool is_several_operations(assay_activation act) {
    return act != ASSAY_ACT_SILU && act != ASSAY_ACT_GELU && act != ASSAY_ACT_RELU && act != ASSAY_ACT_TANH &&
           act != ASSAY_ACT_SIGMOID && act != ASSAY_ACT_LINEAR;
}

/* The largest own error that rounding explains. */
static assay_status own_tolerance(const assay_walker *w, assay_stage stage, const assay_tensor *wanted, double *out,
                                  assay_error *err) {
    *out = 0;
    const assay_stage_info *info = assay_stage_get(stage);
    if (info->judge == ASSAY_JUDGE_EXACT) return ASSAY_OK;
    double moved = 0, rounded = 0;
    assay_status st = ASSAY_OK;
    for (uint64_t i = 1; !st && i <= moved_runs; i++)
        st = widen(w, stage, (manner){.seed = 1000 * i}, wanted, &moved, err);
    if (!st && w->recipe.round != ASSAY_F64) st = widen(w, stage, (manner){.rounds = true}, wanted, &rounded, err);
    if (st) return st;
    bool table = stage == ASSAY_STAGE_COS || stage == ASSAY_STAGE_SIN;
    assay_own_kind kind = kind_of(w, stage, ASSAY_F64);
    double unit = ldexp(assay_own_scale(&kind, wanted), table ? -21 : -23);
    double factor = fmax(8, sqrt(assay_recipe_terms(stage, &w->recipe, wanted)));
    bool several = stage == ASSAY_STAGE_ACT_FN && is_several_operations(w->recipe.config->hidden_act);
    if (stage == ASSAY_STAGE_LOSS && w->recipe.round != ASSAY_F64) /* its terms are summed in that type */
        rounded = fmax(rounded, assay_dtype_epsilon(w->recipe.round) * assay_own_scale(&kind, wanted));
    *out = factor * fmax(moved, unit) + (several ? 6 : 2) * rounded;
    return ASSAY_OK;
}

/* ---- entries ---- */

static assay_blame_entry entry_of(const assay_place *place) {
    assay_blame_entry e = {.place = *place,
                           .operation = assay_operation_of(place->stage),
                           .inherited = (double)NAN,
                           .total = (double)NAN,
                           .total_tolerance = (double)NAN,
                           .worst = {.index = -1}};
    assay_place_path(place, e.path, sizeof e.path);
    return e;
}

static assay_status add(assay_walker *w, const assay_blame_entry *e, assay_error *err) {
    assay_blame *b = w->out;
    if (b->count == b->capacity) {
        size_t capacity = b->capacity ? 2 * b->capacity : 256;
        assay_blame_entry *grown = realloc(b->entries, capacity * sizeof *grown);
        if (!grown) return assay_fail_nomem(err, "a list of stages");
        b->entries = grown;
        b->capacity = capacity;
    }
    b->entries[b->count++] = *e;
    return ASSAY_OK;
}

static void set_worst(assay_blame_entry *e, const assay_tensor *wanted, const assay_tensor *found, int64_t at) {
    e->worst = (assay_worst){.index = at, .rank = wanted->rank};
    if (at < 0) return;
    assay_layout_unravel(wanted, at, e->worst.at);
    for (int i = 0; i < wanted->rank; i++) e->worst.axes[i] = assay_layout_axis(e->place.stage, wanted->rank, i);
    e->worst.golden = ((const double *)wanted->data)[at];
    e->worst.candidate = ((const double *)found->data)[at];
}

/* ---- against the original ---- */

static bool same_kept(const assay_source_item *a, const assay_source_item *b) {
    return a->kept_axis == b->kept_axis && a->kept_count == b->kept_count &&
           (a->kept_count == 0 || memcmp(a->kept, b->kept, a->kept_count * sizeof *a->kept) == 0);
}

/* The golden's tensor where it has what the candidate has of it, else the engine's. */
static const assay_source_item *original_of(const assay_walker *w, const assay_source_item *candidate,
                                            const assay_source **source) {
    const assay_source_item *item = assay_source_find(w->in->golden, &candidate->place);
    *source = w->in->golden;
    if (item && (item->kept_axis < 0 || same_kept(item, candidate))) return item;
    *source = w->in->reference;
    return assay_source_find(w->in->reference, &candidate->place);
}

/* Of a tensor that holds only some indices, those alone; `whole` is not known where it lacks one. */
static assay_status pick_kept(const assay_source_item *item, assay_value *whole, assay_error *err) {
    if (item->kept_axis < 0) return ASSAY_OK;
    assay_value picked;
    assay_status st = assay_value_pick(&picked, whole, item->kept_axis, item->kept, item->kept_count, err);
    if (!st) assay_value_move(whole, &picked);
    return st;
}

/* Without a floor of the original: the default, and room for memory that rounds the other way at a tie (MEM-6). */
static double total_tolerance(const assay_walker *w, const assay_tolerance_input *of) {
    assay_policy policy;
    assay_policy_init(&policy);
    double tolerance = assay_tolerance_of(&policy, of).value;
    assay_dtype stored = w->recipe.config->mem_dtype;
    bool may_tie = !of->has_floor && stored != w->recipe.run && assay_config_has_memory(w->recipe.config);
    if (w->recipe.round != ASSAY_F64 && !of->has_floor) /* whatever is stored has been through that arithmetic */
        tolerance = fmax(tolerance, assay_tolerance_default_rtol(ASSAY_STAGE_NORM, w->recipe.run) * of->scale);
    return may_tie ? fmax(tolerance, assay_dtype_epsilon(stored) * of->scale) : tolerance;
}

/* Inherited and total error. wanted NULL: not known. */
static assay_status against_original(const assay_walker *w, assay_blame_entry *e, const assay_tensor *wanted,
                                     const assay_value *found, const assay_source_item *candidate, assay_error *err) {
    const assay_source *source;
    const assay_source_item *item = original_of(w, candidate, &source);
    if (!item) return ASSAY_OK;
    assay_value original;
    assay_status st = assay_value_read(&original, source, item, err);
    if (!st && item->kept_axis < 0) st = pick_kept(candidate, &original, err);
    if (st || !original.known) return st;
    assay_own_kind kind = kind_of(w, e->place.stage, candidate->info.dtype);
    kind.stored = ASSAY_F64; /* plain distances */
    const assay_tolerance_input of = {
        .place = e->place,
        .dtype = w->recipe.run,
        .has_floor = item->has_floor && (w->recipe.round == ASSAY_F64 || source->info.dtype == w->recipe.run),
        .floor = item->floor,
        .scale = assay_own_scale(&kind, &original.tensor)};
    bool exact = assay_stage_get(e->place.stage)->judge == ASSAY_JUDGE_EXACT;
    e->total_tolerance = exact ? 0 : total_tolerance(w, &of);
    e->own_only =
        !exact && w->recipe.round != ASSAY_F64 && !of.has_floor; /* how that adds up, only a run in it can tell */
    bool same = assay_tensor_same_shape(&original.tensor, &found->tensor);
    e->total = same ? assay_measure_own(&kind, &original.tensor, &found->tensor).distance : (double)INFINITY;
    if (wanted && assay_tensor_same_shape(&original.tensor, wanted))
        e->inherited = assay_measure_own(&kind, &original.tensor, wanted).distance;
    assay_value_free(&original);
    return ASSAY_OK;
}

static bool differs_from_original(const assay_blame_entry *e) { return !e->own_only && e->total > e->total_tolerance; }

/* ---- verdicts ---- */

static void fault(assay_blame_entry *e) { e->verdict = e->via ? ASSAY_BLAME_SUSPECT : ASSAY_BLAME_FAULT; }

static void judge_shape(assay_blame_entry *e, const assay_tensor *wanted, const assay_tensor *found) {
    char a[96], b[96];
    e->own = (double)INFINITY;
    fault(e);
    snprintf(e->reason, sizeof e->reason, "the shape is %s; from its inputs follows %s",
             assay_tensor_shape_text(found, a, sizeof a), assay_tensor_shape_text(wanted, b, sizeof b));
}

static assay_status judge_numbers(const assay_walker *w, assay_blame_entry *e, const assay_tensor *wanted,
                                  const assay_tensor *found, assay_dtype dtype, assay_error *err) {
    assay_own_kind kind = kind_of(w, e->place.stage, dtype);
    assay_own_error own = assay_measure_own(&kind, wanted, found);
    e->own = own.distance;
    set_worst(e, wanted, found, own.at);
    assay_status st = own_tolerance(w, e->place.stage, wanted, &e->tolerance, err);
    if (st) return st;
    /* Rounding adds up over what was not dumped, but to no more than over the whole run. */
    if (e->via && e->total_tolerance > e->tolerance) e->tolerance = e->total_tolerance;
    if (!(e->own <= e->tolerance)) fault(e);
    else if (differs_from_original(e)) e->verdict = ASSAY_BLAME_INHERITED;
    return ASSAY_OK;
}

static assay_status judge_found(assay_walker *w, assay_stage stage, const assay_source_item *item,
                                const assay_value *wanted, const assay_value *found, assay_error *err) {
    assay_place place = assay_walker_place(w, stage);
    assay_blame_entry e = entry_of(&place);
    e.via = via_inputs(w, assay_recipe_of(stage)) & ~ASSAY_STAGE_BIT(stage);
    const assay_tensor *known = wanted->known ? &wanted->tensor : NULL;
    assay_status st = against_original(w, &e, known, found, item, err);
    if (st) return st;
    if (!known) {
        e.verdict = ASSAY_BLAME_UNJUDGED;
        snprintf(e.reason, sizeof e.reason,
                 "what it is computed from is missing, or has shapes that do not fit together");
    } else if (!assay_tensor_same_shape(known, &found->tensor)) {
        if (assay_tensor_count(known) > 0 || assay_tensor_count(&found->tensor) > 0)
            judge_shape(&e, known, &found->tensor);
    } else {
        st = judge_numbers(w, &e, known, &found->tensor, item->info.dtype, err);
    }
    return st ? st : add(w, &e, err);
}

/* What the stage should be; not known where inputs are missing or do not fit together. */
static assay_status derive(const assay_walker *w, assay_stage stage, assay_value *out, assay_error *err) {
    const assay_recipe *r = assay_recipe_of(stage);
    *out = (assay_value){0};
    if (!inputs_known(w, r)) return ASSAY_OK;
    assay_status st = expect(w, stage, (manner){0}, &out->tensor, err);
    if (st == ASSAY_EINPUT) return ASSAY_OK;
    out->known = !st;
    bool empty = !st && assay_tensor_count(&out->tensor) == 0; /* left out, as dumps leave out what is empty */
    out->via = empty ? 0 : via_inputs(w, r) | ASSAY_STAGE_BIT(stage);
    return st;
}

/* As a model holds it: memory in mem_dtype, all else in the type of the run. */
static void round_derived(const assay_walker *w, assay_stage stage, assay_value *v) {
    assay_own_kind kind = kind_of(w, stage, ASSAY_F64);
    assay_dtype to = assay_own_is_stored(&kind) ? kind.stored : w->recipe.round;
    if (to == ASSAY_F64) return;
    double *values = v->tensor.data;
    for (int64_t i = 0; v->known && i < assay_tensor_count(&v->tensor); i++) values[i] = assay_round_to(values[i], to);
}

/* A tensor that holds only some tokens: they are judged, and what follows from the inputs goes on. */
static assay_status judge_part(assay_walker *w, assay_stage stage, const assay_source_item *item,
                               const assay_value *wanted, const assay_value *found, assay_error *err) {
    assay_value part = {0};
    assay_status st = wanted->known ? assay_value_copy(&part, &wanted->tensor, wanted->via, err) : ASSAY_OK;
    if (!st) st = pick_kept(item, &part, err);
    if (!st) st = judge_found(w, stage, item, &part, found, err);
    assay_value_free(&part);
    return st;
}

/* Whether later operations can go on with what was found: of memory, more or fewer tokens are looked at as they are. */
static bool is_usable(const assay_walker *w, const assay_place *place, const assay_value *wanted,
                      const assay_value *found) {
    const assay_source_item *reference = assay_source_find(w->in->reference, place);
    const assay_tensor *like = wanted->known ? &wanted->tensor : reference ? &reference->info : NULL;
    if (!like || like->rank != found->tensor.rank) return false;
    bool memory = assay_operation_of(place->stage) == ASSAY_OPERATION_MEMORY_READ ||
                  assay_operation_of(place->stage) == ASSAY_OPERATION_MEMORY_WRITE;
    int tokens = memory ? (like->rank == 4 ? 2 : 1) : -1;
    for (int i = 0; i < like->rank; i++)
        if (i != tokens && like->shape[i] != found->tensor.shape[i]) return false;
    return true;
}

assay_status assay_judge_own(assay_walker *w, assay_stage stage, assay_error *err) {
    assay_place place = assay_walker_place(w, stage);
    const assay_source_item *item = assay_source_find(w->in->candidate, &place);
    assay_value wanted, found = {0};
    assay_status st = derive(w, stage, &wanted, err);
    if (!st && item) st = assay_value_read(&found, w->in->candidate, item, err);
    bool whole = item && item->kept_axis < 0;
    if (!st && item)
        st = whole ? judge_found(w, stage, item, &wanted, &found, err)
                   : judge_part(w, stage, item, &wanted, &found, err);
    if (!item && assay_source_find(w->in->reference, &place)) w->out->not_dumped++;
    bool goes_on = !st && whole && is_usable(w, &place, &wanted, &found);
    if (!goes_on) round_derived(w, stage, &wanted);
    assay_value_move(&w->slots[stage], goes_on ? &found : &wanted);
    assay_value_free(&wanted);
    assay_value_free(&found);
    return st;
}

assay_status assay_judge_given(assay_walker *w, assay_stage stage, bool inherits, assay_error *err) {
    assay_place place = assay_walker_place(w, stage);
    const assay_source_item *item = assay_source_find(w->in->candidate, &place);
    const assay_source_item *reference = assay_source_find(w->in->reference, &place);
    assay_value found = {0}, wanted = {0};
    assay_status st = item ? assay_value_read(&found, w->in->candidate, item, err) : ASSAY_OK;
    if (!st && reference) st = assay_value_read(&wanted, w->in->reference, reference, err);
    if (!st && item && reference) {
        assay_blame_entry e = entry_of(&place);
        bool same = assay_tensor_same_shape(&found.tensor, &wanted.tensor);
        assay_own_kind kind = kind_of(w, stage, item->info.dtype);
        assay_own_error own = {(double)INFINITY, -1};
        if (same) own = assay_measure_own(&kind, &wanted.tensor, &found.tensor);
        e.own = e.total = own.distance;
        e.inherited = e.total_tolerance = 0;
        if (same) set_worst(&e, &wanted.tensor, &found.tensor, own.at);
        else judge_shape(&e, &wanted.tensor, &found.tensor);
        bool explains = inherits && same && isfinite(e.own); /* another shape, or NaN, comes from nowhere else */
        if (!(e.own <= 0)) e.verdict = explains ? ASSAY_BLAME_INHERITED : ASSAY_BLAME_FAULT;
        if (inherits && e.verdict == ASSAY_BLAME_INHERITED) e.inherited = e.total;
        st = add(w, &e, err);
    }
    if (!item && reference) w->out->not_dumped++;
    bool takes_own = item && (!reference || assay_tensor_same_shape(&found.tensor, &wanted.tensor));
    assay_value_move(&w->slots[stage], takes_own ? &found : &wanted);
    assay_value_free(&found);
    assay_value_free(&wanted);
    return st;
}

assay_status assay_judge_not(assay_walker *w, const assay_source_item *item, const char *why, assay_error *err) {
    assay_blame_entry e = entry_of(&item->place);
    e.verdict = ASSAY_BLAME_UNJUDGED;
    snprintf(e.reason, sizeof e.reason, "%s", why);
    return add(w, &e, err);
}

assay_status assay_judge_refusal(assay_walker *w, const char *why, assay_error *err) {
    const assay_place place = {w->at.step, -1, -1, ASSAY_STAGE_SCHEDULE};
    assay_blame_entry e = entry_of(&place);
    e.verdict = ASSAY_BLAME_FAULT;
    e.own = (double)INFINITY;
    snprintf(e.reason, sizeof e.reason, "the candidate refuses the step, which the original carries out: %.100s",
             *why ? why : "no reason given");
    return add(w, &e, err);
}
