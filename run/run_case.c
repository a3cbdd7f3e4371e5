#include "run/run_case.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/generate.h"

/* What goes on from step to step. */
typedef struct {
    const assay_model *model;
    const assay_run_sink *sink;
    assay_past *past;      /* of the last step that ran; NULL before the first */
    assay_problem problem; /* CLS-1: sticks */
    int64_t step;
} runner;

/* ---- taps to sink ---- */

static bool sink_wants(const runner *r, assay_stage stage) {
    if (r->sink->wants) return r->sink->wants(r->sink->context, r->step, stage);
    assay_stage_scope scope = assay_stage_get(stage)->scope;
    return scope == ASSAY_PER_STEP || scope == ASSAY_PER_PAST;
}

static bool tap_wants(void *context, assay_stage stage) { return sink_wants(context, stage); }

static assay_status tap_emit(void *context, const assay_tap_event *event, assay_error *err) {
    const runner *r = context;
    assay_place place = {r->step, event->window, event->layer, event->stage};
    return r->sink->tensor(r->sink->context, &place, event->tensor, err);
}

static bool tap_replay(void *context, int64_t window, int64_t layer, int which, assay_tensor *stored) {
    const runner *r = context;
    assay_place place = {r->step, window, layer, which ? ASSAY_STAGE_MEM_WRITE_VALUE : ASSAY_STAGE_MEM_WRITE_KEY};
    return r->sink->replay_memory(r->sink->context, &place, stored);
}

/* NULL where no stage of a window is wanted: then the engine does no work for taps. */
static const assay_taps *make_taps(runner *r, assay_taps *taps) {
    bool any = r->sink->replay_memory != NULL;
    for (int i = 0; i < ASSAY_STAGE_COUNT && !any; i++) {
        assay_stage_scope scope = assay_stage_get((assay_stage)i)->scope;
        any = (scope == ASSAY_PER_WINDOW || scope == ASSAY_PER_LAYER) && sink_wants(r, (assay_stage)i);
    }
    *taps = (assay_taps){.context = r,
                         .wants = tap_wants,
                         .emit = tap_emit,
                         .replay_memory = r->sink->replay_memory ? tap_replay : NULL};
    return any ? taps : NULL;
}

/* ---- results to sink ---- */

static assay_status give(const runner *r, assay_stage stage, int64_t layer, const assay_tensor *t, assay_error *err) {
    if (!sink_wants(r, stage)) return ASSAY_OK;
    assay_place place = {r->step, -1, layer, stage};
    return r->sink->tensor(r->sink->context, &place, t, err);
}

static assay_status give_schedule(const runner *r, const assay_window *windows, size_t count, assay_error *err) {
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, ASSAY_I64, 2, (int64_t[]){(int64_t)count, 2}, "a schedule", err);
    if (st) return st;
    for (size_t k = 0; k < count; k++) {
        ((int64_t *)t.data)[2 * k] = windows[k].begin;
        ((int64_t *)t.data)[2 * k + 1] = windows[k].end;
    }
    st = give(r, ASSAY_STAGE_SCHEDULE, -1, &t, err);
    assay_tensor_free(&t);
    return st;
}

static assay_status give_loss(const runner *r, double loss, assay_error *err) {
    double value; /* room for a number of any dtype */
    assay_dtype dtype = assay_model_dtype(r->model);
    assay_convert(&value, dtype, &loss, ASSAY_F64, 1);
    assay_tensor t = assay_tensor_view(dtype, 0, NULL, &value);
    return give(r, ASSAY_STAGE_LOSS, -1, &t, err);
}

/* Absent parts, which have a size of 0, are left out. */
static assay_status give_past_layer(const runner *r, int64_t layer, const assay_past_layer *parts, assay_error *err) {
    const struct {
        assay_stage stage;
        const assay_tensor *tensor;
    } six[] = {
        {ASSAY_STAGE_PAST_KEY, &parts->key},
        {ASSAY_STAGE_PAST_VALUE, &parts->value},
        {ASSAY_STAGE_PAST_POSITION, &parts->position},
        {ASSAY_STAGE_PAST_MEM_KEY, &parts->mem_key},
        {ASSAY_STAGE_PAST_MEM_VALUE, &parts->mem_value},
        {ASSAY_STAGE_PAST_MEM_MASK, &parts->mem_mask},
    };
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < sizeof six / sizeof *six; i++)
        if (assay_tensor_count(six[i].tensor) > 0) st = give(r, six[i].stage, layer, six[i].tensor, err);
    return st;
}

static assay_status give_past(const runner *r, assay_error *err) {
    if (assay_past_batch(r->past) == 0) return ASSAY_OK;
    assay_status st = ASSAY_OK;
    for (int64_t i = 0; !st && i < assay_model_config(r->model)->num_hidden_layers; i++) {
        assay_past_layer parts;
        st = assay_past_export(r->past, i, &parts, err);
        if (st) return st;
        st = give_past_layer(r, i, &parts, err);
        assay_past_layer_free(&parts);
    }
    return st || !r->sink->past ? st : r->sink->past(r->sink->context, r->step, r->past, err);
}

/* ---- steps ---- */

static assay_status run_forward(runner *r, const assay_step *s, assay_past *past, assay_error *err) {
    assay_call call = {.input_ids = &s->input_ids,
                       .inputs_embeds = &s->inputs_embeds,
                       .attention_mask = &s->attention_mask,
                       .position_ids = &s->position_ids,
                       .labels = &s->labels,
                       .use_cache = s->use_cache,
                       .has_last_context_length = s->has_last_context_length,
                       .last_context_length = s->last_context_length,
                       .problem = &r->problem};
    assay_taps taps;
    assay_output output;
    assay_status st = assay_forward(r->model, past, &call, make_taps(r, &taps), &output, err);
    if (st) return st;
    st = give_schedule(r, output.windows, output.window_count, err);
    if (!st) st = give(r, ASSAY_STAGE_LOGITS, -1, &output.logits, err);
    if (!st && output.has_loss) st = give_loss(r, output.loss, err);
    assay_output_free(&output);
    return st;
}

static assay_status run_generate(runner *r, const assay_step *s, assay_past *past, assay_error *err) {
    assay_generate_call call = {.input_ids = &s->input_ids,
                                .attention_mask = s->attention_mask.data ? &s->attention_mask : NULL,
                                .max_new_tokens = s->max_new_tokens,
                                .has_eos_token_id = s->has_eos_token_id,
                                .eos_token_id = s->eos_token_id,
                                .has_last_context_length = s->has_last_context_length,
                                .last_context_length = s->last_context_length};
    assay_taps taps;
    assay_generation generation;
    assay_status st = assay_generate(r->model, past, &call, make_taps(r, &taps), &generation, err);
    if (st) return st;
    st = give_schedule(r, generation.windows, generation.window_count, err);
    if (!st) st = give(r, ASSAY_STAGE_TOKENS, -1, &generation.tokens, err);
    assay_generation_free(&generation);
    return st;
}

static assay_status no_past(assay_error *err) {
    return assay_fail(err, ASSAY_EINPUT, "CACHE-5",
                      "there is no past to keep: no step before this one left one; use \"past\": \"none\" "
                      "or run such a step first");
}

static assay_status run_reorder(const runner *r, const assay_step *s, assay_error *err) {
    if (!r->past || assay_past_batch(r->past) == 0) return no_past(err);
    return assay_past_reorder(r->past, s->beam_idx.data, s->beam_idx.shape[0], err);
}

static assay_status check_op(const runner *r, const assay_step *s, assay_error *err) {
    bool classifies = assay_model_config(r->model)->head == ASSAY_HEAD_CLASSIFICATION;
    if (s->op == ASSAY_OP_REORDER || classifies == (s->op == ASSAY_OP_CLASSIFY)) return ASSAY_OK;
    return assay_fail(err, ASSAY_EINPUT, NULL, "a model with a %s head has no '%s' step; use %s, or another model",
                      classifies ? "classification" : "language model", assay_op_name(s->op),
                      classifies ? "'classify'" : "'forward' or 'generate'");
}

/* Runs a step that computes, on the kept past or on a new one, which then becomes the kept one. A refused step changes
 * neither. */
static assay_status run_computing(runner *r, const assay_step *s, assay_error *err) {
    bool keep = s->past_keep;
    if (keep && (!r->past || assay_past_batch(r->past) == 0)) return no_past(err);
    assay_past *past = r->past;
    assay_status st = keep ? ASSAY_OK : assay_past_create(&past, r->model, err);
    if (st) return st;
    st = s->op == ASSAY_OP_GENERATE ? run_generate(r, s, past, err) : run_forward(r, s, past, err);
    if (st) {
        if (!keep) assay_past_destroy(past);
        return st;
    }
    if (!keep) assay_past_destroy(r->past);
    r->past = past;
    return give_past(r, err);
}

static assay_status run_step(runner *r, const assay_step *s, assay_error *err) {
    assay_status st = check_op(r, s, err);
    if (st) return st;
    st = s->op == ASSAY_OP_REORDER ? run_reorder(r, s, err) : run_computing(r, s, err);
    return st || s->op != ASSAY_OP_REORDER ? st : give_past(r, err);
}

/* Judges a refusal against what the step expects. */
static assay_status judge_refusal(const assay_run_sink *sink, int64_t step, const assay_step *s,
                                  const assay_error *refusal, assay_error *err) {
    bool expected = sink->tolerates || (s->expect_error[0] && assay_error_has_rule(refusal, s->expect_error));
    expected = expected && refusal->status == ASSAY_EINPUT;
    if (expected) return sink->step(sink->context, step, s, refusal, err);
    if (err) *err = *refusal;
    if (s->expect_error[0])
        return assay_error_context(refusal->status, err, "step %lld expects a refusal by %s but got another one",
                                   (long long)step, s->expect_error);
    return assay_error_context(refusal->status, err, "step %lld", (long long)step);
}

static assay_status one_step(runner *r, const assay_step *s, assay_error *err) {
    assay_error refusal;
    assay_status st = run_step(r, s, &refusal);
    if (st) return judge_refusal(r->sink, r->step, s, &refusal, err);
    if (s->expect_error[0] && !r->sink->tolerates)
        return assay_fail(err, ASSAY_EINPUT, NULL, "step %lld expects a refusal by %s, but it ran", (long long)r->step,
                          s->expect_error);
    return r->sink->step(r->sink->context, r->step, s, NULL, err);
}

assay_source_step assay_run_record(int64_t step, const assay_step *what, const assay_error *refusal,
                                   assay_error *kept) {
    if (refusal) *kept = *refusal;
    return (assay_source_step){.step = step,
                               .refused = refusal != NULL,
                               .op = assay_op_name(what->op),
                               .refused_rules = kept->rules,
                               .refused_message = kept->message,
                               .past_captured = 1};
}

assay_status assay_run_case(const assay_model *model, const assay_case *c, const assay_run_sink *sink,
                            assay_error *err) {
    runner r = {.model = model, .sink = sink, .problem = assay_model_config(model)->problem_type};
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < c->step_count; i++) {
        r.step = (int64_t)i;
        st = one_step(&r, &c->steps[i], err);
    }
    assay_past_destroy(r.past);
    return st;
}

assay_status assay_run_refused_model(const assay_case *c, const assay_error *refusal, const assay_run_sink *sink,
                                     assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < c->step_count; i++) st = judge_refusal(sink, (int64_t)i, &c->steps[i], refusal, err);
    return st;
}
