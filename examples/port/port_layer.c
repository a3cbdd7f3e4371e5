/* One layer of one window: attention over the local keys and the memory, then the MLP. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "examples/port/port.h"

/* The layer that is running, and the sizes that all of it shares. */
typedef struct {
    const port_model *m;
    const port_layer *weights;
    const port_plan *plan;
    const port_window *w;
    port_tokens *local, *memory;
    port_tokens read; /* the memory that the queries see; a view */
    const assay_tap *at;
    int batch, tokens, keys, hidden; /* B, T, L (kept and new), C */
} layer_run;

static float *activations(const layer_run *r, int width) {
    return port_alloc((size_t)(r->tokens * r->batch * width), sizeof(float));
}

/* Dumps (B, T, width) of token-major activations. */
static void tap_tokens(const layer_run *r, const char *name, const float *x, int width) {
    assay_tap_shape shape = assay_tap_3d(r->batch, r->tokens, width);
    assay_tap_f32(r->at, name, x, assay_tap_strides(shape, width, r->batch * width, 1, 0));
}

static float *project(const layer_run *r, const char *name, const float *x, const float *w, int in, int out) {
    float *y = activations(r, out);
    port_linear(y, x, w, r->tokens * r->batch, in, out);
    tap_tokens(r, name, y, out);
    return y;
}

/* Puts tokens of the columns [first, first + n) into memory: cast to mem_dtype (MEM-6), keys as at position 0 (MEM-1), and
 * with the mask that the window's last query has on them (MEM-5). */
static void write_memory(const layer_run *r, const float *key, const float *value, int first, int n) {
    int count = n * r->batch;
    float *k = port_alloc((size_t)(count * r->hidden), sizeof(float));
    float *v = port_alloc((size_t)(count * r->hidden), sizeof(float));
    float *mask = port_alloc((size_t)count, sizeof(float));
    for (int i = 0; i < count * r->hidden; i++) {
        k[i] = port_stored(key[i], r->m->mem_dtype);
        v[i] = port_stored(value[i], r->m->mem_dtype);
    }
    for (int i = 0; i < count; i++) mask[i] = r->plan->keep[first * r->batch + i] ? 0 : -FLT_MAX;
    port_tap_heads(r->at, "self_attn.mem_write.key", k, n, r->batch, r->m, true);
    port_tap_heads(r->at, "self_attn.mem_write.value", v, n, r->batch, r->m, true);
    assay_tap_shape shape = assay_tap_strides(assay_tap_2d(r->batch, n), 1, r->batch, 0, 0);
    assay_tap_f32(r->at, "self_attn.mem_write.mask", mask, shape);
    port_append(r->memory, k, v, mask, n, r->hidden, r->batch);
    free(k);
    free(v);
    free(mask);
}

/* What the window's queries see of the memory: all of it (MEM-4). */
static void read_memory(layer_run *r) {
    r->read = *r->memory;
    if (r->read.count == 0) return;
    port_tap_heads(r->at, "self_attn.mem_read.key", r->read.key, r->read.count, r->batch, r->m, true);
    port_tap_heads(r->at, "self_attn.mem_read.value", r->read.value, r->read.count, r->batch, r->m, true);
    assay_tap_shape shape = assay_tap_strides(assay_tap_2d(r->batch, r->read.count), 1, r->batch, 0, 0);
    assay_tap_f32(r->at, "self_attn.mem_read.mask", r->read.mask, shape);
}

/* rel (keys, B): positions counted from the smallest of the row's local keys (POS-2). */
static int64_t *relative_positions(const layer_run *r) {
    int first = r->w->end - r->keys;
    int64_t *rel = port_alloc((size_t)(r->keys * r->batch), sizeof(int64_t));
    for (int b = 0; b < r->batch; b++) {
        int64_t low = INT64_MAX;
        for (int j = 0; j < r->keys; j++) {
            rel[j * r->batch + b] = r->plan->position[(first + j) * r->batch + b];
            if (rel[j * r->batch + b] < low) low = rel[j * r->batch + b];
        }
        for (int j = 0; j < r->keys; j++) rel[j * r->batch + b] -= low;
    }
    return rel;
}

/* Turns every head of `n` tokens, whose places are those from `from` on. */
static void rotate(const layer_run *r, float *y, const float *x, int n, int from, const int64_t *rel,
                   const float *tables) {
    int d = r->m->head_size, heads = r->m->heads;
    for (int t = 0; t < n; t++)
        for (int b = 0; b < r->batch; b++)
            for (int h = 0; h < heads; h++) {
                int place = (int)rel[(from + t) * r->batch + b], i = (t * r->batch + b) * r->hidden + h * d;
                port_rotate(y + i, x + i, tables + place * d, tables + (r->keys + place) * d, d);
            }
}

/* Turns queries and local keys in place of `*q` and `*k`, which it frees; without rotary (MEM-7) it leaves them. */
static void rotary(const layer_run *r, float **q, float **k) {
    if (r->weights->memory && !r->m->mem_positionals) return;
    int d = r->m->head_size, n = r->keys;
    float *tables = port_alloc((size_t)(2 * n * d), sizeof(float));
    int64_t *rel = relative_positions(r);
    port_rotary_table(tables, tables + n * d, n, d, r->m->theta);
    float *turned_q = activations(r, r->hidden);
    float *turned_k = port_alloc((size_t)(n * r->batch * r->hidden), sizeof(float));
    rotate(r, turned_q, *q, r->tokens, n - r->tokens, rel, tables); /* POS-6 */
    rotate(r, turned_k, *k, n, 0, rel, tables);
    assay_tap_shape by_row = assay_tap_strides(assay_tap_2d(r->batch, n), 1, r->batch, 0, 0);
    assay_tap_i64(r->at, "self_attn.rel_pos_ids", rel, by_row);
    assay_tap_f32(r->at, "self_attn.rotary_emb.cos", tables, assay_tap_2d(n, d));
    assay_tap_f32(r->at, "self_attn.rotary_emb.sin", tables + n * d, assay_tap_2d(n, d));
    port_tap_heads(r->at, "self_attn.rotate_one.query", turned_q, r->tokens, r->batch, r->m, false);
    port_tap_heads(r->at, "self_attn.rotate_one.key", turned_k, n, r->batch, r->m, false);
    free(*q);
    free(*k);
    free(tables);
    free(rel);
    *q = turned_q;
    *k = turned_k;
}

static float dot(const float *x, const float *y, int n) {
    float sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* The additive mask of local key j for query t: the causal mask and the pads add up, to -inf where both hide (ATT-5). */
static float local_mask(const layer_run *r, int t, int j, int b) {
    float mask = 0;
    if (j > r->keys - r->tokens + t) mask += -FLT_MAX;
    if (!r->plan->keep[(r->w->end - r->keys + j) * r->batch + b]) mask += -FLT_MAX;
    return mask;
}

/* Unlike fmaxf, it keeps a NaN. */
static float at_least(float x, float floor) { return x < floor ? floor : x; }

/* ATT-1: scores of one query on the local keys, then on the memory (MEM-3). */
static void score(const layer_run *r, float *scores, const float *q, const float *k, int t, int b, int h) {
    int d = r->m->head_size, place = b * r->hidden + h * d, row = r->batch * r->hidden;
    float root = sqrtf((float)d), floor = r->m->torch_attention ? -INFINITY : -1e6f; /* ATT-4 does not clamp */
    const float *query = q + t * row + place;
    for (int j = 0; j < r->keys; j++)
        scores[j] = at_least(dot(query, k + j * row + place, d) / root + local_mask(r, t, j, b), floor);
    scores += r->keys;
    for (int j = 0; j < r->read.count; j++)
        scores[j] =
            at_least(dot(query, r->read.key + j * row + place, d) / root + r->read.mask[j * r->batch + b], floor);
}

/* ATT-2, MEM-9: one softmax over all keys. */
static void softmax(float *probs, const float *scores, int n) {
    float high = -INFINITY, sum = 0;
    for (int j = 0; j < n; j++) high = fmaxf(high, scores[j]);
    for (int j = 0; j < n; j++) sum += probs[j] = expf(scores[j] - high);
    for (int j = 0; j < n; j++) probs[j] /= sum;
}

/* out (D) = the values, weighted. */
static void weigh(const layer_run *r, float *out, const float *probs, int b, int h) {
    int d = r->m->head_size, place = b * r->hidden + h * d, row = r->batch * r->hidden;
    const float *local = r->local->value, *memory = r->read.value;
    for (int i = 0; i < d; i++) {
        float sum = 0;
        for (int j = 0; j < r->keys; j++) sum += probs[j] * local[j * row + place + i];
        for (int j = 0; j < r->read.count; j++) sum += probs[r->keys + j] * memory[j * row + place + i];
        out[i] = sum;
    }
}

/* attn_output (T, B, C) from queries and local keys. */
static float *attend(const layer_run *r, const float *q, const float *k) {
    int heads = r->m->heads, all = r->keys + r->read.count;
    float *scores = activations(r, heads * all), *probs = activations(r, heads * all), *out = activations(r, r->hidden);
    for (int b = 0; b < r->batch; b++)
        for (int h = 0; h < heads; h++)
            for (int t = 0; t < r->tokens; t++) {
                int row = ((b * heads + h) * r->tokens + t) * all;
                score(r, scores + row, q, k, t, b, h);
                softmax(probs + row, scores + row, all);
                weigh(r, out + (t * r->batch + b) * r->hidden + h * r->m->head_size, probs + row, b, h);
            }
    assay_tap_shape shape = assay_tap_4d(r->batch, heads, r->tokens, all);
    if (!r->m->torch_attention) assay_tap_f32(r->at, "self_attn.attn_scores", scores, shape);
    if (!r->m->torch_attention) assay_tap_f32(r->at, "self_attn.attn_probs", probs, shape);
    tap_tokens(r, "self_attn.attn_output", out, r->hidden);
    free(scores);
    free(probs);
    return out;
}

/* Takes the window's keys and values into the lists, attends, and leaves in the lists what the next window finds. */
static float *attention(layer_run *r, const float *x) {
    const port_window *w = r->w;
    int c = r->hidden;
    float *q = project(r, "self_attn.q_proj", x, r->weights->q, c, c);
    float *new_k = project(r, "self_attn.k_proj", x, r->weights->k, c, c);
    float *v = project(r, "self_attn.v_proj", x, r->weights->v, c, c);
    if (w->kept < w->cached) { /* CACHE-1 */
        if (r->weights->memory && w->write_dropped)
            write_memory(r, r->local->key, r->local->value, w->first - w->cached, w->cached);
        port_forget(r->local);
    }
    port_append(r->local, new_k, v, NULL, r->tokens, c, r->batch);
    float *k = port_alloc((size_t)(r->keys * r->batch * c), sizeof(float));
    memcpy(k, r->local->key, (size_t)(r->keys * r->batch * c) * sizeof(float));
    rotary(r, &q, &k);
    read_memory(r);
    float *out = attend(r, q, k);
    if (r->weights->memory && w->write_memory) write_memory(r, new_k, v, w->first, r->tokens); /* MEM-2 */
    if (!w->keep_local) port_forget(r->local);
    free(q);
    free(k);
    free(new_k);
    free(v);
    return out;
}

/* MLP-1. */
static float *mlp(const layer_run *r, const float *x) {
    int c = r->hidden, inner = r->m->inner;
    float *gate = project(r, "mlp.gate_proj", x, r->weights->gate, c, inner);
    float *up = project(r, "mlp.up_proj", x, r->weights->up, c, inner);
    for (int i = 0; i < r->tokens * r->batch * inner; i++) gate[i] = r->m->activation(gate[i]);
    tap_tokens(r, "mlp.act_fn", gate, inner);
    for (int i = 0; i < r->tokens * r->batch * inner; i++) gate[i] *= up[i];
    float *down = project(r, "mlp.down_proj", gate, r->weights->down, inner, c);
    free(gate);
    free(up);
    return down;
}

static void run(layer_run *r, float *x) {
    int c = r->hidden, count = r->tokens * r->batch;
    float *normed = activations(r, c);
    port_norm(normed, x, r->weights->input_norm, count, c, r->m->eps);
    tap_tokens(r, "input_layernorm", normed, c);
    float *attended = attention(r, normed);
    float *o = project(r, "self_attn.o_proj", attended, r->weights->o, c, c);
    for (int i = 0; i < count * c; i++) x[i] += o[i];
    tap_tokens(r, "attn_residual", x, c);
    port_norm(normed, x, r->weights->post_norm, count, c, r->m->eps);
    tap_tokens(r, "post_attention_layernorm", normed, c);
    float *down = mlp(r, normed);
    for (int i = 0; i < count * c; i++) x[i] += down[i];
    tap_tokens(r, "output", x, c);
    free(normed);
    free(attended);
    free(o);
    free(down);
}

void port_run_layer(const port_model *m, int layer, const port_plan *plan, const port_window *w, port_past *past,
                    float *x, const assay_tap *at) {
    layer_run r = {.m = m, .weights = &m->layer[layer], .plan = plan, .w = w, .at = at};
    r.local = &past->local[layer];
    r.memory = &past->memory[layer];
    r.batch = plan->batch;
    r.tokens = w->end - w->first;
    r.keys = w->kept + r.tokens;
    r.hidden = m->hidden;
    run(&r, x);
}
