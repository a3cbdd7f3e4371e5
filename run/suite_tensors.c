#include "run/suite_tensors.h"

#include <math.h>
#include <stdio.h>

static assay_status finish(assay_tensor_map **out, assay_tensor_map *map, assay_status st) {
    if (st) assay_tensor_map_destroy(map);
    else *out = map;
    return st;
}

/* ---- of a golden ---- */

typedef assay_status (*tensor_reader)(const assay_golden *g, const assay_golden_tensor *t, assay_tensor *out,
                                      assay_error *err);

static assay_status put_read(assay_tensor_map *map, const char *name, const assay_golden *g,
                             const assay_golden_tensor *t, tensor_reader read, assay_error *err) {
    assay_tensor values;
    assay_status st = read(g, t, &values, err);
    return st ? st : assay_tensor_map_put(map, name, values, err);
}

static assay_status put_all(assay_tensor_map *map, const assay_golden *g, const assay_golden_tensor *tensors,
                            size_t count, assay_error *err) {
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < count; i++) {
        const assay_golden_tensor *t = &tensors[i];
        char unrounded[256];
        const char *path = t->path + (t->path[0] == '/');
        snprintf(unrounded, sizeof unrounded, "%s_unrounded", path);
        st = put_read(map, path, g, t, assay_golden_read, err);
        if (!st && t->has_unrounded) st = put_read(map, unrounded, g, t, assay_golden_read_unrounded, err);
    }
    return st;
}

assay_status assay_suite_golden_tensors(assay_tensor_map **out, const assay_golden *g, assay_error *err) {
    assay_tensor_map *map = assay_tensor_map_create();
    if (!map) return assay_fail_nomem(err, "the tensors of a golden");
    assay_status st = put_all(map, g, g->tensors, g->tensor_count, err);
    if (!st) st = put_all(map, g, g->float64, g->float64_count, err);
    return finish(out, map, st);
}

/* ---- of a case ---- */

static bool is_whole(const assay_tensor *t) {
    int64_t count = assay_tensor_count(t);
    for (int64_t i = 0; i < count; i++) {
        double value = assay_load_f64(t->data, t->dtype, (size_t)i);
        if (value != floor(value) || fabs(value) > 0x1p53) return false;
    }
    return true;
}

/* The type in which a model would be given it. */
static assay_dtype given_dtype(const assay_tensor *t, bool stays_floating, assay_dtype run) {
    if (!assay_dtype_is_float(t->dtype)) return t->dtype;
    return !stays_floating && is_whole(t) ? ASSAY_I64 : run;
}

static assay_status put_inputs(assay_tensor_map *map, const assay_step *s, size_t step, assay_dtype run,
                               assay_error *err) {
    const struct {
        const char *name;
        const assay_tensor *tensor;
    } inputs[] = {{"input_ids", &s->input_ids},
                  {"inputs_embeds", &s->inputs_embeds},
                  {"attention_mask", &s->attention_mask},
                  {"position_ids", &s->position_ids},
                  {"labels", &s->labels},
                  {"beam_idx", &s->beam_idx}};
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < sizeof inputs / sizeof *inputs; i++) {
        const assay_tensor *from = inputs[i].tensor;
        if (!from->data) continue;
        char name[64];
        assay_tensor t;
        snprintf(name, sizeof name, "steps/%zu/%s", step, inputs[i].name);
        st = assay_tensor_copy(&t, from, given_dtype(from, from == &s->inputs_embeds, run), err);
        if (!st) st = assay_tensor_map_put(map, name, t, err);
    }
    return st;
}

assay_status assay_suite_inputs(assay_tensor_map **out, const assay_case *c, assay_error *err) {
    assay_tensor_map *map = assay_tensor_map_create();
    if (!map) return assay_fail_nomem(err, "the inputs of a case");
    assay_status st = ASSAY_OK;
    for (size_t i = 0; !st && i < c->step_count; i++) st = put_inputs(map, &c->steps[i], i, c->dtype, err);
    return finish(out, map, st);
}
