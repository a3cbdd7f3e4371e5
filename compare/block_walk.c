/*
 * Blocks are read by the thread that looks at them. Digests take the bytes in their order: a thread waits for the block before its own to be
 * digested, not for it to be looked at. What is found in a block is kept until all of a batch are done, and then put together in order.
 */
#include "compare/block_walk.h"

#include <assert.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64       /* blocks between two rounds of putting together */
#define MAX_THREADS 16 /* more do not read faster, and each has its buffers */
#define ALIGNMENT 64   /* of buffers, in bytes */

/* Shared by the threads. */
typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t turned;
    int64_t turn;   /* the block that digests take next */
    int64_t failed; /* the first block that failed; -1: none did */
    assay_status status;
    assay_error err;
} meeting;

/* A walk on its way. */
typedef struct {
    const assay_block_walk *walk;
    int64_t count, block_count, block_elements;
    int threads;
    assay_xxh128_stream *digests[ASSAY_WALK_SIDES]; /* NULL where nothing is to be checked */
    char *buffers;                                  /* (threads, buffer_nbytes) */
    size_t buffer_nbytes;
    char *parts; /* (BATCH, part_nbytes) */
    meeting *meeting;
} running;

/* ---- spans ---- */

/* The first span that ends behind `begin`. */
static size_t first_span(const assay_block *b) {
    size_t low = 0, high = b->span_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b->spans[middle].begin + b->spans[middle].count <= b->begin) low = middle + 1;
        else high = middle;
    }
    return low;
}

bool assay_block_next(const assay_block *b, size_t *cursor, assay_span *span) {
    if (*cursor == 0) *cursor = first_span(b) + 1;
    else ++*cursor;
    if (*cursor > b->span_count) return false;
    const assay_span *s = &b->spans[*cursor - 1];
    int64_t begin = s->begin > b->begin ? s->begin : b->begin;
    int64_t end = s->begin + s->count < b->begin + b->count ? s->begin + s->count : b->begin + b->count;
    *span = (assay_span){begin - b->begin, end - begin};
    return begin < end;
}

/* ---- one block ---- */

static size_t side_nbytes(const running *r, int side) {
    const assay_values *v = r->walk->sides[side];
    if (!v || !v->is_stored) return 0;
    return ((size_t)r->block_elements * assay_dtype_size(v->tensor.dtype) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static assay_status load(const running *r, int64_t index, char *buffer, assay_block *out, assay_error *err) {
    int64_t begin = index * r->block_elements, left = r->count - begin;
    int64_t count = left < r->block_elements ? left : r->block_elements;
    *out = (assay_block){.begin = begin, .count = count, .spans = r->walk->spans, .span_count = r->walk->span_count};
    assay_status st = ASSAY_OK;
    for (int side = 0; side < ASSAY_WALK_SIDES && !st; side++) {
        const assay_values *v = r->walk->sides[side];
        const void *data = NULL;
        if (v) st = assay_values_get(v, begin, count, buffer, &data, err);
        if (v) out->sides[side] = assay_tensor_view(v->tensor.dtype, 1, &count, data);
        buffer += side_nbytes(r, side);
    }
    return st;
}

static void add_to_digests(const running *r, const assay_block *b) {
    for (int side = 0; side < ASSAY_WALK_SIDES; side++)
        if (r->digests[side])
            assay_xxh128_add(r->digests[side], b->sides[side].data, assay_tensor_nbytes(&b->sides[side]));
}

/* In the order of the blocks; also of one that could not be read (without data), so that the next has its turn. Waiting is left to the
 * operating system: threads that spin get nowhere on a machine that is busy. */
static void take_turn(const running *r, int64_t index, const assay_block *b) {
    meeting *m = r->meeting;
    pthread_mutex_lock(&m->mutex);
    while (m->turn != index) pthread_cond_wait(&m->turned, &m->mutex);
    pthread_mutex_unlock(&m->mutex);
    if (b) add_to_digests(r, b);
    pthread_mutex_lock(&m->mutex);
    m->turn++;
    pthread_cond_broadcast(&m->turned);
    pthread_mutex_unlock(&m->mutex);
}

static void note_failure(const running *r, int64_t index, assay_status status, const assay_error *err) {
    meeting *m = r->meeting;
    pthread_mutex_lock(&m->mutex);
    if (m->failed < 0 || index < m->failed) {
        m->failed = index;
        m->status = status;
        m->err = *err;
    }
    pthread_mutex_unlock(&m->mutex);
}

static void look_at(const running *r, int64_t index, char *buffer, void *part) {
    assay_block block;
    assay_error err;
    assay_status st = load(r, index, buffer, &block, &err);
    take_turn(r, index, st ? NULL : &block);
    if (!st) st = r->walk->visit(r->walk->context, &block, part, &err);
    if (st) note_failure(r, index, st, &err);
}

/* ---- threads ---- */

/* Blocks [first, end), which the threads take one after the other. */
typedef struct {
    const running *running;
    int64_t first, end;
    atomic_llong next;
} batch;

typedef struct {
    batch *batch;
    char *buffer;
    pthread_t thread;
} worker;

static void *work(void *argument) {
    const worker *w = argument;
    batch *b = w->batch;
    for (int64_t i; (i = atomic_fetch_add(&b->next, 1)) < b->end;)
        look_at(b->running, i, w->buffer, b->running->parts + (size_t)(i - b->first) * b->running->walk->part_nbytes);
    return NULL;
}

/* Plain threads: between two of its regions OpenMP's spin, which costs much on a machine that is busy. Without a thread that cannot be
 * made the others do its work. */
static void walk_batch(const running *r, int64_t first, int64_t end) {
    batch b = {.running = r, .first = first, .end = end, .next = first};
    worker workers[MAX_THREADS];
    int others = 0;
    for (int i = 0; i < r->threads; i++) workers[i] = (worker){&b, r->buffers + (size_t)i * r->buffer_nbytes, 0};
    while (others + 1 < r->threads && end - first > others + 1 &&
           pthread_create(&workers[others + 1].thread, NULL, work, &workers[others + 1]) == 0)
        others++;
    work(&workers[0]);
    for (int i = 1; i <= others; i++) pthread_join(workers[i].thread, NULL);
}

/* ---- all blocks ---- */

static assay_status fold_batch(const running *r, int64_t first, int64_t end, void *total, assay_error *err) {
    const meeting *m = r->meeting;
    if (m->failed >= 0 && err) *err = m->err;
    if (m->failed >= 0) return m->status;
    for (int64_t i = first; i < end; i++)
        r->walk->fold(total, r->parts + (size_t)(i - first) * r->walk->part_nbytes, i * r->block_elements);
    return ASSAY_OK;
}

static assay_status check_digests(running *r, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (int side = 0; side < ASSAY_WALK_SIDES && !st; side++) {
        char hex[ASSAY_XXH128_TEXT];
        if (!r->digests[side]) continue;
        assay_xxh128_end(r->digests[side], hex);
        r->digests[side] = NULL;
        st = assay_values_check(r->walk->sides[side], hex, err);
    }
    return st;
}

static bool has_digest(const assay_values *v) { return v && v->is_stored && *v->stored.xxh128; }

static void measure(running *r) {
    const assay_block_walk *w = r->walk;
    for (int side = 0; side < ASSAY_WALK_SIDES; side++)
        if (w->sides[side]) r->count = assay_tensor_count(&w->sides[side]->tensor);
    int64_t rows = ASSAY_BLOCK_ELEMENTS / w->row;
    r->block_elements = rows > 1 ? rows * w->row : w->row;
    if (r->block_elements > r->count) r->block_elements = r->count > 0 ? r->count : 1;
    r->block_count = (r->count + r->block_elements - 1) / r->block_elements;
    int threads = omp_in_parallel() ? 1 : omp_get_max_threads() < MAX_THREADS ? omp_get_max_threads() : MAX_THREADS;
    r->threads = r->block_count < threads ? (int)(r->block_count > 0 ? r->block_count : 1) : threads;
    for (int side = 0; side < ASSAY_WALK_SIDES; side++) r->buffer_nbytes += side_nbytes(r, side);
}

static assay_status begin(running *r, assay_error *err) {
    measure(r);
    size_t parts = r->block_count < BATCH ? (size_t)r->block_count + 1 : BATCH;
    r->buffers = aligned_alloc(ALIGNMENT, (size_t)r->threads * r->buffer_nbytes + ALIGNMENT);
    r->parts = calloc(parts, r->walk->part_nbytes);
    bool ok = r->buffers && r->parts;
    for (int side = 0; side < ASSAY_WALK_SIDES && ok; side++) {
        if (!has_digest(r->walk->sides[side])) continue;
        r->digests[side] = assay_xxh128_begin();
        ok = r->digests[side] != NULL;
    }
    return ok ? ASSAY_OK : assay_fail_nomem(err, "the blocks of a tensor");
}

static void end(running *r) {
    for (int side = 0; side < ASSAY_WALK_SIDES; side++) assay_xxh128_end(r->digests[side], NULL);
    free(r->buffers);
    free(r->parts);
}

assay_status assay_block_walk_run(const assay_block_walk *walk, void *total, assay_error *err) {
    assert(walk->row >= 1);
    meeting shared = {.mutex = PTHREAD_MUTEX_INITIALIZER, .turned = PTHREAD_COND_INITIALIZER, .failed = -1};
    running r = {.walk = walk, .meeting = &shared};
    assay_status st = begin(&r, err);
    for (int64_t first = 0; first < r.block_count && !st; first += BATCH) {
        int64_t after = r.block_count - first < BATCH ? r.block_count : first + BATCH;
        if (first > 0) memset(r.parts, 0, BATCH * walk->part_nbytes);
        walk_batch(&r, first, after);
        st = fold_batch(&r, first, after, total, err);
    }
    if (!st) st = check_digests(&r, err);
    end(&r);
    return st;
}
