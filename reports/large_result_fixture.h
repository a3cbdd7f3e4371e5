/* A result with very many stages, for the tests and the bench of report writers. */
#ifndef ASSAY_REPORTS_LARGE_RESULT_FIXTURE_H
#define ASSAY_REPORTS_LARGE_RESULT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare/result.h"
#include "core/random.h"

enum { LARGE_STAGES = ASSAY_STAGE_NORM - ASSAY_STAGE_INPUT_LAYERNORM, LARGE_LAYERS = 40 };

/* Stage number `index` of a case: of a layer of a window, or the logits. Every digit of its numbers is another. */
static inline assay_entry large_result_entry(size_t index, bool fails) {
    assay_entry e = {.kind = ASSAY_ENTRY_STAGE, .verdict = fails ? ASSAY_VERDICT_FAIL : ASSAY_VERDICT_PASS};
    size_t row = index / LARGE_STAGES;
    assay_stage stage = ASSAY_STAGE_INPUT_LAYERNORM + (assay_stage)(index % LARGE_STAGES);
    e.place = (assay_place){0, (int64_t)(row / LARGE_LAYERS), (int64_t)(row % LARGE_LAYERS), stage};
    assay_place_path(&e.place, e.path, sizeof e.path);
    snprintf(e.rules, sizeof e.rules, "%s", assay_stage_get(stage)->rules);
    double scale = assay_random_unit(1, index) + 1;
    e.golden = e.candidate = (assay_result_shape){ASSAY_F32, 3, {1, 512, 4096}};
    e.has_metrics = e.has_floor = true;
    e.origin = ASSAY_TOLERANCE_FLOOR;
    e.floor = 1.23456789e-7 * scale;
    e.tolerance = 8 * e.floor;
    e.deviation = e.tolerance * scale * (fails ? 1234.5 : 0.25);
    e.ratio_tolerance = e.deviation / e.tolerance;
    e.ratio_floor = e.deviation / e.floor;
    e.metrics = (assay_metrics){.count = 512 * 4096, .finite = 512 * 4096, .different = 2000000 + (int64_t)index};
    e.metrics.max_abs = e.deviation;
    e.metrics.max_rel = e.metrics.rms = e.metrics.nmse = e.metrics.golden_max = e.deviation / 3;
    e.metrics.cosine = 1 - e.deviation;
    e.metrics.max_ulp = 12345 * scale;
    e.metrics.ulp_dtype = ASSAY_F32;
    e.worst = (assay_worst){123456, 3, {"batch", "token", "dim"}, {0, 123, 1234}, 1.23456789, -0.123456789};
    if (fails) snprintf(e.reason, sizeof e.reason, "max abs %.3g exceeds the tolerance %.3g", e.deviation, e.tolerance);
    return e;
}

/* A result of `cases` cases with `stages` stages each. False when out of memory. */
static inline bool large_result(assay_result *r, size_t cases, size_t stages, bool fails) {
    bool ok = true;
    for (size_t i = 0; i < cases && ok; i++) {
        assay_case_result c = {0};
        char name[64];
        snprintf(name, sizeof name, "windows-5-of-a-larger-model-%03zu", i);
        c.name = strdup(name), c.golden_name = strdup("windows.h5"), c.candidate_name = strdup("dumps/windows.h5");
        for (size_t k = 0; k < stages && ok; k++) {
            assay_entry e = large_result_entry(k, fails);
            ok = assay_case_result_add(&c, &e, NULL) == ASSAY_OK;
        }
        assay_case_result_finish(&c);
        ok = assay_result_add_case(r, &c, NULL) == ASSAY_OK && ok;
    }
    return ok;
}

#endif
