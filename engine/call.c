#include "engine/call.h"

#include "engine/classify.h"
#include "engine/linear.h"
#include "engine/real.h"
#include "engine/window.h"

/* Rows [first, first + n) of batch row b of the window's final norm, times the head's weight, to `out` (n,V). */
static void project(const REAL(assay_window_run) * run, int64_t b, int64_t first, int64_t n, int64_t outputs,
                    real *out) {
    int64_t c = run->model->config.hidden_size;
    REAL(assay_linear)(out, run->normed + (b * run->tokens + first) * c, run->model->head, n, c, outputs);
}

/* HEAD-1, SCHED-3: the window's logits to their place in (B,T,V). */
static void all_logits(const REAL(assay_window_run) * run, real *logits) {
    int64_t v = run->model->config.vocab_size;
    if (run->tokens == run->plan->tokens) { /* one window: rows of the batch lie one after the other */
        REAL(assay_linear)
        (logits, run->normed, run->model->head, run->plan->batch * run->tokens, run->model->config.hidden_size, v);
        return;
    }
    for (int64_t b = 0; b < run->plan->batch; b++)
        project(run, b, 0, run->tokens, v, logits + (b * run->plan->tokens + run->window->begin) * v);
}

static void last_logits(const REAL(assay_window_run) * run, real *logits) {
    int64_t v = run->model->config.vocab_size;
    if (run->window->end != run->plan->tokens) return;
    for (int64_t b = 0; b < run->plan->batch; b++) project(run, b, run->tokens - 1, 1, v, logits + b * v);
}

/* CLS-1: only the pooled column of each row is needed. */
static void pooled_logits(const REAL(assay_window_run) * run, const assay_call *call, real *logits) {
    const assay_plan *plan = run->plan;
    const assay_config *c = &run->model->config;
    const int64_t *ids = call->input_ids ? call->input_ids->data : NULL;
    for (int64_t b = 0; b < plan->batch; b++) {
        int64_t column =
            assay_classify_column(c, ids ? ids + b * plan->tokens : NULL, plan->tokens, run->model->semantics.pooling);
        if (column < run->window->begin || column >= run->window->end) continue;
        project(run, b, column - run->window->begin, 1, c->num_labels, logits + b * c->num_labels);
    }
}

static void fill_logits(const REAL(assay_window_run) * run, const assay_call *call, real *logits) {
    if (run->model->config.head == ASSAY_HEAD_CLASSIFICATION) pooled_logits(run, call, logits);
    else if (call->last_logits_only) last_logits(run, logits);
    else all_logits(run, logits);
}

assay_status REAL(assay_call_run)(assay_past *past, const assay_plan *plan, const assay_call *call,
                                  const assay_taps *taps, assay_tensor *logits, assay_error *err) {
    REAL(assay_window_run) run = {.model = past->model, .past = past, .plan = plan, .taps = taps};
    assay_status st = REAL(assay_window_run_init)(&run, assay_plan_longest(plan), err);
    for (size_t k = 0; !st && k < plan->window_count; k++) {
        run.window = &plan->windows[k];
        run.index = (int64_t)k + (taps ? taps->first_window : 0);
        st = REAL(assay_window_forward)(&run, call, err);
        if (!st) fill_logits(&run, call, logits->data);
    }
    REAL(assay_window_run_free)(&run);
    return st;
}
