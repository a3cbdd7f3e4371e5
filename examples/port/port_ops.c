/* The arithmetic of single operations, in float. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "examples/port/port.h"

void port_linear(float *y, const float *x, const float *w, int rows, int in, int out) {
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < out; o++) {
            float sum = 0;
            for (int i = 0; i < in; i++) sum += x[r * in + i] * w[o * in + i];
            y[r * out + o] = sum;
        }
}

void port_norm(float *y, const float *x, const float *w, int rows, int n, float eps) {
    for (int r = 0; r < rows; r++, x += n, y += n) {
        float squares = 0;
        for (int i = 0; i < n; i++) squares += x[i] * x[i];
        float scale = 1 / sqrtf(squares / (float)n + eps);
        for (int i = 0; i < n; i++) y[i] = x[i] * scale * w[i];
    }
}

void port_rotary_table(float *cos_table, float *sin_table, int count, int head_size, float theta) {
    int half = head_size / 2;
    for (int i = 0; i < half; i++) {
        float exponent = (float)(2 * i) / (float)head_size;
        float inverse = 1 / powf(theta, exponent); /* ROPE-1: each step is rounded */
        for (int p = 0; p < count; p++) {
            float angle = (float)p * inverse;
            cos_table[p * head_size + i] = cos_table[p * head_size + i + half] = cosf(angle);
            sin_table[p * head_size + i] = sin_table[p * head_size + i + half] = sinf(angle);
        }
    }
}

void port_rotate(float *y, const float *x, const float *cos_row, const float *sin_row, int head_size) {
    int half = head_size / 2;
    for (int i = 0; i < head_size; i++) {
        float other = i < half ? -x[i + half] : x[i - half];
        y[i] = x[i] * cos_row[i] + other * sin_row[i];
    }
}

/* Keeps the upper `keep` bits of a float, to nearest, ties to even. */
static float round_bits(float x, int keep) {
    uint32_t bits, unit = 1u << (32 - keep);
    memcpy(&bits, &x, 4);
    bits += unit / 2 - 1 + ((bits / unit) & 1);
    bits &= ~(unit - 1);
    memcpy(&x, &bits, 4);
    return x;
}

/* float16 has 10 bits of mantissa; below 2^-14 its numbers are 2^-24 apart. */
static float round_half(float x) {
    if (fabsf(x) < 0x1p-14f) return rintf(x * 0x1p24f) * 0x1p-24f;
    float y = round_bits(x, 19);
    return fabsf(y) > 65504 ? copysignf(INFINITY, x) : y;
}

float port_stored(float x, port_mem_dtype dtype) {
    if (!isfinite(x)) return x;
    if (dtype == PORT_MEM_BF16) return round_bits(x, 16);
    if (dtype == PORT_MEM_F16) return round_half(x);
    return x;
}

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }
static float silu(float x) { return x / (1 + expf(-x)); }
static float gelu(float x) { return 0.5f * x * (1 + erff(x * 0.70710678f)); }
static float gelu_tanh(float x) { return 0.5f * x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x))); }
static float gelu_10(float x) { return fmaxf(-10, fminf(10, gelu(x))); }
static float quick_gelu(float x) { return x * sigmoid(1.702f * x); }
static float relu(float x) { return fmaxf(x, 0); }
static float relu2(float x) { return relu(x) * relu(x); }
static float relu6(float x) { return fminf(relu(x), 6); }
static float mish(float x) { return x * tanhf(log1pf(expf(x))); }
static float laplace(float x) { return 0.5f * (1 + erff((x - 0.707107f) / (0.282095f * 1.41421356f))); }
static float linear(float x) { return x; }

float (*port_activation(const char *name))(float) {
    static const struct {
        const char *name;
        float (*f)(float);
    } known[] = {{"silu", silu},
                 {"swish", silu},
                 {"gelu", gelu},
                 {"gelu_new", gelu_tanh},
                 {"gelu_fast", gelu_tanh},
                 {"gelu_accurate", gelu_tanh},
                 {"gelu_10", gelu_10},
                 {"quick_gelu", quick_gelu},
                 {"gelu_pytorch_tanh", gelu_tanh},
                 {"relu", relu},
                 {"relu2", relu2},
                 {"relu6", relu6},
                 {"sigmoid", sigmoid},
                 {"tanh", tanhf},
                 {"mish", mish},
                 {"laplace", laplace},
                 {"linear", linear}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) return known[i].f;
    return NULL;
}
