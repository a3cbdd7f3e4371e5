/* Lists of tokens: the local cache and the memory. */
#include <stdlib.h>
#include <string.h>

#include "examples/port/port.h"

static void grow(float **data, int have, const float *more, int n, int width) {
    if (more == NULL || n == 0) return;
    size_t old = (size_t)have * (size_t)width, add = (size_t)n * (size_t)width;
    *data = realloc(*data, (old + add) * sizeof(float));
    if (*data == NULL) port_stop("out of memory");
    memcpy(*data + old, more, add * sizeof(float));
}

void port_append(port_tokens *list, const float *key, const float *value, const float *mask, int n, int width,
                 int batch) {
    grow(&list->key, list->count, key, n, width * batch);
    grow(&list->value, list->count, value, n, width * batch);
    grow(&list->mask, list->count, mask, n, batch);
    list->count += n;
}

void port_forget(port_tokens *list) {
    free(list->key);
    free(list->value);
    free(list->mask);
    memset(list, 0, sizeof *list);
}

void port_past_free(port_past *past, int layers) {
    for (int l = 0; l < layers; l++) {
        port_forget(&past->local[l]);
        port_forget(&past->memory[l]);
    }
    free(past->position);
    memset(past, 0, sizeof *past);
}

/* Picks rows of x (n, from, width). */
static float *pick(const float *x, int n, int from, const int64_t *rows, int batch, int width) {
    if (x == NULL) return NULL;
    float *y = port_alloc((size_t)n * (size_t)batch * (size_t)width, sizeof(float));
    for (int t = 0; t < n; t++)
        for (int b = 0; b < batch; b++)
            memcpy(y + (t * batch + b) * width, x + (t * from + (rows != NULL ? (int)rows[b] : b)) * width,
                   (size_t)width * sizeof(float));
    return y;
}

static port_tokens pick_tokens(const port_tokens *x, int from, const int64_t *rows, int batch, int width) {
    return (port_tokens){x->count, pick(x->key, x->count, from, rows, batch, width),
                         pick(x->value, x->count, from, rows, batch, width),
                         pick(x->mask, x->count, from, rows, batch, 1)};
}

port_past port_past_copy(const port_past *past, const int64_t *rows, int batch, const port_model *m) {
    port_past copy = {.batch = batch, .cached = past->cached};
    copy.position = port_alloc((size_t)past->cached * (size_t)batch, sizeof(int64_t));
    for (int t = 0; t < past->cached; t++)
        for (int b = 0; b < batch; b++)
            copy.position[t * batch + b] = past->position[t * past->batch + (rows != NULL ? (int)rows[b] : b)];
    for (int l = 0; l < m->layers; l++) {
        copy.local[l] = pick_tokens(&past->local[l], past->batch, rows, batch, m->hidden);
        copy.memory[l] = pick_tokens(&past->memory[l], past->batch, rows, batch, m->hidden);
    }
    return copy;
}

void port_tap_heads(const assay_tap *at, const char *name, const float *x, int n, int batch, const port_model *m,
                    bool memory) {
    int c = m->hidden, d = m->head_size;
    assay_tap_shape shape = assay_tap_strides(assay_tap_4d(batch, m->heads, n, d), c, d, batch * c, 1);
    if (!memory || m->mem_dtype != PORT_MEM_F64 || !assay_tap_on(at)) {
        assay_tap_f32(at, name, x, shape); /* half precision too: its values are float32, rounded */
        return;
    }
    double *wide = port_alloc((size_t)(n * batch * c), sizeof(double));
    for (int i = 0; i < n * batch * c; i++) wide[i] = (double)x[i];
    assay_tap_f64(at, name, wide, shape);
    free(wide);
}

void port_past_tap(const port_past *past, const port_model *m, const assay_tap *step) {
    for (int l = 0; l < m->layers; l++) {
        const port_tokens *local = &past->local[l], *memory = &past->memory[l];
        assay_tap at = assay_tap_past(step, l);
        assay_tap_shape by_row = assay_tap_strides(assay_tap_2d(past->batch, past->cached), 1, past->batch, 0, 0);
        if (local->count > 0) {
            port_tap_heads(&at, "key", local->key, local->count, past->batch, m, false);
            port_tap_heads(&at, "value", local->value, local->count, past->batch, m, false);
            assay_tap_i64(&at, "position", past->position, by_row);
        }
        if (memory->count > 0) {
            port_tap_heads(&at, "mem_key", memory->key, memory->count, past->batch, m, true);
            port_tap_heads(&at, "mem_value", memory->value, memory->count, past->batch, m, true);
            by_row.size[1] = memory->count;
            assay_tap_f32(&at, "mem_mask", memory->mask, by_row);
        }
    }
}
