/*
 * Matrix products with a weight, on OpenBLAS, split over OpenMP threads.
 *
 * The split depends on the shapes alone and each part runs on one thread, so results do not depend on the number of
 * threads, bit for bit. OpenBLAS's own threads are switched off (assay_engine_init).
 */
#ifndef ASSAY_ENGINE_LINEAR_H
#define ASSAY_ENGINE_LINEAR_H

#include <stdint.h>

#include "engine/real.h"

/* out (M,N) = x (M,K) * w (N,K)^T: torch's Linear without bias (HEAD-1). out must not overlap x or w. */
void REAL(assay_linear)(real *out, const real *x, const real *w, int64_t m, int64_t k, int64_t n);

#endif
