#include "run/trace.h"

#include <stdlib.h>

#include "core/version.h"
#include "run/run_case.h"

/* A trace in the making. */
typedef struct {
    assay_trace *trace;
    const assay_trace_options *options;
    bool wanted[ASSAY_STAGE_COUNT];
} collector;

static bool wants(void *context, int64_t step, assay_stage stage) {
    (void)step;
    return ((collector *)context)->wanted[stage];
}

static bool holds_past_of(const assay_source *source, int64_t step) {
    const assay_source_step *s = assay_source_find_step(source, step);
    if (s && s->past_captured >= 0) return s->past_captured == 1;
    for (size_t i = 0; i < source->item_count; i++)
        if (source->items[i].place.step == step &&
            assay_stage_get(source->items[i].place.stage)->scope == ASSAY_PER_PAST)
            return true;
    return false;
}

/* What the other side has. Where it holds the past of a step, all of that past: what the engine adds must show. */
static bool is_kept(const assay_source *kept, const assay_place *place) {
    if (assay_source_find(kept, place) || assay_source_find_float64(kept, place)) return true;
    return assay_stage_get(place->stage)->scope == ASSAY_PER_PAST && holds_past_of(kept, place->step);
}

static assay_status keep_tensor(void *context, const assay_place *place, const assay_tensor *tensor, assay_error *err) {
    collector *c = context;
    bool also = c->options->also && c->options->also[place->stage];
    if (!also && !is_kept(c->options->kept, place)) return ASSAY_OK;
    char path[160];
    return assay_tensor_map_put_copy(c->trace->tensors, assay_place_path(place, path, sizeof path), tensor, err);
}

static assay_status keep_step(void *context, int64_t step, const assay_step *what, const assay_error *refusal,
                              assay_error *err) {
    assay_trace *t = ((collector *)context)->trace;
    (void)err;
    size_t n = t->step_count++;
    t->steps[n] = assay_run_record(step, what, refusal, &t->refusals[n]);
    return ASSAY_OK;
}

/* MEM-6: a stored value may round either way at a tie; the rest is judged from the golden's memory onward. */
static bool replay(void *context, const assay_place *place, assay_tensor *stored) {
    const assay_golden *golden = ((const collector *)context)->options->replay;
    const assay_golden_tensor *t = assay_golden_find(golden, place);
    assay_tensor memory;
    if (!t || assay_golden_read(golden, t, &memory, NULL)) return false;
    bool same = assay_tensor_same_shape(&memory, stored);
    if (same) assay_convert(stored->data, stored->dtype, memory.data, memory.dtype, (size_t)assay_tensor_count(stored));
    assay_tensor_free(&memory);
    return same;
}

static void choose_wanted(collector *c) {
    const assay_source *kept = c->options->kept;
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) c->wanted[i] = assay_stage_get((assay_stage)i)->scope == ASSAY_PER_PAST;
    for (int i = 0; c->options->also && i < ASSAY_STAGE_COUNT; i++) c->wanted[i] = c->wanted[i] || c->options->also[i];
    for (size_t i = 0; i < kept->item_count; i++) c->wanted[kept->items[i].place.stage] = true;
    for (size_t i = 0; i < kept->float64_count; i++) c->wanted[kept->float64[i].place.stage] = true;
}

static assay_status reserve(assay_trace *t, size_t steps, assay_error *err) {
    t->tensors = assay_tensor_map_create();
    t->steps = calloc(steps + 1, sizeof *t->steps);
    t->refusals = calloc(steps + 1, sizeof *t->refusals);
    return t->tensors && t->steps && t->refusals ? ASSAY_OK : assay_fail_nomem(err, "the results of a run");
}

static assay_status run(const assay_loaded_model *m, collector *c, assay_error *err) {
    assay_run_sink sink = {.context = c,
                           .wants = wants,
                           .tensor = keep_tensor,
                           .step = keep_step,
                           .replay_memory = c->options->replay ? replay : NULL,
                           .tolerates = c->options->tolerates};
    if (m->refused) return assay_run_refused_model(c->options->test_case, &m->refusal, &sink, err);
    if (!c->options->semantics) return assay_run_case(m->model, c->options->test_case, &sink, err);
    assay_model *model;
    assay_status st = assay_model_create_variant(&model, &m->config, c->options->semantics, assay_model_dtype(m->model),
                                                 m->weights, err);
    if (st) return st;
    st = assay_run_case(model, c->options->test_case, &sink, err);
    assay_model_destroy(model);
    return st;
}

static assay_source_info info_of(const assay_loaded_model *m) {
    assay_source_info info = assay_source_info_init("reference engine");
    info.producer = "assay " ASSAY_VERSION;
    info.has_dtype = true;
    info.dtype = m->dtype;
    info.has_mem_dtype = !m->refused;
    info.mem_dtype = m->config.mem_dtype;
    info.weights_xxh128 = m->weights_xxh128;
    return info;
}

assay_status assay_trace_run(assay_trace *out, const assay_loaded_model *m, const assay_trace_options *options,
                             assay_error *err) {
    assay_trace trace = {0};
    collector c = {.trace = &trace, .options = options};
    choose_wanted(&c);
    assay_status st = reserve(&trace, options->test_case->step_count, err);
    if (!st) st = run(m, &c, err);
    assay_source_info info = info_of(m);
    if (!st) st = assay_source_of_map(&trace.source, trace.tensors, &info, trace.steps, trace.step_count, err);
    if (st) assay_trace_free(&trace);
    else *out = trace;
    return st;
}

void assay_trace_free(assay_trace *trace) {
    assay_source_close(&trace->source);
    assay_tensor_map_destroy(trace->tensors);
    free(trace->steps);
    free(trace->refusals);
    *trace = (assay_trace){0};
}
