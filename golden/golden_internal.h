/*
 * What the sources of golden/golden_file.h share. For golden_*.c only.
 */
#ifndef ASSAY_GOLDEN_GOLDEN_INTERNAL_H
#define ASSAY_GOLDEN_GOLDEN_INTERNAL_H

#include "core/status.h"
#include "golden/golden_file.h"

/* Reads a text attribute into *text (allocated), "" when the object has none. */
assay_status assay_golden_text_attr(const assay_golden *g, const char *object, const char *name, char **text,
                                    assay_error *err);

/* Reads a digest attribute of `size - 1` hexadecimal digits into text, "" when the object has none. */
assay_status assay_golden_digest_attr(const assay_golden *g, const char *object, const char *name, char *text,
                                      size_t size, assay_error *err);

/* Fills in steps, tensors, float64 and unknown. On a failure what was filled in stays for assay_golden_close. */
assay_status assay_golden_read_index(assay_golden *g, assay_error *err);

/* Frees what assay_golden_read_index made. */
void assay_golden_free_index(assay_golden *g);

#endif
