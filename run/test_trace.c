/* Runs kept in memory: what is kept, how a refusal is told, and that mistakes reach the engine. */
#include "run/trace.h"

#include "run/run_fixture.h"

static run_fixture f;
static void stop(void) { run_fixture_close(&f); }
TestSuite(trace, .fini = stop);

static const assay_tensor *tensor(const char *path) { return assay_tensor_map_get(f.trace.tensors, path); }

Test(trace, keeps_what_the_other_side_has) {
    f = run_fixture_open("windows-3-all");
    run_fixture_run(&f, "");
    const assay_source *golden = run_fixture_golden(&f);
    cr_assert_gt(golden->item_count, 100);
    for (size_t i = 0; i < golden->item_count; i++)
        cr_expect(assay_source_find(&f.trace.source, &golden->items[i].place), "item %zu", i);
    cr_assert_eq(f.trace.source.item_count, golden->item_count);
    cr_assert_eq(f.trace.step_count, 1);
    cr_assert_not(f.trace.steps[0].refused);
    cr_assert_str_eq(f.trace.steps[0].op, "forward");
}

Test(trace, keeps_little_where_little_is_wanted) {
    f = run_fixture_open("windows-3-all");
    run_fixture_run(&f, "");
    assay_trace full = f.trace;
    f.trace = (assay_trace){0};
    const assay_tensor *logits = assay_tensor_map_get(full.tensors, "steps/0/logits");
    assay_tensor_map *map = assay_tensor_map_create();
    cr_assert_eq(assay_tensor_map_put_copy(map, "steps/0/logits", logits, NULL), ASSAY_OK);
    assay_source wanted;
    const assay_source_info info = assay_source_info_init("logits");
    cr_assert_eq(assay_source_of_map(&wanted, map, &info, NULL, 0, NULL), ASSAY_OK);
    assay_trace few;
    const assay_trace_options options = {.test_case = &f.golden.test_case, .kept = &wanted};
    cr_assert_eq(assay_trace_run(&few, &f.model, &options, NULL), ASSAY_OK);
    cr_assert_eq(few.source.item_count, 1);
    const assay_tensor *again = few.source.items[0].values;
    cr_assert_eq(memcmp(again->data, logits->data, assay_tensor_nbytes(logits)), 0, "taps change nothing");
    assay_trace_free(&few);
    assay_source_close(&wanted);
    assay_tensor_map_destroy(map);
    assay_trace_free(&full);
}

/* A step whose past the other side has in part: what the engine has beyond it must show. */
Test(trace, keeps_the_whole_past_of_a_step) {
    f = run_fixture_open("windows-3-all");
    run_fixture_run(&f, "");
    run_fixture_pick(&f, "past/1/mem_key");
    assay_trace trace;
    const assay_trace_options options = {.test_case = &f.golden.test_case, .kept = &f.dump};
    cr_assert_eq(assay_trace_run(&trace, &f.model, &options, NULL), ASSAY_OK);
    cr_assert(assay_tensor_map_get(trace.tensors, "steps/0/past/0/key"));
    cr_assert(assay_tensor_map_get(trace.tensors, "steps/0/past/1/mem_mask"));
    cr_assert_null(assay_tensor_map_get(trace.tensors, "steps/0/logits"));
    assay_trace_free(&trace);
}

Test(trace, no_semantics_and_zero_semantics_are_the_same_run) {
    f = run_fixture_open("decode-flip-bf16");
    run_fixture_run(&f, "");
    assay_trace plain = f.trace;
    f.trace = (assay_trace){0};
    run_fixture_run(&f, "norm-weight-before-cast");
    cr_assert_eq(assay_tensor_map_count(f.trace.tensors), assay_tensor_map_count(plain.tensors));
    for (size_t i = 0; i < assay_tensor_map_count(plain.tensors); i++) {
        const assay_tensor *a = assay_tensor_map_at(plain.tensors, i), *b = assay_tensor_map_at(f.trace.tensors, i);
        cr_assert(assay_tensor_same_shape(a, b) && memcmp(a->data, b->data, assay_tensor_nbytes(a)) == 0, "%s",
                  assay_tensor_map_name(plain.tensors, i));
    }
    assay_trace_free(&plain);
}

Test(trace, mistakes_reach_the_engine) {
    f = run_fixture_open("windows-3-all");
    run_fixture_run(&f, "final-window-is-remainder");
    const int64_t *schedule = tensor("steps/0/schedule")->data; /* 33 tokens, W 16 */
    cr_assert_eq(tensor("steps/0/schedule")->shape[0], 3);
    cr_assert_eq(schedule[2], 16);
    cr_assert_eq(schedule[3], 32);
}

Test(trace, a_refusal_is_noted_when_it_is_tolerated) {
    f = run_fixture_open("positions-shifted");
    run_fixture_run(&f, "");
    cr_assert_not(f.trace.steps[0].refused);
    f.golden.test_case.steps[0].has_last_context_length = true;
    f.golden.test_case.steps[0].last_context_length = 0;
    run_fixture_run(&f, "");
    cr_assert(f.trace.steps[0].refused);
    cr_assert(assay_rules_have(f.trace.steps[0].refused_rules, "SCHED-4"));
    cr_assert(strstr(f.trace.steps[0].refused_message, "last_context_length"));
    cr_assert_null(tensor("steps/0/logits"));
    assay_trace trace;
    assay_error err = {0};
    const assay_trace_options strict = {.test_case = &f.golden.test_case, .kept = run_fixture_golden(&f)};
    cr_assert_eq(assay_trace_run(&trace, &f.model, &strict, &err), ASSAY_EINPUT);
    cr_assert(strstr(err.message, "step 0"), "%s", err.message);
}

Test(trace, a_model_that_cannot_be_built_refuses_every_step) {
    f = run_fixture_open("error-heads");
    cr_assert(f.model.refused);
    run_fixture_run(&f, "");
    cr_assert_gt(f.trace.step_count, 0);
    for (size_t i = 0; i < f.trace.step_count; i++) cr_assert(f.trace.steps[i].refused);
    cr_assert_eq(f.trace.source.item_count, 0);
}
