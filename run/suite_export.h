/*
 * Exports goldens as a conformance suite: a folder from which a port needs no HDF5 (docs/conformance.md).
 *
 *     assay_suite_export_begin    a temporary folder beside the place
 *     assay_suite_export_add      the files of a case, once for each golden
 *     (a report writer adds manifest.json, README.md and the tolerances: reports/suite_files.h)
 *     assay_suite_export_commit   the folder appears
 */
#ifndef ASSAY_RUN_SUITE_EXPORT_H
#define ASSAY_RUN_SUITE_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/atomic_folder.h"
#include "core/status.h"
#include "golden/port_limits.h"
#include "run/suite_case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    bool safetensors, npy; /* the formats of weights, inputs and goldens, beside HDF5 */
    const assay_port_limits
        *port; /* NULL, or what a port says that it cannot do: its cases are marked. Must outlive the export */
    const char *version; /* of the suite; "" where the goldens are no shipped suite. Must outlive the export */
} assay_suite_options;

/* An export under way. */
typedef struct {
    assay_suite_options options;
    assay_atomic_folder folder;
    assay_suite_case *cases; /* (case_count) as they were added */
    size_t case_count;
} assay_suite_export;

/* ASSAY_EINPUT: `dir` exists and is not an empty folder, or no folder can be made there. */
assay_status assay_suite_export_begin(assay_suite_export *out, const char *dir, const assay_suite_options *options,
                                      assay_error *err);

/* Writes cases/<name>/: case.json and config.json byte for byte, golden.h5 (a copy), and, when the model can be built, weights,
 * inputs and all tensors in the chosen formats. ASSAY_EINPUT: the golden cannot be read, holds no case or no weights, its name
 * was added before, or a file cannot be written. */
assay_status assay_suite_export_add(assay_suite_export *e, const char *golden_path, assay_error *err);

/* The folder appears at its place. The export is gone on every outcome; on failure nothing is left behind. */
assay_status assay_suite_export_commit(assay_suite_export *e, assay_error *err);

/* Removes what was written. Safe on a cleared one. */
void assay_suite_export_discard(assay_suite_export *e);

#ifdef __cplusplus
}
#endif

#endif
