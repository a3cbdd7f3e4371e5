/* assay_forward: checks a call, runs it in the model's precision, and judges its labels. */
#include <stdlib.h>

#include "core/rounding.h"
#include "engine/classify.h"
#include "engine/loss.h"
#include "engine/plan.h"

/* engine/call.h, once for each precision */
assay_status assay_call_run_f32(assay_past *, const assay_plan *, const assay_call *, const assay_taps *,
                                assay_tensor *, assay_error *);
assay_status assay_call_run_f64(assay_past *, const assay_plan *, const assay_call *, const assay_taps *,
                                assay_tensor *, assay_error *);

static const assay_tensor *labels_of(const assay_call *call) {
    return call->labels && call->labels->data ? call->labels : NULL;
}

/* What only a program that embeds the engine can get wrong. */
static assay_status check_call(const assay_model *model, const assay_past *past, const assay_call *call,
                               assay_error *err) {
    if (past->model != model) return assay_fail(err, ASSAY_EINPUT, NULL, "the past was made for another model");
    if (call->use_cache < -1 || call->use_cache > 1)
        return assay_fail(err, ASSAY_EINPUT, NULL, "use_cache is %d; it must be -1 (the configuration's), 0 or 1",
                          call->use_cache);
    if (call->last_logits_only && labels_of(call))
        return assay_fail(err, ASSAY_EINPUT, NULL, "a loss needs all logits: last_logits_only does not go with labels");
    return ASSAY_OK;
}

/* What refuses a call besides the plan: the head's own rules. */
static assay_status check_head(const assay_config *c, const assay_plan *plan, const assay_call *call,
                               assay_problem *problem, assay_error *err) {
    const assay_tensor *labels = labels_of(call);
    if (c->head == ASSAY_HEAD_CAUSAL_LM)
        return labels ? assay_loss_check_labels(labels, plan->batch, plan->tokens, c->vocab_size, err) : ASSAY_OK;
    if (c->pad_token_id == ASSAY_NO_TOKEN && plan->batch != 1)
        return assay_fail(err, ASSAY_EINPUT, "ERR-1 CLS-1",
                          "classification of a batch of %lld needs a pad_token_id in the configuration (CLS-1)",
                          (long long)plan->batch);
    return labels ? assay_classify_check_labels(c, plan->batch, labels, problem, err) : ASSAY_OK;
}

static assay_status alloc_logits(const assay_config *c, const assay_plan *plan, const assay_call *call,
                                 assay_dtype dtype, assay_tensor *out, assay_error *err) {
    if (c->head == ASSAY_HEAD_CLASSIFICATION)
        return assay_tensor_alloc(out, dtype, 2, (int64_t[]){plan->batch, c->num_labels}, "logits", err);
    int64_t tokens = call->last_logits_only ? 1 : plan->tokens;
    return assay_tensor_alloc(out, dtype, 3, (int64_t[]){plan->batch, tokens, c->vocab_size}, "logits", err);
}

/* Logits as the model's dtype holds them; the engine computed them in real_dtype. */
static assay_status narrow_logits(const assay_model *model, assay_tensor *logits, assay_error *err) {
    if (model->dtype == model->real_dtype) return ASSAY_OK;
    assay_tensor narrow;
    assay_status st = assay_tensor_copy(&narrow, logits, model->dtype, err);
    if (st) return st;
    assay_tensor_free(logits);
    *logits = narrow;
    return ASSAY_OK;
}

static void compute_loss(const assay_model *model, const assay_call *call, assay_problem problem, assay_output *out) {
    const assay_tensor *labels = labels_of(call);
    if (!labels) return;
    double loss = model->config.head == ASSAY_HEAD_CLASSIFICATION
                      ? assay_classify_loss(&out->logits, labels, problem)
                      : assay_loss_causal(&out->logits, labels, &model->semantics);
    out->has_loss = true;
    out->loss = assay_round_to(loss, model->dtype);
}

/* Runs a planned call. What fails here has no rule behind it, and leaves no past. */
static assay_status run_plan(const assay_model *model, assay_past *past, assay_plan *plan, const assay_call *call,
                             const assay_taps *taps, assay_output *out, assay_error *err) {
    assay_status st = alloc_logits(&model->config, plan, call, model->real_dtype, &out->logits, err);
    if (!st && assay_past_batch(past) == 0) st = assay_past_begin(past, plan->batch, err);
    if (!st)
        st = model->dtype == ASSAY_F64 ? assay_call_run_f64(past, plan, call, taps, &out->logits, err)
                                       : assay_call_run_f32(past, plan, call, taps, &out->logits, err);
    if (!st) st = narrow_logits(model, &out->logits, err);
    if (st) {
        assay_past_clear(past);
        return st;
    }
    out->windows = plan->windows;
    out->window_count = plan->window_count;
    plan->windows = NULL;
    return ASSAY_OK;
}

static bool forgets_memory(const assay_model *model) {
    return model->semantics.memory_lifetime == ASSAY_MEMORY_OF_CALL;
}

/* Plans the call; where a call starts with an empty memory (CACHE-5), as if the memory were gone already. It goes once nothing
 * can refuse the call any more. */
static assay_status make_plan(assay_plan *out, assay_past *past, const assay_call *call, assay_error *err) {
    int64_t remembered = past->memory_length;
    if (forgets_memory(past->model)) past->memory_length = 0;
    assay_status st = assay_plan_make(out, past, call, err);
    past->memory_length = remembered;
    return st;
}

assay_status assay_forward(const assay_model *model, assay_past *past, const assay_call *call, const assay_taps *taps,
                           assay_output *out, assay_error *err) {
    assay_plan plan;
    assay_status st = check_call(model, past, call, err);
    if (!st) st = make_plan(&plan, past, call, err);
    if (st) return st;
    assay_problem problem = call->problem ? *call->problem : model->config.problem_type;
    assay_output result = {0};
    st = check_head(&model->config, &plan, call, &problem, err);
    if (call->problem && labels_of(call)) *call->problem = problem; /* the original decides before its loss refuses */
    if (!st && forgets_memory(model)) assay_past_drop_memory(past);
    if (!st) st = run_plan(model, past, &plan, call, taps, &result, err);
    assay_plan_free(&plan);
    if (st) {
        assay_output_free(&result);
        return st;
    }
    compute_loss(model, call, problem, &result);
    *out = result;
    return ASSAY_OK;
}

void assay_output_free(assay_output *out) {
    free(out->windows);
    assay_tensor_free(&out->logits);
    *out = (assay_output){0};
}
