#include "fuzz/oracle_verdict.h"

#include "fuzz/engine_sheet.h"
#include "fuzz/oracle_agree.h"
#include "fuzz/oracle_floor.h"
#include "golden/recipe.h"

/* Moved runs that floors are made of; and how many where what fails is so near that they may have been too few: of a
 * single number 4 of them may all move little. */
enum { moved_runs = 4, most_moved_runs = 24 };

/* One case and one run of it. */
typedef struct {
    const assay_case *test_case;
    const assay_tensor_map *weights;
    const assay_source *run;
    const assay_compare_options *comparison;
    assay_oracle_options options;
    assay_oracle_run oracle;
    assay_oracle_run moved[most_moved_runs]; /* (moved_count) of them are made */
    int moved_count;
} judgement;

static assay_status begin(judgement *j, const assay_case *c, const assay_tensor_map *weights, const assay_source *run,
                          assay_error *err) {
    assay_dtype dtype = run->info.dtype;
    if (dtype != ASSAY_F32 && dtype != ASSAY_F64)
        return assay_fail(err, ASSAY_EINPUT, NULL, "the oracle judges runs in float32 and float64, not in %s",
                          assay_dtype_name(dtype));
    *j = (judgement){.test_case = c, .weights = weights, .run = run, .options = {.run = dtype, .follow = run}};
    return ASSAY_OK;
}

static void end(judgement *j) {
    assay_oracle_run_free(&j->oracle);
    for (int i = 0; i < j->moved_count; i++) assay_oracle_run_free(&j->moved[i]);
}

static assay_status run_oracle(const judgement *j, const assay_oracle_options *options, assay_oracle_run *out,
                               assay_error *err) {
    return assay_oracle_run_case(out, j->test_case, &j->test_case->config, j->weights, options, err);
}

/* Makes the oracle's run, with floors of the moved runs that there are. It is made anew each time, for tokens may have been
 * replaced by narrower floors. */
static assay_status make_oracle(judgement *j, assay_error *err) {
    assay_oracle_run_free(&j->oracle);
    assay_status st = run_oracle(j, &j->options, &j->oracle, err);
    if (st) return st;
    assay_oracle_floors_begin(&j->oracle, j->options.run);
    for (int i = 0; i < j->moved_count; i++) assay_oracle_floors_widen(&j->oracle, &j->moved[i]);
    assay_oracle_settle_tokens(&j->oracle, j->moved, (size_t)j->moved_count, j->options.run, ASSAY_DEFAULT_FACTOR);
    return ASSAY_OK;
}

static assay_status make_moved(judgement *j, int count, assay_error *err) {
    assay_status st = ASSAY_OK;
    while (!st && j->moved_count < count) {
        assay_oracle_options options = j->options;
        options.noise = (assay_oracle_noise){.moves = true, .unit = options.run, .seed = (uint64_t)j->moved_count + 1};
        st = run_oracle(j, &options, &j->moved[j->moved_count], err);
        j->moved_count += !st;
    }
    return st;
}

static assay_status compare(const judgement *j, assay_case_result *out, assay_error *err) {
    return assay_compare(out, &j->oracle.source, j->run, j->comparison, err);
}

/* How far a failure may be, in tolerances, for more moved runs to mend it: where there was at most one, and where there were several. */
static const double far_of_few = 1e5, far_of_several = 64;

/* Whether wider floors can make the first failure pass, and so name another one, or none. They are never so much wider that they would do
 * away with the distances of mistakes (`far` is in tolerances), and have no say in what is exact, but for tokens, which are chosen by logits. */
static bool floors_may_mend(const assay_case_result *r, double far) {
    if (r->first_divergence < 0) return false;
    const assay_entry *e = &r->entries[r->first_divergence];
    if (e->kind == ASSAY_ENTRY_STAGE && e->place.stage == ASSAY_STAGE_TOKENS) return true;
    return e->has_metrics && e->origin == ASSAY_TOLERANCE_FLOOR && e->ratio_tolerance < far;
}

/* With floors of one moved run, of more where that does not do, and of many where what fails is near. */
static assay_status judge_closely(judgement *j, assay_case_result *out, assay_error *err) {
    static const int counts[] = {1, moved_runs, most_moved_runs};
    const double far[] = {far_of_few, far_of_several, 0};
    for (int i = 0;; i++) {
        assay_status st = make_moved(j, counts[i], err);
        if (!st) st = make_oracle(j, err);
        if (!st) st = compare(j, out, err);
        if (st || out->verdict != ASSAY_CASE_FAIL || i == 2 || !floors_may_mend(out, far[i])) return st;
        assay_case_result_free(out);
    }
}

/* The least floors do for most runs. */
static assay_status judge(judgement *j, assay_case_result *out, assay_error *err) {
    assay_status st = make_oracle(j, err);
    if (!st) st = compare(j, out, err);
    if (st || out->verdict != ASSAY_CASE_FAIL || !floors_may_mend(out, far_of_few)) return st;
    assay_case_result_free(out);
    return judge_closely(j, out, err);
}

assay_status assay_oracle_judge(assay_case_result *out, const assay_case *c, const assay_tensor_map *weights,
                                const assay_source *run, const assay_compare_options *options, assay_error *err) {
    judgement j;
    assay_status st = begin(&j, c, weights, run, err);
    if (st) return st;
    j.comparison = options;
    st = judge(&j, out, err);
    end(&j);
    return st;
}

static assay_status check(judgement *j, assay_oracle_verdict *out, assay_error *err) {
    assay_oracle_verdict v = {.agrees = false};
    assay_status st = make_oracle(j, err);
    if (!st) v.agrees = assay_oracle_agrees(&j->oracle.source, j->run, ASSAY_DEFAULT_FACTOR);
    if (!st && !v.agrees) {
        st = compare(j, &v.result, err);
        if (!st && v.result.verdict == ASSAY_CASE_FAIL && floors_may_mend(&v.result, far_of_few)) {
            assay_case_result_free(&v.result);
            st = judge_closely(j, &v.result, err);
        }
        v.agrees = !st && v.result.verdict == ASSAY_CASE_PASS;
        if (v.agrees) assay_case_result_free(&v.result);
    }
    if (!st) *out = v;
    return st;
}

assay_status assay_oracle_check(assay_oracle_verdict *out, const assay_case *c, const assay_tensor_map *weights,
                                const assay_source *run, assay_error *err) {
    const assay_compare_options options = {.name = c->name, .require_all = true};
    judgement j;
    assay_status st = begin(&j, c, weights, run, err);
    if (st) return st;
    j.comparison = &options;
    st = check(&j, out, err);
    end(&j);
    return st;
}

assay_status assay_oracle_check_engine(assay_oracle_verdict *out, const assay_case *c, assay_dtype dtype,
                                       const assay_semantics *semantics, assay_error *err) {
    assay_tensor_map *weights;
    assay_engine_sheet engine = {.steps = NULL};
    assay_status st = assay_recipe_weights(&weights, &c->config, c->weights_seed, c->weights_gain, dtype, err);
    if (st) return st;
    st = assay_engine_sheet_run(&engine, c, weights, dtype, semantics, err);
    if (!st) st = assay_oracle_check(out, c, weights, &engine.source, err);
    assay_engine_sheet_free(&engine);
    assay_tensor_map_destroy(weights);
    return st;
}

void assay_oracle_verdict_free(assay_oracle_verdict *verdict) {
    if (!verdict->agrees) assay_case_result_free(&verdict->result);
    *verdict = (assay_oracle_verdict){.agrees = false};
}
