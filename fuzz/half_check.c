#include "fuzz/half_check.h"

#include "fuzz/answer_load.h"
#include "fuzz/public_trace.h"
#include "run/own_floors.h"

static assay_status compare(assay_case_result *out, const assay_source *reference, const assay_source *candidate,
                            const assay_compare_options *options, assay_error *err) {
    assay_source without_digest = *candidate; /* that of the weights may be taken before or after they are rounded */
    without_digest.info.weights_xxh128 = "";
    return assay_compare(out, reference, &without_digest, options, err);
}

static assay_status judge_engine(assay_case_result *out, const assay_trace *run, const assay_source *candidate,
                                 const assay_compare_options *options, assay_error *err) {
    assay_source reference;
    assay_status st = assay_own_floors_begin(&reference, &run->source, err);
    if (st) return st;
    st = compare(out, &reference, candidate, options, err);
    assay_own_floors_end(&reference);
    return st;
}

/* Gives exact results the floors of `run`. */
static assay_status make_floors(assay_source *reference, const assay_trace *run, assay_dtype dtype, assay_error *err) {
    assay_case_result distance;
    const assay_compare_options options = {.name = ""};
    assay_status st = compare(&distance, reference, &run->source, &options, err);
    if (st) return st;
    assay_own_floors_half(reference, &distance, dtype);
    assay_case_result_free(&distance);
    return ASSAY_OK;
}

static assay_status judge_port(assay_case_result *out, const assay_trace *exact, const assay_trace *run,
                               const assay_fuzz_question *q, const assay_source *candidate,
                               const assay_compare_options *options, assay_error *err) {
    assay_source reference;
    assay_status st = assay_own_floors_begin(&reference, &exact->source, err);
    if (st) return st;
    st = make_floors(&reference, run, q->test_case->dtype, err);
    if (!st) st = compare(out, &reference, candidate, options, err);
    assay_own_floors_end(&reference);
    return st;
}

static assay_status run_exactly(assay_trace *out, const assay_case *c, assay_error *err) {
    assay_loaded_model m;
    assay_status st = assay_load_case_model(&m, c, NULL, ASSAY_F32, err);
    if (st) return st;
    st = assay_fuzz_trace(out, &m, c, NULL, err);
    assay_loaded_model_free(&m);
    return st;
}

assay_status assay_half_judge(assay_case_result *out, const assay_fuzz_question *q, const assay_trace *run,
                              const assay_fuzz_answer *answer, const assay_compare_options *options, assay_error *err) {
    assay_trace exact;
    assay_source_memory loaded;
    assay_status st = assay_load_answer(&loaded, answer->source, err);
    if (st) return st;
    if (answer->complete) {
        st = judge_engine(out, run, &loaded.source, options, err);
    } else {
        st = run_exactly(&exact, q->test_case, err);
        if (!st) {
            st = judge_port(out, &exact, run, q, &loaded.source, options, err);
            assay_trace_free(&exact);
        }
    }
    assay_source_memory_free(&loaded);
    return st;
}
