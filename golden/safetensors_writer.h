/*
 * Writing .safetensors files.
 */
#ifndef ASSAY_GOLDEN_SAFETENSORS_WRITER_H
#define ASSAY_GOLDEN_SAFETENSORS_WRITER_H

#include <stddef.h>

#include "core/status.h"
#include "core/tensor.h"
#include "golden/safetensors.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the tensors of a map, and `text_count` texts (may be none, then NULL) as its __metadata__. The file appears whole or
 * not at all (core/atomic_file.h). Data start at a multiple of 8 and lie one after the other, those of wide types first and then
 * by name, so that each is aligned to its type; the same tensors give the same bytes. ASSAY_EINPUT: the file cannot be written, a
 * name or a text is no UTF-8, a key occurs twice, a tensor is called "__metadata__", or the header is larger than the format
 * allows. */
assay_status assay_safetensors_write(const char *path, const assay_tensor_map *map, const assay_safetensors_text *texts,
                                     size_t text_count, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
