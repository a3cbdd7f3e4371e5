/*
 * What the tests of runs share: shipped goldens, and dumps that the engine makes of their cases, with mistakes or spoiled.
 */
#ifndef ASSAY_RUN_RUN_FIXTURE_H
#define ASSAY_RUN_RUN_FIXTURE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compare/source_file.h"
#include "engine/variants.h"
#include "golden/golden_file.h"
#include "run/trace.h"

/* A shipped golden, its model, and a dump of its case. */
typedef struct {
    char path[160];
    assay_golden golden;
    assay_source source;
    assay_loaded_model model;
    assay_trace trace;
    assay_tensor_map *picked; /* NULL, or the part of the trace that is the dump */
    assay_source dump;        /* of `picked` */
} run_fixture;

/* Opens golden/data/<name>.h5. Tests run in the root of the repository. */
static inline run_fixture run_fixture_open(const char *name) {
    run_fixture f = {0};
    assay_error err = {0};
    snprintf(f.path, sizeof f.path, "golden/data/%s.h5", name);
    cr_assert_eq(assay_golden_open(&f.golden, f.path, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(assay_load_golden_model(&f.model, &f.golden, NULL, ASSAY_F32, &err), ASSAY_OK, "%s", err.message);
    return f;
}

/* The file's own source, opened late so that the fixture may be moved before. */
static inline const assay_source *run_fixture_golden(run_fixture *f) {
    if (!f->source.self) cr_assert_eq(assay_source_of_file(&f->source, &f->golden, f->path, NULL), ASSAY_OK);
    return &f->source;
}

static inline void run_fixture_drop_dump(run_fixture *f) {
    assay_source_close(&f->dump);
    assay_tensor_map_destroy(f->picked);
    assay_trace_free(&f->trace);
    f->picked = NULL;
}

static inline void run_fixture_close(run_fixture *f) {
    run_fixture_drop_dump(f);
    assay_source_close(&f->source);
    assay_loaded_model_free(&f->model);
    assay_golden_close(&f->golden);
}

/* Runs the case with these mistakes ("": none): f->trace. */
static inline void run_fixture_run(run_fixture *f, const char *mistakes) {
    run_fixture_drop_dump(f);
    assay_semantics semantics = {0};
    assay_error err = {0};
    if (*mistakes) cr_assert_eq(assay_variants_parse(mistakes, &semantics, &err), ASSAY_OK, "%s", err.message);
    const assay_trace_options options = {.test_case = &f->golden.test_case,
                                         .kept = run_fixture_golden(f),
                                         .semantics = *mistakes ? &semantics : NULL,
                                         .tolerates = true};
    cr_assert_eq(assay_trace_run(&f->trace, &f->model, &options, &err), ASSAY_OK, "%s", err.message);
}

/* Makes a dump of those tensors of the run whose path has `part` in it ("": all). Tensors are copies: they may be changed before
 * the dump is read. */
static inline const assay_source *run_fixture_pick(run_fixture *f, const char *part) {
    assay_source_close(&f->dump);
    assay_tensor_map_destroy(f->picked);
    f->picked = assay_tensor_map_create();
    for (size_t i = 0; i < assay_tensor_map_count(f->trace.tensors); i++) {
        const char *name = assay_tensor_map_name(f->trace.tensors, i);
        if (!strstr(name, part)) continue;
        const assay_tensor *t = assay_tensor_map_at(f->trace.tensors, i);
        cr_assert_eq(assay_tensor_map_put_copy(f->picked, name, t, NULL), ASSAY_OK);
    }
    /* The run kept what the golden has: of a step's past, maybe nothing. */
    for (size_t i = 0; i < f->trace.step_count; i++) f->trace.steps[i].past_captured = -1;
    assay_source_info info = assay_source_info_init("a port's dump");
    cr_assert_eq(assay_source_of_map(&f->dump, f->picked, &info, f->trace.steps, *part ? 0 : f->trace.step_count, NULL),
                 ASSAY_OK);
    return &f->dump;
}

/* A tensor of the dump, to be changed. */
static inline float *run_fixture_values(run_fixture *f, const char *path) {
    const assay_tensor *t = assay_tensor_map_get(f->picked, path);
    cr_assert(t && t->dtype == ASSAY_F32, "%s", path);
    return t->data;
}

/* Moves every number of the dump that is judged by a tolerance by up to `floors` noise floors, and some by all of that. */
static inline void run_fixture_shake(run_fixture *f, double floors) {
    size_t shaken = 0;
    for (size_t i = 0; i < f->dump.item_count; i++) {
        const assay_source_item *item = &f->dump.items[i];
        const assay_source_item *golden = assay_source_find(run_fixture_golden(f), &item->place);
        const assay_tensor *t = item->values;
        if (!golden || !golden->has_floor || t->dtype != ASSAY_F32) continue;
        float *x = t->data;
        for (int64_t e = 0; e < assay_tensor_count(t); e++) {
            if (!(fabsf(x[e]) < 1e5f)) continue; /* hidden scores */
            x[e] += (float)(golden->floor * floors * (e % 2 ? -1 : 1) / (double)(1 + e % 3));
        }
        shaken++;
    }
    cr_assert_gt(shaken, 0);
}

#endif
