#include "engine/memory_write.h"

#include <stdlib.h>
#include <string.h>

#include "engine/layer_taps.h"
#include "engine/positions.h"
#include "engine/real.h"

/* Where the original stores keys and values as they are in the local cache, a port may do something to them first. */
static bool stores_as_is(const assay_semantics *s) {
    return s->memory_key_rotation == ASSAY_MEMORY_KEY_AT_0 && s->memory_cast != ASSAY_MEMORY_TRUNCATED;
}

/* MEM-1 with another position than 0. key (B*H, n, D); positions are those of the n tokens that leave, which were a context. */
static void rotate_stored(const REAL(assay_window_run) * run, real *key, int64_t n, bool after) {
    const assay_plan *plan = run->plan;
    const assay_semantics *s = &run->model->semantics;
    int64_t heads = run->model->config.num_attention_heads, d = run->past->rope.head_dim;
    int64_t first = after ? run->local.first : run->local.first - n;
    for (int64_t b = 0; b < plan->batch; b++) {
        const int64_t *positions = plan->positions + b * (plan->cached + plan->tokens) + first;
        bool relative = s->memory_key_rotation == ASSAY_MEMORY_KEY_AT_RELATIVE;
        int64_t base = relative ? assay_positions_base(positions, n) : 0;
        for (int64_t row = b * heads; row < (b + 1) * heads; row++)
            for (int64_t j = 0; j < n; j++) {
                real *vector = key + (row * n + j) * d;
                REAL(assay_rope_rotate)
                (vector, vector, &run->past->rope, assay_wrapping_difference(positions[j], base));
            }
    }
}

/* MEM-6 without rounding: the largest number of mem_dtype that is no larger in magnitude. */
static void truncate_to(assay_dtype dtype, real *x, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t stored = 0;
        real rounded;
        assay_convert(&stored, dtype, &x[i], REAL_DTYPE, 1);
        assay_convert(&rounded, REAL_DTYPE, &stored, dtype, 1);
        if (fabs((double)rounded) > fabs((double)x[i])) {
            stored--; /* the next number towards zero: the sign is in the highest bit */
            assay_convert(&rounded, REAL_DTYPE, &stored, dtype, 1);
        }
        x[i] = rounded;
    }
}

/* (B*H, n, D) from the first n tokens of the cache's (B*H, capacity, D). */
static void gather(const REAL(assay_window_run) * run, real *out, const real *cached, int64_t n) {
    int64_t rows = run->plan->batch * run->model->config.num_attention_heads, d = run->past->rope.head_dim;
    for (int64_t row = 0; row < rows; row++)
        memcpy(out + row * n * d, cached + row * run->past->local_capacity * d, (size_t)(n * d) * sizeof *out);
}

/* Appends copies that were changed first. */
static assay_status append_changed(REAL(assay_window_run) * run, int64_t layer, assay_memory_source *source, bool after,
                                   assay_error *err) {
    const assay_config *c = &run->model->config;
    const assay_semantics *s = &run->model->semantics;
    bool rotary = c->mem_positionals, half = assay_dtype_size(c->mem_dtype) < sizeof(float);
    size_t count = (size_t)(run->plan->batch * source->n * c->hidden_size);
    real *copies = malloc(2 * count * sizeof *copies);
    if (!copies) return assay_fail_nomem(err, "keys on their way to memory");
    gather(run, copies, source->key, source->n);
    gather(run, copies + count, source->value, source->n);
    if (rotary && s->memory_key_rotation != ASSAY_MEMORY_KEY_AT_0) rotate_stored(run, copies, source->n, after);
    if (half && s->memory_cast == ASSAY_MEMORY_TRUNCATED) truncate_to(c->mem_dtype, copies, 2 * count);
    source->key = copies;
    source->value = copies + count;
    source->row_stride = source->n * run->past->rope.head_dim;
    assay_status st = assay_memory_append(&run->past->memory[layer], source, err);
    free(copies);
    return st;
}

assay_status REAL(assay_memory_write_local)(REAL(assay_window_run) * run, int64_t layer, bool after, assay_error *err) {
    int64_t n = after ? run->window->to_memory_after : run->window->to_memory_before;
    if (n == 0 || !run->model->config.is_memory_layer[layer]) return ASSAY_OK;
    const assay_local_cache *local = &run->past->local[layer];
    assay_memory_source source = {.key = local->key,
                                  .value = local->value,
                                  .key_dtype = REAL_DTYPE,
                                  .value_dtype = REAL_DTYPE,
                                  .row_stride = run->past->local_capacity * run->past->rope.head_dim,
                                  .n = n};
    assay_status st = stores_as_is(&run->model->semantics)
                          ? assay_memory_append(&run->past->memory[layer], &source, err)
                          : append_changed(run, layer, &source, after, err);
    return st ? st : REAL(assay_tap_memory_write)(run, layer, after, err);
}
