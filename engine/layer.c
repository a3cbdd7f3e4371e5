#include "engine/layer.h"

#include <string.h>

#include "engine/layer_attention.h"
#include "engine/linear.h"
#include "engine/mlp.h"
#include "engine/norm.h"
#include "engine/real.h"

/* Emits a (B,T,width) stage of the layer. */
static assay_status tap_rows(const REAL(assay_window_run) * run, assay_stage stage, int64_t layer, const real *data,
                             assay_error *err) {
    bool inner = stage == ASSAY_STAGE_GATE_PROJ || stage == ASSAY_STAGE_ACT_FN || stage == ASSAY_STAGE_UP_PROJ;
    const assay_config *c = &run->model->config;
    const int64_t shape[] = {run->plan->batch, run->tokens, inner ? c->intermediate_size : c->hidden_size};
    assay_tensor t = assay_tensor_view(REAL_DTYPE, 3, shape, data);
    return REAL(assay_window_tap)(run, stage, layer, &t, err);
}

/* out (R,n) = x (R,k) * w (n,k)^T for the window's rows, rounded to the run's dtype (PREC-3). */
static void project(const REAL(assay_window_run) * run, real *out, const real *x, const void *w, int64_t k, int64_t n) {
    int64_t rows = run->plan->batch * run->tokens;
    REAL(assay_linear)(out, x, w, rows, k, n);
    real_round(out, rows * n, run->model->dtype);
}

/* The attention half: hidden += o_proj(attention(norm(hidden))). */
static assay_status attention_half(REAL(assay_window_run) * run, int64_t layer, assay_error *err) {
    const assay_config *config = &run->model->config;
    const assay_layer_weights *w = &run->model->layers[layer];
    int64_t rows = run->plan->batch * run->tokens, c = config->hidden_size;
    REAL(assay_rms_norm)(run->normed, run->hidden, w->input_layernorm, rows, c, &run->model->norm_rule);
    project(run, run->query, run->normed, w->q_proj, c, c);
    project(run, run->key, run->normed, w->k_proj, c, c);
    project(run, run->value, run->normed, w->v_proj, c, c);
    assay_status st = tap_rows(run, ASSAY_STAGE_INPUT_LAYERNORM, layer, run->normed, err);
    if (!st) st = tap_rows(run, ASSAY_STAGE_Q_PROJ, layer, run->query, err);
    if (!st) st = tap_rows(run, ASSAY_STAGE_K_PROJ, layer, run->key, err);
    if (!st) st = tap_rows(run, ASSAY_STAGE_V_PROJ, layer, run->value, err);
    if (!st) st = REAL(assay_layer_attention)(run, layer, err);
    if (!st) st = tap_rows(run, ASSAY_STAGE_ATTN_OUTPUT, layer, run->mixed, err);
    if (st) return st;
    project(run, run->normed, run->mixed, w->o_proj, c, c);
    REAL(assay_add)(run->hidden, run->normed, rows * c, run->model->dtype);
    st = tap_rows(run, ASSAY_STAGE_O_PROJ, layer, run->normed, err);
    return st ? st : tap_rows(run, ASSAY_STAGE_ATTN_RESIDUAL, layer, run->hidden, err);
}

/* The MLP half (MLP-1): hidden += down(act(gate(n)) * up(n)), n = norm(hidden). */
static assay_status mlp_half(REAL(assay_window_run) * run, int64_t layer, assay_error *err) {
    const assay_config *config = &run->model->config;
    const assay_layer_weights *w = &run->model->layers[layer];
    int64_t rows = run->plan->batch * run->tokens, c = config->hidden_size, inner = config->intermediate_size;
    REAL(assay_rms_norm)(run->normed, run->hidden, w->post_attention_layernorm, rows, c, &run->model->norm_rule);
    project(run, run->gate, run->normed, w->gate_proj, c, inner);
    project(run, run->up, run->normed, w->up_proj, c, inner);
    bool up_first = run->model->semantics.activated_projection == ASSAY_UP_ACTIVATED;
    real *activated = up_first ? run->up : run->gate, *factor = up_first ? run->gate : run->up;
    assay_status st = tap_rows(run, ASSAY_STAGE_POST_LAYERNORM, layer, run->normed, err);
    if (!st) st = tap_rows(run, ASSAY_STAGE_GATE_PROJ, layer, run->gate, err);
    if (!st && up_first) st = tap_rows(run, ASSAY_STAGE_UP_PROJ, layer, run->up, err);
    REAL(assay_activate)(activated, rows * inner, config->hidden_act, run->model->dtype);
    if (!st) st = tap_rows(run, ASSAY_STAGE_ACT_FN, layer, activated, err);
    if (!st && !up_first) st = tap_rows(run, ASSAY_STAGE_UP_PROJ, layer, run->up, err);
    if (st) return st;
    REAL(assay_multiply)(activated, factor, rows * inner, run->model->dtype);
    project(run, run->mixed, activated, w->down_proj, inner, c);
    REAL(assay_add)(run->hidden, run->mixed, rows * c, run->model->dtype);
    st = tap_rows(run, ASSAY_STAGE_DOWN_PROJ, layer, run->mixed, err);
    return st ? st : tap_rows(run, ASSAY_STAGE_LAYER_OUTPUT, layer, run->hidden, err);
}

assay_status REAL(assay_layer_forward)(REAL(assay_window_run) * run, int64_t layer, assay_error *err) {
    assay_status st = attention_half(run, layer, err);
    return st ? st : mlp_half(run, layer, err);
}
