/*
 * Reads all that a dump or a golden offers, for fuzz targets.
 */
#ifndef ASSAY_FUZZ_READ_ALL_H
#define ASSAY_FUZZ_READ_ALL_H

#include "compare/source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads every tensor of a source in every way that there is. Aborts unless each is refused in one clear line (assay_fuzz_accepted) or
 * has the type and shape that the source said before, and lies where the source says that it lies. */
void assay_fuzz_read_source(const assay_source *source);

/* Opens a dump or golden as `assay compare` does, with names of stages and with any names, and reads all of it. */
void assay_fuzz_read_candidate(const char *path);

#ifdef __cplusplus
}
#endif

#endif
