#include "fuzz/relation_steps.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/case_lengths.h"
#include "golden/case_step.h"

static void cut(assay_case *c, size_t count) {
    while (c->step_count > count) assay_case_step_free(&c->steps[--c->step_count]);
}

void assay_relation_cut(assay_relation_job *job, size_t count) {
    cut(&job->a.c, count);
    cut(&job->b.c, count);
}

void assay_relation_drop_labels(assay_relation_form *form) {
    for (size_t i = 0; i < form->c.step_count; i++) assay_tensor_free(&form->c.steps[i].labels);
}

bool assay_relation_new_steps(assay_relation_job *job, assay_relation_form *form, size_t count) {
    if (!assay_relation_goes_on(job)) return false;
    cut(&form->c, 0);
    free(form->c.steps);
    form->c.steps = calloc(count, sizeof *form->c.steps);
    if (!form->c.steps) {
        assay_relation_note(job, assay_fail_nomem(job->err, "the steps of a case"));
        return false;
    }
    form->c.step_count = count;
    for (size_t i = 0; i < count; i++) form->c.steps[i].use_cache = -1;
    return true;
}

/* MEM-10: a grouping that no memory layer can run with. */
static bool refuses_all(const assay_config *c) {
    bool bad = c->attention_grouping[0] < 1 || c->attention_grouping[1] < 1;
    return c->has_attention_grouping && bad && assay_config_has_memory(c);
}

const assay_tensor *assay_relation_tokens(const assay_relation_job *job) {
    const assay_config *c = &job->source->config;
    if (!assay_relation_goes_on(job) || c->head != ASSAY_HEAD_CAUSAL_LM || refuses_all(c)) return NULL;
    const assay_tensor *t = NULL;
    for (size_t i = 0; !t && i < job->source->step_count; i++)
        if (job->source->steps[i].input_ids.data) t = &job->source->steps[i].input_ids;
    if (!t || t->rank != 2 || assay_tensor_count(t) < 1) return NULL;
    for (int64_t i = 0; i < assay_tensor_count(t); i++)
        if (((const int64_t *)t->data)[i] < 0 || ((const int64_t *)t->data)[i] >= c->vocab_size) return NULL;
    return t;
}

/* A text that would only repeat itself has windows that are hard to tell apart. */
int64_t assay_relation_token(const assay_relation_job *job, const assay_tensor *tokens, int64_t b, int64_t t) {
    int64_t length = tokens->shape[1], row = b % tokens->shape[0];
    int64_t id = ((const int64_t *)tokens->data)[row * length + t % length];
    return (id + b / tokens->shape[0] + t / length + t * (t / length)) % job->a.c.config.vocab_size;
}

static bool make(assay_relation_job *job, assay_tensor *out, assay_dtype dtype, int64_t rows, int64_t columns) {
    if (!assay_relation_goes_on(job)) return false;
    assay_tensor_free(out);
    assay_relation_note(job,
                        assay_tensor_alloc(out, dtype, 2, (int64_t[]){rows, columns}, "a tensor of a case", job->err));
    return !job->status;
}

void assay_relation_put_ids(assay_relation_job *job, assay_step *step, const assay_tensor *tokens, int64_t rows,
                            const int64_t *b_row, int64_t first, int64_t count) {
    if (!make(job, &step->input_ids, ASSAY_I64, rows, count)) return;
    int64_t *ids = step->input_ids.data;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t t = 0; t < count; t++)
            ids[r * count + t] = assay_relation_token(job, tokens, b_row ? b_row[r] : r, first + t);
}

void assay_relation_put_positions(assay_relation_job *job, assay_step *step, int64_t first) {
    int64_t rows = assay_fuzz_step_batch(step), count = assay_fuzz_step_tokens(step);
    if (!make(job, &step->position_ids, ASSAY_I64, rows, count)) return;
    for (int64_t i = 0; i < rows * count; i++) ((int64_t *)step->position_ids.data)[i] = first + i % count;
}

double *assay_relation_put_mask(assay_relation_job *job, assay_step *step, int64_t rows, int64_t columns) {
    if (!make(job, &step->attention_mask, ASSAY_F64, rows, columns)) return NULL;
    double *mask = step->attention_mask.data;
    for (int64_t i = 0; i < rows * columns; i++) mask[i] = 1;
    return mask;
}

int64_t assay_relation_context(const assay_relation_form *form, const assay_step *step) {
    return assay_fuzz_step_context(&form->c.config, step);
}

void assay_relation_set_context(assay_step *step, int64_t context) {
    step->has_last_context_length = true;
    step->last_context_length = context;
}

/* Keeps `count` places of an axis (0 or 1): place i is from[i], or first + i with `from` NULL. */
static void replace(assay_relation_job *job, assay_tensor *t, int axis, const int64_t *from, int64_t first,
                    int64_t count) {
    if (!t->data || !assay_relation_goes_on(job)) return;
    int64_t outer = axis == 0 ? 1 : t->shape[0], had = t->shape[axis];
    size_t nbytes = (size_t)(assay_tensor_count(t) / (outer * had)) * assay_dtype_size(t->dtype);
    assay_tensor out;
    int64_t shape[ASSAY_MAX_RANK];
    memcpy(shape, t->shape, sizeof shape);
    shape[axis] = count;
    assay_relation_note(job, assay_tensor_alloc(&out, t->dtype, t->rank, shape, "a tensor of a case", job->err));
    if (job->status) return;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < count; i++)
            memcpy((char *)out.data + (size_t)(o * count + i) * nbytes,
                   (const char *)t->data + (size_t)(o * had + (from ? from[i] : first + i)) * nbytes, nbytes);
    assay_tensor_free(t);
    *t = out;
}

void assay_relation_take_columns(assay_relation_job *job, assay_tensor *t, int64_t first, int64_t count) {
    replace(job, t, 1, NULL, first, count);
}

void assay_relation_take_rows(assay_relation_job *job, assay_tensor *t, const int64_t *rows, int64_t n) {
    replace(job, t, 0, rows, 0, n);
}

void assay_relation_take_step_rows(assay_relation_job *job, assay_step *step, const int64_t *rows, int64_t n) {
    assay_tensor *tensors[] = {&step->input_ids, &step->inputs_embeds, &step->attention_mask, &step->position_ids,
                               &step->labels};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) assay_relation_take_rows(job, tensors[i], rows, n);
}

bool assay_relation_keeps(const assay_step *step, int64_t b, int64_t t) {
    const assay_tensor *mask = &step->attention_mask;
    if (!mask->data) return true;
    int64_t columns = mask->shape[1], column = columns - assay_fuzz_step_tokens(step) + t;
    return column < 0 || ((const double *)mask->data)[b * columns + column] == 1;
}

uint8_t *assay_relation_hidden(assay_relation_job *job, const assay_step *step) {
    int64_t rows = assay_fuzz_step_batch(step), tokens = assay_fuzz_step_tokens(step);
    uint8_t *hidden = assay_relation_goes_on(job) ? malloc((size_t)(rows * tokens) + 1) : NULL;
    if (!hidden) {
        if (assay_relation_goes_on(job)) assay_relation_note(job, assay_fail_nomem(job->err, "hidden tokens"));
        return NULL;
    }
    for (int64_t i = 0; i < rows * tokens; i++) hidden[i] = !assay_relation_keeps(step, i / tokens, i % tokens);
    return hidden;
}
