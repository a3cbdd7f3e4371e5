/* Products with a weight in a naive loop (HEAD-1). Compiled here for float; test_linear_f64.c includes this file for double. */
#include "engine/linear.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "engine/engine.h"
#include "engine/real.h"

static const double tolerance = sizeof(real) == 4 ? 2e-7 : 4e-16;

typedef struct {
    int64_t m, k, n;
    real *x, *w, *out;
} product;

static real *random_reals(int64_t n, uint64_t seed) {
    real *data = malloc((size_t)n * sizeof *data);
    for (int64_t i = 0; i < n; i++) data[i] = (real)(2 * assay_random_unit(seed, (uint64_t)i) - 1);
    return data;
}

static product start(int64_t m, int64_t k, int64_t n) {
    assay_engine_init(0);
    product p = {m, k, n, random_reals(m * k, 5), random_reals(n * k, 6), random_reals(m * n + 1, 7)};
    p.out[m * n] = 42;                                        /* must survive */
    for (int64_t i = 0; i < m * n; i++) p.out[i] = (real)NAN; /* what was in out must not matter */
    return p;
}

static void finish(product *p) {
    free(p->x);
    free(p->w);
    free(p->out);
}

static void check(const product *p) {
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = 0; j < p->n; j++) {
            double sum = 0, size = 0;
            for (int64_t l = 0; l < p->k; l++) {
                double term = (double)p->x[i * p->k + l] * (double)p->w[j * p->k + l];
                sum += term;
                size += fabs(term);
            }
            cr_assert_float_eq((double)p->out[i * p->n + j], sum, tolerance * (2 + size), "(%d,%d,%d) at %d, %d",
                               (int)p->m, (int)p->k, (int)p->n, (int)i, (int)j);
        }
    cr_assert(p->out[p->m * p->n] == 42, "nothing is written beyond the end");
}

static void check_size(int64_t m, int64_t k, int64_t n) {
    product p = start(m, k, n);
    REAL(assay_linear)(p.out, p.x, p.w, m, k, n);
    check(&p);
    finish(&p);
}

Test(REAL(linear), few_rows_and_widths_around_a_part) {
    const int64_t widths[] = {1, 2, 3, 17, 255, 256, 257, 511, 512, 513};
    for (int64_t m = 1; m <= 5; m++)
        for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) check_size(m, 12, widths[i]);
}

Test(REAL(linear), odd_depths) {
    for (int64_t k = 1; k <= 40; k++) check_size(1 + k % 3, k, 19);
    check_size(3, 257, 300);
}

Test(REAL(linear), many_rows) { check_size(67, 33, 260); }

Test(REAL(linear), threads_do_not_change_a_bit) {
    for (int64_t m = 1; m <= 5; m++) {
        product p = start(m, 129, 1100); /* five parts, the last one short; enough work to be shared */
        size_t nbytes = (size_t)(m * 1100) * sizeof(real);
        real *first = malloc(nbytes);
        const int threads[] = {1, 2, 3, 4};
        for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
            assay_engine_init(threads[i]);
            REAL(assay_linear)(p.out, p.x, p.w, m, 129, 1100);
            if (i == 0) memcpy(first, p.out, nbytes);
            cr_assert_eq(memcmp(first, p.out, nbytes), 0, "%d threads, M %d", threads[i], (int)m);
        }
        free(first);
        finish(&p);
    }
}
