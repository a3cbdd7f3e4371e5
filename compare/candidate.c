#include "compare/candidate.h"

#include <stdlib.h>
#include <string.h>

#include "compare/source_file.h"
#include "golden/golden_file.h"
#include "golden/tensor_dump.h"

struct assay_candidate {
    char *name;
    bool is_hdf5;
    assay_golden file;      /* when is_hdf5 */
    assay_tensor_dump dump; /* when not */
    assay_source source;
};

static assay_status open_hdf5(assay_candidate *c, bool any_names, assay_error *err) {
    assay_status st =
        any_names ? assay_golden_open_any(&c->file, c->name, err) : assay_golden_open(&c->file, c->name, err);
    if (st) return st;
    c->is_hdf5 = true;
    return assay_source_of_file(&c->source, &c->file, c->name, err);
}

static assay_status read_from_dump(const assay_source *source, const assay_source_item *item, bool unrounded,
                                   assay_tensor *out, bool *owned, assay_error *err) {
    assay_tensor read;
    assay_status st = assay_tensor_dump_read(source->self, unrounded ? item->unrounded : item->values, &read, err);
    if (st) return st;
    *out = read;
    *owned = true;
    return ASSAY_OK;
}

static assay_status locate_in_dump(const assay_source *source, const assay_source_item *item, bool unrounded,
                                   assay_stored_values *out, bool *found, assay_error *err) {
    return assay_tensor_dump_locate(source->self, unrounded ? item->unrounded : item->values, out, found, err);
}

static assay_source_info info_of(const assay_candidate *c) {
    const assay_tensor_dump_facts *facts = &c->dump.facts;
    assay_source_info info = assay_source_info_init(c->name);
    info.producer = facts->producer;
    info.has_dtype = facts->has_dtype;
    info.dtype = facts->dtype;
    info.unsupported = facts->unsupported;
    info.case_sha256 = facts->case_sha256;
    info.config_sha256 = facts->config_sha256;
    info.weights_xxh128 = facts->weights_xxh128;
    return info;
}

static assay_status read_unknown_of_dump(const assay_source *source, size_t index, bool values, assay_tensor *out,
                                         bool *owned, assay_error *err) {
    const assay_tensor_dump *dump = source->self;
    const assay_tensor *held = assay_tensor_map_get(dump->tensors, source->unknown[index]);
    *owned = values;
    if (values) return assay_tensor_dump_read(dump, held, out, err);
    *out = *held;
    out->data = NULL;
    return ASSAY_OK;
}

static assay_source_step *steps_of(const assay_dump_refusals *refusals) {
    assay_source_step *steps = calloc(refusals->count + 1, sizeof *steps);
    for (size_t i = 0; steps && i < refusals->count; i++) {
        const assay_dump_refusal *r = &refusals->items[i];
        steps[i] = (assay_source_step){r->step, true, "", r->rules, r->message, -1};
    }
    return steps;
}

static assay_status open_dump(assay_candidate *c, bool any_names, assay_error *err) {
    assay_status st =
        any_names ? assay_tensor_dump_open_any(&c->dump, c->name, err) : assay_tensor_dump_open(&c->dump, c->name, err);
    if (st) return st;
    const assay_source_info info = info_of(c);
    const assay_dump_refusals *refusals = &c->dump.facts.refusals;
    assay_source_step *steps = steps_of(refusals);
    if (!steps) return assay_fail_nomem(err, c->name);
    st = assay_source_of_map(&c->source, c->dump.tensors, &info, steps, refusals->count, err);
    free(steps);
    if (st) return st;
    c->source.self = &c->dump;
    c->source.read = read_from_dump;
    c->source.locate = locate_in_dump;
    c->source.read_unknown = read_unknown_of_dump;
    return ASSAY_OK;
}

static assay_status open_path(assay_candidate **out, const char *path, bool any_names, assay_error *err) {
    assay_candidate *c = calloc(1, sizeof *c);
    if (!c) return assay_fail_nomem(err, path);
    c->name = strdup(path);
    assay_status st = c->name ? ASSAY_OK : assay_fail_nomem(err, path);
    if (!st) st = assay_tensor_dump_is_at(path) ? open_dump(c, any_names, err) : open_hdf5(c, any_names, err);
    if (st) assay_candidate_close(c);
    else *out = c;
    return st;
}

assay_status assay_candidate_open(assay_candidate **out, const char *path, assay_error *err) {
    return open_path(out, path, false, err);
}

assay_status assay_candidate_open_any(assay_candidate **out, const char *path, assay_error *err) {
    return open_path(out, path, true, err);
}

const assay_source *assay_candidate_source(const assay_candidate *c) { return &c->source; }

void assay_candidate_close(assay_candidate *c) {
    if (!c) return;
    assay_source_close(&c->source);
    if (c->is_hdf5) assay_golden_close(&c->file);
    else assay_tensor_dump_close(&c->dump);
    free(c->name);
    free(c);
}
