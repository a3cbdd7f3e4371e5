#include "fuzz/reference.h"

#include <stdio.h>
#include <string.h>

#include "fuzz/public_trace.h"
#include "run/own_floors.h"

enum { MOVED_RUNS = 2 };

/* The first of the rules that refuse a step is expected of whoever runs the case. */
static void expect_refusals(assay_case *c, const assay_trace *trace) {
    for (size_t i = 0; i < c->step_count; i++) c->steps[i].expect_error[0] = '\0';
    for (size_t i = 0; i < trace->step_count; i++) {
        const assay_source_step *s = &trace->steps[i];
        const char *rules = s->refused_rules[0] ? s->refused_rules : "ERR-1";
        char *expected = c->steps[s->step].expect_error;
        if (s->refused) snprintf(expected, sizeof c->steps[0].expect_error, "%.*s", (int)strcspn(rules, " "), rules);
    }
}

static assay_status widen_by(assay_fuzz_reference *r, const assay_case *c, assay_dtype dtype, uint64_t moved_by,
                             assay_error *err) {
    assay_loaded_model m;
    assay_trace trace = {0};
    assay_status st = assay_load_case_model(&m, c, NULL, dtype, err);
    if (st) return st;
    if (moved_by) assay_loaded_model_move_weights(&m, moved_by);
    st = assay_fuzz_trace(&trace, &m, c, NULL, err);
    if (!st) st = assay_own_floors_widen(&r->source, &trace.source, err);
    assay_trace_free(&trace);
    assay_loaded_model_free(&m);
    return st;
}

assay_status assay_fuzz_reference_make(assay_fuzz_reference *out, assay_case *c, assay_error *err) {
    assay_fuzz_reference r = {0};
    assay_status st = assay_load_case_model(&r.model, c, NULL, ASSAY_F32, err);
    if (!st) st = assay_fuzz_trace(&r.trace, &r.model, c, NULL, err);
    if (!st) expect_refusals(c, &r.trace);
    if (!st) st = assay_own_floors_begin(&r.source, &r.trace.source, err);
    if (!st) st = widen_by(&r, c, ASSAY_F64, 0, err);
    for (uint64_t k = 1; !st && k <= MOVED_RUNS; k++) st = widen_by(&r, c, ASSAY_F32, k, err);
    if (st) assay_fuzz_reference_free(&r);
    else *out = r;
    return st;
}

void assay_fuzz_reference_free(assay_fuzz_reference *reference) {
    if (reference->source.items) assay_own_floors_end(&reference->source);
    assay_trace_free(&reference->trace);
    assay_loaded_model_free(&reference->model);
    *reference = (assay_fuzz_reference){0};
}
