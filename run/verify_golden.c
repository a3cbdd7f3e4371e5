#include "run/verify_golden.h"

#include <string.h>

#include "compare/compare.h"
#include "compare/source_file.h"
#include "golden/golden_file.h"
#include "run/golden_facts.h"
#include "run/load_model.h"
#include "run/trace.h"

static bool replays(const assay_loaded_model *m, const assay_verify_options *options) {
    bool narrow = assay_dtype_is_half(m->config.mem_dtype) && !assay_dtype_is_half(m->dtype);
    return !options->no_replay && !m->refused && narrow;
}

/* Runs the case and compares; `name` is what messages call the golden. */
static assay_status verify_loaded(assay_case_result *out, const assay_golden *g, const char *name,
                                  const assay_loaded_model *m, const assay_verify_options *options, assay_error *err) {
    bool replayed = replays(m, options);
    assay_source golden = {0};
    assay_trace engine = {0};
    assay_status st = assay_source_of_file(&golden, g, name, err);
    if (!st && replayed) assay_source_use_replayed_floors(&golden);
    const assay_trace_options trace = {.test_case = &g->test_case,
                                       .kept = &golden,
                                       .replay = replayed ? g : NULL,
                                       .tolerates = options->mistakes != NULL};
    if (!st) st = assay_trace_run(&engine, m, &trace, err);
    const assay_compare_options compare = {
        .name = g->test_case.name, .policy = options->policy, .require_all = true, .detail = options->detail};
    if (!st) st = assay_compare(out, &golden, &engine.source, &compare, err);
    if (!st) st = assay_golden_add_facts(out, g, err);
    assay_trace_free(&engine);
    assay_source_close(&golden);
    return st;
}

static assay_status verify_open(assay_case_result *out, const assay_golden *g, const char *path,
                                const assay_verify_options *options, assay_error *err) {
    if (!g->has_case) return assay_fail(err, ASSAY_EINPUT, NULL, "the file holds no case to run");
    assay_loaded_model m = {0};
    /* A half-precision golden is about its own arithmetic. */
    assay_dtype dtype = assay_dtype_is_half(g->dtype) ? g->dtype : options->dtype;
    assay_status st = assay_load_golden_model(&m, g, options->model_dir, dtype, err);
    if (!st && options->mistakes) st = assay_loaded_model_vary(&m, options->mistakes, err);
    if (!st) st = verify_loaded(out, g, path, &m, options, err);
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
