/* Rows of a batch, and positions moved by a constant. */
#include <stdlib.h>

#include "fuzz/case_lengths.h"
#include "fuzz/relation_compare.h"
#include "fuzz/relation_set.h"
#include "fuzz/relation_steps.h"

/* ---- POS-2 ---- */

/* Generation counts its own positions (POS-4), from 0 whatever the cache has. */
static size_t steps_before_generation(const assay_case *c) {
    size_t n = 0;
    while (n < c->step_count && c->steps[n].op != ASSAY_OP_GENERATE) n++;
    return n;
}

/* What a step's cached tokens are shifted by, or the job's shift where it has none; its own positions are made to follow. */
static int64_t shift_step(assay_relation_job *job, assay_step *step, int64_t cached, int64_t shift_of_cache) {
    int64_t sign = assay_relation_choose(job, 0, 2) ? 1 : -1;
    int64_t shift = cached > 0 ? shift_of_cache : sign * (1 + assay_relation_choose(job, 1, 500));
    if (cached == 0 && !step->position_ids.data) assay_relation_put_positions(job, step, 0); /* POS-1 */
    int64_t *positions = step->position_ids.data;
    for (int64_t i = 0; positions && i < assay_tensor_count(&step->position_ids); i++) positions[i] += shift;
    return shift;
}

void assay_relation_position_shift(assay_relation_job *job) {
    assay_relation_cut(job, steps_before_generation(&job->a.c));
    size_t steps = job->a.c.step_count;
    int64_t *shifts = calloc(steps + 1, sizeof *shifts), shift = 0;
    if (!shifts) assay_relation_note(job, assay_fail_nomem(job->err, "shifts of positions"));
    assay_relation_run(job, &job->a);
    assay_relation_past past = {0};
    for (size_t i = 0; i < steps && assay_relation_goes_on(job); i++) {
        assay_step *step = &job->b.c.steps[i];
        bool ran = !job->a.refusals[i].status, computes = step->op != ASSAY_OP_REORDER;
        int64_t own = computes ? shift_step(job, step, step->past_keep ? past.cached : 0, shift) : shift;
        if (!ran) continue;
        past = assay_relation_past_after(&job->a, (int64_t)i);
        shifts[i] = shift = own;
    }
    assay_relation_run(job, &job->b);
    for (size_t i = 0; i < steps; i++)
        assay_relation_same_step(job, &(assay_relation_pasts){.a_step = i, .b_step = i, .shift = shifts[i]});
    free(shifts);
}

/* ---- rows ---- */

/* Row maps of up to this many rows; larger batches are not looked at. */
enum { most_rows = 64 };

/* rows[i] = n - 1 - i: its own inverse. */
static void reverse(int64_t rows[most_rows], int64_t n) {
    for (int64_t i = 0; i < n; i++) rows[i] = n - 1 - i;
}

/* The batch that a step runs in, given that of the past before it. */
static int64_t batch_of(const assay_step *step) {
    return step->op == ASSAY_OP_REORDER ? step->beam_idx.shape[0] : assay_fuzz_step_batch(step);
}

static bool is_small(const assay_case *c) {
    int64_t most = 0;
    for (size_t i = 0; i < c->step_count; i++) {
        int64_t rows = batch_of(&c->steps[i]);
        if (rows > most) most = rows;
    }
    return most > 1 && most <= most_rows;
}

/* Row j of the second form's past is row n - 1 - j of the first's, before and after. */
static void reverse_beams(const assay_tensor *beam_idx, int64_t batch) {
    int64_t n = beam_idx->shape[0], *idx = beam_idx->data, old[most_rows];
    for (int64_t j = 0; j < n; j++) old[j] = idx[j];
    for (int64_t j = 0; j < n; j++) idx[j] = batch - 1 - old[n - 1 - j];
}

static void reverse_step(assay_relation_job *job, assay_step *step, int64_t batch) {
    assay_tensor *tensors[] = {&step->input_ids, &step->inputs_embeds, &step->attention_mask, &step->position_ids,
                               &step->labels};
    int64_t rows[most_rows];
    if (step->op == ASSAY_OP_REORDER) reverse_beams(&step->beam_idx, batch);
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        if (!tensors[i]->data || tensors[i]->shape[0] > most_rows) continue;
        reverse(rows, tensors[i]->shape[0]);
        assay_relation_take_rows(job, tensors[i], rows, tensors[i]->shape[0]);
    }
}

void assay_relation_batch_order(assay_relation_job *job) {
    if (!is_small(&job->a.c)) return;
    assay_relation_run(job, &job->a);
    assay_relation_past past = {0};
    for (size_t i = 0; i < job->a.c.step_count && assay_relation_goes_on(job); i++) {
        reverse_step(job, &job->b.c.steps[i], past.batch);
        if (!job->a.refusals[i].status) past = assay_relation_past_after(&job->a, (int64_t)i);
    }
    assay_relation_run(job, &job->b);
    for (size_t i = 0; i < job->a.c.step_count; i++) {
        int64_t rows[most_rows];
        reverse(rows, batch_of(&job->a.c.steps[i]));
        assay_relation_same_step(job, &(assay_relation_pasts){.a_step = i, .b_step = i, .b_row = rows});
    }
}

/* Leading steps that compute on one batch. */
static size_t steps_of_one_batch(const assay_case *c) {
    size_t n = 0;
    while (n < c->step_count && c->steps[n].op != ASSAY_OP_REORDER && batch_of(&c->steps[n]) == batch_of(&c->steps[0]))
        n++;
    return n;
}

/* An end token stops a row, but not the others: alone it would stop the call. */
static void drop_ends(assay_case *c) {
    for (size_t i = 0; i < c->step_count; i++) c->steps[i].has_eos_token_id = false;
}

void assay_relation_row_alone(assay_relation_job *job) {
    const assay_config *config = &job->a.c.config;
    bool pools_last = config->head == ASSAY_HEAD_CLASSIFICATION && config->pad_token_id == ASSAY_NO_TOKEN; /* CLS-1 */
    if (!is_small(&job->a.c) || pools_last) return;
    assay_relation_cut(job, steps_of_one_batch(&job->a.c));
    assay_relation_drop_labels(&job->a);
    assay_relation_drop_labels(&job->b);
    drop_ends(&job->a.c);
    drop_ends(&job->b.c);
    assay_relation_run(job, &job->a);
    if (!assay_relation_goes_on(job)) return;
    assay_relation_cut(
        job, assay_relation_steps_run(&job->a)); /* what another row is refused for says nothing of this one */
    if (job->a.c.step_count == 0 || batch_of(&job->a.c.steps[0]) < 2) return;
    int64_t batch = batch_of(&job->a.c.steps[0]), row = assay_relation_choose(job, 0, batch), rows[most_rows];
    for (int64_t i = 0; i < batch; i++) rows[i] = i == row ? 0 : -1;
    for (size_t i = 0; i < job->b.c.step_count; i++) assay_relation_take_step_rows(job, &job->b.c.steps[i], &row, 1);
    assay_relation_run(job, &job->b);
    for (size_t i = 0; i < job->a.c.step_count; i++)
        assay_relation_same_step(job, &(assay_relation_pasts){.a_step = i, .b_step = i, .b_row = rows});
}

/* ---- CACHE-7 ---- */

void assay_relation_cache_reorder(assay_relation_job *job) {
    const assay_tensor *tokens = assay_relation_tokens(job);
    if (!tokens || tokens->shape[0] > most_rows) return;
    int64_t batch = tokens->shape[0], length = tokens->shape[1], n = 1 + assay_relation_choose(job, 0, batch + 1);
    int64_t more = 1 + assay_relation_choose(job, 1, 3),
            context = assay_relation_context(&job->a, &job->source->steps[0]);
    if (n > most_rows || context < 1) return;
    int64_t rows[most_rows];
    for (int64_t i = 0; i < n; i++) rows[i] = assay_relation_choose(job, 2 + (uint64_t)i, batch);
    if (!assay_relation_new_steps(job, &job->a, 3) || !assay_relation_new_steps(job, &job->b, 2)) return;
    assay_step *a = job->a.c.steps, *b = job->b.c.steps;
    assay_relation_put_ids(job, &a[0], tokens, batch, NULL, 0, length);
    a[1].op = ASSAY_OP_REORDER;
    assay_relation_note(job, assay_tensor_alloc(&a[1].beam_idx, ASSAY_I64, 1, &n, "beam_idx of a case", job->err));
    for (int64_t i = 0; i < n && !job->status; i++) ((int64_t *)a[1].beam_idx.data)[i] = rows[i];
    assay_relation_put_ids(job, &b[0], tokens, n, rows, 0, length);
    assay_step *last[] = {&a[2], &b[1]};
    for (int i = 0; i < 2; i++) {
        assay_relation_put_ids(job, last[i], tokens, n, NULL, length, more);
        last[i]->past_keep = true;
    }
    assay_step *all[] = {&a[0], &a[2], &b[0], &b[1]};
    for (int i = 0; i < 4; i++) {
        all[i]->use_cache = 1;
        assay_relation_set_context(all[i], context);
    }
    assay_relation_run_both(job);
    assay_relation_same_step(job, &(assay_relation_pasts){.a_step = 2, .b_step = 1});
}
