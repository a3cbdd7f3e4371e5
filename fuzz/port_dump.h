/*
 * The dump that a port wrote: at the place that it was given, or there with the suffix of its format.
 */
#ifndef ASSAY_FUZZ_PORT_DUMP_H
#define ASSAY_FUZZ_PORT_DUMP_H

#include <limits.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The room that the longest suffix takes. */
#define ASSAY_PORT_DUMP_SUFFIX 12

/* Looks for <place>, <place>.safetensors, .h5, .npz and .zip: returns how many are there, and the path of the first. `place` has at least
 * ASSAY_PORT_DUMP_SUFFIX bytes less than PATH_MAX. */
size_t assay_port_dump_find(const char *place, char path[PATH_MAX]);

#ifdef __cplusplus
}
#endif

#endif
