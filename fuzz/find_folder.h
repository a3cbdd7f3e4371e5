/*
 * A find as a folder that someone can work with:
 *
 *     case.json      the shrunk case: the regression case
 *     found.json     the case as it was found
 *     golden.h5      what the engine computes on case.json, every stage
 *     candidate.*    what the subject computes on it; where it answers
 *     stderr.txt     what a port wrote to stderr at last; where it did
 *     report.txt     what happened, the comparison, diagnosis, blame, and how to run it again
 *     result.json    the comparison, assay-result/1; where there is one
 */
#ifndef ASSAY_FUZZ_FIND_FOLDER_H
#define ASSAY_FUZZ_FIND_FOLDER_H

#include <stdint.h>

#include "core/status.h"
#include "fuzz/campaign.h"
#include "fuzz/subject.h"
#include "golden/case.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *parent; /* made where it is not there */
    const assay_case *shrunk, *found;
    const assay_fuzz_subject *subject;
    uint64_t seed;
} assay_find_folder_input;

/* Runs the shrunk case once more and writes the folder <parent>/<outcome>-<stage>-<seed>-<index>, which appears whole or not at all; one of
 * that name that is there already is replaced. Sets the find's folder, diagnosis and blame. ASSAY_EINPUT: it cannot be written. */
assay_status assay_find_folder_write(const assay_find_folder_input *in, assay_fuzz_find *find, assay_error *err);

#ifdef __cplusplus
}
#endif

#endif
