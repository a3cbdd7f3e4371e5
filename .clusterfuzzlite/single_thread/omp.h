/*
 * OpenMP's functions where code is compiled without OpenMP: one thread. The compiler of OSS-Fuzz has none, and fuzzing needs none.
 */
#ifndef ASSAY_SINGLE_THREAD_OMP_H
#define ASSAY_SINGLE_THREAD_OMP_H

static inline int omp_get_max_threads(void) { return 1; }
static inline int omp_get_thread_num(void) { return 0; }
static inline int omp_in_parallel(void) { return 0; }
static inline void omp_set_num_threads(int threads) { (void)threads; }

#endif
