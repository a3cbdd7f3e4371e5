/* Results that other results give: generated tokens, and the loss. */
#include <math.h>
#include <stdio.h>

#include "fuzz/relation_compare.h"
#include "fuzz/relation_set.h"
#include "fuzz/relation_steps.h"

/* ---- GEN-1 ---- */

enum { most_new = 6 };

/* A prompt with pads at the left, holes and a mask of its own. */
static void put_prompt(assay_relation_job *job, int64_t rows, int64_t length, int64_t count) {
    assay_step *step = job->a.c.steps;
    step->op = ASSAY_OP_GENERATE;
    step->max_new_tokens = count;
    assay_relation_put_ids(job, step, assay_relation_tokens(job), rows, NULL, 0, length);
    double *mask = assay_relation_put_mask(job, step, rows, length);
    bool holed = assay_relation_choose(job, 1, 4) == 0;
    for (int64_t b = 0; mask && b < rows; b++) {
        int64_t pads = assay_relation_choose(job, 2, 2) * assay_relation_choose(job, (uint64_t)(10 + b), length);
        for (int64_t t = 0; t < length; t++) {
            bool hole = holed && assay_relation_choose(job, (uint64_t)(100 + b * length + t), 4) == 0;
            mask[b * length + t] = t >= pads && !hole;
        }
    }
}

/* POS-4: cumsum(mask) - 1 of column t. */
static int64_t position_of(const assay_tensor *mask, int64_t b, int64_t t) {
    double sum = 0;
    for (int64_t j = 0; j <= t; j++)
        sum += j < mask->shape[1] ? ((const double *)mask->data)[b * mask->shape[1] + j] : 1;
    return (int64_t)sum - 1;
}

/* Columns [first, first + count) of what was generated, with all that came before masked as it was. */
static void put_tokens(assay_relation_job *job, assay_step *step, const assay_tensor *generated, int64_t first,
                       int64_t count) {
    const assay_tensor *mask = &job->a.c.steps[0].attention_mask;
    int64_t rows = generated->shape[0], all = generated->shape[1], columns = first + count;
    step->past_keep = first > 0;
    step->use_cache = 1;
    assay_relation_put_ids(job, step, generated, rows, NULL, first, count);
    assay_relation_put_positions(job, step, 0);
    double *out = assay_relation_put_mask(job, step, rows, columns);
    for (int64_t b = 0; out && b < rows; b++) {
        for (int64_t t = 0; t < columns && t < mask->shape[1]; t++)
            out[b * columns + t] = ((const double *)mask->data)[b * mask->shape[1] + t];
        for (int64_t t = 0; t < count; t++) {
            ((int64_t *)step->position_ids.data)[b * count + t] = position_of(mask, b, first + t);
            ((int64_t *)step->input_ids.data)[b * count + t] = ((const int64_t *)generated->data)[b * all + first + t];
        }
    }
}

/* The token that was generated must have the largest of the last logits. */
static void check_choice(assay_relation_job *job, size_t step, const assay_tensor *generated, int64_t column) {
    char path[96];
    snprintf(path, sizeof path, "steps/%zu/logits", step);
    const assay_tensor *logits = assay_relation_goes_on(job) ? assay_tensor_map_get(job->b.results, path) : NULL;
    if (!logits) return;
    int64_t v = logits->shape[2], last = logits->shape[1] - 1;
    for (int64_t b = 0; b < logits->shape[0]; b++) {
        const double *row = (const double *)logits->data + (b * (last + 1) + last) * v;
        double largest = row[0], size = fabs(row[0]);
        for (int64_t i = 1; i < v; i++) {
            largest = fmax(largest, row[i]);
            size = fmax(size, fabs(row[i]));
        }
        snprintf(path, sizeof path, "row %lld, new token %zu: the largest logit", (long long)b, step);
        int64_t token = ((const int64_t *)generated->data)[b * generated->shape[1] + column];
        assay_relation_same_number(job, path, largest, row[token], size);
    }
}

void assay_relation_generation_by_hand(assay_relation_job *job) {
    const assay_tensor *tokens = assay_relation_tokens(job);
    if (!tokens) return;
    int64_t length = tokens->shape[1], count = 1 + assay_relation_choose(job, 0, most_new);
    job->a.c.config.use_cache = job->b.c.config.use_cache = true; /* GEN-4 otherwise */
    if (!assay_relation_new_steps(job, &job->a, 1)) return;
    put_prompt(job, tokens->shape[0], length, count);
    assay_relation_run(job, &job->a);
    if (!assay_relation_all_ran(job, &job->a) || !assay_relation_new_steps(job, &job->b, (size_t)count)) return;
    const assay_tensor *generated = assay_tensor_map_get(job->a.results, "steps/0/tokens");
    for (int64_t i = 0; i < count; i++)
        put_tokens(job, &job->b.c.steps[i], generated, i == 0 ? 0 : length + i - 1, i == 0 ? length : 1);
    assay_relation_run(job, &job->b);
    for (int64_t i = 0; i < count; i++) check_choice(job, (size_t)i, generated, length + i);
    if (!assay_relation_all_ran(job, &job->b) && assay_relation_goes_on(job))
        assay_relation_break(job, "by hand it is refused: %.200s",
                             job->b.refusals[assay_relation_steps_run(&job->b)].message);
    assay_relation_same_past(job, &(assay_relation_pasts){.b_step = (size_t)count - 1});
}

/* ---- LOSS-1 ---- */

static double loss_of(const assay_relation_form *form, size_t step) {
    char path[64];
    snprintf(path, sizeof path, "steps/%zu/loss", step);
    const assay_tensor *loss = assay_tensor_map_get(form->results, path);
    return loss ? assay_load_f64(loss->data, loss->dtype, 0) : (double)NAN;
}

/* Gives the step labels; kind 0 and 1 are two parts of them, 2 is all. Returns how many count: those from the second token on. */
static int64_t put_labels(assay_relation_job *job, assay_step *step, int kind) {
    const int64_t *shape = step->input_ids.shape;
    if (!assay_relation_goes_on(job)) return 0;
    assay_relation_note(job, assay_tensor_alloc(&step->labels, ASSAY_I64, 2, shape, "labels of a case", job->err));
    int64_t *labels = step->labels.data, counted = 0;
    for (int64_t i = 0; !job->status && i < shape[0] * shape[1]; i++) {
        int64_t part = assay_relation_choose(job, (uint64_t)(100 + i), 3); /* 2: in neither */
        bool counts = kind == 2 ? part < 2 : part == kind;
        labels[i] = counts ? assay_relation_choose(job, (uint64_t)(10000 + i), job->a.c.config.vocab_size) : -100;
        counted += counts && i % shape[1] > 0;
    }
    return counted;
}

void assay_relation_loss_parts(assay_relation_job *job) {
    const assay_tensor *tokens = assay_relation_tokens(job);
    if (!tokens || !assay_relation_new_steps(job, &job->a, 1) || !assay_relation_new_steps(job, &job->b, 2)) return;
    assay_step *steps[] = {&job->b.c.steps[0], &job->b.c.steps[1], &job->a.c.steps[0]};
    int64_t counts[3];
    for (int i = 0; i < 3; i++) {
        assay_relation_put_ids(job, steps[i], tokens, tokens->shape[0], NULL, 0, tokens->shape[1]);
        counts[i] = put_labels(job, steps[i], i);
    }
    if (counts[0] == 0 || counts[1] == 0) return; /* a mean of nothing is NaN */
    assay_relation_run_both(job);
    if (!assay_relation_all_ran(job, &job->a) || !assay_relation_all_ran(job, &job->b)) return;
    double all = (double)counts[2] * loss_of(&job->a, 0);
    double parts = (double)counts[0] * loss_of(&job->b, 0) + (double)counts[1] * loss_of(&job->b, 1);
    assay_relation_same_number(job, "the sum of the losses of all labels", all, parts, fabs(all));
}
