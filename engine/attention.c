#include "engine/attention.h"

#include <assert.h>
#include <omp.h>
#include <string.h>

#include "core/rounding.h"
#include "engine/attention_kernels.h"
#include "engine/real.h"

static const real clamp_value = -1000000; /* ATT-1 */

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t memory_length(const REAL(assay_attention) * a) { return a->memory ? a->memory->length : 0; }
static int64_t query_block(const REAL(assay_attention) * a) { return smaller(a->queries, ASSAY_ATTENTION_QUERIES); }

/* One block of queries of one head. */
typedef struct {
    int64_t b, h, first, q;   /* queries [first, first + q) */
    int64_t row;              /* b * H + h */
    REAL(assay_block) scores; /* (q, L+m) */
    real *tile;
    real sums[ASSAY_ATTENTION_QUERIES]; /* PREC-4: of a query's weights before they were rounded */
} block_job;

size_t REAL(assay_attention_scratch)(const REAL(assay_attention) * a) {
    int64_t keys = a->local + memory_length(a);
    return (size_t)(query_block(a) * keys + ASSAY_ATTENTION_TILE * a->head_dim);
}

static assay_rows local_rows(const REAL(assay_attention) * a, const real *data, int64_t row) {
    return (assay_rows){data + row * a->local_capacity * a->head_dim, REAL_DTYPE, a->local, a->head_dim};
}

static assay_rows memory_rows(const assay_memory *memory, const assay_memory_block *block, const void *data,
                              int64_t row) {
    size_t offset = (size_t)(row * block->capacity * memory->head_dim) * assay_dtype_size(memory->dtype);
    return (assay_rows){(const char *)data + offset, memory->dtype, block->length, memory->head_dim};
}

/* MEM-3: where a row's local keys start, and its keys in memory. */
static bool memory_is_first(const REAL(assay_attention) * a) {
    return a->semantics.key_order == ASSAY_KEYS_MEMORY_FIRST;
}
static int64_t local_at(const REAL(assay_attention) * a) { return memory_is_first(a) ? memory_length(a) : 0; }
static int64_t memory_at(const REAL(assay_attention) * a) { return memory_is_first(a) ? 0 : a->local; }

static bool is_half(const REAL(assay_attention) * a) { return assay_dtype_is_half(a->run); }

/* PREC-3: every operation's result is rounded; PREC-4: but not within torch's own attention. */
static bool rounds_each(const REAL(assay_attention) * a) { return is_half(a) && !a->fused; }

/* ATT-1: the least score, as the run's dtype holds it. */
static real clamp_of(const REAL(assay_attention) * a) {
    if (!is_half(a)) return clamp_value;
    real lowest = -(real)assay_dtype_max(a->run), clamp = real_rounded(clamp_value, a->run);
    return clamp > lowest ? clamp : lowest;
}

/* ATT-5: of no mask, one, or two that add. */
static real mask_of(const REAL(assay_attention) * a, int masks) {
    assay_dtype dtype = is_half(a) ? a->run : REAL_DTYPE;
    return masks == 0 ? 0 : masks == 1 ? -(real)assay_dtype_max(dtype) : -(real)INFINITY;
}

/* ATT-1: what a product of query and key is divided by. */
static real score_divisor(const REAL(assay_attention) * a) {
    switch (a->semantics.score_scale) {
    case ASSAY_SCALE_ROOT_D: break;
    case ASSAY_SCALE_NONE: return 1;
    case ASSAY_SCALE_D: return (real)a->head_dim;
    case ASSAY_SCALE_ROOT_HIDDEN: return real_sqrt((real)(a->heads * a->head_dim));
    }
    return real_sqrt((real)a->head_dim);
}

/* PREC-3: products and quotients are results of their own. */
static void divide_rounded(const REAL(assay_attention) * a, const block_job *job) {
    real divisor = score_divisor(a);
    int64_t keys = a->local + memory_length(a);
    for (int64_t r = 0; r < job->q; r++) {
        real *row = job->scores.data + r * job->scores.stride;
        for (int64_t j = 0; j < keys; j++) row[j] = real_rounded(real_rounded(row[j], a->run) / divisor, a->run);
    }
}

static void compute_scores(const REAL(assay_attention) * a, const block_job *job) {
    real scale = rounds_each(a) ? 1 : 1 / score_divisor(a);
    int64_t offset = (job->row * a->queries + job->first) * a->head_dim;
    const real *query = (a->memory_query ? a->memory_query : a->query) + offset;
    assay_rows local = local_rows(a, a->key, job->row);
    REAL(assay_block) part = job->scores;
    part.data += local_at(a);
    REAL(assay_score_keys)(part, a->query + offset, &local, scale, job->tile);
    part.data = job->scores.data + memory_at(a);
    for (size_t i = 0; a->memory && i < a->memory->block_count; i++) {
        const assay_memory_block *block = &a->memory->blocks[i];
        assay_rows keys = memory_rows(a->memory, block, block->key, job->row);
        REAL(assay_score_keys)(part, query, &keys, scale, job->tile);
        part.data += block->length;
    }
    if (rounds_each(a)) divide_rounded(a, job);
}

/* ATT-5: local keys that a query sees. */
static int64_t visible_local(const REAL(assay_attention) * a, int64_t query) {
    switch (a->semantics.causality) {
    case ASSAY_CAUSAL: break;
    case ASSAY_CAUSAL_ONE_AHEAD: return smaller(a->local - a->queries + query + 2, a->local);
    case ASSAY_CAUSAL_NOT: return a->local;
    }
    return a->local - a->queries + query + 1;
}

/* MEM-4: keys in memory that a query sees. */
static int64_t visible_memory(const REAL(assay_attention) * a, int64_t query) {
    int64_t m = memory_length(a);
    switch (a->semantics.memory_visibility) {
    case ASSAY_MEMORY_SEEN_WHOLE: break;
    case ASSAY_MEMORY_SEEN_CAUSALLY: return smaller(query + 1, m);
    case ASSAY_MEMORY_SEEN_ALIGNED: return m - (a->queries - 1 - query);
    }
    return m;
}

/* ATT-5, ATT-1: a hidden key's score plus the dtype's minimum, clamped to -1e6, is -1e6 whatever the score was. */
static void mask_clamped(const REAL(assay_attention) * a, const block_job *job, real *row, int64_t query) {
    const uint8_t *keep = a->keep + job->b * a->keep_stride;
    real *local_row = row + local_at(a);
    int64_t visible = visible_local(a, query);
    for (int64_t j = 0; j < a->local; j++) {
        bool hidden = j >= visible || !keep[j] || local_row[j] < clamp_value;
        local_row[j] = hidden ? clamp_value : local_row[j];
    }
    if (!a->memory) return;
    const real *mask = a->memory_mask + job->b * a->memory_mask_stride;
    real *memory_row = row + memory_at(a);
    int64_t seen = visible_memory(a, query);
    for (int64_t j = 0; j < memory_length(a); j++) {
        real score = memory_row[j] + mask[j];
        memory_row[j] = score < clamp_value || j >= seen ? clamp_value : score;
    }
}

/* The same in half precision, where a mask need not absorb the score (float16), nor the clamp (ATT-3). */
static void mask_rounded(const REAL(assay_attention) * a, const block_job *job, real *row, int64_t query) {
    const uint8_t *keep = a->keep + job->b * a->keep_stride;
    const real clamp = a->unclamped ? -(real)INFINITY : clamp_of(a);
    int64_t visible = visible_local(a, query), seen = visible_memory(a, query);
    for (int64_t j = 0; j < a->local; j++) {
        real *score = row + local_at(a) + j;
        real sum = real_rounded(*score + mask_of(a, (j >= visible) + !keep[j]), a->run);
        *score = sum < clamp ? clamp : sum;
    }
    for (int64_t j = 0; j < memory_length(a); j++) {
        real *score = row + memory_at(a) + j;
        real mask = a->memory_mask[job->b * a->memory_mask_stride + j] + mask_of(a, j >= seen);
        real sum = real_rounded(*score + mask, a->run);
        *score = sum < clamp ? clamp : sum;
    }
}

/* ATT-4: one mask gives the dtype's minimum (it absorbs the score), two give -inf. */
static void mask_unclamped(const REAL(assay_attention) * a, const block_job *job, real *row, int64_t query) {
    const real lowest = mask_of(a, 1);
    const uint8_t *keep = a->keep + job->b * a->keep_stride;
    real *local_row = row + local_at(a);
    int64_t visible = visible_local(a, query);
    for (int64_t j = 0; j < a->local; j++) {
        bool future = j >= visible, pad = !keep[j];
        if (future || pad) local_row[j] = future && pad ? -(real)INFINITY : local_row[j] + lowest;
    }
    if (!a->memory) return;
    const real *mask = a->memory_mask + job->b * a->memory_mask_stride;
    real *memory_row = row + memory_at(a);
    int64_t seen = visible_memory(a, query);
    for (int64_t j = 0; j < memory_length(a); j++) memory_row[j] += mask[j] + (j >= seen ? lowest : 0);
}

static void mix(const REAL(assay_attention) * a, const block_job *job) {
    int64_t stride = a->heads * a->head_dim;
    real *out = a->out + (job->b * a->queries + job->first) * stride + job->h * a->head_dim;
    for (int64_t r = 0; r < job->q; r++) memset(out + r * stride, 0, (size_t)a->head_dim * sizeof *out);
    REAL(assay_block) target = {out, job->q, stride};
    REAL(assay_block) probs = job->scores;
    assay_rows local = local_rows(a, a->value, job->row);
    probs.data += local_at(a);
    REAL(assay_mix_values)(target, probs, &local, job->tile);
    probs.data = job->scores.data + memory_at(a);
    for (size_t i = 0; a->memory && i < a->memory->block_count; i++) {
        const assay_memory_block *block = &a->memory->blocks[i];
        assay_rows values = memory_rows(a->memory, block, block->value, job->row);
        REAL(assay_mix_values)(target, probs, &values, job->tile);
        probs.data += block->length;
    }
}

static void copy_tap(const REAL(assay_attention) * a, const block_job *job, real *tap) {
    int64_t keys = a->local + memory_length(a);
    if (tap)
        memcpy(tap + (job->row * a->queries + job->first) * keys, job->scores.data,
               (size_t)(job->q * keys) * sizeof *tap);
}

/* ---- probabilities ---- */

static void round_to_bf16(real *row, int64_t n) {
    for (int64_t j = 0; j < n; j++) row[j] = (real)assay_round_to((double)row[j], ASSAY_BF16);
}

static bool sees_nothing(const real *row, int64_t n, real clamp) {
    for (int64_t j = 0; j < n; j++)
        if (!(row[j] <= clamp)) return false;
    return true;
}

/* MEM-9 with two softmaxes: local and memory scores alone, and their share in the sum of outputs. */
static void normalise_apart(const REAL(assay_attention) * a, real *row) {
    REAL(assay_softmax)(row + local_at(a), a->local);
    if (memory_length(a) == 0) return;
    REAL(assay_softmax)(row + memory_at(a), memory_length(a));
    if (a->semantics.softmax_count == ASSAY_SOFTMAX_TWO_ADDED) return;
    for (int64_t j = 0; j < a->local + memory_length(a); j++) row[j] /= 2;
}

/* Scores of one query to probabilities: ATT-2, ATT-3, MEM-9. */
static void normalise(const REAL(assay_attention) * a, real *row) {
    const assay_semantics *s = &a->semantics;
    int64_t keys = a->local + memory_length(a);
    if (s->hidden_row != ASSAY_HIDDEN_ROW_UNIFORM && sees_nothing(row, keys, clamp_of(a))) {
        for (int64_t j = 0; j < keys; j++) row[j] = s->hidden_row == ASSAY_HIDDEN_ROW_ZERO ? 0 : (real)NAN;
        return;
    }
    if (s->softmax_precision == ASSAY_SOFTMAX_BF16) round_to_bf16(row, keys);
    if (s->softmax_count == ASSAY_SOFTMAX_ONE) REAL(assay_softmax)(row, keys);
    else normalise_apart(a, row);
    if (s->softmax_precision == ASSAY_SOFTMAX_BF16) round_to_bf16(row, keys);
    real_round(row, keys, a->run); /* ATT-2: cast to the query's dtype */
}

/* PREC-4: torch's own attention rounds the exponentials, sums them before, and divides the output by the sum. */
static real exponentials(const REAL(assay_attention) * a, real *row) {
    int64_t keys = a->local + memory_length(a);
    real largest = row[0], sum = 0;
    for (int64_t j = 1; j < keys; j++) largest = row[j] > largest ? row[j] : largest;
    for (int64_t j = 0; j < keys; j++) {
        row[j] = real_exp(row[j] - largest);
        sum += row[j];
    }
    real_round(row, keys, a->run);
    return sum;
}

/* PREC-3: the rounded outputs of a block; PREC-4: divided by the sums of its weights first. */
static void round_output(const REAL(assay_attention) * a, const block_job *job) {
    int64_t stride = a->heads * a->head_dim;
    real *out = a->out + (job->b * a->queries + job->first) * stride + job->h * a->head_dim;
    for (int64_t r = 0; r < job->q; r++) {
        real factor = a->fused ? 1 / job->sums[r] : 1;
        for (int64_t i = 0; i < a->head_dim; i++)
            out[r * stride + i] = real_rounded(out[r * stride + i] * factor, a->run);
    }
}

static void mask_row(const REAL(assay_attention) * a, const block_job *job, real *row, int64_t query) {
    if (rounds_each(a)) mask_rounded(a, job, row, query);
    else if (a->unclamped) mask_unclamped(a, job, row, query);
    else mask_clamped(a, job, row, query);
}

static void attend_block(const REAL(assay_attention) * a, block_job *job) {
    bool fused_half = is_half(a) && a->fused;
    compute_scores(a, job);
    for (int64_t r = 0; r < job->q; r++) mask_row(a, job, job->scores.data + r * job->scores.stride, job->first + r);
    copy_tap(a, job, a->scores);
    for (int64_t r = 0; r < job->q; r++) {
        real *row = job->scores.data + r * job->scores.stride;
        if (fused_half) job->sums[r] = exponentials(a, row);
        else normalise(a, row);
    }
    copy_tap(a, job, a->probs);
    mix(a, job);
    if (is_half(a)) round_output(a, job);
}

void REAL(assay_attend)(const REAL(assay_attention) * a, real *scratch, int threads) {
    int64_t block = query_block(a), blocks = (a->queries + block - 1) / block;
    int64_t jobs = a->batch * a->heads * blocks;
    int64_t keys = a->local + memory_length(a);
    size_t per_thread = REAL(assay_attention_scratch)(a);
#pragma omp parallel for schedule(dynamic) \
    num_threads(threads) if (jobs > 1 && a->batch * a->heads * a->queries * keys * a->head_dim > 65536)
    for (int64_t i = 0; i < jobs; i++) {
        int64_t row = i / blocks, first = i % blocks * block;
        real *mine = scratch + (size_t)omp_get_thread_num() * per_thread;
        block_job job = {.b = row / a->heads,
                         .h = row % a->heads,
                         .first = first,
                         .q = smaller(block, a->queries - first),
                         .row = row,
                         .tile = mine + block * keys};
        job.scores = (REAL(assay_block)){mine, job.q, keys};
        attend_block(a, &job);
    }
}
