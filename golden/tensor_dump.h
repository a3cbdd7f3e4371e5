/*
 * A dump without HDF5: a .safetensors file, or .npy files in a folder or a zip archive (docs/golden-format.md).
 */
#ifndef ASSAY_GOLDEN_TENSOR_DUMP_H
#define ASSAY_GOLDEN_TENSOR_DUMP_H

#include <stdbool.h>

#include "core/dtype.h"
#include "core/status.h"
#include "core/tensor.h"
#include "golden/digest.h"
#include "golden/dump_refusals.h"
#include "golden/safetensors.h"
#include "golden/stored_values.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a dump says of itself; all of it is optional. Names and meanings are those of the root attributes of an HDF5 dump. */
typedef struct {
    char *producer; /* "" when absent */
    bool has_dtype;
    assay_dtype dtype; /* what the model computed in; float32 when the dump does not say */
    char case_sha256[ASSAY_SHA256_TEXT], config_sha256[ASSAY_SHA256_TEXT]; /* "" when absent */
    char weights_xxh128[ASSAY_XXH128_TEXT];
    assay_dump_refusals refusals; /* steps that were refused; they have no tensors */
    char *
        unsupported; /* why the port cannot run the case, "" when it says nothing of that; such a dump holds nothing else */
} assay_tensor_dump_facts;

/* An open dump. Release with assay_tensor_dump_close. */
typedef struct {
    /* By path ("steps/0/logits", no leading slash); others than stages are there as well. Data are NULL (but of an archive): assay_tensor_dump_read has them. */
    assay_tensor_map *tensors;
    assay_tensor_dump_facts facts;
    char *path;
    bool any_names; /* tensors need not be called as stages are */
    bool is_folder, is_zip;
    assay_safetensors file; /* when it is neither */
} assay_tensor_dump;

/* Whether `path` is to be read by assay_tensor_dump_open: it ends in ".safetensors", ".zip" or ".npz", or a folder is there. */
bool assay_tensor_dump_is_at(const char *path);

/* Reads all facts, and the names, types and shapes of all tensors; of an archive the values too. Facts are the texts of a .safetensors
 * file's __metadata__, whose other keys do not count, or the members of the dump.json of the folder or archive, where other keys are
 * refused. ASSAY_EINPUT: a file is damaged or cannot be read (golden/safetensors.h, golden/npy.h, golden/npy_folder.h,
 * golden/npy_zip.h), a fact is wrong, a tensor occurs twice, a step that was refused has tensors, a case that the port cannot run has
 * tensors or refusals, or no name begins with "steps/", no step was refused and the port does not say that it cannot run the case. */
assay_status assay_tensor_dump_open(assay_tensor_dump *out, const char *path, assay_error *err);

/* The same, of tensors whose names need not be those of stages: a mapping says what they are (compare/map_file.h). */
assay_status assay_tensor_dump_open_any(assay_tensor_dump *out, const char *path, assay_error *err);

/* Reads one of dump->tensors into an owned tensor. ASSAY_EINPUT: its file is damaged or is no longer what it was. */
assay_status assay_tensor_dump_read(const assay_tensor_dump *dump, const assay_tensor *held, assay_tensor *out,
                                    assay_error *err);

/* Where the values of one of dump->tensors lie, when they lie in a file as assay_tensor_dump_read returns them; otherwise *found is
 * false. Errors as there. */
assay_status assay_tensor_dump_locate(const assay_tensor_dump *dump, const assay_tensor *held, assay_stored_values *out,
                                      bool *found, assay_error *err);

/* Frees what the dump holds and clears it. Safe on a cleared one. */
void assay_tensor_dump_close(assay_tensor_dump *dump);

#ifdef __cplusplus
}
#endif

#endif
