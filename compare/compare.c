/*
 * Step by step, the two sorted lists of items are merged by place. What depends on one tensor is in compare_stage.c,
 * what depends on a step's refusal in pairing.c.
 */
#include "compare/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare_stage.h"
#include "compare/pairing.h"
#include "compare/waiver.h"

typedef struct {
    assay_case_result *result;
    const assay_source *golden, *candidate;
    const assay_policy *policy;
    bool require_all, require_refusals, float64, detail;
} comparison;

/* The items of one step: [begin, end) of each side. */
typedef struct {
    size_t golden, golden_end, candidate, candidate_end;
    int64_t step;
} step_range;

static assay_status add(const comparison *c, const assay_entry *e, assay_error *err) {
    return assay_case_result_add(c->result, e, err);
}

static bool is_empty(const assay_source_item *item) { return assay_tensor_count(&item->info) == 0; }

/* ---- one place ---- */

static assay_status add_not_compared(const comparison *c, const assay_source_item *golden,
                                     const assay_source_item *candidate, const char *why, assay_error *err) {
    assay_entry e = assay_entry_at(golden ? &golden->place : &candidate->place);
    e.verdict = ASSAY_VERDICT_NOT_COMPARED;
    if (golden) e.golden = assay_shape_of(golden);
    if (candidate) e.candidate = assay_shape_of(candidate);
    snprintf(e.reason, sizeof e.reason, "%s", why);
    return add(c, &e, err);
}

static assay_status add_missing(const comparison *c, const assay_source_item *golden, assay_error *err) {
    assay_entry e = assay_entry_at(&golden->place);
    e.golden = assay_shape_of(golden);
    bool required = c->require_all || assay_policy_requires(c->policy, &golden->place);
    if (is_empty(golden)) {
        snprintf(e.reason, sizeof e.reason, "empty in the golden, left out by the candidate");
    } else {
        e.verdict = required ? ASSAY_VERDICT_MISSING_REQUIRED : ASSAY_VERDICT_MISSING;
        snprintf(e.reason, sizeof e.reason, "the candidate lacks it%s", required ? ", and it is required" : "");
    }
    return add(c, &e, err);
}

static bool is_of_memory(assay_stage stage) { return stage >= ASSAY_STAGE_PAST_MEM_KEY; }

/* Whether the layer's past is shown, and this part of it left out for being empty: a local cache, or a memory, of which another part is
 * there has this one too, and it was not dumped. */
static bool shows_past_of_layer(const assay_source *golden, const assay_place *place) {
    bool shown = false;
    for (int stage = ASSAY_STAGE_PAST_KEY; stage <= ASSAY_STAGE_PAST_MEM_MASK; stage++) {
        assay_place other = {place->step, -1, place->layer, (assay_stage)stage};
        const assay_source_item *item = assay_source_find(golden, &other);
        if (item && is_of_memory((assay_stage)stage) == is_of_memory(place->stage) && !is_empty(item)) return false;
        shown = shown || item;
    }
    return shown;
}

/* Whether what the golden lacks of a past is empty: it says so for the step, or it shows other parts of that layer. */
static bool golden_past_is_empty(const comparison *c, const assay_place *place) {
    if (!c->golden->info.is_golden || assay_stage_get(place->stage)->scope != ASSAY_PER_PAST) return false;
    const assay_source_step *step = assay_source_find_step(c->golden, place->step);
    if (step && step->past_captured >= 0) return step->past_captured == 1;
    return shows_past_of_layer(c->golden, place);
}

static assay_status add_extra(const comparison *c, const assay_source_item *candidate, assay_error *err) {
    assay_entry e = assay_entry_at(&candidate->place);
    e.candidate = assay_shape_of(candidate);
    if (is_empty(candidate)) {
        snprintf(e.reason, sizeof e.reason, "empty in the candidate, left out by the golden");
    } else if (golden_past_is_empty(c, &candidate->place)) {
        e.verdict = ASSAY_VERDICT_FAIL;
        snprintf(e.reason, sizeof e.reason, "the golden's is empty");
    } else {
        e.verdict = ASSAY_VERDICT_EXTRA;
        snprintf(e.reason, sizeof e.reason, "the golden lacks it");
    }
    return add(c, &e, err);
}

static assay_status add_compared(const comparison *c, const assay_source_item *golden,
                                 const assay_source_item *candidate, assay_error *err) {
    const assay_source_item *finer = c->float64 ? assay_source_find_float64(c->golden, &golden->place) : NULL;
    assay_stage_context context = {c->golden, c->candidate, c->policy, finer != NULL, c->detail};
    assay_entry e = assay_entry_at(&golden->place);
    assay_status st = assay_compare_stage(&e, &context, finer ? finer : golden, candidate, err);
    if (!st) st = add(c, &e, err);
    if (st) assay_detail_free(e.detail);
    return st;
}

/* ---- one step ---- */

/* `why` not NULL: nothing is judged, and that is the reason given. `schedule` not NULL: the entry of the schedule. */
static assay_status merge_step(const comparison *c, step_range r, const char *why, const assay_entry *schedule,
                               assay_error *err) {
    assay_status st = ASSAY_OK;
    while (!st && (r.golden < r.golden_end || r.candidate < r.candidate_end)) {
        const assay_source_item *g = r.golden < r.golden_end ? &c->golden->items[r.golden] : NULL;
        const assay_source_item *k = r.candidate < r.candidate_end ? &c->candidate->items[r.candidate] : NULL;
        int order = !g ? 1 : !k ? -1 : assay_place_compare(&g->place, &k->place);
        if (order > 0) g = NULL;
        if (order < 0) k = NULL;
        r.golden += g != NULL;
        r.candidate += k != NULL;
        if (schedule && g && k && g->place.stage == ASSAY_STAGE_SCHEDULE) st = add(c, schedule, err);
        else if (why) st = add_not_compared(c, g, k, why, err);
        else if (g && k) st = add_compared(c, g, k, err);
        else st = g ? add_missing(c, g, err) : add_extra(c, k, err);
    }
    return st;
}

/* "[0,16) [16,24)". */
static void schedule_text(const assay_tensor *t, char *text, size_t text_nbytes) {
    size_t at = 0;
    text[0] = '\0';
    bool is_schedule = t->rank == 2 && t->shape[1] == 2;
    for (int64_t w = 0; is_schedule && w < t->shape[0] && at + 1 < text_nbytes; w++) {
        double begin = assay_load_f64(t->data, t->dtype, (size_t)(2 * w));
        double end = assay_load_f64(t->data, t->dtype, (size_t)(2 * w + 1));
        at += (size_t)snprintf(text + at, text_nbytes - at, "%s[%.0f,%.0f)", w ? " " : "", begin, end);
    }
    if (at >= text_nbytes) snprintf(text + text_nbytes - 4, 4, "...");
    if (!is_schedule) assay_tensor_shape_text(t, text, text_nbytes);
}

static assay_status explain_schedule(const comparison *c, assay_entry *e, const assay_source_item *golden,
                                     const assay_source_item *candidate, assay_error *err) {
    char expected[120], found[120];
    assay_source_tensor t;
    assay_status st = assay_source_read(c->golden, golden, false, &t, err);
    if (st) return st;
    schedule_text(&t.tensor, expected, sizeof expected);
    assay_source_release(&t);
    st = assay_source_read(c->candidate, candidate, false, &t, err);
    if (st) return st;
    schedule_text(&t.tensor, found, sizeof found);
    assay_source_release(&t);
    snprintf(e->reason, sizeof e->reason, "another window schedule: expected %s, found %s", expected, found);
    return ASSAY_OK;
}

/* Judges the schedules of a step. When they differ, adds a failure that shows both. */
static assay_status schedules_agree(const comparison *c, int64_t step, bool *agree, assay_entry *e, assay_error *err) {
    assay_place place = {.step = step, .window = -1, .layer = -1, .stage = ASSAY_STAGE_SCHEDULE};
    const assay_source_item *g = assay_source_find(c->golden, &place), *k = assay_source_find(c->candidate, &place);
    *agree = true;
    if (!g || !k) return ASSAY_OK;
    assay_stage_context context = {c->golden, c->candidate, c->policy, false, false};
    *e = assay_entry_at(&place);
    assay_status st = assay_compare_stage(e, &context, g, k, err);
    if (st || e->verdict == ASSAY_VERDICT_PASS) return st;
    *agree = false;
    return explain_schedule(c, e, g, k, err);
}

static assay_status compare_step(const comparison *c, const step_range *r, assay_error *err) {
    assay_entry e;
    bool has_tensors = r->candidate < r->candidate_end;
    assay_step_outcome outcome = assay_compare_refusals(&e, c->golden, c->candidate, r->step, has_tensors);
    if (outcome != ASSAY_STEP_RAN) {
        if (e.verdict == ASSAY_VERDICT_MISSING && c->require_refusals) e.verdict = ASSAY_VERDICT_MISSING_REQUIRED;
        assay_status st = add(c, &e, err);
        const char *why = outcome == ASSAY_STEP_REFUSED_BY_BOTH ? "the step is refused by both sides"
                                                                : "the step is refused by one side";
        return st ? st : merge_step(c, *r, why, NULL, err);
    }
    bool agree;
    assay_status st = schedules_agree(c, r->step, &agree, &e, err);
    if (st) return st;
    return agree ? merge_step(c, *r, NULL, NULL, err) : merge_step(c, *r, "the window schedules differ", &e, err);
}

/* ---- the whole ---- */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* The smallest step number of either side that is at least `from`; INT64_MAX when there is none. */
static int64_t next_step(const comparison *c, const step_range *r, int64_t from) {
    int64_t step = INT64_MAX;
    if (r->golden < c->golden->item_count) step = least(step, c->golden->items[r->golden].place.step);
    if (r->candidate < c->candidate->item_count) step = least(step, c->candidate->items[r->candidate].place.step);
    const assay_source *sides[] = {c->golden, c->candidate};
    for (int s = 0; s < 2; s++) {
        size_t first = assay_source_first_step(sides[s], from);
        if (first < sides[s]->step_count) step = least(step, sides[s]->steps[first].step);
    }
    return step;
}

static size_t end_of_step(const assay_source *source, size_t at, int64_t step) {
    while (at < source->item_count && source->items[at].place.step == step) at++;
    return at;
}

static assay_status compare_steps(const comparison *c, assay_error *err) {
    step_range r = {0};
    for (int64_t from = 0;;) {
        r.step = next_step(c, &r, from);
        if (r.step == INT64_MAX) return ASSAY_OK;
        r.golden_end = end_of_step(c->golden, r.golden, r.step);
        r.candidate_end = end_of_step(c->candidate, r.candidate, r.step);
        assay_status st = compare_step(c, &r, err);
        if (st) return st;
        r.golden = r.golden_end;
        r.candidate = r.candidate_end;
        from = r.step + 1;
    }
}

static assay_status add_unknown(const comparison *c, const assay_source *source, assay_error *err) {
    bool is_golden = source == c->golden;
    for (size_t i = 0; i < source->unknown_count; i++) {
        assay_entry e = {
            .kind = ASSAY_ENTRY_UNKNOWN, .place = {-1, -1, -1, ASSAY_STAGE_SCHEDULE}, .worst = {.index = -1}};
        e.golden.rank = e.candidate.rank = -1;
        e.verdict = is_golden ? ASSAY_VERDICT_NOT_COMPARED : ASSAY_VERDICT_EXTRA;
        snprintf(e.path, sizeof e.path, "%s", source->unknown[i]);
        snprintf(e.reason, sizeof e.reason, "%s has it, and it is no stage",
                 is_golden ? "the golden" : "the candidate");
        assay_status st = add(c, &e, err);
        if (st) return st;
    }
    return ASSAY_OK;
}

static bool is_float64_run(const assay_source *golden, const assay_source *candidate) {
    return candidate->info.has_dtype && candidate->info.dtype == ASSAY_F64 && golden->info.dtype != ASSAY_F64;
}

static assay_status begin_result(assay_case_result *out, const comparison *c, const char *name, assay_error *err) {
    const assay_source_info *g = &c->golden->info, *k = &c->candidate->info;
    out->name = strdup(name ? name : "");
    out->golden_name = strdup(g->name);
    out->candidate_name = strdup(k->name);
    out->ignore_pad_rows = c->policy->ignore_pad_rows;
    out->has_dtypes = g->has_dtype && k->has_dtype;
    out->golden_dtype = g->dtype;
    out->candidate_dtype = k->dtype;
    bool ok = out->name && out->golden_name && out->candidate_name;
    return ok ? ASSAY_OK : assay_fail_nomem(err, "a result");
}

assay_status assay_compare(assay_case_result *out, const assay_source *golden, const assay_source *candidate,
                           const assay_compare_options *options, assay_error *err) {
    assay_policy defaults;
    assay_policy_init(&defaults);
    assay_case_result result = {0};
    comparison c = {&result,
                    golden,
                    candidate,
                    options->policy ? options->policy : &defaults,
                    options->require_all,
                    options->require_all || options->require_refusals,
                    is_float64_run(golden, candidate),
                    options->detail};
    assay_status st = assay_check_pairing(golden, candidate, err);
    if (!st && candidate->info.unsupported[0])
        return assay_case_result_unsupported(out, options->name, golden->info.name, candidate->info.unsupported, err);
    if (!st) st = begin_result(&result, &c, options->name, err);
    if (!st) st = compare_steps(&c, err);
    if (!st) st = add_unknown(&c, golden, err);
    if (!st) st = add_unknown(&c, candidate, err);
    if (!st) st = assay_waivers_apply(&result, c.policy, err);
    if (st) {
        assay_case_result_free(&result);
        return st;
    }
    assay_case_result_finish(&result);
    *out = result;
    return ASSAY_OK;
}
