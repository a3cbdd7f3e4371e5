#include "fuzz/case_edit.h"

#include <string.h>

#include "fuzz/case_lengths.h"

#define MAX_ROWS 64

int64_t assay_fuzz_case_tokens(const assay_case *c) {
    int64_t tokens = 0;
    for (size_t i = 0; i < c->step_count; i++) {
        const assay_step *s = &c->steps[i];
        int64_t made = s->op == ASSAY_OP_GENERATE ? s->max_new_tokens : 0;
        tokens += assay_fuzz_step_batch(s) * (assay_fuzz_step_tokens(s) + made);
    }
    return tokens;
}

bool assay_fuzz_drop_step(assay_case *c, size_t step) {
    if (c->step_count < 2) return false;
    assay_step *s = &c->steps[step];
    assay_tensor *tensors[] = {&s->input_ids,    &s->inputs_embeds, &s->attention_mask,
                               &s->position_ids, &s->labels,        &s->beam_idx};
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) assay_tensor_free(tensors[i]);
    memmove(s, s + 1, (c->step_count - step - 1) * sizeof *s);
    c->step_count--;
    return true;
}

bool assay_fuzz_drop_tensor(assay_tensor *t) {
    if (!t->data) return false;
    assay_tensor_free(t);
    return true;
}

/* Keeps, along an axis, the indices that `kept` names; in place, for what is kept only moves forward. */
static void select_along(assay_tensor *t, int axis, const bool *kept) {
    if (!t->data) return;
    size_t size = assay_dtype_size(t->dtype);
    int64_t outer = 1, n = t->shape[axis], left = 0;
    for (int i = 0; i < axis; i++) outer *= t->shape[i];
    for (int i = axis + 1; i < t->rank; i++) size *= (size_t)t->shape[i];
    char *from = t->data, *to = t->data;
    for (int64_t i = 0; i < outer * n; i++, from += size) {
        if (!kept[i % n]) continue;
        memmove(to, from, size);
        to += size;
    }
    for (int64_t i = 0; i < n; i++) left += kept[i];
    t->shape[axis] = left;
}

/* Removes columns [first, first + count) of axis 1, where they are there. */
static void drop_columns(assay_tensor *t, int64_t first, int64_t count) {
    if (!t->data || first < 0 || first + count > t->shape[1]) return;
    size_t size = assay_dtype_size(t->dtype);
    for (int i = 2; i < t->rank; i++) size *= (size_t)t->shape[i];
    int64_t n = t->shape[1], left = n - count;
    char *base = t->data;
    for (int64_t row = 0; row < t->shape[0]; row++) {
        char *from = base + (size_t)(row * n) * size, *to = base + (size_t)(row * left) * size;
        memmove(to, from, (size_t)first * size);
        memmove(to + (size_t)first * size, from + (size_t)(first + count) * size, (size_t)(left - first) * size);
    }
    t->shape[1] = left;
}

bool assay_fuzz_drop_tokens(assay_step *step, int64_t first, int64_t count) {
    int64_t tokens = assay_fuzz_step_tokens(step);
    if (count < 1 || first < 0 || first + count > tokens || count >= tokens) return false;
    const assay_tensor *mask = &step->attention_mask;
    if (mask->data) drop_columns(&step->attention_mask, mask->shape[1] - tokens + first, count);
    drop_columns(&step->input_ids, first, count);
    drop_columns(&step->inputs_embeds, first, count);
    drop_columns(&step->position_ids, first, count);
    if (step->op == ASSAY_OP_FORWARD) drop_columns(&step->labels, first, count);
    return true;
}

/* ---- rows ---- */

static void select_rows(assay_step *s, const bool *kept) {
    assay_tensor *tensors[] = {&s->input_ids, &s->inputs_embeds, &s->attention_mask, &s->position_ids, &s->labels};
    int64_t rows = assay_fuzz_step_batch(s);
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++)
        if (tensors[i]->data && tensors[i]->shape[0] == rows) select_along(tensors[i], 0, kept);
}

/* The rows of a past, which of them stay, and where those that do are then. */
typedef struct {
    int64_t rows;
    bool kept[MAX_ROWS];
} row_set;

static row_set all_but(int64_t rows, int64_t dropped) {
    row_set set = {.rows = rows};
    for (int64_t i = 0; i < rows && i < MAX_ROWS; i++) set.kept[i] = rows == 1 || i != dropped;
    return set;
}

static int64_t count_kept(const row_set *set, int64_t before) {
    int64_t n = 0;
    for (int64_t i = 0; i < before; i++) n += set->kept[i];
    return n;
}

/* CACHE-7: follows rows through a reorder, and edits its indices. False where none would be left. */
static bool reorder_rows(row_set *set, assay_step *s) {
    int64_t *index = s->beam_idx.data, n = s->beam_idx.shape[0];
    row_set after = {.rows = n};
    for (int64_t i = 0; i < n; i++) {
        bool inside = index[i] >= 0 && index[i] < set->rows;
        after.kept[i] = !inside || set->kept[index[i]];
        index[i] = inside ? count_kept(set, index[i]) : index[i];
    }
    if (count_kept(&after, n) == 0) return false;
    select_along(&s->beam_idx, 0, after.kept);
    *set = after;
    return true;
}

static bool rows_fit(const assay_case *c) {
    for (size_t i = 0; i < c->step_count; i++)
        if (assay_fuzz_step_batch(&c->steps[i]) > MAX_ROWS ||
            (c->steps[i].beam_idx.data && c->steps[i].beam_idx.shape[0] > MAX_ROWS))
            return false;
    return true;
}

bool assay_fuzz_drop_row(assay_case *c, int64_t row) {
    row_set set = {0};
    bool dropped = false;
    if (!rows_fit(c)) return false;
    for (size_t i = 0; i < c->step_count; i++) {
        assay_step *s = &c->steps[i];
        if (s->op == ASSAY_OP_REORDER) {
            if (set.rows > 0 && !reorder_rows(&set, s)) return false;
            continue;
        }
        int64_t rows = assay_fuzz_step_batch(s);
        if (!s->past_keep || rows != set.rows) set = all_but(rows, row);
        dropped = dropped || count_kept(&set, rows) < rows;
        select_rows(s, set.kept);
    }
    return dropped;
}

/* ---- the model ---- */

bool assay_fuzz_drop_layer(assay_config *config, int64_t layer) {
    if (config->num_hidden_layers < 2) return false;
    config->num_hidden_layers--;
    for (int64_t i = layer; i < config->num_hidden_layers; i++)
        config->is_memory_layer[i] = config->is_memory_layer[i + 1];
    config->is_memory_layer[config->num_hidden_layers] = false;
    return true;
}

bool assay_fuzz_resize_heads(assay_case *c, int64_t heads, int64_t head_dim) {
    int64_t hidden = heads * head_dim;
    if (heads < 1 || head_dim < 2 || hidden >= c->config.hidden_size) return false;
    c->config.num_attention_heads = heads;
    c->config.hidden_size = hidden;
    for (size_t i = 0; i < c->step_count; i++) {
        assay_tensor *t = &c->steps[i].inputs_embeds;
        if (!t->data || t->shape[2] <= hidden) continue;
        double *values = t->data;
        for (int64_t n = 0; n < t->shape[0] * t->shape[1]; n++)
            memmove(values + n * hidden, values + n * t->shape[2], (size_t)hidden * sizeof *values);
        t->shape[2] = hidden;
    }
    return true;
}

static void wrap(int64_t *values, int64_t count, int64_t from, int64_t to) {
    for (int64_t i = 0; i < count; i++) {
        if (values[i] >= from) values[i] = to; /* it is refused, and stays so */
        else if (values[i] >= to) values[i] %= to;
    }
}

bool assay_fuzz_resize_vocab(assay_case *c, int64_t vocab) {
    int64_t old = c->config.vocab_size;
    if (vocab < 1 || vocab >= old) return false;
    c->config.vocab_size = vocab;
    wrap(&c->config.pad_token_id, 1, old, vocab);
    for (size_t i = 0; i < c->step_count; i++) {
        assay_step *s = &c->steps[i];
        if (s->input_ids.data) wrap(s->input_ids.data, assay_tensor_count(&s->input_ids), old, vocab);
        if (s->labels.data && s->op == ASSAY_OP_FORWARD)
            wrap(s->labels.data, assay_tensor_count(&s->labels), old, vocab);
        wrap(&s->eos_token_id, 1, old, vocab);
    }
    return true;
}
