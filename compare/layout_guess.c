#include "compare/layout_guess.h"

#include <stdlib.h>
#include <string.h>

/* ---- axes of a stage ---- */

static bool has_heads_in_columns(assay_stage stage) {
    return stage == ASSAY_STAGE_Q_PROJ || stage == ASSAY_STAGE_K_PROJ || stage == ASSAY_STAGE_V_PROJ ||
           stage == ASSAY_STAGE_ATTN_OUTPUT;
}

static bool has_rotary_pairs(assay_stage stage) {
    static const assay_stage stages[] = {ASSAY_STAGE_Q_PROJ,        ASSAY_STAGE_K_PROJ,      ASSAY_STAGE_ROTATE_QUERY,
                                         ASSAY_STAGE_ROTATE_KEY,    ASSAY_STAGE_PAST_KEY,    ASSAY_STAGE_PAST_MEM_KEY,
                                         ASSAY_STAGE_MEM_WRITE_KEY, ASSAY_STAGE_MEM_READ_KEY};
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (stages[i] == stage) return true;
    return false;
}

static void add_axis(assay_stage_axes *a, int64_t size) {
    if (size == 1) return;
    if (a->count == ASSAY_GUESS_MAX_AXES) a->fits = false;
    else a->size[a->count++] = size;
}

assay_stage_axes assay_stage_axes_of(assay_stage stage, const assay_tensor *shape, const assay_layout_facts *facts) {
    assay_stage_axes a = {.shape = *shape, .fits = true};
    int64_t columns = facts->heads * facts->head_dim;
    a.shape.data = NULL;
    for (int i = 0; i < shape->rank; i++) {
        bool splits = i == shape->rank - 1 && has_heads_in_columns(stage) && columns > 0 && shape->shape[i] == columns;
        add_axis(&a, splits ? facts->heads : shape->shape[i]);
        if (splits) add_axis(&a, facts->head_dim);
    }
    bool ends_in_head = a.count > 0 && facts->head_dim > 1 && a.size[a.count - 1] == facts->head_dim;
    a.has_rotary = has_rotary_pairs(stage) && ends_in_head && facts->head_dim > 2 && facts->head_dim % 2 == 0;
    return a;
}

/* ---- guesses ---- */

/* Whether axes of the sizes `memory` can be seen as `shape`: each of its axes is one or several of them in a row. */
static bool can_be_seen_as(const int64_t *memory, int count, const int64_t *shape, int rank) {
    int at = 0;
    for (int i = 0; i < rank; i++) {
        int64_t product = 1;
        while (at < count && product < shape[i]) product *= memory[at++];
        if (product != shape[i]) return false;
    }
    return at == count;
}

/* The shape as it is, or from the last axis to the first: some programs name the axis that runs fastest first. */
static bool suits(const int64_t *memory, int count, const assay_tensor *candidate, bool *reversed) {
    int64_t back[ASSAY_MAX_RANK];
    *reversed = false;
    if (can_be_seen_as(memory, count, candidate->shape, candidate->rank)) return true;
    for (int i = 0; i < candidate->rank; i++) back[i] = candidate->shape[candidate->rank - 1 - i];
    *reversed = true;
    return can_be_seen_as(memory, count, back, candidate->rank);
}

static int inversions(const int *order, int count) {
    int n = 0;
    for (int i = 0; i < count; i++)
        for (int k = i + 1; k < count; k++) n += order[i] > order[k];
    return n;
}

/* Lays the axes out in this order; false when the candidate's shape does not suit. */
static bool lay_out(const assay_stage_axes *a, const assay_tensor *candidate, const int *order,
                    assay_layout_guess *out) {
    int64_t memory[ASSAY_GUESS_MAX_AXES], stride = 1;
    bool reversed;
    *out = (assay_layout_guess){.interleaved = false};
    for (int i = 0; i < a->count; i++) memory[i] = a->size[order[i]];
    if (!suits(memory, a->count, candidate, &reversed)) return false;
    for (int i = a->count - 1; i >= 0; i--) {
        out->order[i] = order[i];
        out->stride[order[i]] = stride;
        stride *= a->size[order[i]];
    }
    bool same = assay_tensor_same_shape(&a->shape, candidate);
    out->cost = 0.01 * inversions(order, a->count) + (same ? 0 : 0.02) + (reversed ? 0.02 : 0);
    return true;
}

/* The next order of `count` axes; false after the last. */
static bool next_order(int *order, int count) {
    int i = count - 2, k = count - 1;
    while (i >= 0 && order[i] > order[i + 1]) i--;
    if (i < 0) return false;
    while (order[k] < order[i]) k--;
    int kept = order[i];
    order[i] = order[k];
    order[k] = kept;
    for (int low = i + 1, high = count - 1; low < high; low++, high--) {
        kept = order[low];
        order[low] = order[high];
        order[high] = kept;
    }
    return true;
}

static int compare_guesses(const void *a, const void *b) {
    double x = ((const assay_layout_guess *)a)->cost, y = ((const assay_layout_guess *)b)->cost;
    return (x > y) - (x < y);
}

size_t assay_layout_guesses(const assay_stage_axes *a, const assay_tensor *candidate,
                            assay_layout_guess out[ASSAY_GUESS_MAX]) {
    int order[ASSAY_GUESS_MAX_AXES] = {0, 1, 2, 3};
    size_t count = 0;
    if (!a->fits || assay_tensor_count(&a->shape) != assay_tensor_count(candidate)) return 0;
    if (assay_tensor_count(candidate) == 0) return 0;
    do {
        assay_layout_guess guess;
        if (!lay_out(a, candidate, order, &guess)) continue;
        out[count++] = guess;
        if (!a->has_rotary) continue;
        guess.interleaved = true;
        guess.cost += 0.02;
        out[count++] = guess;
    } while (next_order(order, a->count));
    qsort(out, count, sizeof *out, compare_guesses);
    return count;
}

size_t assay_layout_guess_offset(const assay_stage_axes *a, const assay_layout_guess *g, size_t index) {
    size_t offset = 0;
    for (int i = a->count - 1; i >= 0; i--) {
        int64_t size = a->size[i], at = (int64_t)(index % (size_t)size), half = size / 2;
        index /= (size_t)size;
        if (g->interleaved && i == a->count - 1) at = at < half ? 2 * at : 2 * (at - half) + 1;
        offset += (size_t)(at * g->stride[i]);
    }
    return offset;
}

/* ---- operations ---- */

/* Operations that are tried, one after the other. */
typedef struct {
    const assay_stage_axes *axes;
    const assay_layout_guess *guess;
    const assay_tensor *candidate;
    const assay_layout_facts *facts;
    assay_tensor iota; /* the candidate's shape, with 0, 1, 2 .. */
    assay_layout_op ops[ASSAY_GUESS_MAX_OPS];
    size_t count;
} trial;

/* Whether the operations give the stage's shape, and put each element where the guess says. */
static bool works(const trial *t) {
    assay_tensor out;
    if (assay_layout_shape(&out, t->candidate, t->ops, t->count, t->facts, "", NULL)) return false;
    if (!assay_tensor_same_shape(&out, &t->axes->shape)) return false;
    if (assay_layout_apply(&out, &t->iota, t->ops, t->count, t->facts, "", NULL)) return false;
    int64_t count = assay_tensor_count(&out), i = 0;
    while (i < count && (size_t)((int64_t *)out.data)[i] == assay_layout_guess_offset(t->axes, t->guess, (size_t)i))
        i++;
    assay_tensor_free(&out);
    return i == count;
}

static void push(trial *t, assay_layout_op op) { t->ops[t->count++] = op; }

/* With the order of rotary pairs, where it is another one, put right at the end. */
static bool works_at_the_end(trial *t) {
    size_t count = t->count;
    if (t->guess->interleaved) push(t, (assay_layout_op){.kind = ASSAY_LAYOUT_INTERLEAVED_TO_HALVES});
    if (works(t)) return true;
    t->count = count;
    return false;
}

static bool try_transposes(trial *t, int rank) {
    assay_layout_op op = {.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = rank};
    int order[ASSAY_GUESS_MAX_AXES] = {0, 1, 2, 3};
    if (rank < 2 || rank > ASSAY_GUESS_MAX_AXES) return false;
    while (next_order(order, rank)) {
        for (int i = 0; i < rank; i++) op.sizes[i] = order[i];
        push(t, op);
        if (works_at_the_end(t)) return true;
        t->count--;
    }
    return false;
}

/* What may follow the first operation. */
static bool try_bodies(trial *t) {
    static const assay_layout_kind bodies[][2] = {{ASSAY_LAYOUT_SWAP_BATCH_TOKEN, ASSAY_LAYOUT_COUNT},
                                                  {ASSAY_LAYOUT_SPLIT_HEADS, ASSAY_LAYOUT_COUNT},
                                                  {ASSAY_LAYOUT_MERGE_HEADS, ASSAY_LAYOUT_COUNT},
                                                  {ASSAY_LAYOUT_SWAP_BATCH_TOKEN, ASSAY_LAYOUT_SPLIT_HEADS},
                                                  {ASSAY_LAYOUT_SWAP_BATCH_TOKEN, ASSAY_LAYOUT_MERGE_HEADS}};
    if (works_at_the_end(t)) return true;
    size_t count = t->count;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        for (int k = 0; k < 2 && bodies[i][k] != ASSAY_LAYOUT_COUNT; k++)
            push(t, (assay_layout_op){.kind = bodies[i][k]});
        if (works_at_the_end(t)) return true;
        t->count = count;
    }
    assay_tensor now;
    if (assay_layout_shape(&now, t->candidate, t->ops, t->count, t->facts, "", NULL)) return false;
    return try_transposes(t, now.rank);
}

/* A size by its letter, where the number is that of one; T and B change from case to case, and these do not. */
static int64_t symbol_of(int64_t size, const assay_layout_facts *f) {
    if (size > 1 && size == f->heads * f->head_dim) return ASSAY_SIZE_C;
    if (size > 1 && size == f->head_dim) return ASSAY_SIZE_D;
    return size > 1 && size == f->heads ? ASSAY_SIZE_H : size;
}

/* A reshape whose only size that is neither a letter nor 1 is "what is left". */
static assay_layout_op reshape_to(const int64_t *sizes, int rank, const assay_layout_facts *f) {
    assay_layout_op op = {.kind = ASSAY_LAYOUT_RESHAPE, .rank = rank};
    int numbers = 0, last = 0;
    for (int i = 0; i < rank; i++) {
        op.sizes[i] = symbol_of(sizes[i], f);
        if (op.sizes[i] <= 1) continue;
        numbers++;
        last = i;
    }
    if (numbers == 1) op.sizes[last] = ASSAY_SIZE_REST;
    return op;
}

static bool try_reversed(trial *t) {
    int64_t back[ASSAY_MAX_RANK];
    int rank = t->candidate->rank;
    if (rank < 2) return false;
    for (int i = 0; i < rank; i++) back[i] = t->candidate->shape[rank - 1 - i];
    push(t, reshape_to(back, rank, t->facts));
    if (try_bodies(t)) return true;
    push(t, (assay_layout_op){.kind = ASSAY_LAYOUT_INSERT_AXIS});
    if (try_bodies(t)) return true;
    t->count = 0;
    return false;
}

static bool try_named(trial *t) {
    static const assay_layout_kind first[][2] = {{ASSAY_LAYOUT_COUNT, ASSAY_LAYOUT_COUNT},
                                                 {ASSAY_LAYOUT_INSERT_AXIS, ASSAY_LAYOUT_COUNT},
                                                 {ASSAY_LAYOUT_DROP_AXIS, ASSAY_LAYOUT_COUNT},
                                                 {ASSAY_LAYOUT_DROP_AXIS, ASSAY_LAYOUT_DROP_AXIS}};
    enum { starts = sizeof first / sizeof *first };
    for (int with_body = 0; with_body < 2; with_body++)
        for (int i = 0; i < starts; i++) {
            t->count = 0;
            for (int k = 0; k < 2 && first[i][k] != ASSAY_LAYOUT_COUNT; k++)
                push(t, (assay_layout_op){.kind = first[i][k]});
            if (with_body ? try_bodies(t) : works_at_the_end(t)) return true;
        }
    t->count = 0;
    return try_reversed(t);
}

/* Sizes in memory, their order, the stage's shape: always right, seldom readable. */
static void spell_out(trial *t) {
    const assay_stage_axes *a = t->axes;
    int64_t memory[ASSAY_GUESS_MAX_AXES];
    assay_layout_op order = {.kind = ASSAY_LAYOUT_TRANSPOSE, .rank = a->count};
    for (int i = 0; i < a->count; i++) {
        memory[i] = a->size[t->guess->order[i]];
        order.sizes[t->guess->order[i]] = i;
    }
    t->count = 0;
    if (inversions(t->guess->order, a->count)) {
        push(t, reshape_to(memory, a->count, t->facts));
        push(t, order);
    }
    push(t, reshape_to(a->shape.shape, a->shape.rank, t->facts));
    if (t->guess->interleaved) push(t, (assay_layout_op){.kind = ASSAY_LAYOUT_INTERLEAVED_TO_HALVES});
}

assay_status assay_layout_guess_ops(const assay_stage_axes *axes, const assay_layout_guess *guess,
                                    const assay_tensor *candidate, const assay_layout_facts *facts,
                                    assay_layout_op ops[ASSAY_GUESS_MAX_OPS], size_t *count, assay_error *err) {
    trial t = {.axes = axes, .guess = guess, .candidate = candidate, .facts = facts};
    bool is_own = guess->cost <= 0;
    if (!is_own) {
        assay_status st = assay_tensor_alloc(&t.iota, ASSAY_I64, candidate->rank, candidate->shape, "a layout", err);
        if (st) return st;
        for (int64_t i = 0; i < assay_tensor_count(&t.iota); i++) ((int64_t *)t.iota.data)[i] = i;
        if (!try_named(&t)) spell_out(&t);
        assay_tensor_free(&t.iota);
    }
    memcpy(ops, t.ops, sizeof t.ops);
    *count = t.count;
    return ASSAY_OK;
}
