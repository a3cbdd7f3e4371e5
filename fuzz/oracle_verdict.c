#include "fuzz/oracle_verdict.h"

#include "compare/compare.h"
#include "fuzz/engine_sheet.h"
#include "fuzz/oracle_agree.h"
#include "fuzz/oracle_floor.h"
#include "golden/recipe.h"

enum { moved_runs = 4 };

/* One case and one run of it. */
typedef struct {
    const assay_case *test_case;
    const assay_tensor_map *weights;
    const assay_source *run;
    assay_oracle_options options;
    assay_oracle_run oracle;
    assay_oracle_run moved[moved_runs]; /* made where the least floors do not do */
} judgement;

static assay_status run_oracle(const judgement *j, const assay_oracle_options *options, assay_oracle_run *out,
                               assay_error *err) {
    return assay_oracle_run_case(out, j->test_case, &j->test_case->config, j->weights, options, err);
}

/* The least floors do for most runs. */
static assay_status judge_quickly(judgement *j, assay_oracle_verdict *out, assay_error *err) {
    assay_status st = run_oracle(j, &j->options, &j->oracle, err);
    if (st) return st;
    assay_oracle_floors_begin(&j->oracle, j->options.run);
    assay_oracle_settle_tokens(&j->oracle, NULL, 0, j->options.run, ASSAY_DEFAULT_FACTOR);
    out->agrees = assay_oracle_agrees(&j->oracle.source, j->run, ASSAY_DEFAULT_FACTOR);
    assay_oracle_run_free(&j->oracle);
    return ASSAY_OK;
}

static assay_status make_moved(judgement *j, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (uint64_t i = 0; !st && i < moved_runs; i++) {
        assay_oracle_options options = j->options;
        options.noise = (assay_oracle_noise){.moves = true, .unit = options.run, .seed = i + 1};
        st = run_oracle(j, &options, &j->moved[i], err);
    }
    return st;
}

static assay_status compare(const judgement *j, assay_oracle_verdict *out, assay_error *err) {
    const assay_compare_options options = {.name = j->test_case->name, .require_all = true};
    assay_status st = assay_compare(&out->result, &j->oracle.source, j->run, &options, err);
    if (st) return st;
    out->agrees = out->result.verdict == ASSAY_CASE_PASS;
    if (out->agrees) assay_case_result_free(&out->result);
    return ASSAY_OK;
}

/* The oracle's run is made anew, for its tokens may have been replaced by narrower floors. */
static assay_status judge_closely(judgement *j, assay_oracle_verdict *out, assay_error *err) {
    assay_status st = run_oracle(j, &j->options, &j->oracle, err);
    if (!st) st = make_moved(j, err);
    if (!st) {
        assay_oracle_floors_begin(&j->oracle, j->options.run);
        for (int i = 0; i < moved_runs; i++) assay_oracle_floors_widen(&j->oracle, &j->moved[i]);
        assay_oracle_settle_tokens(&j->oracle, j->moved, moved_runs, j->options.run, ASSAY_DEFAULT_FACTOR);
        st = compare(j, out, err);
    }
    for (int i = 0; i < moved_runs; i++) assay_oracle_run_free(&j->moved[i]);
    assay_oracle_run_free(&j->oracle);
    return st;
}

assay_status assay_oracle_judge(assay_oracle_verdict *out, const assay_case *c, const assay_tensor_map *weights,
                                const assay_source *run, assay_error *err) {
    assay_dtype dtype = run->info.dtype;
    if (dtype != ASSAY_F32 && dtype != ASSAY_F64)
        return assay_fail(err, ASSAY_EINPUT, NULL, "the oracle judges runs in float32 and float64, not in %s",
                          assay_dtype_name(dtype));
    judgement j = {.test_case = c, .weights = weights, .run = run, .options = {.run = dtype, .follow = run}};
    assay_oracle_verdict verdict = {.agrees = false};
    assay_status st = judge_quickly(&j, &verdict, err);
    if (!st && !verdict.agrees) st = judge_closely(&j, &verdict, err);
    if (!st) *out = verdict;
    return st;
}

assay_status assay_oracle_judge_engine(assay_oracle_verdict *out, const assay_case *c, assay_dtype dtype,
                                       const assay_semantics *semantics, assay_error *err) {
    assay_tensor_map *weights;
    assay_engine_sheet engine = {.steps = NULL};
    assay_status st = assay_recipe_weights(&weights, &c->config, c->weights_seed, c->weights_gain, dtype, err);
    if (st) return st;
    st = assay_engine_sheet_run(&engine, c, weights, dtype, semantics, err);
    if (!st) st = assay_oracle_judge(out, c, weights, &engine.source, err);
    assay_engine_sheet_free(&engine);
    assay_tensor_map_destroy(weights);
    return st;
}

void assay_oracle_verdict_free(assay_oracle_verdict *verdict) {
    if (!verdict->agrees) assay_case_result_free(&verdict->result);
    *verdict = (assay_oracle_verdict){.agrees = false};
}
