#include "compare/source_file.h"

#include <math.h>
#include <stdlib.h>

static assay_status read_from_file(const assay_source *source, const assay_source_item *item, bool unrounded,
                                   assay_tensor *out, bool *owned, assay_error *err) {
    const assay_golden_tensor *t = item->values;
    assay_tensor read;
    assay_status st = unrounded ? assay_golden_read_unrounded(source->self, t, &read, err)
                                : assay_golden_read(source->self, t, &read, err);
    if (st) return st;
    *out = read;
    *owned = true;
    return ASSAY_OK;
}

static assay_status read_unknown(const assay_source *source, size_t index, bool values, assay_tensor *out, bool *owned,
                                 assay_error *err) {
    const char *name = source->unknown[index];
    *owned = values;
    return values ? assay_golden_read_unknown(source->self, name, out, err)
                  : assay_golden_describe_unknown(source->self, name, out, err);
}

static assay_status locate_in_file(const assay_source *source, const assay_source_item *item, bool unrounded,
                                   assay_stored_values *out, bool *found, assay_error *err) {
    return assay_golden_locate(source->self, item->values, unrounded, out, found, err);
}

static assay_source_info info_of(const assay_golden *g, const char *name) {
    assay_source_info info = assay_source_info_init(name);
    info.producer = g->producer;
    info.is_golden = g->kind == ASSAY_FILE_GOLDEN;
    info.has_dtype = g->has_dtype;
    info.dtype = g->dtype;
    info.has_mem_dtype = g->has_config && !g->config_refused;
    if (info.has_mem_dtype) info.mem_dtype = g->config.mem_dtype;
    info.unsupported = g->unsupported;
    info.case_sha256 = g->case_sha256;
    info.config_sha256 = g->config_sha256;
    info.weights_xxh128 = g->weights_xxh128;
    return info;
}

static assay_source_item item_of(const assay_golden_tensor *t) {
    return (assay_source_item){.place = t->place,
                               .info = t->info,
                               .has_floor = !isnan(t->noise_floor),
                               .floor = t->noise_floor,
                               .kept_axis = (int)t->kept_axis,
                               .kept = t->kept,
                               .kept_count = t->kept_count,
                               .has_unrounded = t->has_unrounded,
                               .has_unrounded_floor = t->has_unrounded && !isnan(t->unrounded_floor),
                               .unrounded_floor = t->unrounded_floor,
                               .values = t,
                               .unrounded = t};
}

/* The file's lists are in execution order already. */
static assay_source_item *items_of(const assay_golden_tensor *tensors, size_t count) {
    assay_source_item *items = calloc(count + 1, sizeof *items);
    for (size_t i = 0; items && i < count; i++) items[i] = item_of(&tensors[i]);
    return items;
}

static assay_source_step *steps_of(const assay_golden *g) {
    assay_source_step *steps = calloc(g->step_count + 1, sizeof *steps);
    for (size_t i = 0; steps && i < g->step_count; i++) {
        const assay_golden_step *s = &g->steps[i];
        bool refused = s->refused[0] || s->refused_message[0];
        steps[i] = (assay_source_step){(int64_t)i, refused, s->op, s->refused, s->refused_message, s->past_captured};
    }
    return steps;
}

assay_status assay_source_of_file(assay_source *out, const assay_golden *g, const char *name, assay_error *err) {
    assay_source source = {.info = info_of(g, name),
                           .self = g,
                           .read = read_from_file,
                           .locate = locate_in_file,
                           .read_unknown = read_unknown};
    source.items = items_of(g->tensors, g->tensor_count);
    source.float64 = items_of(g->float64, g->float64_count);
    source.steps = steps_of(g);
    source.unknown = calloc(g->unknown.count + 1, sizeof *source.unknown);
    if (!source.items || !source.float64 || !source.steps || !source.unknown) {
        assay_source_close(&source);
        return assay_fail_nomem(err, "a list of tensors");
    }
    source.item_count = g->tensor_count;
    source.float64_count = g->float64_count;
    source.step_count = g->step_count;
    for (size_t i = 0; i < g->unknown.count; i++) source.unknown[source.unknown_count++] = g->unknown.names[i];
    *out = source;
    return ASSAY_OK;
}

void assay_source_use_replayed_floors(assay_source *source) {
    for (size_t i = 0; i < source->item_count; i++) {
        assay_source_item *item = &source->items[i];
        const assay_golden_tensor *t = item->values;
        if (!isnan(t->replayed_floor)) item->floor = t->replayed_floor;
        if (!isnan(t->unrounded_replayed_floor)) item->unrounded_floor = t->unrounded_replayed_floor;
    }
}
