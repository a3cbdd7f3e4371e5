#include "engine/linear.h"

#include <assert.h>
#include <limits.h>

#include "engine/real.h"

/* Output columns of one part, a function of the shape alone: for products large enough that packing x again for each part
 * costs little, small enough to share; less for one row, where nothing is packed. Parts are of equal width, but for the last.
 * Measured with engine/bench_engine.c. */
static int64_t part_width(int64_t m, int64_t n) {
    int64_t most = m == 1 ? 128 : 512;
    int64_t parts = (n + most - 1) / most;
    return ((n + parts - 1) / parts + 15) / 16 * 16; /* whole vectors */
}

/* Below this many multiplications one call is faster than waking threads. */
static const int64_t parallel_work = 1 << 16;

static void product(real *out, const real *x, const real *w, const int64_t size[3], int64_t out_stride) {
    int m = (int)size[0], k = (int)size[1], n = (int)size[2];
    if (m == 1) real_gemv(CblasRowMajor, CblasNoTrans, n, k, 1, w, k, x, 1, 0, out, 1);
    else real_gemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, x, k, w, k, 0, out, (int)out_stride);
}

void REAL(assay_linear)(real *out, const real *x, const real *w, int64_t m, int64_t k, int64_t n) {
    assert(m <= INT_MAX && k <= INT_MAX && n <= INT_MAX);
    int64_t width = part_width(m, n), tiles = (n + width - 1) / width;
#pragma omp parallel for schedule(dynamic) if (tiles > 1 && m * k * n > parallel_work)
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t first = tile * width;
        int64_t columns = n - first < width ? n - first : width;
        product(out + first, x, w + first * k, (const int64_t[]){m, k, columns}, n);
    }
}
