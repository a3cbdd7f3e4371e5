/*
 * Element types of tensors, in memory and on disk, and conversion between them.
 */
#ifndef ASSAY_CORE_DTYPE_H
#define ASSAY_CORE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ASSAY_F64,
    ASSAY_F32,
    ASSAY_F16,  /* IEEE binary16 */
    ASSAY_BF16, /* upper half of an IEEE binary32 */
    ASSAY_I64,
    ASSAY_I32,
    ASSAY_BOOL, /* one byte, 0 or 1 */
    ASSAY_DTYPE_COUNT
} assay_dtype;

/* Size of one element in bytes. */
size_t assay_dtype_size(assay_dtype dtype);

/* PyTorch's name: "float64", "float32", "float16", "bfloat16", "int64", "int32", "bool". */
const char *assay_dtype_name(assay_dtype dtype);

/* Finds a dtype by a name as torch has it, its aliases "double", "float", "half", "long", "int" included. */
bool assay_dtype_from_name(const char *name, assay_dtype *out);

bool assay_dtype_is_float(assay_dtype dtype);

/* float16 or bfloat16. */
bool assay_dtype_is_half(assay_dtype dtype);

/* Distance from 1 to the next representable number; 0 for integers. */
double assay_dtype_epsilon(assay_dtype dtype);

/* Largest finite value, as torch.finfo(dtype).max; floating types only. */
double assay_dtype_max(assay_dtype dtype);

float assay_bf16_to_f32(uint16_t bits);
float assay_f16_to_f32(uint16_t bits);

/* Round to nearest, ties to even; NaN stays NaN (quiet); too large becomes infinity. As torch's .to() does (MEM-6). */
uint16_t assay_f32_to_bf16(float value);
uint16_t assay_f32_to_f16(float value);

/* `value` rounded as above to a half type, as a float; unchanged for any other dtype. */
float assay_round_half(float value, assay_dtype dtype);

/* The same for n values, in place. */
void assay_round_halves(float *values, size_t n, assay_dtype dtype);

/* Converts n elements. Float to float rounds to nearest even (f64 to a half type rounds through f32, as torch does);
 * float to integer truncates toward zero and needs values in range; to bool: not equal to 0. The areas must not
 * overlap. */
void assay_convert(void *dst, assay_dtype dst_dtype, const void *src, assay_dtype src_dtype, size_t n);

/* One element as a double. Exact for every dtype but int64 beyond 2^53. */
double assay_load_f64(const void *data, assay_dtype dtype, size_t index);

#ifdef __cplusplus
}
#endif

#endif
