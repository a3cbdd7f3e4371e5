/*
 * A candidate on disk as a tensor source, whatever its format.
 */
#ifndef ASSAY_COMPARE_CANDIDATE_H
#define ASSAY_COMPARE_CANDIDATE_H

#include "compare/source.h"
#include "core/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct assay_candidate assay_candidate;

/* Opens a .safetensors file or a .zip or .npz archive of .npy files (by its suffix), a folder of .npy files, or else an HDF5 dump
 * or golden. Values are not read yet, but those
 * of an archive. Nothing of `path` is
 * kept. ASSAY_EINPUT in one line that names the path: it is missing, damaged, or no dump. Release with assay_candidate_close. */
assay_status assay_candidate_open(assay_candidate **out, const char *path, assay_error *err);

/* The same where no tensor needs the name of a stage: all others are among the source's `unknown` ones, for a mapping
 * (compare/mapped_source.h) to name. */
assay_status assay_candidate_open_any(assay_candidate **out, const char *path, assay_error *err);

/* Its tensors and facts, which live as long as the candidate; info.name is the path. */
const assay_source *assay_candidate_source(const assay_candidate *candidate);

/* Closes and frees; NULL is fine. */
void assay_candidate_close(assay_candidate *candidate);

#ifdef __cplusplus
}
#endif

#endif
