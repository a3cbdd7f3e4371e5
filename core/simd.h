/*
 * ASSAY_SIMD marks a static function that the compiler builds once per instruction set and picks at load time, so that one
 * program uses AVX-512 or AVX2 where the processor has it and needs neither. Other architectures (arm64 has SIMD in its
 * baseline) and instrumented builds get one version; so does clang, whose resolvers of static functions clash between
 * files: give it CFLAGS=-march=native where speed matters.
 */
#ifndef ASSAY_CORE_SIMD_H
#define ASSAY_CORE_SIMD_H

#include <limits.h> /* defines __GLIBC__ where it is the C library: others have no resolvers */

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define ASSAY_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#ifndef ASSAY_SIMD
#define ASSAY_SIMD
#endif

#endif
