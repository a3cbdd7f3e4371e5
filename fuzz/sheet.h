/*
 * The results of a run as a list of tensors by place, without names: what is made and compared a thousand times a second.
 */
#ifndef ASSAY_FUZZ_SHEET_H
#define ASSAY_FUZZ_SHEET_H

#include <stdbool.h>
#include <stddef.h>

#include "compare/source.h"
#include "core/stages.h"
#include "core/status.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    assay_place place;
    assay_tensor tensor;
    assay_tensor unrounded; /* values before the cast to mem_dtype; data is NULL where there are none */
} assay_sheet_item;

typedef struct {
    assay_sheet_item *items; /* (count) owned, with their tensors */
    size_t count, capacity;
} assay_sheet;

/* Takes over `owned` on every outcome. A place must not come twice. */
assay_status assay_sheet_put(assay_sheet *sheet, const assay_place *place, assay_tensor owned, assay_error *err);

/* The same with the values before the cast. */
assay_status assay_sheet_put_stored(assay_sheet *sheet, const assay_place *place, assay_tensor owned,
                                    assay_tensor unrounded, assay_error *err);

/* A view of the sheet, whose items it sorts: it must not change afterwards, and must outlive the source, as steps and strings must. Release with
 * assay_source_close. */
assay_status assay_sheet_source(assay_source *out, assay_sheet *sheet, const assay_source_info *info,
                                const assay_source_step *steps, size_t step_count, assay_error *err);

void assay_sheet_free(assay_sheet *sheet);

#ifdef __cplusplus
}
#endif

#endif
