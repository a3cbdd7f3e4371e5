/*
 * The header of a .npy file: a Python dictionary that says type, order and shape.
 */
#ifndef ASSAY_GOLDEN_NPY_HEADER_H
#define ASSAY_GOLDEN_NPY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a header says. */
typedef struct {
    char kind;    /* 'f', 'i', 'u' or 'b' */
    size_t width; /* bytes an element has in the file */
    bool is_big_endian;
    bool is_fortran;
    assay_tensor info; /* shape, and the dtype that it becomes (golden/npy.h); data is NULL */
} assay_npy_header;

/* Parses the dictionary (`text` ends with a NUL that nbytes does not count). `where` starts every message. ASSAY_EINPUT: not
 * the dictionary that NumPy writes, a type that is not read, a rank above ASSAY_MAX_RANK, a size that is too large. */
assay_status assay_npy_header_parse(assay_npy_header *out, const char *text, size_t nbytes, const char *where,
                                    assay_error *err);

#define ASSAY_NPY_HEADER_NBYTES 320 /* holds the header of every tensor */

/* Writes the whole header (magic, version 1.0, length, dictionary, padding to 64 bytes) of a tensor of this dtype, which is
 * not bfloat16, and shape. Returns its size in bytes. */
size_t assay_npy_header_format(const assay_tensor *t, char text[ASSAY_NPY_HEADER_NBYTES]);

#ifdef __cplusplus
}
#endif

#endif
