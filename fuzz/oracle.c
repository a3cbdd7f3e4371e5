#include "fuzz/oracle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/version.h"
#include "fuzz/oracle_call.h"
#include "fuzz/oracle_emit.h"
#include "fuzz/oracle_loss.h"

/* A case at work. */
typedef struct {
    const assay_case *test_case;
    const assay_oracle_options *options;
    assay_oracle_run *run;
    assay_oracle_model model;
    assay_oracle_history past;       /* of the last step that ran */
    assay_oracle_history base;       /* the one that the present step adds to */
    assay_problem problem;           /* CLS-1: the first choice sticks */
    assay_oracle_followed *followed; /* (layers), of the present step */
    int64_t step;
} runner;

static const assay_config *config_of(const runner *r) { return r->model.config; }
static assay_oracle_step *step_of(const runner *r) { return &r->run->steps[r->step]; }

/* ---- what another run has ---- */

/* A tensor of the run that is followed, or NULL. */
static const assay_tensor *other_tensor(const runner *r, assay_stage stage, int64_t layer) {
    const assay_place place = {r->step, -1, layer, stage};
    const assay_source_item *item = r->options->follow ? assay_source_find(r->options->follow, &place) : NULL;
    return item ? item->values : NULL; /* its handles are tensors */
}

/* MEM-6: only what is rounded when it is stored may differ by more than noise. */
static bool follows_memory(const runner *r) {
    return r->options->follow && assay_dtype_size(config_of(r)->mem_dtype) < assay_dtype_size(r->options->run);
}

static const assay_oracle_followed *find_followed(const runner *r) {
    if (!follows_memory(r)) return NULL;
    for (int64_t i = 0; i < config_of(r)->num_hidden_layers; i++)
        r->followed[i] = (assay_oracle_followed){other_tensor(r, ASSAY_STAGE_PAST_MEM_KEY, i),
                                                 other_tensor(r, ASSAY_STAGE_PAST_MEM_VALUE, i)};
    return r->followed;
}

/* ---- results ---- */

/* (T, B, n) as a (B, T, n) tensor. */
static assay_status put_all_logits(const runner *r, const assay_oracle_output *out, assay_error *err) {
    assay_tensor t;
    const int64_t n = out->outputs, shape[] = {out->batch, out->tokens, n};
    assay_status st = assay_tensor_alloc(&t, ASSAY_F64, 3, shape, "logits", err);
    if (st) return st;
    for (int64_t b = 0; b < out->batch; b++)
        for (int64_t i = 0; i < out->tokens; i++)
            memcpy((double *)t.data + (b * out->tokens + i) * n, out->logits + (i * out->batch + b) * n,
                   (size_t)n * sizeof(double));
    return assay_oracle_put(&r->run->sheet, r->step, ASSAY_STAGE_LOGITS, t, err);
}

static assay_status put_loss(const runner *r, double loss, assay_error *err) {
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, ASSAY_F64, 0, NULL, "a loss", err);
    if (st) return st;
    memcpy(t.data, &loss, sizeof loss);
    return assay_oracle_put(&r->run->sheet, r->step, ASSAY_STAGE_LOSS, t, err);
}

/* CLS-1 */
static assay_status put_pooled(const runner *r, const assay_oracle_output *out, const assay_step *s, assay_error *err) {
    assay_tensor t;
    assay_status st = assay_tensor_alloc(&t, ASSAY_F64, 2, (int64_t[]){out->batch, out->outputs}, "logits", err);
    if (st) return st;
    for (int64_t b = 0; b < out->batch; b++) {
        int64_t column = assay_oracle_pooled_column(config_of(r), &s->input_ids, out->tokens, b);
        memcpy((double *)t.data + b * out->outputs, out->logits + (column * out->batch + b) * out->outputs,
               (size_t)out->outputs * sizeof(double));
    }
    if (s->labels.data)
        st = put_loss(r, assay_oracle_class_loss(t.data, out->batch, out->outputs, &s->labels, r->problem), err);
    if (!st) return assay_oracle_put(&r->run->sheet, r->step, ASSAY_STAGE_LOGITS, t, err);
    assay_tensor_free(&t);
    return st;
}

static assay_status put_output(const runner *r, const assay_oracle_output *out, const assay_step *s, assay_error *err) {
    assay_status st = assay_oracle_put_schedule(&r->run->sheet, r->step, out->windows, out->window_count, err);
    if (st) return st;
    if (s->op == ASSAY_OP_CLASSIFY) return put_pooled(r, out, s, err);
    if (s->labels.data) st = put_loss(r, assay_oracle_causal_loss(out, &s->labels), err);
    return st ? st : put_all_logits(r, out, err);
}

/* ---- steps ---- */

static assay_status run_forward(runner *r, const assay_step *s, assay_error *err) {
    const assay_config *c = config_of(r);
    const assay_oracle_request q = {
        .ids = s->input_ids,
        .embeds = s->inputs_embeds,
        .mask = s->attention_mask,
        .positions = s->position_ids,
        .labels = s->labels,
        .use_cache = s->use_cache,
        .context = s->has_last_context_length ? s->last_context_length : c->last_context_length};
    assay_oracle_refusal *refusal = &step_of(r)->refusal, head = {0};
    assay_problem problem = r->problem;
    assay_oracle_output out = {0};
    assay_oracle_check_head(&head, c, &q, &problem);
    assay_status st = assay_oracle_run_call(&out, &r->model, &r->base, &q, find_followed(r), refusal, err);
    if (!st && !refusal->refused)
        r->problem = problem; /* CLS-1: also by labels that are refused, but by no call before its labels */
    if (head.refused) assay_oracle_refuse(refusal, head.rules, "%s", head.message);
    if (!st && !refusal->refused) st = put_output(r, &out, s, err);
    assay_oracle_output_free(&out);
    return st;
}

static assay_status run_generate(runner *r, const assay_step *s, assay_error *err) {
    assay_oracle_step *step = step_of(r);
    const assay_oracle_other other = {other_tensor(r, ASSAY_STAGE_TOKENS, -1), find_followed(r)};
    assay_oracle_generation g;
    assay_status st = assay_oracle_generate(&g, &r->model, &r->base, s, &other, &step->refusal, err);
    if (st || step->refusal.refused) return st;
    step->choices = g.choices;
    step->choice_count = g.choice_count;
    step->prompt = g.prompt;
    g.choices = NULL;
    g.choice_count = 0;
    st = assay_oracle_put_schedule(&r->run->sheet, r->step, g.windows, g.window_count, err);
    if (!st) st = assay_oracle_put(&r->run->sheet, r->step, ASSAY_STAGE_TOKENS, g.tokens, err);
    else assay_tensor_free(&g.tokens);
    g.tokens = (assay_tensor){.data = NULL};
    assay_oracle_generation_free(&g);
    return st;
}

/* CACHE-7 */
static assay_status run_reorder(runner *r, const assay_step *s, assay_error *err) {
    const int64_t *rows = s->beam_idx.data, n = s->beam_idx.rank == 1 ? s->beam_idx.shape[0] : 0;
    assay_oracle_refusal *refusal = &step_of(r)->refusal;
    if (n < 1) assay_oracle_refuse(refusal, "CACHE-7", "beam_idx is empty");
    for (int64_t i = 0; i < n; i++)
        if (rows[i] < 0 || rows[i] >= r->past.batch)
            assay_oracle_refuse(refusal, "CACHE-7", "beam_idx is out of range");
    return refusal->refused ? ASSAY_OK : assay_oracle_history_pick(&r->base, &r->past, rows, n, err);
}

/* A past of which nothing is left is none. */
static assay_status has_past(const runner *r, bool *out, assay_error *err) {
    assay_oracle_reach reach = {0};
    assay_status st = assay_oracle_reach_of(&r->past, config_of(r), &reach, err);
    *out = reach.local + reach.remembered > 0;
    return st;
}

static void check_step(runner *r, const assay_step *s, bool past) {
    assay_oracle_refusal *refusal = &step_of(r)->refusal;
    bool classifies = config_of(r)->head == ASSAY_HEAD_CLASSIFICATION;
    if (s->op != ASSAY_OP_REORDER && classifies != (s->op == ASSAY_OP_CLASSIFY))
        assay_oracle_refuse(refusal, "", "the model has no head for this step");
    if (!past && (s->op == ASSAY_OP_REORDER || s->past_keep))
        assay_oracle_refuse(refusal, "CACHE-5", "there is no past to keep");
}

/* A generation may be refused at any of its calls: it runs on a history of its own, as other steps do. */
static assay_status compute_step(runner *r, const assay_step *s, assay_error *err) {
    if (s->op == ASSAY_OP_REORDER) return run_reorder(r, s, err);
    assay_status st = s->past_keep ? assay_oracle_history_pick(&r->base, &r->past, NULL, 0, err)
                                   : assay_oracle_history_make(&r->base, config_of(r), err);
    if (st) return st;
    return s->op == ASSAY_OP_GENERATE ? run_generate(r, s, err) : run_forward(r, s, err);
}

/* A refused step changes nothing. */
static assay_status run_step(runner *r, const assay_step *s, assay_error *err) {
    const assay_oracle_refusal *refusal = &step_of(r)->refusal;
    bool past;
    assay_status st = has_past(r, &past, err);
    if (st) return st;
    check_step(r, s, past);
    if (refusal->refused) return ASSAY_OK;
    st = compute_step(r, s, err);
    if (!st && !refusal->refused) {
        assay_oracle_history_free(&r->past);
        r->past = r->base;
        r->base = (assay_oracle_history){0};
        return assay_oracle_put_past(&r->run->sheet, r->step, &r->model, &r->past, find_followed(r), err);
    }
    assay_oracle_history_free(&r->base);
    return st;
}

/* ---- the case ---- */

static assay_status run_steps(runner *r, const assay_config *config, const assay_tensor_map *weights,
                              assay_error *err) {
    assay_status st = assay_oracle_model_make(&r->model, config, r->options->run, &r->options->noise, weights, err);
    if (!st) st = assay_oracle_history_make(&r->past, config, err);
    r->followed = st ? NULL : calloc((size_t)config->num_hidden_layers, sizeof *r->followed);
    if (!st && !r->followed) st = assay_fail_nomem(err, "a run of the oracle");
    r->problem = config->problem_type;
    for (r->step = 0; !st && r->step < (int64_t)r->test_case->step_count; r->step++)
        st = run_step(r, &r->test_case->steps[r->step], err);
    free(r->followed);
    assay_oracle_history_free(&r->past);
    assay_oracle_model_free(&r->model);
    return st;
}

static assay_status reserve(assay_oracle_run *run, size_t steps, assay_error *err) {
    run->steps = calloc(steps + 1, sizeof *run->steps);
    run->source_steps = calloc(steps + 1, sizeof *run->source_steps);
    run->step_count = run->steps ? steps : 0;
    return run->steps && run->source_steps ? ASSAY_OK : assay_fail_nomem(err, "a run of the oracle");
}

static assay_status make_source(assay_oracle_run *run, const assay_case *c, const assay_config *config,
                                assay_error *err) {
    assay_source_info info = assay_source_info_init("oracle");
    info.producer = "assay " ASSAY_VERSION " oracle";
    info.is_golden = info.has_dtype = info.has_mem_dtype = true;
    info.dtype = ASSAY_F64;
    info.mem_dtype = config->mem_dtype;
    for (size_t i = 0; i < run->step_count; i++)
        run->source_steps[i] = (assay_source_step){.step = (int64_t)i,
                                                   .refused = run->steps[i].refusal.refused,
                                                   .op = assay_op_name(c->steps[i].op),
                                                   .refused_rules = run->steps[i].refusal.rules,
                                                   .refused_message = run->steps[i].refusal.message,
                                                   .past_captured = 1};
    return assay_sheet_source(&run->source, &run->sheet, &info, run->source_steps, run->step_count, err);
}

assay_status assay_oracle_run_case(assay_oracle_run *out, const assay_case *c, const assay_config *config,
                                   const assay_tensor_map *weights, const assay_oracle_options *options,
                                   assay_error *err) {
    assert(options->run == ASSAY_F32 || options->run == ASSAY_F64);
    assay_oracle_run run = {0};
    assay_oracle_refusal refusal = {0};
    runner r = {.test_case = c, .options = options, .run = &run};
    assay_status st = reserve(&run, c->step_count, err);
    assay_oracle_check_config(&refusal, config);
    for (size_t i = 0; !st && refusal.refused && i < c->step_count; i++) run.steps[i].refusal = refusal;
    if (!st && !refusal.refused) st = run_steps(&r, config, weights, err);
    if (!st) st = make_source(&run, c, config, err);
    if (st) assay_oracle_run_free(&run);
    else *out = run;
    return st;
}

void assay_oracle_run_free(assay_oracle_run *run) {
    assay_source_close(&run->source);
    assay_sheet_free(&run->sheet);
    for (size_t i = 0; i < run->step_count; i++) {
        for (size_t k = 0; k < run->steps[i].choice_count; k++) assay_oracle_choice_free(&run->steps[i].choices[k]);
        free(run->steps[i].choices);
    }
    free(run->steps);
    free(run->source_steps);
    *run = (assay_oracle_run){0};
}
