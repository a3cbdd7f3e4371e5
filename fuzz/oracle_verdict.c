#include "fuzz/oracle_verdict.h"

#include <stdlib.h>

#include "compare/compare.h"
#include "fuzz/oracle_floor.h"
#include "golden/recipe.h"
#include "run/load_model.h"
#include "run/trace.h"

enum { moved_runs = 4 };

/* One case and one candidate. */
typedef struct {
    const assay_case *test_case;
    const assay_tensor_map *weights;
    const assay_source *candidate;
    const assay_compare_options *comparison;
    assay_oracle_options options;
    assay_oracle_run oracle;
} judgement;

static assay_status compare(const judgement *j, assay_case_result *out, assay_error *err) {
    return assay_compare(out, &j->oracle.source, j->candidate, j->comparison, err);
}

/* The least floors do for most runs. */
static assay_status judge_quickly(judgement *j, assay_case_result *out, assay_error *err) {
    assay_oracle_floors_begin(&j->oracle, j->options.run);
    assay_oracle_settle_tokens(&j->oracle, NULL, 0, j->options.run, ASSAY_DEFAULT_FACTOR);
    return compare(j, out, err);
}

static assay_status make_moved(const judgement *j, assay_oracle_run moved[moved_runs], assay_error *err) {
    assay_status st = ASSAY_OK;
    for (uint64_t i = 0; !st && i < moved_runs; i++) {
        assay_oracle_options options = j->options;
        options.noise = (assay_oracle_noise){.moves = true, .unit = options.run, .seed = i + 1};
        st = assay_oracle_run_case(&moved[i], j->test_case, &j->test_case->config, j->weights, &options, err);
    }
    return st;
}

static assay_status run_oracle(judgement *j, assay_error *err) {
    return assay_oracle_run_case(&j->oracle, j->test_case, &j->test_case->config, j->weights, &j->options, err);
}

/* With floors of moved runs. Tokens that were replaced are made anew: floors are wider now. */
static assay_status judge_closely(judgement *j, assay_case_result *out, assay_error *err) {
    assay_oracle_run moved[moved_runs] = {{0}};
    assay_oracle_run_free(&j->oracle);
    assay_status st = run_oracle(j, err);
    if (!st) st = make_moved(j, moved, err);
    if (!st) {
        assay_oracle_floors_begin(&j->oracle, j->options.run);
        for (int i = 0; i < moved_runs; i++) assay_oracle_floors_widen(&j->oracle, &moved[i]);
        assay_oracle_settle_tokens(&j->oracle, moved, moved_runs, j->options.run, ASSAY_DEFAULT_FACTOR);
        st = compare(j, out, err);
    }
    for (int i = 0; i < moved_runs; i++) assay_oracle_run_free(&moved[i]);
    return st;
}

assay_status assay_oracle_judge(assay_case_result *out, const assay_case *c, const assay_tensor_map *weights,
                                const assay_source *candidate, const assay_compare_options *options, assay_error *err) {
    assay_dtype dtype = candidate->info.dtype;
    if (dtype != ASSAY_F32 && dtype != ASSAY_F64)
        return assay_fail(err, ASSAY_EINPUT, NULL, "the oracle judges runs in float32 and float64, not in %s",
                          assay_dtype_name(dtype));
    judgement j = {.test_case = c,
                   .weights = weights,
                   .candidate = candidate,
                   .comparison = options,
                   .options = {.run = dtype, .follow = candidate}};
    assay_status st = run_oracle(&j, err);
    if (!st) st = judge_quickly(&j, out, err);
    if (!st && out->verdict != ASSAY_CASE_PASS) {
        assay_case_result_free(out);
        st = judge_closely(&j, out, err);
    }
    assay_oracle_run_free(&j.oracle);
    return st;
}

/* ---- the engine ---- */

static assay_status load(assay_loaded_model *m, const assay_case *c, assay_dtype dtype, assay_error *err) {
    *m = (assay_loaded_model){.dtype = dtype, .config = c->config};
    assay_status st = assay_recipe_weights(&m->weights, &c->config, c->weights_seed, c->weights_gain, dtype, err);
    if (st) return st;
    st = assay_model_create(&m->model, &m->config, dtype, m->weights, &m->refusal);
    m->refused = st == ASSAY_EINPUT;
    if (st && !m->refused && err) *err = m->refusal;
    return m->refused ? ASSAY_OK : st;
}

/* Results alone: stages inside the computation are not the oracle's. */
static void choose_results(bool also[ASSAY_STAGE_COUNT]) {
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        assay_stage_scope scope = assay_stage_get((assay_stage)i)->scope;
        also[i] = scope == ASSAY_PER_STEP || scope == ASSAY_PER_PAST;
    }
}

assay_status assay_oracle_judge_engine(assay_case_result *out, const assay_case *c, assay_dtype dtype,
                                       const assay_semantics *semantics, assay_error *err) {
    assay_loaded_model m;
    assay_trace trace = {0};
    const assay_source nothing = {.item_count = 0};
    bool also[ASSAY_STAGE_COUNT];
    choose_results(also);
    const assay_trace_options options = {
        .test_case = c, .kept = &nothing, .also = also, .semantics = semantics, .tolerates = true};
    assay_status st = load(&m, c, dtype, err);
    if (!st) st = assay_trace_run(&trace, &m, &options, err);
    const assay_compare_options comparison = {.name = c->name, .require_all = true};
    if (!st) st = assay_oracle_judge(out, c, m.weights, &trace.source, &comparison, err);
    assay_trace_free(&trace);
    assay_loaded_model_free(&m);
    return st;
}
