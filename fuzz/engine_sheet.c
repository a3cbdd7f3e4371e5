#include "fuzz/engine_sheet.h"

#include <stdlib.h>

#include "core/version.h"
#include "engine/engine.h"
#include "run/run_case.h"

static assay_status keep_tensor(void *context, const assay_place *place, const assay_tensor *tensor, assay_error *err) {
    assay_engine_sheet *e = context;
    assay_tensor copy;
    assay_status st = assay_tensor_copy(&copy, tensor, tensor->dtype, err);
    return st ? st : assay_sheet_put(&e->sheet, place, copy, err);
}

static assay_status keep_step(void *context, int64_t step, const assay_step *what, const assay_error *refusal,
                              assay_error *err) {
    assay_engine_sheet *e = context;
    (void)err; /* there is room for all steps */
    size_t n = e->step_count++;
    e->steps[n] = assay_run_record(step, what, refusal, &e->refusals[n]);
    return ASSAY_OK;
}

static assay_status run(assay_engine_sheet *e, const assay_case *c, const assay_tensor_map *weights, assay_dtype dtype,
                        const assay_semantics *semantics, assay_error *err) {
    const assay_run_sink sink = {.context = e, .tensor = keep_tensor, .step = keep_step, .tolerates = true};
    const assay_semantics original = {0};
    assay_model *model;
    assay_error why;
    assay_status st =
        assay_model_create_variant(&model, &c->config, semantics ? semantics : &original, dtype, weights, &why);
    if (st == ASSAY_EINPUT) return assay_run_refused_model(c, &why, &sink, err);
    if (st) return assay_fail_nomem(err, "a model");
    st = assay_run_case(model, c, &sink, err);
    assay_model_destroy(model);
    return st;
}

static assay_status make_source(assay_engine_sheet *e, const assay_case *c, assay_dtype dtype, assay_error *err) {
    assay_source_info info = assay_source_info_init("reference engine");
    info.producer = "assay " ASSAY_VERSION;
    info.has_dtype = info.has_mem_dtype = true;
    info.dtype = dtype;
    info.mem_dtype = c->config.mem_dtype;
    return assay_sheet_source(&e->source, &e->sheet, &info, e->steps, e->step_count, err);
}

assay_status assay_engine_sheet_run(assay_engine_sheet *out, const assay_case *c, const assay_tensor_map *weights,
                                    assay_dtype dtype, const assay_semantics *semantics, assay_error *err) {
    assay_engine_sheet e = {.steps = calloc(c->step_count + 1, sizeof *e.steps),
                            .refusals = calloc(c->step_count + 1, sizeof *e.refusals)};
    assay_status st = e.steps && e.refusals ? ASSAY_OK : assay_fail_nomem(err, "the results of a run");
    if (!st) st = run(&e, c, weights, dtype, semantics, err);
    if (!st) st = make_source(&e, c, dtype, err);
    if (st) assay_engine_sheet_free(&e);
    else *out = e;
    return st;
}

void assay_engine_sheet_free(assay_engine_sheet *e) {
    assay_source_close(&e->source);
    assay_sheet_free(&e->sheet);
    free(e->steps);
    free(e->refusals);
    *e = (assay_engine_sheet){0};
}
