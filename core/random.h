/*
 * A counter-based generator: the n-th number of a stream is a function of (key, n) alone, so that Python and C, in any
 * order and on any number of threads, make the same numbers bit for bit.
 *
 * The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014) applied to key + (n + 1) * golden ratio.
 */
#ifndef ASSAY_CORE_RANDOM_H
#define ASSAY_CORE_RANDOM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline uint64_t assay_random_mix(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* The n-th 64-bit number of the stream `key`. */
static inline uint64_t assay_random_at(uint64_t key, uint64_t n) {
    return assay_random_mix(key + (n + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* A key from a seed and a name: FNV-1a over the name's bytes from a mixed seed, mixed again. */
static inline uint64_t assay_random_key(uint64_t seed, const char *name) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ assay_random_mix(seed);
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return assay_random_mix(hash);
}

/* Uniform in [-1, 1) on a grid of 2^-23: every value is exact in float32. */
static inline float assay_random_symmetric_f32(uint64_t key, uint64_t n) {
    return (float)((int64_t)(assay_random_at(key, n) >> 40) - (INT64_C(1) << 23)) * (1.0f / 8388608);
}

/* Uniform in [0, 1) on a grid of 2^-53. */
static inline double assay_random_unit(uint64_t key, uint64_t n) {
    return (double)(assay_random_at(key, n) >> 11) * (1.0 / 9007199254740992.0);
}

#ifdef __cplusplus
}
#endif

#endif
