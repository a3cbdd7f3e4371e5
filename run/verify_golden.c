#include "run/verify_golden.h"

#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "compare/source.h"
#include "compare/source_file.h"
#include "core/version.h"
#include "golden/golden_file.h"
#include "run/load_model.h"
#include "run/run_case.h"

/* Keeps what the engine computes, as far as the golden has something to hold against it. */
typedef struct {
    const assay_golden *golden;
    bool wanted[ASSAY_STAGE_COUNT];
    assay_tensor_map *tensors;
    assay_source_step *steps; /* one a step of the case */
    assay_error *refusals;    /* their texts */
    size_t step_count;
} collector;

static bool collect_wants(void *context, int64_t step, assay_stage stage) {
    (void)step;
    return ((collector *)context)->wanted[stage];
}

static bool holds_past_of(const assay_golden *g, int64_t step) {
    if (step < (int64_t)g->step_count && g->steps[step].past_captured >= 0) return g->steps[step].past_captured == 1;
    for (size_t i = 0; i < g->tensor_count; i++)
        if (g->tensors[i].place.step == step && assay_stage_get(g->tensors[i].place.stage)->scope == ASSAY_PER_PAST)
            return true;
    return false;
}

/* What the golden has. Where it holds the past of a step, all of that past: what the engine adds must show. */
static bool is_judged(const assay_golden *g, const assay_place *place) {
    if (assay_golden_find(g, place) || assay_golden_find_float64(g, place)) return true;
    return assay_stage_get(place->stage)->scope == ASSAY_PER_PAST && holds_past_of(g, place->step);
}

static assay_status collect_tensor(void *context, const assay_place *place, const assay_tensor *tensor,
                                   assay_error *err) {
    collector *c = context;
    if (!is_judged(c->golden, place)) return ASSAY_OK;
    char path[160];
    return assay_tensor_map_put_copy(c->tensors, assay_place_path(place, path, sizeof path), tensor, err);
}

static assay_status collect_step(void *context, int64_t step, const assay_step *what, const assay_error *refusal,
                                 assay_error *err) {
    collector *c = context;
    (void)err;
    assay_error *kept = &c->refusals[c->step_count];
    if (refusal) *kept = *refusal;
    c->steps[c->step_count++] = (assay_source_step){.step = step,
                                                    .refused = refusal != NULL,
                                                    .op = assay_op_name(what->op),
                                                    .refused_rules = kept->rules,
                                                    .refused_message = kept->message,
                                                    .past_captured = 1};
    return ASSAY_OK;
}

/* MEM-6: a stored value may round either way at a tie; the rest is judged from the golden's memory onward. */
static bool replay(void *context, const assay_place *place, assay_tensor *stored) {
    const collector *c = context;
    const assay_golden_tensor *t = assay_golden_find(c->golden, place);
    assay_tensor memory;
    if (!t || assay_golden_read(c->golden, t, &memory, NULL)) return false;
    bool same = assay_tensor_same_shape(&memory, stored);
    if (same) assay_convert(stored->data, stored->dtype, memory.data, memory.dtype, (size_t)assay_tensor_count(stored));
    assay_tensor_free(&memory);
    return same;
}

static assay_status collector_init(collector *c, const assay_golden *g, assay_error *err) {
    *c = (collector){.golden = g, .tensors = assay_tensor_map_create()};
    c->steps = calloc(g->test_case.step_count, sizeof *c->steps);
    c->refusals = calloc(g->test_case.step_count, sizeof *c->refusals);
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) c->wanted[i] = assay_stage_get((assay_stage)i)->scope == ASSAY_PER_PAST;
    for (size_t i = 0; i < g->tensor_count; i++) c->wanted[g->tensors[i].place.stage] = true;
    for (size_t i = 0; i < g->float64_count; i++) c->wanted[g->float64[i].place.stage] = true;
    return c->tensors && c->steps && c->refusals ? ASSAY_OK : assay_fail_nomem(err, "the results of a run");
}

static void collector_free(collector *c) {
    assay_tensor_map_destroy(c->tensors);
    free(c->steps);
    free(c->refusals);
}

static bool replays(const assay_loaded_model *m, const assay_verify_options *options) {
    return !options->no_replay && !m->refused && assay_dtype_size(m->config.mem_dtype) < assay_dtype_size(ASSAY_F32);
}

static assay_status run(collector *c, const assay_loaded_model *m, const assay_verify_options *options,
                        assay_error *err) {
    assay_run_sink sink = {.context = c, .wants = collect_wants, .tensor = collect_tensor, .step = collect_step};
    if (m->refused) return assay_run_refused_model(&c->golden->test_case, &m->refusal, &sink, err);
    if (replays(m, options)) sink.replay_memory = replay;
    return assay_run_case(m->model, &c->golden->test_case, &sink, err);
}

static assay_status compare_run(assay_case_result *out, const collector *c, const assay_loaded_model *m,
                                const char *path, const assay_verify_options *options, assay_error *err) {
    assay_source golden = {0}, engine = {0};
    assay_status st = assay_source_of_file(&golden, c->golden, path, err);
    if (!st && replays(m, options)) assay_source_use_replayed_floors(&golden);
    assay_source_info info = assay_source_info_init("reference engine");
    info.producer = "assay " ASSAY_VERSION;
    info.has_dtype = true;
    info.dtype = options->dtype;
    info.has_mem_dtype = !m->refused;
    info.mem_dtype = m->config.mem_dtype;
    info.weights_xxh128 = m->weights_xxh128;
    if (!st) st = assay_source_of_map(&engine, c->tensors, &info, c->steps, c->step_count, err);
    const assay_compare_options compare = {
        .name = c->golden->test_case.name, .policy = options->policy, .require_all = true};
    if (!st) st = assay_compare(out, &golden, &engine, &compare, err);
    assay_source_close(&engine);
    assay_source_close(&golden);
    return st;
}

static assay_status verify_open(assay_case_result *out, const assay_golden *g, const char *path,
                                const assay_verify_options *options, assay_error *err) {
    if (!g->has_case) return assay_fail(err, ASSAY_EINPUT, NULL, "the file holds no case to run");
    assay_loaded_model m = {0};
    collector c = {0};
    assay_status st = assay_load_golden_model(&m, g, options->model_dir, options->dtype, err);
    if (!st) st = collector_init(&c, g, err);
    if (!st) st = run(&c, &m, options, err);
    if (!st) st = compare_run(out, &c, &m, path, options, err);
    collector_free(&c);
    assay_loaded_model_free(&m);
    return st;
}

assay_status assay_verify_golden(assay_case_result *out, const char *path, const assay_verify_options *options,
                                 assay_error *err) {
    assay_golden g = {0};
    assay_status st = assay_golden_open(&g, path, err);
    if (st) return st;
    st = verify_open(out, &g, path, options, err);
    assay_golden_close(&g);
    if (!st || !err || strstr(err->message, path)) return st;
    return assay_error_context(st, err, "%s", path);
}
