#include "run/suite_export.h"

#include <stdlib.h>
#include <unistd.h>

#include "compare/candidate.h"
#include "compare/compare.h"
#include "golden/npy.h"
#include "run/suite_fixture.h"

static scratch s;

static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }

TestSuite(suite_export, .init = setup, .fini = teardown);

static void expect_name(const char *path, const char *expected) {
    char *name;
    EXPECT_OK(assay_suite_case_name(&name, path, &expect_err));
    cr_expect_str_eq(name, expected, "%s gives %s", path, name);
    free(name);
}

Test(suite_export, a_case_is_called_as_its_golden_or_its_folder) {
    expect_name("golden/data/edge-c.h5", "edge-c");
    expect_name("edge-c.h5", "edge-c");
    expect_name("suite/cases/edge-c/golden.h5", "edge-c");
    expect_name("edge-c/golden.h5", "edge-c");
    expect_name("golden.h5", "golden");
    expect_name("a.h5/dump", "dump");
    expect_name(".h5", ".h5");
}

static void export_one(const char *golden, bool safetensors, bool npy) {
    assay_suite_export e;
    const assay_suite_options options = {.safetensors = safetensors, .npy = npy, .version = ""};
    EXPECT_OK(assay_suite_export_begin(&e, scratch_path(&s, "suite"), &options, &expect_err));
    EXPECT_OK(assay_suite_export_add(&e, golden, &expect_err));
    EXPECT_OK(assay_suite_export_commit(&e, &expect_err));
}

static bool exists(const char *name) { return access(scratch_path(&s, name), R_OK) == 0; }

static void expect_same_bytes(const char *path, const char *name, const char *expected, size_t expected_nbytes) {
    size_t nbytes;
    char *found = scratch_read(scratch_path(&s, name), &nbytes);
    cr_assert_eq(nbytes, expected_nbytes, "%s", path);
    cr_expect_eq(memcmp(found, expected, nbytes), 0, "%s", path);
    free(found);
}

Test(suite_export, copies_case_and_golden_byte_for_byte) {
    const char *golden = suite_write_dump(&s, "one.h5", "float32", NULL, ASSAY_DUMP_ALL);
    char text[2048];
    int length = snprintf(text, sizeof text, SUITE_CASE, "float32");
    size_t nbytes;
    char *bytes = scratch_read(golden, &nbytes);
    export_one(golden, true, true);
    expect_same_bytes("case", "suite/cases/one/case.json", text, (size_t)length);
    expect_same_bytes("golden", "suite/cases/one/golden.h5", bytes, nbytes);
    free(bytes);
}

/* The folder is a model: what the engine computes on it is what the golden holds. */
Test(suite_export, the_folder_of_a_case_is_a_model) {
    const char *golden = suite_write_dump(&s, "one.h5", "bfloat16", NULL, ASSAY_DUMP_ALL);
    export_one(golden, true, false);
    assay_golden g;
    EXPECT_OK(assay_golden_open(&g, golden, &expect_err));
    assay_loaded_model m;
    EXPECT_OK(assay_load_case_model(&m, &g.test_case, scratch_path(&s, "suite/cases/one"), ASSAY_F32, &expect_err));
    cr_expect_str_eq(m.weights_xxh128, g.weights_xxh128);
    cr_expect(!m.refused);
    assay_loaded_model_free(&m);
    assay_golden_close(&g);
    cr_expect(!exists("suite/cases/one/npy"));
}

static size_t count_failures(const char *golden, const char *candidate) {
    assay_candidate *g, *c;
    assay_case_result r;
    EXPECT_OK(assay_candidate_open(&g, golden, &expect_err));
    EXPECT_OK(assay_candidate_open(&c, candidate, &expect_err));
    EXPECT_OK(assay_compare(&r, assay_candidate_source(g), assay_candidate_source(c),
                            &(assay_compare_options){.name = ""}, &expect_err));
    size_t passed = r.counts[ASSAY_VERDICT_PASS], failed = r.counts[ASSAY_VERDICT_FAIL];
    size_t missing = r.counts[ASSAY_VERDICT_MISSING];
    cr_expect_gt(passed, 60);
    cr_expect_eq(missing, 1, "all but the refusal is there: %zu", missing);
    assay_case_result_free(&r);
    assay_candidate_close(g);
    assay_candidate_close(c);
    return failed;
}

Test(suite_export, every_tensor_is_there_in_both_formats) {
    const char *golden = suite_write_dump(&s, "one.h5", "bfloat16", NULL, ASSAY_DUMP_ALL);
    export_one(golden, true, true);
    cr_expect_eq(count_failures(golden, scratch_path(&s, "suite/cases/one/golden.safetensors")), 0);
    cr_expect_eq(count_failures(golden, scratch_path(&s, "suite/cases/one/npy/golden")), 0);
}

static void expect_input(const char *name, assay_dtype dtype, int64_t count) {
    char file[160];
    assay_tensor t;
    snprintf(file, sizeof file, "suite/cases/one/npy/inputs/%s.npy", name);
    EXPECT_OK(assay_npy_read(scratch_path(&s, file), &t, &expect_err));
    cr_expect_eq(t.dtype, dtype, "%s", name);
    cr_expect_eq(assay_tensor_count(&t), count, "%s", name);
    assay_tensor_free(&t);
}

Test(suite_export, inputs_have_the_types_that_a_model_is_given) {
    export_one(suite_write_dump(&s, "one.h5", "float32", NULL, ASSAY_DUMP_PUBLIC), false, true);
    expect_input("steps/0/input_ids", ASSAY_I64, 14);
    expect_input("steps/0/attention_mask", ASSAY_I64, 14);
    expect_input("steps/1/input_ids", ASSAY_I64, 1);
    expect_input("steps/2/position_ids", ASSAY_I64, 2);
    cr_expect(!exists("suite/cases/one/npy/inputs/steps/1/attention_mask.npy"));
    cr_expect(!exists("suite/cases/one/model.safetensors"));
    cr_expect(exists("suite/cases/one/npy/weights/model.embed_tokens.weight.npy"));
}

static const assay_suite_tolerance *tolerance_of(const assay_suite_case *c, const char *path) {
    for (size_t i = 0; i < c->tolerance_count; i++)
        if (strcmp(c->tolerances[i].path, path) == 0) return &c->tolerances[i];
    cr_assert(false, "no tolerance of %s", path);
    return NULL;
}

Test(suite_export, a_case_is_described) {
    const char *path = suite_write_dump(&s, "one.h5", "bfloat16", NULL, ASSAY_DUMP_ALL);
    assay_golden g;
    assay_suite_case c;
    EXPECT_OK(assay_golden_open(&g, path, &expect_err));
    EXPECT_OK(assay_suite_case_describe(&c, &g, "one", &expect_err));
    cr_expect_str_eq(c.title, "a title");
    cr_expect_str_eq(c.rules, "MEM-1 SCHED-1 POS-3");
    cr_expect_str_eq(c.ops, "forward");
    cr_expect_str_eq(c.case_sha256, g.case_sha256);
    cr_expect(c.has_model && c.step_count == 3);
    cr_assert_eq(c.refusals.count, 1);
    cr_expect_eq(c.refusals.items[0].step, 2);
    cr_expect_str_eq(c.refusals.items[0].rules, "ERR-1 POS-3");
    cr_expect_eq(c.tolerance_count, g.tensor_count);
    cr_expect_eq(tolerance_of(&c, "steps/0/schedule")->judge, ASSAY_JUDGE_EXACT);
    cr_expect_eq(tolerance_of(&c, "steps/0/logits")->judge, ASSAY_JUDGE_LOGITS);
    cr_expect_gt(tolerance_of(&c, "steps/0/logits")->tolerance, 0, "without a floor, the default");
    cr_expect(!tolerance_of(&c, "steps/0/logits")->has_floor);
    cr_expect_eq(tolerance_of(&c, "steps/0/past/1/mem_key")->judge, ASSAY_JUDGE_STORED);
    assay_suite_case_free(&c);
    assay_golden_close(&g);
}

/* What a golden of the original knows besides: floors, kept tokens, values before the cast, a float64 run. */
Test(suite_export, noise_floors_are_not_lost) {
    assay_golden g;
    assay_suite_case c;
    EXPECT_OK(assay_golden_open(&g, "golden/data/decode-flip-bf16.h5", &expect_err));
    EXPECT_OK(assay_suite_case_describe(&c, &g, "one", &expect_err));
    cr_expect_eq(c.tolerance_count, g.tensor_count + g.float64_count);
    size_t floors = 0, kept = 0, unrounded = 0, fine = 0;
    for (size_t i = 0; i < c.tolerance_count; i++) {
        const assay_suite_tolerance *t = &c.tolerances[i];
        cr_expect(!t->has_floor || t->tolerance == 8 * t->floor, "%s", t->path);
        cr_expect_eq(t->has_floor, t->judge != ASSAY_JUDGE_EXACT, "%s", t->path);
        cr_expect(!t->of_unrounded || t->judge == ASSAY_JUDGE_STORED, "%s", t->path);
        floors += t->has_floor, kept += t->kept_axis >= 0, unrounded += t->of_unrounded;
        fine += strncmp(t->path, "float64/steps/", 14) == 0;
    }
    cr_expect(floors > 40 && kept > 20 && unrounded > 4, "%zu %zu %zu", floors, kept, unrounded);
    cr_expect(fine > 0 && fine == g.float64_count);
    const assay_golden_tensor *first = &g.float64[0];
    cr_expect_eq(tolerance_of(&c, first->path + (first->path[0] == '/'))->floor, first->noise_floor);
    assay_suite_case_free(&c);
    assay_golden_close(&g);
}

/* Memory as wide as the run is no rounding of anything. */
Test(suite_export, wide_memory_is_judged_as_any_float) {
    const char *path = suite_write_dump(&s, "one.h5", "float32", NULL, ASSAY_DUMP_PUBLIC);
    assay_golden g;
    assay_suite_case c;
    EXPECT_OK(assay_golden_open(&g, path, &expect_err));
    EXPECT_OK(assay_suite_case_describe(&c, &g, "one", &expect_err));
    cr_expect_eq(tolerance_of(&c, "steps/0/past/1/mem_key")->judge, ASSAY_JUDGE_FLOAT);
    assay_suite_case_free(&c);
    assay_golden_close(&g);
}

Test(suite_export, a_failure_leaves_nothing) {
    assay_suite_export e;
    const assay_suite_options options = {.safetensors = true, .version = ""};
    const char *golden = suite_write_dump(&s, "one.h5", "float32", NULL, ASSAY_DUMP_PUBLIC);
    const char *again = suite_write_dump(&s, "other/one.h5", "float32", NULL, ASSAY_DUMP_PUBLIC);
    int before = scratch_count(&s);
    EXPECT_OK(assay_suite_export_begin(&e, scratch_path(&s, "suite"), &options, &expect_err));
    EXPECT_OK(assay_suite_export_add(&e, golden, &expect_err));
    EXPECT_REFUSED(assay_suite_export_add(&e, again, &expect_err), "another golden is called 'one' too");
    EXPECT_REFUSED(assay_suite_export_add(&e, scratch_path(&s, "none.h5"), &expect_err), "none.h5");
    assay_suite_export_discard(&e);
    cr_expect_eq(scratch_count(&s), before);
    EXPECT_REFUSED(assay_suite_export_begin(&e, s.dir, &options, &expect_err), "not empty");
}
