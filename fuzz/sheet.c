#include "fuzz/sheet.h"

#include <stdlib.h>
#include <string.h>

assay_status assay_sheet_put(assay_sheet *sheet, const assay_place *place, assay_tensor owned, assay_error *err) {
    return assay_sheet_put_stored(sheet, place, owned, (assay_tensor){.data = NULL}, err);
}

static bool reserve(assay_sheet *sheet) {
    if (sheet->count < sheet->capacity) return true;
    size_t capacity = sheet->capacity ? 2 * sheet->capacity : 32;
    assay_sheet_item *grown = realloc(sheet->items, capacity * sizeof *grown);
    if (!grown) return false;
    sheet->items = grown;
    sheet->capacity = capacity;
    return true;
}

assay_status assay_sheet_put_stored(assay_sheet *sheet, const assay_place *place, assay_tensor owned,
                                    assay_tensor unrounded, assay_error *err) {
    if (reserve(sheet)) {
        sheet->items[sheet->count++] = (assay_sheet_item){*place, owned, unrounded};
        return ASSAY_OK;
    }
    assay_tensor_free(&owned);
    assay_tensor_free(&unrounded);
    return assay_fail_nomem(err, "the results of a run");
}

static int compare_items(const void *a, const void *b) {
    return assay_place_compare(&((const assay_sheet_item *)a)->place, &((const assay_sheet_item *)b)->place);
}

static assay_source_item view(const assay_sheet_item *item) {
    assay_source_item out = {.place = item->place, .info = item->tensor, .kept_axis = -1, .values = &item->tensor};
    out.info.data = NULL;
    out.has_unrounded = item->unrounded.data != NULL;
    if (out.has_unrounded) out.unrounded = &item->unrounded;
    return out;
}

/* There are none. */
static assay_status read_unknown(const assay_source *source, size_t index, bool values, assay_tensor *out, bool *owned,
                                 assay_error *err) {
    (void)source, (void)index, (void)values, (void)out, (void)owned;
    return assay_fail(err, ASSAY_EINTERNAL, NULL, "a run has stages alone");
}

assay_status assay_sheet_source(assay_source *out, assay_sheet *sheet, const assay_source_info *info,
                                const assay_source_step *steps, size_t step_count, assay_error *err) {
    assay_source source = {.info = *info,
                           .item_count = sheet->count,
                           .step_count = step_count,
                           .read = assay_source_lend,
                           .read_unknown = read_unknown};
    source.items = malloc((sheet->count + 1) * sizeof *source.items);
    source.steps = malloc((step_count + 1) * sizeof *source.steps);
    if (!source.items || !source.steps) {
        assay_source_close(&source);
        return assay_fail_nomem(err, "a list of tensors");
    }
    if (sheet->count) qsort(sheet->items, sheet->count, sizeof *sheet->items, compare_items);
    for (size_t i = 0; i < sheet->count; i++) source.items[i] = view(&sheet->items[i]);
    if (step_count) memcpy(source.steps, steps, step_count * sizeof *steps);
    *out = source;
    return ASSAY_OK;
}

void assay_sheet_free(assay_sheet *sheet) {
    for (size_t i = 0; i < sheet->count; i++) {
        assay_tensor_free(&sheet->items[i].tensor);
        assay_tensor_free(&sheet->items[i].unrounded);
    }
    free(sheet->items);
    *sheet = (assay_sheet){0};
}
