#include "fuzz/public_trace.h"

assay_status assay_fuzz_trace(assay_trace *out, const assay_loaded_model *m, const assay_case *c,
                              const assay_semantics *semantics, assay_error *err) {
    bool also[ASSAY_STAGE_COUNT];
    for (int i = 0; i < ASSAY_STAGE_COUNT; i++) {
        assay_stage_scope scope = assay_stage_get((assay_stage)i)->scope;
        also[i] = scope == ASSAY_PER_STEP || scope == ASSAY_PER_PAST;
    }
    assay_source nothing = {.info = assay_source_info_init("nothing")};
    assay_trace_options options = {
        .test_case = c, .kept = &nothing, .also = also, .semantics = semantics, .tolerates = true};
    return assay_trace_run(out, m, &options, err);
}
