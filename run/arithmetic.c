#include "run/arithmetic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "compare/judge_stored.h"
#include "compare/values.h"
#include "golden/digest.h"
#include "run/goodness.h"
#include "run/load_model.h"
#include "run/own_floors.h"
#include "run/trace.h"

/* Runs on moved weights behind the floors of a candidate with weights of its own. */
enum { moved_runs = 3 };

/* Fewer activations may be numbers of a half type by chance. */
static const int64_t least_numbers = 16;

/* ---- what the candidate computes in ---- */

static assay_status holds_all(bool *all, const assay_source *candidate, assay_dtype dtype, int64_t *numbers,
                              assay_error *err) {
    *all = true;
    *numbers = 0;
    for (size_t i = 0; *all && i < candidate->item_count; i++) {
        const assay_source_item *item = &candidate->items[i];
        assay_stage_judge judge = assay_stage_get(item->place.stage)->judge;
        bool shows =
            assay_dtype_is_float(item->info.dtype) && judge != ASSAY_JUDGE_EXACT && judge != ASSAY_JUDGE_STORED;
        if (!shows) continue;
        assay_values values;
        assay_status st = assay_values_open(&values, candidate, item, false, err);
        if (st) return st;
        st = assay_judge_is_cast(&values, dtype, all, err);
        *numbers += assay_tensor_count(&values.tensor);
        assay_values_close(&values);
        if (st) return st;
    }
    return ASSAY_OK;
}

assay_status assay_detect_dtype(assay_dtype *out, const assay_source *candidate, assay_error *err) {
    static const assay_dtype halves[] = {ASSAY_BF16, ASSAY_F16};
    *out = ASSAY_F32;
    for (int i = 0; i < 2; i++) {
        bool all;
        int64_t numbers;
        assay_status st = holds_all(&all, candidate, halves[i], &numbers, err);
        if (st) return st;
        if (!all || numbers < least_numbers) continue;
        *out = halves[i];
        return ASSAY_OK;
    }
    return ASSAY_OK;
}

assay_status assay_choose_dtype(assay_dtype *out, const assay_source *candidate, const assay_arithmetic *asked,
                                assay_error *err) {
    const assay_source_info *info = &candidate->info;
    if (!asked->has_dtype && !info->has_dtype) return assay_detect_dtype(out, candidate, err);
    *out = asked->has_dtype ? asked->dtype : info->dtype;
    if (!info->has_dtype || info->dtype == *out || !assay_dtype_is_half(*out)) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: says that it was computed in %s; --dtype %s does not go with it",
                      info->name, assay_dtype_name(info->dtype), assay_dtype_name(*out));
}

/* ---- runs of the engine ---- */

/* One comparison under way. */
typedef struct {
    const assay_golden *file;
    const assay_source *golden;
    const assay_arithmetic *asked;
    const assay_compare_options *options;
    assay_source reference; /* its items are its own: their floors change */
    assay_source candidate;
    assay_trace exact; /* the engine's float32 run on other weights: what `reference` is of then */
    assay_dtype dtype;
    char given_weights[ASSAY_XXH128_TEXT]; /* digests: of the weights that the candidate used, */
    char half_weights[ASSAY_XXH128_TEXT];  /* and of the reference's weights after their cast */
} comparison;

static assay_status load(const comparison *c, assay_dtype dtype, assay_loaded_model *out, assay_error *err) {
    if (c->asked->weights_dir) return assay_load_other_weights(out, c->file, c->asked->weights_dir, dtype, err);
    return assay_load_golden_model(out, c->file, c->asked->model_dir, dtype, err);
}

static assay_status trace(const comparison *c, const assay_loaded_model *m, assay_trace *out, assay_error *err) {
    const assay_trace_options options = {.test_case = &c->file->test_case, .kept = c->golden, .tolerates = true};
    return assay_trace_run(out, m, &options, err);
}

static assay_status has_case(const comparison *c, assay_error *err) {
    if (c->file->has_case) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "%s: holds no case, so the engine cannot run it in %s",
                      c->golden->info.name, assay_dtype_name(c->dtype));
}

/* Widens the reference's floors by a run on the candidate's weights, moved by a unit in the last place with a seed. */
static assay_status widen_by_run(comparison *c, assay_dtype dtype, uint64_t seed, assay_error *err) {
    assay_loaded_model m = {0};
    assay_trace run = {0};
    assay_status st = load(c, dtype, &m, err);
    if (!st && seed) assay_loaded_model_move_weights(&m, seed);
    if (!st) st = trace(c, &m, &run, err);
    if (!st) st = assay_own_floors_widen(&c->reference, &run.source, err);
    assay_trace_free(&run);
    assay_loaded_model_free(&m);
    return st;
}

/* The reference on weights that are not the golden's. */
static assay_status refer_to_weights(comparison *c, assay_error *err) {
    assay_loaded_model m = {0};
    assay_status st = load(c, ASSAY_F32, &m, err);
    if (!st) st = trace(c, &m, &c->exact, err);
    snprintf(c->given_weights, sizeof c->given_weights, "%s", m.weights_xxh128);
    assay_loaded_model_free(&m);
    if (!st) st = assay_own_floors_begin(&c->reference, &c->exact.source, err);
    if (!st) st = widen_by_run(c, ASSAY_F64, 0, err);
    for (uint64_t seed = 1; !st && seed <= moved_runs; seed++) st = widen_by_run(c, ASSAY_F32, seed, err);
    c->reference.info.case_sha256 = c->golden->info.case_sha256;
    c->reference.info.config_sha256 = c->golden->info.config_sha256;
    c->reference.info.weights_xxh128 = c->given_weights;
    c->reference.info.name = c->golden->info.name;
    return st;
}

/* ---- half precision ---- */

/* A candidate's digest may be that of the weights before their cast or after it. */
static void accept_cast_weights(comparison *c, const assay_loaded_model *m) {
    snprintf(c->half_weights, sizeof c->half_weights, "%s", m->weights_xxh128);
    bool cast = strcasecmp(c->candidate.info.weights_xxh128, c->half_weights) == 0;
    if (cast) c->reference.info.weights_xxh128 = c->half_weights;
}

/* Whole numbers of the golden's shape that are its own up to where the engine's own run leaves it. */
static bool is_excusable(const assay_entry *e, const assay_entry *own) {
    bool same = e->golden.rank == e->candidate.rank && !assay_dtype_is_float(e->candidate.dtype) && e->has_metrics;
    for (int i = 0; same && i < e->golden.rank; i++) same = e->golden.shape[i] == e->candidate.shape[i];
    return same && own->worst.index >= 0 && e->worst.index >= own->worst.index;
}

/* Where half precision chooses other tokens, another sequence goes on: what is exact then differs in the engine's own run as well,
 * and says nothing of the candidate. */
static void excuse_choices(assay_case_result *out, const assay_case_result *best, assay_dtype dtype) {
    bool any = false;
    for (size_t i = 0; i < out->entry_count; i++) {
        assay_entry *e = &out->entries[i];
        bool token = e->place.stage == ASSAY_STAGE_TOKENS || e->place.stage == ASSAY_STAGE_INPUT_IDS;
        if (e->kind != ASSAY_ENTRY_STAGE || !token || e->verdict != ASSAY_VERDICT_FAIL) continue;
        const assay_entry *own = assay_case_result_find(best, &e->place);
        if (!own || own->verdict != ASSAY_VERDICT_FAIL || !is_excusable(e, own)) continue;
        e->verdict = ASSAY_VERDICT_NOT_COMPARED;
        snprintf(e->reason, sizeof e->reason, "the engine's own %s run chooses other tokens than the golden, too",
                 assay_dtype_name(dtype));
        any = true;
    }
    if (any) assay_case_result_finish(out);
}

static assay_status judge_half(comparison *c, assay_case_result *out, assay_error *err) {
    assay_loaded_model m = {0};
    assay_trace half = {0};
    assay_case_result best = {0};
    assay_status st = load(c, c->dtype, &m, err);
    if (!st) st = trace(c, &m, &half, err);
    const assay_compare_options plain = {.name = ""};
    if (!st) half.source.info.weights_xxh128 = "";
    if (!st) st = assay_compare(&best, &c->reference, &half.source, &plain, err);
    if (!st) accept_cast_weights(c, &m);
    if (!st) assay_own_floors_half(&c->reference, &best, c->dtype);
    if (!st) st = assay_compare(out, &c->reference, &c->candidate, c->options, err);
    if (!st) excuse_choices(out, &best, c->dtype);
    if (!st) assay_goodness_measure(out, &best, c->dtype);
    assay_case_result_free(&best);
    assay_trace_free(&half);
    assay_loaded_model_free(&m);
    return st;
}

/* Against a golden of the original's own run in half precision: exact results are those of its float64 run. */
static assay_status judge_by_half_golden(comparison *c, assay_case_result *out, assay_error *err) {
    if (c->golden->info.dtype != c->dtype)
        return assay_fail(err, ASSAY_EINPUT, NULL,
                          "%s is of a run in %s and %s of one in %s; choose a golden in %s or float32",
                          c->golden->info.name, assay_dtype_name(c->golden->info.dtype), c->candidate.info.name,
                          assay_dtype_name(c->dtype), assay_dtype_name(c->dtype));
    assay_source exact = *c->golden;
    exact.items = exact.float64;
    exact.item_count = exact.float64_count;
    exact.float64_count = 0;
    exact.info.dtype = ASSAY_F64;
    const assay_compare_options plain = {.name = ""};
    assay_case_result best = {0}, own = {0};
    assay_status st = assay_compare(out, c->golden, &c->candidate, c->options, err);
    if (!st) st = assay_compare(&best, &exact, c->golden, &plain, err);
    if (!st) st = assay_compare(&own, &exact, &c->candidate, &plain, err);
    if (!st) assay_goodness_copy(out, &own, &best, c->dtype);
    assay_case_result_free(&own);
    assay_case_result_free(&best);
    return st;
}

/* ---- the whole ---- */

static void name_reference(const comparison *c, assay_case_result *out) {
    bool half = assay_dtype_is_half(c->dtype);
    const char *dtype = assay_dtype_name(c->dtype);
    out->is_half = half;
    out->arithmetic = c->dtype;
    if (half && assay_dtype_is_half(c->golden->info.dtype))
        snprintf(out->reference, sizeof out->reference, "the original's own %s run", dtype);
    else if (half)
        snprintf(out->reference, sizeof out->reference, "%s; floors of the engine's %s run",
                 c->asked->weights_dir ? "the engine's float32 run on the given weights" : "the golden", dtype);
    else
        snprintf(out->reference, sizeof out->reference,
                 "the engine's float32 run on the given weights; floors of its runs on weights moved by a unit");
}

static assay_status compare_apart(comparison *c, assay_case_result *out, assay_error *err) {
    bool half = assay_dtype_is_half(c->dtype), golden_half = assay_dtype_is_half(c->golden->info.dtype);
    if (half && golden_half && !c->asked->weights_dir) return judge_by_half_golden(c, out, err);
    assay_status st = has_case(c, err);
    if (!st)
        st = c->asked->weights_dir ? refer_to_weights(c, err) : assay_own_floors_begin(&c->reference, c->golden, err);
    if (!st) st = half ? judge_half(c, out, err) : assay_compare(out, &c->reference, &c->candidate, c->options, err);
    assay_own_floors_end(&c->reference);
    assay_trace_free(&c->exact);
    return st;
}

assay_status assay_compare_arithmetic(assay_case_result *out, const assay_golden *g, const assay_source *golden,
                                      const assay_source *candidate, const assay_arithmetic *arithmetic,
                                      const assay_compare_options *options, assay_error *err) {
    comparison c = {.file = g, .golden = golden, .asked = arithmetic, .options = options, .candidate = *candidate};
    assay_status st = assay_choose_dtype(&c.dtype, candidate, arithmetic, err);
    if (st) return st;
    bool half = assay_dtype_is_half(c.dtype);
    if (!half && !arithmetic->weights_dir) return assay_compare(out, golden, candidate, options, err);
    if (half) {
        c.candidate.info.has_dtype = true;
        c.candidate.info.dtype = c.dtype;
    }
    st = compare_apart(&c, out, err);
    if (!st) name_reference(&c, out);
    return st;
}
