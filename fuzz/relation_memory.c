/* What the memory is, and what it is not. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/case_lengths.h"
#include "fuzz/relation_compare.h"
#include "fuzz/relation_set.h"
#include "fuzz/relation_steps.h"

static void forget_memory_layers(assay_config *c) { memset(c->is_memory_layer, 0, sizeof c->is_memory_layer); }

static int64_t context_of(const assay_relation_job *job) { return job->source->config.last_context_length; }

/* One forward of each form, with cache: tokens [first, first + count) of the job's text. */
static bool put_calls(assay_relation_job *job, int64_t rows, int64_t first, int64_t b_first, int64_t end) {
    const assay_tensor *tokens = assay_relation_tokens(job);
    if (!assay_relation_new_steps(job, &job->a, 1) || !assay_relation_new_steps(job, &job->b, 1)) return false;
    assay_relation_put_ids(job, job->a.c.steps, tokens, rows, NULL, first, end - first);
    assay_relation_put_ids(job, job->b.c.steps, tokens, rows, NULL, b_first, end - b_first);
    job->a.c.steps[0].use_cache = job->b.c.steps[0].use_cache = 1;
    return !job->status;
}

/* Memory layers without positions (MEM-7) are no plain LLaMA's. */
void assay_relation_unused_memory(assay_relation_job *job) {
    const assay_tensor *tokens = assay_relation_tokens(job);
    if (!tokens || !assay_config_has_memory(&job->a.c.config)) return;
    int64_t length = tokens->shape[1] < context_of(job) ? tokens->shape[1] : context_of(job);
    job->a.c.config.mem_positionals = job->b.c.config.mem_positionals = true;
    forget_memory_layers(&job->b.c.config);
    if (!put_calls(job, tokens->shape[0], 0, 0, length)) return;
    assay_relation_run_both(job);
    assay_relation_same_results(job);
}

/* One row: of a single window the engine computes the logits of all rows in one product, of several windows row by row. */
void assay_relation_lost_prefix(assay_relation_job *job) {
    if (!assay_relation_tokens(job)) return;
    int64_t prefix = 1 + assay_relation_choose(job, 0, 2 * job->a.c.config.max_position_embeddings);
    forget_memory_layers(&job->a.c.config);
    forget_memory_layers(&job->b.c.config);
    if (!put_calls(job, 1, 0, prefix, prefix + context_of(job))) return;
    assay_relation_run_both(job);
    assay_relation_same_logits(job, &(assay_relation_logits){.a_first = prefix, .count = context_of(job)});
    assay_relation_same_past(job, &(assay_relation_pasts){.shift = -prefix});
}

/* ---- order ---- */

/* Reverses axis 2 of (B,H,m,D), or axis 1 of (B,m). */
static void reverse_tokens(const assay_tensor *t) {
    if (!t->data || assay_tensor_count(t) == 0) return;
    int64_t n = t->shape[t->rank == 4 ? 2 : 1], outer = t->rank == 4 ? t->shape[0] * t->shape[1] : t->shape[0];
    size_t size = assay_tensor_nbytes(t) / (size_t)(outer * n);
    for (int64_t o = 0; o < outer; o++) {
        char *rows = (char *)t->data + (size_t)(o * n) * size;
        for (int64_t i = 0; i < n / 2; i++) {
            char *x = rows + (size_t)i * size, *y = rows + (size_t)(n - 1 - i) * size;
            for (size_t k = 0; k < size; k++) {
                char byte = x[k];
                x[k] = y[k];
                y[k] = byte;
            }
        }
    }
}

typedef struct {
    int64_t step, layers;
} memory_edit;

static assay_status reverse_memory(void *context, int64_t step, assay_past *past, assay_error *err) {
    const memory_edit *edit = context;
    if (step != edit->step) return ASSAY_OK;
    assay_past_layer *layers = calloc((size_t)edit->layers, sizeof *layers);
    if (!layers) return assay_fail_nomem(err, "a past");
    assay_status st = ASSAY_OK;
    for (int64_t i = 0; !st && i < edit->layers; i++) {
        st = assay_past_export(past, i, &layers[i], err);
        reverse_tokens(&layers[i].mem_key);
        reverse_tokens(&layers[i].mem_value);
        reverse_tokens(&layers[i].mem_mask);
    }
    if (!st) st = assay_past_import(past, layers, err);
    for (int64_t i = 0; i < edit->layers; i++) assay_past_layer_free(&layers[i]);
    free(layers);
    return st;
}

/* The last step that runs on a memory of at least two tokens, or -1; *before: the step that left it. */
static int64_t find_remembering(const assay_relation_form *form, int64_t *before) {
    int64_t found = -1, last = -1;
    for (size_t i = 0; i < form->c.step_count; i++) {
        const assay_step *step = &form->c.steps[i];
        if (form->refusals[i].status) continue;
        if (step->op == ASSAY_OP_FORWARD && step->past_keep && assay_relation_past_after(form, last).remembered > 1) {
            found = (int64_t)i;
            *before = last;
        }
        last = (int64_t)i;
    }
    return found;
}

void assay_relation_memory_order(assay_relation_job *job) {
    assay_relation_run(job, &job->a);
    if (!assay_relation_goes_on(job)) return;
    memory_edit edit = {.layers = job->a.c.config.num_hidden_layers};
    int64_t found = find_remembering(&job->a, &edit.step);
    if (found < 0) return;
    assay_relation_cut(job, (size_t)found + 1);
    job->b.edit_past = reverse_memory;
    job->b.edit_context = &edit;
    assay_relation_run(job, &job->b);
    int64_t tokens = assay_fuzz_step_tokens(&job->a.c.steps[found]);
    assay_relation_same_logits(
        job, &(assay_relation_logits){.a_step = (size_t)found, .b_step = (size_t)found, .count = tokens});
}

/* ---- hidden tokens ---- */

enum { most_tokens = 64 };

/* Which tokens of the first call are kept; the same in all rows. */
typedef struct {
    int64_t count, kept;
    bool keeps[most_tokens];
    bool remembers; /* the first call goes to memory; else to the local cache */
} hole_pattern;

static hole_pattern choose_holes(const assay_relation_job *job) {
    int64_t w = job->a.c.config.max_position_embeddings;
    hole_pattern holes = {.count = 2 + assay_relation_choose(job, 0, w), .remembers = assay_relation_choose(job, 1, 2)};
    holes.remembers = holes.remembers && assay_config_has_memory(&job->a.c.config);
    if (!holes.remembers && holes.count > w - 1) holes.count = w - 1; /* the next call must not flip */
    if (holes.count > most_tokens) holes.count = most_tokens;
    for (int64_t t = 0; t < holes.count; t++) {
        holes.keeps[t] = assay_relation_choose(job, (uint64_t)(100 + t), 2) == 0;
        holes.kept += holes.keeps[t];
    }
    return holes;
}

/* A hidden token has the position of the kept one that follows, so that kept ones are as far apart as without it. */
static void put_first_with_holes(assay_relation_job *job, assay_step *step, const hole_pattern *holes, int64_t rows) {
    assay_relation_put_ids(job, step, assay_relation_tokens(job), rows, NULL, 0, holes->count);
    assay_relation_put_positions(job, step, 0);
    double *mask = assay_relation_put_mask(job, step, rows, holes->count);
    for (int64_t i = 0, position = 0; mask && i < rows * holes->count; i++) {
        int64_t t = i % holes->count;
        if (t == 0) position = 0;
        ((int64_t *)step->position_ids.data)[i] = position < holes->kept ? position : holes->kept - 1;
        mask[i] = holes->keeps[t];
        position += holes->keeps[t];
    }
}

static void put_first_without(assay_relation_job *job, assay_step *step, const hole_pattern *holes, int64_t rows) {
    assay_relation_put_ids(job, step, assay_relation_tokens(job), rows, NULL, 0, holes->count);
    for (int64_t r = 0, to = 0; !job->status && r < rows; r++)
        for (int64_t t = 0; t < holes->count; t++)
            if (holes->keeps[t])
                ((int64_t *)step->input_ids.data)[to++] = ((int64_t *)step->input_ids.data)[r * holes->count + t];
    if (!job->status) step->input_ids.shape[1] = holes->kept;
}

/* The call after: one token on a local cache, a few on a memory. */
static void put_second(assay_relation_job *job, assay_step *step, const hole_pattern *holes, int64_t rows, bool holed) {
    int64_t count = holes->remembers ? 1 + assay_relation_choose(job, 2, 3) : 1;
    step->past_keep = true;
    assay_relation_put_ids(job, step, assay_relation_tokens(job), rows, NULL, holes->count, count);
    assay_relation_put_positions(job, step, holes->kept);
    if (holes->remembers || !holed) return;
    double *mask = assay_relation_put_mask(job, step, rows, holes->count + count);
    for (int64_t i = 0; mask && i < rows * (holes->count + count); i++) {
        int64_t column = i % (holes->count + count);
        mask[i] = column >= holes->count || holes->keeps[column];
    }
}

static void compare_kept(assay_relation_job *job, const hole_pattern *holes) {
    for (int64_t t = 0, to = 0; t < holes->count; t++)
        if (holes->keeps[t])
            assay_relation_same_logits(job, &(assay_relation_logits){.a_first = t, .b_first = to++, .count = 1});
    int64_t count = assay_fuzz_step_tokens(&job->a.c.steps[1]);
    assay_relation_same_logits(job, &(assay_relation_logits){.a_step = 1, .b_step = 1, .count = count});
}

void assay_relation_masked_removed(assay_relation_job *job) {
    if (!assay_relation_tokens(job)) return;
    hole_pattern holes = choose_holes(job);
    int64_t rows = assay_relation_tokens(job)->shape[0];
    if (holes.kept == 0 || holes.kept == holes.count) return;
    assay_relation_form *forms[] = {&job->a, &job->b};
    for (int i = 0; i < 2; i++) {
        if (!assay_relation_new_steps(job, forms[i], 2)) return;
        assay_step *steps = forms[i]->c.steps;
        if (i == 0) put_first_with_holes(job, &steps[0], &holes, rows);
        else put_first_without(job, &steps[0], &holes, rows);
        put_second(job, &steps[1], &holes, rows, i == 0);
        steps[0].use_cache = !holes.remembers;
        steps[1].use_cache = 1;
        for (int k = 0; k < 2; k++) assay_relation_set_context(&steps[k], holes.count + 3);
    }
    assay_relation_run_both(job);
    compare_kept(job, &holes);
}

/* ---- forms of the same numbers ---- */

void assay_relation_memory_dtype(assay_relation_job *job) {
    if (!assay_config_has_memory(&job->a.c.config)) return;
    job->a.c.config.mem_dtype = ASSAY_F32;
    job->b.c.config.mem_dtype = ASSAY_F64;
    assay_relation_run_both(job);
    assay_relation_same_results(job);
}

void assay_relation_grouping(assay_relation_job *job) {
    assay_config *a = &job->a.c.config, *b = &job->b.c.config;
    a->has_attention_grouping = false;
    b->has_attention_grouping = true;
    b->attention_grouping[0] = 1 + assay_relation_choose(job, 0, a->num_attention_heads);
    b->attention_grouping[1] = 1 + assay_relation_choose(job, 1, 4);
    assay_relation_run_both(job);
    assay_relation_same_results(job);
}
