#include "fuzz/case_step_bytes.h"

#include <string.h>

#include "core/random.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* A step in the making: T tokens in B rows, on `past` (cleared where it keeps none). */
typedef struct {
    assay_fuzz_step_maker *maker;
    assay_choices *choices;
    const assay_config *config;
    assay_step *step;
    assay_fuzz_lengths past;
    int64_t batch, tokens;
    uint64_t key; /* of its random token ids and numbers */
    assay_error *err;
} maker;

static int64_t largest(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t clamp(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }

static bool may_refuse(const maker *m, int of_256) {
    return m->maker->bounds->refusals && assay_choose_chance(m->choices, of_256);
}

/* ---- lengths ---- */

/* Lengths at which something ends: the call, the final window, the prefix, the local cache. */
static int64_t choose_length(maker *m) {
    int64_t w = m->config->max_position_embeddings, c = assay_fuzz_step_context(m->config, m->step);
    int64_t room = w - m->past.cached, k = assay_choose(m->choices, 1, 3);
    const int64_t lengths[] = {1,         room,      room + 1,      2,         c,         c + 1,
                               w,         w + 1,     room - 1,      c - 1,     w - 1,     k * w + c,
                               w + c + 1, w + c - 1, k * w + c + 1, k * w - 1, k * w + 1, k * w + c - 1};
    int64_t most = m->maker->bounds->tokens;
    int64_t length = assay_choose_of(m->choices, lengths, COUNT(lengths));
    if (assay_choose_chance(m->choices, 48)) length = assay_choose(m->choices, 1, most);
    return clamp(length, 1, most);
}

static int64_t choose_new_tokens(maker *m) {
    int64_t w = m->config->max_position_embeddings, room = w - m->past.cached - m->tokens;
    const int64_t lengths[] = {1, 2, room + 1, room + 2, room, w + 1, 3};
    return clamp(assay_choose_of(m->choices, lengths, COUNT(lengths)), 1, m->maker->bounds->tokens);
}

static void choose_context(maker *m) {
    int64_t w = m->config->max_position_embeddings;
    const int64_t contexts[] = {1, w - 1, w, w + 1, 2 * w, 2, w / 2};
    m->step->has_last_context_length = assay_choose_chance(m->choices, 40);
    if (!m->step->has_last_context_length) return;
    m->step->last_context_length = largest(1, assay_choose_of(m->choices, contexts, COUNT(contexts)));
    if (may_refuse(m, 8)) m->step->last_context_length = -assay_choose(m->choices, 0, 1); /* SCHED-4 */
}

/* ---- tensors ---- */

static assay_status make(maker *m, assay_tensor *out, assay_dtype dtype, int64_t rows, int64_t columns) {
    return assay_tensor_alloc(out, dtype, 2, (int64_t[]){rows, columns}, "a tensor of a case", m->err);
}

static int64_t token_at(const maker *m, int64_t index) {
    return (int64_t)(assay_random_at(m->key, (uint64_t)index) % (uint64_t)m->config->vocab_size);
}

static assay_status choose_ids(maker *m) {
    assay_status st = make(m, &m->step->input_ids, ASSAY_I64, m->batch, m->tokens);
    int64_t *ids = m->step->input_ids.data, count = m->batch * m->tokens;
    for (int64_t i = 0; !st && i < count; i++) ids[i] = token_at(m, i);
    if (!st && may_refuse(m, 3))
        ids[assay_choose(m->choices, 0, clamp(count, 1, 256) - 1)] = m->config->vocab_size; /* ERR-1 */
    return st;
}

static assay_status choose_embeds(maker *m) {
    const int64_t shape[] = {m->batch, m->tokens, m->config->hidden_size};
    assay_status st = assay_tensor_alloc(&m->step->inputs_embeds, ASSAY_F64, 3, shape, "embeddings of a case", m->err);
    double *values = m->step->inputs_embeds.data;
    for (int64_t i = 0; !st && i < assay_tensor_count(&m->step->inputs_embeds); i++)
        values[i] = (double)assay_random_symmetric_f32(m->key, (uint64_t)i);
    return st;
}

enum { MASK_ONES, MASK_LEFT, MASK_RIGHT, MASK_HOLES, MASK_ODD, MASK_ROW, MASK_KINDS };

/* SCHED-6: exactly 1 keeps; ATT-3: a row may hide everything. */
static void fill_mask_row(const maker *m, double *row, int64_t columns, int64_t kind, int64_t pads) {
    static const double odd[] = {1, 0.5, 2, 0};
    for (int64_t j = 0; j < columns; j++) {
        uint64_t random = assay_random_at(m->key + 1, (uint64_t)(row - (double *)m->step->attention_mask.data + j));
        bool kept = true;
        if (kind == MASK_LEFT) kept = j >= pads;
        if (kind == MASK_RIGHT) kept = j < columns - pads;
        if (kind == MASK_HOLES) kept = random % 4 != 0;
        if (kind == MASK_ROW) kept = false;
        row[j] = kind == MASK_ODD ? odd[random % 4] : kept;
    }
}

/* A mask over the local cache and the input; at times longer (its last columns count), or too short. */
static assay_status choose_mask(maker *m) {
    if (!assay_choose_chance(m->choices, 112)) return ASSAY_OK;
    int64_t columns = m->past.cached + m->tokens;
    if (assay_choose_chance(m->choices, 16)) columns += assay_choose(m->choices, 1, 3);
    if (may_refuse(m, 4)) columns = largest(1, columns - 1);
    assay_status st = make(m, &m->step->attention_mask, ASSAY_F64, m->batch, columns);
    if (st) return st;
    double *mask = m->step->attention_mask.data;
    static const int64_t kinds[] = {MASK_LEFT,  MASK_ONES, MASK_LEFT, MASK_RIGHT,
                                    MASK_HOLES, MASK_LEFT, MASK_ODD,  MASK_ROW};
    for (int64_t b = 0; b < m->batch; b++) {
        int64_t kind = assay_choose_of(m->choices, kinds, COUNT(kinds));
        int64_t pads = assay_choose(m->choices, 0, clamp(columns, 1, 255));
        fill_mask_row(m, mask + b * columns, columns, kind, pads);
    }
    return ASSAY_OK;
}

/* GEN-2, CLS-1: what a mask hides is often the pad token; pads also occur without a mask. */
static void put_pads(maker *m) {
    int64_t pad = m->config->pad_token_id;
    if (pad == ASSAY_NO_TOKEN || !m->step->input_ids.data || !assay_choose_chance(m->choices, 96)) return;
    int64_t *ids = m->step->input_ids.data;
    bool left = !assay_choose_chance(m->choices, 80);
    for (int64_t b = 0; b < m->batch; b++) {
        int64_t pads = assay_choose(m->choices, 0, clamp(m->tokens, 1, 255));
        for (int64_t t = 0; t < pads && t < m->tokens; t++) ids[b * m->tokens + (left ? t : m->tokens - 1 - t)] = pad;
    }
}

/* POS-2, POS-3, POS-5: going on from the past or from anywhere; backwards, repeated; with a gap where that may be refused. */
static assay_status choose_positions(maker *m) {
    static const int64_t starts[] = {0, 1, 1000, -1, 7, -5};
    if (!assay_choose_chance(m->choices, 40)) return ASSAY_OK;
    assay_status st = make(m, &m->step->position_ids, ASSAY_I64, m->batch, m->tokens);
    if (st) return st;
    int64_t *positions = m->step->position_ids.data, next = m->past.cached > 0 ? m->past.next_position : 0;
    int64_t kind = assay_choose(m->choices, 0, 7);
    for (int64_t b = 0; b < m->batch; b++) {
        int64_t start = m->past.cached > 0 ? next : assay_choose_of(m->choices, starts, COUNT(starts));
        for (int64_t t = 0; t < m->tokens; t++) {
            int64_t at = kind == 6 ? m->tokens - 1 - t : kind == 7 ? t / 2 : t;
            positions[b * m->tokens + t] = start + at;
        }
    }
    if (may_refuse(m, 16)) positions[m->batch * m->tokens - 1] += assay_choose(m->choices, 1, 3); /* POS-3 */
    return ASSAY_OK;
}

static assay_status choose_labels(maker *m) {
    if (!assay_choose_chance(m->choices, 32)) return ASSAY_OK;
    assay_status st = make(m, &m->step->labels, ASSAY_I64, m->batch, m->tokens);
    int64_t *labels = m->step->labels.data, ignored = assay_choose(m->choices, 0, 4);
    for (int64_t i = 0; !st && i < m->batch * m->tokens; i++) {
        bool counts = (int64_t)(assay_random_at(m->key + 2, (uint64_t)i) % 4) >= ignored;
        labels[i] = counts ? token_at(m, i + 1000) : -100;
    }
    return st;
}

/* CLS-1: class numbers, numbers to hit, or one 0 or 1 for every label. Those of a wrong shape are refused, and decide the problem all the same. */
static assay_status choose_class_labels(maker *m) {
    if (!assay_choose_chance(m->choices, 160)) return ASSAY_OK;
    int64_t labels = m->config->num_labels, n = m->batch;
    assay_problem problem = m->config->problem_type;
    bool table = problem == ASSAY_PROBLEM_MULTI_LABEL || (problem == ASSAY_PROBLEM_REGRESSION && labels > 1);
    if (problem == ASSAY_PROBLEM_UNSET && labels > 1) table = assay_choose_chance(m->choices, 64);
    bool whole = !table && (problem == ASSAY_PROBLEM_SINGLE_LABEL || labels > 1);
    if (problem != ASSAY_PROBLEM_REGRESSION && labels > 1 && may_refuse(m, 24)) {
        table = !table;
        whole = false;
    }
    const int64_t shape[] = {n, labels};
    assay_status st = assay_tensor_alloc(&m->step->labels, whole ? ASSAY_I64 : ASSAY_F64, table ? 2 : 1, shape,
                                         "labels of a case", m->err);
    for (int64_t i = 0; !st && i < assay_tensor_count(&m->step->labels); i++) {
        uint64_t random = assay_random_at(m->key + 2, (uint64_t)i);
        if (whole) ((int64_t *)m->step->labels.data)[i] = (int64_t)(random % (uint64_t)labels);
        else ((double *)m->step->labels.data)[i] = table ? (double)(random & 1) : 0.5 + (double)(random % 8);
    }
    return st;
}

/* ---- steps ---- */

static void choose_past(maker *m) {
    const assay_fuzz_lengths *lengths = &m->maker->lengths;
    m->step->past_keep = lengths->batch > 0 && !assay_choose_chance(m->choices, 32);
    m->past = m->step->past_keep ? *lengths : (assay_fuzz_lengths){0};
    m->batch = m->past.batch > 0 ? m->past.batch : 1;
    if (m->past.batch == 0 && assay_choose_chance(m->choices, 96))
        m->batch = assay_choose(m->choices, 1, m->maker->bounds->batch);
    if (m->past.batch > 0 && may_refuse(m, 4)) m->batch++; /* CACHE-5 */
}

static assay_status choose_input(maker *m) {
    bool embeds = !m->maker->bounds->plain && m->step->op != ASSAY_OP_GENERATE && assay_choose_chance(m->choices, 12);
    bool both = embeds && may_refuse(m, 16); /* EMB-1 */
    assay_status st = embeds ? choose_embeds(m) : ASSAY_OK;
    if (!st && (!embeds || both)) st = choose_ids(m);
    return st;
}

static assay_status choose_forward(maker *m) {
    static const int64_t use_cache[] = {1, -1, 1, -1, 0};
    bool classifies = m->config->head == ASSAY_HEAD_CLASSIFICATION;
    m->step->op = classifies ? ASSAY_OP_CLASSIFY : ASSAY_OP_FORWARD;
    choose_past(m);
    choose_context(m);
    m->tokens = choose_length(m);
    m->step->use_cache = (int)assay_choose_of(m->choices, use_cache, COUNT(use_cache));
    if (m->past.cached > 0 && m->step->use_cache == 0 && !may_refuse(m, 64)) m->step->use_cache = 1; /* CACHE-5 */
    assay_status st = choose_input(m);
    if (!st) put_pads(m);
    if (!st) st = choose_mask(m);
    if (!st) st = choose_positions(m);
    return st ? st : classifies ? choose_class_labels(m) : choose_labels(m);
}

static assay_status choose_generate(maker *m) {
    m->step->op = ASSAY_OP_GENERATE;
    m->step->use_cache = -1;
    choose_past(m);
    choose_context(m);
    m->tokens = choose_length(m);
    m->step->max_new_tokens = choose_new_tokens(m);
    assay_status st = choose_ids(m);
    if (!st) put_pads(m);
    if (!st) st = choose_mask(m);
    m->step->has_eos_token_id = assay_choose_chance(m->choices, 64);
    if (m->step->has_eos_token_id) m->step->eos_token_id = assay_choose(m->choices, 0, m->config->vocab_size - 1);
    return st;
}

/* CACHE-7 */
static assay_status choose_reorder(maker *m) {
    int64_t rows = m->maker->lengths.batch, n = rows;
    m->step->op = ASSAY_OP_REORDER;
    m->step->use_cache = -1;
    if (assay_choose_chance(m->choices, 64)) n = assay_choose(m->choices, 1, m->maker->bounds->batch);
    assay_status st = assay_tensor_alloc(&m->step->beam_idx, ASSAY_I64, 1, &n, "beam_idx of a case", m->err);
    for (int64_t i = 0; !st && i < n; i++)
        ((int64_t *)m->step->beam_idx.data)[i] = rows - 1 - (assay_choose(m->choices, 0, rows - 1) + i) % rows;
    if (!st && may_refuse(m, 8)) ((int64_t *)m->step->beam_idx.data)[0] = rows;
    return st;
}

assay_status assay_fuzz_step_choose(assay_fuzz_step_maker *maker_of, assay_step *out, assay_error *err) {
    maker m = {.maker = maker_of, .choices = maker_of->choices, .config = maker_of->config, .step = out, .err = err};
    bool classifies = m.config->head == ASSAY_HEAD_CLASSIFICATION;
    int64_t kind = assay_choose(m.choices, 0, 15);
    m.key = assay_random_key((uint64_t)assay_choose(m.choices, 0, 255), "tokens");
    assay_status st;
    if (kind == 15 && maker_of->lengths.batch > 0) st = choose_reorder(&m);
    else if (kind >= 12 && !classifies && !assay_dtype_is_half(maker_of->bounds->dtype)) st = choose_generate(&m);
    else st = choose_forward(&m);
    if (!st) assay_fuzz_lengths_step(&maker_of->lengths, m.config, out);
    return st;
}
