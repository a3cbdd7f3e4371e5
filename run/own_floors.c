#include "run/own_floors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compare/compare.h"
#include "compare/judge.h"

static const double least_units = 4, least_half_units = 0.25, largest_counts = 3;

/* Distance of neighbours in `dtype` at a magnitude. */
static double unit_at(double scale, assay_dtype dtype) {
    return scale > 0 ? ldexp(assay_dtype_epsilon(dtype), ilogb(scale)) : 0;
}

static bool has_no_floor(const assay_source_item *item) {
    return assay_stage_get(item->place.stage)->judge == ASSAY_JUDGE_EXACT || !assay_dtype_is_float(item->info.dtype);
}

static void set_floor(assay_source_item *item, double floor) {
    item->has_floor = true;
    item->floor = floor;
    item->has_unrounded_floor = item->has_unrounded;
    item->unrounded_floor = floor;
}

static assay_status begin_item(const assay_source *source, assay_source_item *item, assay_error *err) {
    if (item->has_floor || has_no_floor(item)) return ASSAY_OK;
    assay_values values;
    double scale;
    assay_status st = assay_values_open(&values, source, item, false, err);
    if (st) return st;
    st = assay_judge_scale(item->place.stage, &values, source->info.dtype, &scale, err);
    if (!st) set_floor(item, least_units * unit_at(scale, ASSAY_F32));
    assay_values_close(&values);
    return st;
}

assay_status assay_own_floors_begin(assay_source *out, const assay_source *of, assay_error *err) {
    assay_source source = *of;
    source.items = malloc((of->item_count + 1) * sizeof *source.items);
    if (!source.items) return assay_fail_nomem(err, "a list of tensors");
    memcpy(source.items, of->items, of->item_count * sizeof *source.items);
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < source.item_count; i++) st = begin_item(of, &source.items[i], err);
    if (st) free(source.items);
    else *out = source;
    return st;
}

void assay_own_floors_end(assay_source *source) {
    free(source->items);
    source->items = NULL;
}

assay_status assay_own_floors_widen(assay_source *source, const assay_source *run, assay_error *err) {
    assay_source other = *run;
    other.info.weights_xxh128 = "";
    assay_case_result r;
    assay_status st = assay_compare(&r, source, &other, &(assay_compare_options){.name = ""}, err);
    if (st) return st;
    for (size_t i = 0; i < r.entry_count; i++) {
        const assay_entry *e = &r.entries[i];
        assay_source_item *item = e->has_metrics ? assay_source_find(source, &e->place) : NULL;
        if (item && !has_no_floor(item) && e->metrics.max_abs > item->floor) set_floor(item, e->metrics.max_abs);
    }
    assay_case_result_free(&r);
    return ASSAY_OK;
}

/* ---- half precision ---- */

static double half_distance(const assay_entry *e) {
    return fmax(M_SQRT2 * e->metrics.rms, e->metrics.max_abs / largest_counts);
}

static bool same_kind(const assay_place *a, const assay_place *b) {
    return a->layer == b->layer && a->stage == b->stage;
}

/* A window of one token is too small a sample of roundings: its peers count, in proportion to their scales. */
static double pooled(const assay_case_result *r, const assay_entry *of) {
    double relative = 0;
    for (size_t i = 0; i < r->entry_count; i++) {
        const assay_entry *e = &r->entries[i];
        bool counts = e->has_metrics && e->metrics.golden_max > 0 && same_kind(&e->place, &of->place);
        if (counts) relative = fmax(relative, half_distance(e) / e->metrics.golden_max);
    }
    return relative * of->metrics.golden_max;
}

void assay_own_floors_half(assay_source *source, const assay_case_result *best, assay_dtype dtype) {
    for (size_t i = 0; i < best->entry_count; i++) {
        const assay_entry *e = &best->entries[i];
        assay_source_item *item = e->has_metrics ? assay_source_find(source, &e->place) : NULL;
        if (!item || has_no_floor(item)) continue;
        double least = least_half_units * unit_at(e->metrics.golden_max, dtype);
        set_floor(item, fmax(pooled(best, e), least));
    }
}
