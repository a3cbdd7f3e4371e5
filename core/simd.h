/*
 * ASSAY_SIMD marks a static function that the compiler builds once per instruction set and picks at load time, so that one
 * program uses AVX-512 or AVX2 where the processor has it and needs neither. Other architectures (arm64 has SIMD in its
 * baseline) and instrumented builds get one version.
 */
#ifndef ASSAY_CORE_SIMD_H
#define ASSAY_CORE_SIMD_H

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)
#define ASSAY_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#elif defined(__x86_64__) && defined(__clang__)
#if __clang_major__ >= 14 && !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define ASSAY_SIMD __attribute__((target_clones("avx512f", "avx2", "default")))
#endif
#endif
#ifndef ASSAY_SIMD
#define ASSAY_SIMD
#endif

#endif
