#include "compare/compare_stage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/detail_collect.h"
#include "compare/gather.h"
#include "compare/judge.h"
#include "compare/layout.h"
#include "compare/pad_rows.h"
#include "compare/tolerance.h"

assay_entry assay_entry_at(const assay_place *place) {
    assay_entry e = {.kind = ASSAY_ENTRY_STAGE, .place = *place, .worst = {.index = -1}};
    e.golden.rank = e.candidate.rank = -1;
    assay_place_path(place, e.path, sizeof e.path);
    snprintf(e.rules, sizeof e.rules, "%s", assay_stage_get(place->stage)->rules);
    return e;
}

assay_result_shape assay_shape_of(const assay_source_item *item) {
    assay_result_shape s = {.dtype = item->info.dtype, .rank = item->info.rank};
    memcpy(s.shape, item->info.shape, sizeof s.shape);
    return s;
}

/* ---- shape and kept indices ---- */

static bool same_kept(const assay_source_item *a, const assay_source_item *b) {
    return a->kept_axis == b->kept_axis && a->kept_count == b->kept_count &&
           (a->kept_count == 0 || memcmp(a->kept, b->kept, a->kept_count * sizeof *a->kept) == 0);
}

/* What a file says is not trusted: the axis must exist, the count must be the axis's size, indices not negative. */
static assay_status check_item(const assay_source *source, const assay_source_item *item, const char *path,
                               assay_error *err) {
    bool floors_ok = (!item->has_floor || (isfinite(item->floor) && item->floor >= 0)) &&
                     (!item->has_unrounded_floor || (isfinite(item->unrounded_floor) && item->unrounded_floor >= 0));
    if (!floors_ok)
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s has a noise floor that is negative or not finite",
                          source->info.name, path);
    if (item->kept_axis < 0) return ASSAY_OK;
    bool ok = item->kept_axis < item->info.rank && item->info.shape[item->kept_axis] == (int64_t)item->kept_count;
    for (size_t i = 0; ok && i < item->kept_count; i++) ok = item->kept[i] >= 0;
    if (ok) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: %s has a 'kept' attribute that does not fit its shape",
                      source->info.name, path);
}

/* True when picking the golden's kept indices out of the candidate gives the golden's shape. The last index that is kept is
 * the axis's last, so that its length is known. */
static bool can_gather(const assay_source_item *golden, const assay_tensor *candidate) {
    if (golden->kept_axis < 0 || golden->info.rank != candidate->rank) return false;
    for (int i = 0; i < candidate->rank; i++)
        if (i != golden->kept_axis && golden->info.shape[i] != candidate->shape[i]) return false;
    int64_t length = golden->kept_count ? golden->kept[golden->kept_count - 1] + 1 : 0;
    return candidate->shape[golden->kept_axis] == length;
}

static void fail_shape(assay_entry *e, const assay_source_item *golden, const assay_source_item *candidate) {
    char expected[128], found[128];
    e->verdict = ASSAY_VERDICT_FAIL;
    assay_tensor_shape_text(&golden->info, expected, sizeof expected);
    assay_tensor_shape_text(&candidate->info, found, sizeof found);
    const char *kept = golden->kept_axis < 0      ? ""
                       : candidate->kept_axis < 0 ? " (of which the golden keeps some indices)"
                                                  : " (other indices are kept)";
    snprintf(e->reason, sizeof e->reason, "the shape is %s, expected %s%s", found, expected, kept);
}

/* ---- judging what was read ---- */

/* All that is opened for one comparison. */
typedef struct {
    assay_values golden, candidate, unrounded;
    assay_judged_spans spans;
} stage_data;

static void release(stage_data *d) {
    assay_values_close(&d->golden);
    assay_values_close(&d->candidate);
    assay_values_close(&d->unrounded);
    assay_judged_spans_free(&d->spans);
}

static assay_dtype mem_dtype_of(const assay_stage_context *c, const assay_source_item *golden) {
    assay_dtype held = golden->info.dtype;
    if (assay_dtype_is_half(held)) return held;
    if (c->golden->info.has_mem_dtype) return c->golden->info.mem_dtype;
    return c->candidate->info.has_mem_dtype ? c->candidate->info.mem_dtype : held;
}

static assay_dtype golden_run_of(const assay_stage_context *c) {
    return c->uses_float64 ? ASSAY_F64 : c->golden->info.dtype;
}

/* The candidate's part of the indices that the golden keeps: of a candidate that holds all, it is put together in memory. */
static assay_status open_candidate(assay_values *out, const assay_stage_context *c, const assay_source_item *golden,
                                   const assay_source_item *candidate, assay_error *err) {
    assay_source_tensor whole;
    assay_values gathered = {.owned = true};
    if (golden->kept_axis < 0 || same_kept(golden, candidate))
        return assay_values_open(out, c->candidate, candidate, false, err);
    assay_status st = assay_source_read(c->candidate, candidate, false, &whole, err);
    if (st) return st;
    st = assay_gather(&gathered.tensor, &whole.tensor, golden->kept_axis, golden->kept, golden->kept_count, err);
    assay_source_release(&whole);
    if (!st) *out = gathered;
    return st;
}

static assay_status open_all(stage_data *d, const assay_stage_context *c, const assay_source_item *golden,
                             const assay_source_item *candidate, assay_error *err) {
    assay_status st = assay_values_open(&d->golden, c->golden, golden, false, err);
    if (!st) st = open_candidate(&d->candidate, c, golden, candidate, err);
    if (!st && golden->has_unrounded) st = assay_values_open(&d->unrounded, c->golden, golden, true, err);
    if (!st && c->policy->ignore_pad_rows) st = assay_pad_rows_find(&d->spans, c->golden, golden, err);
    return st;
}

static assay_status set_tolerance(assay_entry *e, const assay_stage_context *c, const stage_data *d,
                                  const assay_source_item *golden, bool unrounded, assay_error *err) {
    if (assay_stage_get(e->place.stage)->judge == ASSAY_JUDGE_EXACT) return ASSAY_OK;
    const assay_values *scaled = unrounded ? &d->unrounded : &d->golden;
    assay_tolerance_input in = {.place = e->place,
                                .dtype = golden->info.dtype,
                                .has_floor = unrounded ? golden->has_unrounded_floor : golden->has_floor,
                                .floor = unrounded ? golden->unrounded_floor : golden->floor,
                                .unrounded = unrounded};
    if (!in.has_floor) in.floor = 0;
    bool needs_scale = !in.has_floor || c->policy->rule_count > 0; /* it costs a pass over the tensor */
    assay_status st =
        needs_scale ? assay_judge_scale(e->place.stage, scaled, golden_run_of(c), &in.scale, err) : ASSAY_OK;
    if (st) return st;
    assay_tolerance tolerance = assay_tolerance_of(c->policy, &in);
    e->has_floor = in.has_floor;
    e->floor = in.floor;
    e->tolerance = tolerance.value;
    e->origin = tolerance.origin;
    return ASSAY_OK;
}

static void name_worst(assay_entry *e, const assay_source_item *golden) {
    assay_worst *w = &e->worst;
    if (w->index < 0) return;
    w->rank = golden->info.rank;
    assay_layout_unravel(&golden->info, w->index, w->at);
    for (int i = 0; i < w->rank; i++) w->axes[i] = assay_layout_axis(e->place.stage, w->rank, i);
    if (golden->kept_axis >= 0) w->at[golden->kept_axis] = golden->kept[w->at[golden->kept_axis]];
}

static assay_status add_detail(assay_entry *e, const assay_judge_input *in, const assay_source_item *golden,
                               assay_error *err) {
    assay_status st = assay_detail_collect(&e->detail, e, in, err);
    int axis = golden->kept_axis;
    for (int i = 0; !st && axis >= 0 && e->detail && i < e->detail->worst_count; i++) {
        int64_t *at = e->detail->worst[i].at;
        at[axis] = golden->kept[at[axis]];
    }
    return st;
}

static assay_status judge_data(assay_entry *e, const assay_stage_context *c, const stage_data *d,
                               const assay_source_item *golden, assay_error *err) {
    const assay_source_info *candidate_info = &c->candidate->info;
    assay_judge_input in = {.stage = e->place.stage,
                            .golden = &d->golden,
                            .candidate = &d->candidate,
                            .spans = d->spans.spans,
                            .span_count = d->spans.count,
                            .golden_run = golden_run_of(c),
                            .mem_dtype = mem_dtype_of(c, golden)};
    in.candidate_run = candidate_info->has_dtype ? candidate_info->dtype : in.golden_run;
    bool stored = assay_judge_is_stored(in.stage, in.golden_run, in.mem_dtype);
    bool has_unrounded = golden->has_unrounded && assay_tensor_same_shape(&d->unrounded.tensor, &d->golden.tensor);
    if (has_unrounded) in.unrounded = &d->unrounded;
    assay_status st = set_tolerance(e, c, d, golden, stored && has_unrounded, err);
    if (st) return st;
    in.tolerance = e->tolerance;
    e->pad_elements = d->spans.left_out;
    st = assay_judge(e, &in, err);
    assay_entry_set_ratios(e);
    if (!st && c->detail) st = add_detail(e, &in, golden, err);
    name_worst(e, golden);
    if (!st && !e->has_metrics && e->pad_elements) snprintf(e->reason, sizeof e->reason, "all of it is pads");
    return st;
}

assay_status assay_compare_stage(assay_entry *e, const assay_stage_context *c, const assay_source_item *golden,
                                 const assay_source_item *candidate, assay_error *err) {
    e->golden = assay_shape_of(golden);
    e->candidate = assay_shape_of(candidate);
    e->uses_float64 = c->uses_float64;
    assay_status st = check_item(c->golden, golden, e->path, err);
    if (!st) st = check_item(c->candidate, candidate, e->path, err);
    if (st) return st;
    if (assay_tensor_count(&golden->info) == 0 && assay_tensor_count(&candidate->info) == 0) {
        snprintf(e->reason, sizeof e->reason, "empty on both sides");
        return ASSAY_OK;
    }
    bool same_indices = same_kept(golden, candidate);
    bool fits = same_indices ? assay_tensor_same_shape(&golden->info, &candidate->info)
                             : candidate->kept_axis < 0 && can_gather(golden, &candidate->info);
    if (!fits) {
        fail_shape(e, golden, candidate);
        return ASSAY_OK;
    }
    stage_data data = {0};
    st = open_all(&data, c, golden, candidate, err);
    if (!st) st = judge_data(e, c, &data, golden, err);
    release(&data);
    return st;
}
