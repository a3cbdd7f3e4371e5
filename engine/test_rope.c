/*
 * The rotary embedding against the original's LongLlamaRotaryEmbedding, run once under torch 2.13.0 on CPU (ROPE-1 to ROPE-5).
 * Compiled here for float; test_rope_f64.c includes this file for double.
 */
#include "engine/rope.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/test_support.h"

#ifndef ASSAY_REAL_F64
/* Neighbours in the order of floats: torch's pow is off by one place here and there. */
static bool within_one_ulp(float a, float b) { return a == b || nextafterf(a, b) == b; }

static void check_inv_freq(int64_t head_dim, double theta, const float *expected) {
    float found[64];
    int64_t different = 0;
    assay_rope_inv_freq(found, head_dim, theta);
    for (int64_t i = 0; i < head_dim / 2; i++) {
        cr_assert(within_one_ulp(found[i], expected[i]), "D %d, i %d: %a is not %a", (int)head_dim, (int)i,
                  (double)found[i], (double)expected[i]);
        different += found[i] != expected[i];
    }
    /* Rounding theta^(-2i/D) once would change a third of them. */
    cr_assert_leq(different, head_dim / 64, "D %d: %d differ", (int)head_dim, (int)different);
}

Test(rope, inv_freq_is_the_originals) { /* ROPE-1, ROPE-5 */
    static const float d2[] = {0x1.000000p+0f};
    static const float d10[] = {0x1.000000p+0f, 0x1.277706p-2f, 0x1.550388p-4f, 0x1.89959cp-6f, 0x1.c64266p-8f};
    static const float d64[] = {0x1.000000p+0f,  0x1.7ff222p-1f,  0x1.1feb34p-1f,  0x1.afd136p-2f,  0x1.43d136p-2f,
                                0x1.e5a846p-3f,  0x1.6c310ep-3f,  0x1.111aeep-3f,  0x1.99999ap-4f,  0x1.33281ap-4f,
                                0x1.ccab84p-5f,  0x1.59742ap-5f,  0x1.030dc6p-5f,  0x1.84869ep-6f,  0x1.235a72p-6f,
                                0x1.b4f7e4p-7f,  0x1.47ae14p-7f,  0x1.eb7360p-8f,  0x1.708938p-8f,  0x1.145ceep-8f,
                                0x1.9e7c70p-9f,  0x1.36d21ap-9f,  0x1.d22a50p-10f, 0x1.5d931cp-10f, 0x1.0624dep-10f,
                                0x1.892918p-11f, 0x1.26d42cp-11f, 0x1.ba2e4ap-12f, 0x1.4b96c0p-12f, 0x1.f1502ap-13f,
                                0x1.74eea6p-13f, 0x1.17a8e4p-13f};
    static const float d100[] = {
        0x1.000000p+0f,  0x1.a9dcf2p-1f,  0x1.6237acp-1f,  0x1.26a010p-1f,  0x1.ea1e02p-2f,  0x1.97a968p-2f,
        0x1.53140ap-2f,  0x1.1a0874p-2f,  0x1.d52b72p-3f,  0x1.863d02p-3f,  0x1.44960cp-3f,  0x1.0dfa9ep-3f,
        0x1.c11e14p-4f,  0x1.758f48p-4f,  0x1.36b6a0p-4f,  0x1.0270aap-4f,  0x1.adec1cp-5f,  0x1.659800p-5f,
        0x1.296efap-5f,  0x1.eec9f8p-6f,  0x1.9b8c26p-6f,  0x1.564f72p-6f,  0x1.1cb8a8p-6f,  0x1.d9a442p-7f,
        0x1.89f542p-7f,  0x1.47ae14p-7f,  0x1.108d6ap-7f,  0x1.c565f4p-8f,  0x1.791eccp-8f,  0x1.39acd2p-8f,
        0x1.04e748p-8f,  0x1.b2052ap-9f,  0x1.690098p-9f,  0x1.2c44bep-9f,  0x1.f3814cp-10f, 0x1.9f7864p-10f,
        0x1.5992b0p-10f, 0x1.1f6f66p-10f, 0x1.de2808p-11f, 0x1.8db696p-11f, 0x1.4acda8p-11f, 0x1.132678p-11f,
        0x1.c9b85ap-12f, 0x1.7cb704p-12f, 0x1.3caa38p-12f, 0x1.0763f4p-12f, 0x1.b62836p-13f, 0x1.6c7178p-13f,
        0x1.2f217ap-13f, 0x1.f84422p-14f}; /* the 3B models' */
    static const float d128[] = {
        0x1.000000p+0f,  0x1.9c975ap-1f,  0x1.4c7bc0p-1f,  0x1.0beddep-1f,  0x1.afd136p-2f,  0x1.5bf9fep-2f,
        0x1.186a08p-2f,  0x1.c3f06ap-3f,  0x1.6c310ep-3f,  0x1.257b22p-3f,  0x1.d8ffacp-4f,  0x1.7d298cp-4f,
        0x1.33281ap-4f,  0x1.ef0a26p-5f,  0x1.8eec7ep-5f,  0x1.41783ap-5f,  0x1.030dc6p-5f,  0x1.a18350p-6f,
        0x1.507316p-6f,  0x1.0f2010p-6f,  0x1.b4f7e4p-7f,  0x1.6020a4p-7f,  0x1.1bc25ap-7f,  0x1.c9548cp-8f,
        0x1.708938p-8f,  0x1.28fb5cp-8f,  0x1.dea41cp-9f,  0x1.81b58ap-9f,  0x1.36d21ap-9f,  0x1.f4f1e0p-10f,
        0x1.93aeb8p-10f, 0x1.454deep-10f, 0x1.0624dep-10f, 0x1.a67e50p-11f, 0x1.547688p-11f, 0x1.125c04p-11f,
        0x1.ba2e4ap-12f, 0x1.6453f6p-12f, 0x1.1f24e4p-12f, 0x1.cec924p-13f, 0x1.74eea6p-13f, 0x1.2c8648p-13f,
        0x1.e459c4p-14f, 0x1.864f6ap-14f, 0x1.3a8748p-14f, 0x1.faeba8p-15f, 0x1.987f7cp-15f, 0x1.492f56p-15f,
        0x1.094564p-15f, 0x1.ab8882p-16f, 0x1.58863ap-16f, 0x1.15a1dap-16f, 0x1.bf749ep-17f, 0x1.68941cp-17f,
        0x1.2291c6p-17f, 0x1.d44e64p-18f, 0x1.796182p-18f, 0x1.301c04p-18f, 0x1.ea20e0p-19f, 0x1.8af756p-19f,
        0x1.3e47c8p-19f, 0x1.007bd8p-19f, 0x1.9d5ef2p-20f, 0x1.4d1c98p-20f};
    check_inv_freq(2, 10000, d2);
    check_inv_freq(10, 500, d10);
    check_inv_freq(64, 10000, d64);
    check_inv_freq(100, 10000, d100);
    check_inv_freq(128, 1e6, d128);
}
#endif

/* cos and sin of one element of the original's table. */
typedef struct {
    int64_t head_dim;
    double theta;
    int64_t pos, i;
    float cos, sin;
} entry;

static const entry entries[] = {
    {64, 1e4, 0, 0, 1.0f, 0.0f},
    {64, 1e4, 0, 1, 1.0f, 0.0f},
    {64, 1e4, 0, 5, 1.0f, 0.0f},
    {64, 1e4, 0, 17, 1.0f, 0.0f},
    {64, 1e4, 0, 31, 1.0f, 0.0f},
    {64, 1e4, 1, 0, 0.540302336f, 0.841470957f},
    {64, 1e4, 1, 1, 0.731760979f, 0.681561351f},
    {64, 1e4, 1, 5, 0.972014427f, 0.234921068f},
    {64, 1e4, 1, 17, 0.999971867f, 0.007498872f},
    {64, 1e4, 1, 31, 1.0f, 0.00013335215f},
    {64, 1e4, 7, 0, 0.753902256f, 0.656986594f},
    {64, 1e4, 7, 1, 0.511449277f, -0.859313488f},
    {64, 1e4, 7, 5, -0.0890471488f, 0.99602741f},
    {64, 1e4, 7, 17, 0.998622596f, 0.0524684936f},
    {64, 1e4, 7, 31, 0.999999583f, 0.000933464966f},
    {64, 1e4, 100, 0, 0.862318873f, -0.506365657f},
    {64, 1e4, 100, 1, 0.917596221f, -0.397513688f},
    {64, 1e4, 100, 5, 0.15120846f, -0.988501906f},
    {64, 1e4, 100, 17, 0.731760919f, 0.68156141f},
    {64, 1e4, 100, 31, 0.99991107f, 0.01333482f},
    {64, 1e4, 2047, 0, 0.249715254f, -0.968319297f},
    {64, 1e4, 2047, 1, -0.357356519f, 0.933968067f},
    {64, 1e4, 2047, 5, -0.0440867431f, 0.999027729f},
    {64, 1e4, 2047, 17, -0.936729729f, 0.35005343f},
    {64, 1e4, 2047, 31, 0.962973952f, 0.269594431f},
    {64, 1e4, 4099, 0, -0.712028801f, 0.702150285f},
    {64, 1e4, 4099, 1, 0.229929551f, 0.973207295f},
    {64, 1e4, 4099, 5, -0.292523086f, -0.956258476f},
    {64, 1e4, 4099, 17, 0.778978229f, -0.627050936f},
    {64, 1e4, 4099, 31, 0.85429126f, 0.519794583f},
    {128, 1e6, 0, 0, 1.0f, 0.0f},
    {128, 1e6, 0, 1, 1.0f, 0.0f},
    {128, 1e6, 0, 5, 1.0f, 0.0f},
    {128, 1e6, 0, 17, 1.0f, 0.0f},
    {128, 1e6, 0, 63, 1.0f, 0.0f},
    {128, 1e6, 1, 0, 0.540302336f, 0.841470957f},
    {128, 1e6, 1, 1, 0.69250387f, 0.721414149f},
    {128, 1e6, 1, 5, 0.94281441f, 0.333318174f},
    {128, 1e6, 1, 17, 0.999675333f, 0.0254802089f},
    {128, 1e6, 1, 63, 1.0f, 1.24093776e-06f},
    {128, 1e6, 7, 0, 0.753902256f, 0.656986594f},
    {128, 1e6, 7, 1, 0.800726116f, -0.599030614f},
    {128, 1e6, 7, 5, -0.72287184f, 0.690982163f},
    {128, 1e6, 7, 17, 0.98413229f, 0.177436277f},
    {128, 1e6, 7, 63, 1.0f, 8.68656389e-06f},
    {128, 1e6, 100, 0, 0.862318873f, -0.506365657f},
    {128, 1e6, 100, 1, 0.456100315f, -0.889928401f},
    {128, 1e6, 100, 5, -0.838954687f, 0.544201314f},
    {128, 1e6, 100, 17, -0.829102397f, 0.559096754f},
    {128, 1e6, 100, 63, 1.0f, 0.000124093771f},
    {128, 1e6, 2047, 0, 0.249715254f, -0.968319297f},
    {128, 1e6, 2047, 1, -0.975251913f, -0.221096739f},
    {128, 1e6, 2047, 5, -0.2469704f, -0.969023049f},
    {128, 1e6, 2047, 17, -0.321541011f, 0.946895659f},
    {128, 1e6, 2047, 63, 0.999996781f, 0.00254019676f},
    {128, 1e6, 4099, 0, -0.712028801f, 0.702150285f},
    {128, 1e6, 4099, 1, -0.235233158f, -0.971938968f},
    {128, 1e6, 4099, 5, -0.362365603f, -0.932036042f},
    {128, 1e6, 4099, 17, -0.709418297f, -0.704787672f},
    {128, 1e6, 4099, 63, 0.999987066f, 0.00508658215f},
};

static assay_rope_table new_table(int64_t head_dim, double theta, int64_t rows) {
    assay_rope_table t = {.head_dim = head_dim, .theta = theta};
    if (rows) cr_assert_eq(REAL(assay_rope_grow)(&t, rows, NULL), ASSAY_OK);
    return t;
}

static void check_entry(const assay_rope_table *t, const entry *e) {
    int64_t at = e->pos * (t->head_dim / 2) + e->i;
    real c = ((const real *)t->cos)[at], s = ((const real *)t->sin)[at];
    cr_assert_float_eq((double)c, (double)e->cos, 2e-7, "cos at %d, %d: %.9g", (int)e->pos, (int)e->i, (double)c);
    cr_assert_float_eq((double)s, (double)e->sin, 2e-7, "sin at %d, %d: %.9g", (int)e->pos, (int)e->i, (double)s);
    cr_assert((real)(float)c == c && (real)(float)s == s, "ROPE-3: cos and sin come from float");
}

Test(REAL(rope), cos_and_sin_are_the_originals) { /* ROPE-1, ROPE-3 */
    assay_rope_table small = new_table(64, 1e4, 4100), large = new_table(128, 1e6, 4100);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        check_entry(entries[i].head_dim == 64 ? &small : &large, &entries[i]);
    assay_rope_free(&small);
    assay_rope_free(&large);
}

Test(REAL(rope), position_0_leaves_a_vector_as_it_is) { /* MEM-1 */
    assay_rope_table t = new_table(10, 1e4, 1);
    real x[10], out[10];
    for (int i = 0; i < 10; i++) x[i] = (real)(i * 0.37 - 1.9);
    REAL(assay_rope_rotate)(out, x, &t, 0);
    cr_assert_arr_eq(out, x, sizeof x);
    assay_rope_free(&t);
}

Test(REAL(rope), growing_changes_no_row) {
    assay_rope_table all = new_table(12, 1e4, 300), grown = new_table(12, 1e4, 0);
    const int64_t steps[] = {1, 2, 2, 7, 3, 64, 65, 300};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        cr_assert_eq(REAL(assay_rope_grow)(&grown, steps[i], NULL), ASSAY_OK);
        cr_assert_geq(grown.rows, steps[i]);
        cr_assert_leq(grown.rows, grown.capacity);
        size_t nbytes = (size_t)(grown.rows * 6) * sizeof(real);
        cr_assert_eq(memcmp(all.cos, grown.cos, nbytes), 0);
        cr_assert_eq(memcmp(all.sin, grown.sin, nbytes), 0);
    }
    assay_rope_free(&all);
    assay_rope_free(&grown);
    cr_assert_null(grown.cos);
    cr_assert_eq(grown.rows, 0);
}

/* ROPE-2 with pairs (i, i + D/2), in double. */
static void check_rotation(const assay_rope_table *t, const real *x, const real *out, int64_t pos) {
    int64_t half = t->head_dim / 2;
    for (int64_t i = 0; i < half; i++) {
        double c = (double)((const real *)t->cos)[pos * half + i], s = (double)((const real *)t->sin)[pos * half + i];
        double first = (double)x[i], second = (double)x[i + half];
        cr_assert_float_eq((double)out[i], first * c - second * s, 4e-7);
        cr_assert_float_eq((double)out[i + half], second * c + first * s, 4e-7);
    }
}

Test(REAL(rope), pairs_are_half_split) { /* ROPE-1, ROPE-2 */
    const int64_t dims[] = {2, 4, 6, 16, 34, 128};
    for (size_t k = 0; k < sizeof dims / sizeof *dims; k++) {
        assay_rope_table t = new_table(dims[k], 1e4, 50);
        real x[128], out[128];
        for (int64_t i = 0; i < dims[k]; i++) x[i] = (real)cos((double)i * 1.3);
        for (int64_t pos = 0; pos < 50; pos += 7) {
            REAL(assay_rope_rotate)(out, x, &t, pos);
            check_rotation(&t, x, out, pos);
        }
        assay_rope_free(&t);
    }
}

Test(REAL(rope), a_vector_may_be_rotated_in_place) {
    assay_rope_table t = new_table(34, 1e4, 20);
    real x[34], out[34];
    for (int i = 0; i < 34; i++) x[i] = (real)sin(i * 0.7);
    REAL(assay_rope_rotate)(out, x, &t, 19);
    REAL(assay_rope_rotate)(x, x, &t, 19);
    cr_assert_arr_eq(x, out, sizeof x);
    assay_rope_free(&t);
}

Test(REAL(rope), scores_depend_on_the_distance_alone) {
    assay_rope_table t = new_table(16, 1e4, 100);
    real q[16], k[16], rotated_q[16], rotated_k[16];
    for (int i = 0; i < 16; i++) q[i] = (real)sin(i * 0.9), k[i] = (real)cos(i * 0.4);
    double first = 0;
    for (int64_t pos = 5; pos < 100; pos += 13) {
        double dot = 0;
        REAL(assay_rope_rotate)(rotated_q, q, &t, pos);
        REAL(assay_rope_rotate)(rotated_k, k, &t, pos - 5);
        for (int i = 0; i < 16; i++) dot += (double)rotated_q[i] * (double)rotated_k[i];
        if (pos == 5) first = dot;
        cr_assert_float_eq(dot, first, 1e-5);
    }
    assay_rope_free(&t);
}
