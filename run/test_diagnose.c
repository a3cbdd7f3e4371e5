/* Diagnoses of dumps whose mistakes are known, because the engine made them on purpose here, and of dumps that are spoiled. */
#include "run/diagnose.h"

#include "run/run_fixture.h"

static run_fixture f;
static void stop(void) { run_fixture_close(&f); }
TestSuite(diagnose, .fini = stop);

static assay_diagnosis diagnose(const assay_source *dump, double seconds) {
    assay_diagnosis d;
    assay_error err = {0};
    const assay_diagnose_options options = {.seconds = seconds};
    assay_status st = assay_diagnose(&d, &f.golden, f.path, dump, &options, &err);
    cr_assert_eq(st, ASSAY_OK, "%s", err.message);
    return d;
}

/* Whether a hypothesis is these mistakes, in any order. */
static bool is(const assay_hypothesis *h, const char *mistakes) {
    char one[96], other[96];
    const char *first = h->mistakes[0]->name, *second = h->mistake_count == 2 ? h->mistakes[1]->name : "";
    snprintf(one, sizeof one, "%s%s%s", first, *second ? "," : "", second);
    snprintf(other, sizeof other, "%s%s%s", second, *second ? "," : "", first);
    return strcmp(one, mistakes) == 0 || strcmp(other, mistakes) == 0;
}

/* The dump of `part` of a run with these mistakes is explained by them: first of the ranking, or as good as the first. */
static void expect_named(const char *mistakes, const char *part, assay_evidence evidence) {
    run_fixture_run(&f, mistakes);
    assay_diagnosis d = diagnose(run_fixture_pick(&f, part), 60);
    cr_assert_eq(d.verdict, ASSAY_DIAGNOSIS_EXPLAINED, "%s by '%s': %s", mistakes, part,
                 assay_diagnosis_verdict_name(d.verdict));
    bool named = is(&d.ranking[0], mistakes);
    for (size_t i = 1; i < d.ranking_count; i++)
        named = named || (d.ranking[i].same_as_best && is(&d.ranking[i], mistakes));
    cr_expect(named, "%s by '%s': %s was named", mistakes, part, d.ranking[0].mistakes[0]->name);
    cr_expect_eq(d.evidence, evidence, "%s by '%s'", mistakes, part);
    cr_expect_eq(d.singles, assay_variant_count());
    cr_expect_leq(d.ranking[0].distance.worst, 1);
    cr_expect_gt(d.original.worst, 8);
    assay_diagnosis_free(&d);
}

Test(diagnose, names_a_single_mistake) {
    f = run_fixture_open("windows-3-all");
    static const char *const mistakes[] = {
        "memory-keys-at-position-ids", "two-softmaxes-averaged", "short-window-first",   "scale-of-d",
        "rotary-interleaved",          "embeddings-scaled",      "own-window-in-memory", "memory-causal"};
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        expect_named(mistakes[i], "", ASSAY_EVIDENCE_STAGES);
        expect_named(mistakes[i], "/logits", ASSAY_EVIDENCE_LOGITS);
    }
    expect_named("memory-keys-at-position-ids", "/past/", ASSAY_EVIDENCE_RESULTS);
    expect_named("final-window-to-memory", "/past/", ASSAY_EVIDENCE_RESULTS);
    expect_named("norm-weight-plus-one", "/past/", ASSAY_EVIDENCE_RESULTS);
}

Test(diagnose, names_a_mistake_of_decoding_from_logits_alone) {
    f = run_fixture_open("decode-flip");
    expect_named("flip-overflow-only", "/logits", ASSAY_EVIDENCE_LOGITS);
    expect_named("flip-on-memory-layers-only", "/logits", ASSAY_EVIDENCE_LOGITS);
    expect_named("cached-keys-rotated", "/logits", ASSAY_EVIDENCE_LOGITS);
}

/* The original refuses a step of this case, and the dump, as one of .npy files, has no word for that. */
Test(diagnose, names_a_mistake_where_a_step_is_refused) {
    f = run_fixture_open("classify-multi");
    expect_named("scale-of-d", "/logits", ASSAY_EVIDENCE_LOGITS);
    expect_named("scale-of-d", "", ASSAY_EVIDENCE_STAGES);
}

/* With this mistake the case stops at its second step: there is no more of it in the dump. */
Test(diagnose, names_a_mistake_that_refuses) {
    f = run_fixture_open("decode-flip-bf16");
    expect_named("positions-after-cached", "/logits", ASSAY_EVIDENCE_LOGITS);
}

Test(diagnose, names_a_pair) {
    f = run_fixture_open("windows-3-all");
    expect_named("memory-keys-at-position-ids,scale-of-d", "", ASSAY_EVIDENCE_STAGES);
    expect_named("memory-keys-at-position-ids,scale-of-d", "/logits", ASSAY_EVIDENCE_LOGITS);
    expect_named("two-softmaxes-added,rotary-backwards", "/logits", ASSAY_EVIDENCE_LOGITS);
}

/* Without time for pairs a pair is unknown or explained in part, never by one of its halves. */
Test(diagnose, half_of_a_pair_does_not_explain_it) {
    f = run_fixture_open("windows-3-all");
    run_fixture_run(&f, "memory-keys-at-position-ids,scale-of-d");
    assay_diagnosis d = diagnose(run_fixture_pick(&f, ""), 0);
    cr_assert(d.verdict == ASSAY_DIAGNOSIS_UNKNOWN || d.verdict == ASSAY_DIAGNOSIS_PARTLY);
    cr_assert_eq(d.pairs, 0);
    cr_assert(d.out_of_time);
    assay_diagnosis_free(&d);
}

Test(diagnose, nothing_to_explain) {
    f = run_fixture_open("windows-3-all");
    run_fixture_run(&f, "");
    for (int i = 0; i < 2; i++) {
        assay_diagnosis d = diagnose(run_fixture_pick(&f, i ? "/logits" : ""), 60);
        cr_assert_eq(d.verdict, ASSAY_DIAGNOSIS_MATCH);
        cr_assert_eq(d.ranking_count, 0);
        assay_diagnosis_free(&d);
    }
}

Test(diagnose, the_example_of_the_readme) {
    f = run_fixture_open("windows-3-all");
    assay_golden port;
    assay_source source;
    cr_assert_eq(assay_golden_open(&port, "examples/issue-8/port.h5", NULL), ASSAY_OK);
    cr_assert_eq(assay_source_of_file(&source, &port, "port.h5", NULL), ASSAY_OK);
    assay_diagnosis d = diagnose(&source, 60);
    cr_assert_eq(d.verdict, ASSAY_DIAGNOSIS_EXPLAINED);
    cr_assert_str_eq(d.ranking[0].mistakes[0]->name, "memory-keys-at-position-ids");
    cr_assert_eq(d.ranking[0].mistake_count, 1);
    cr_assert_not(d.ranking[1].explains);
    cr_assert_eq(d.ranking[0].distance.differing, 0);
    cr_assert_str_eq(d.ranking[0].distance.first_path, "");
    cr_assert_str_eq(d.original.first_path, "steps/0/past/1/mem_key");
    assay_diagnosis_free(&d);
    assay_source_close(&source);
    assay_golden_close(&port);
}

/* ---- noise ---- */

static assay_diagnosis diagnose_shaken(const char *part, double floors) {
    run_fixture_run(&f, "");
    run_fixture_pick(&f, part);
    run_fixture_shake(&f, floors);
    return diagnose(&f.dump, 0.2);
}

static void expect_no_name(const char *golden, const char *part) {
    f = run_fixture_open(golden);
    assay_diagnosis d = diagnose_shaken(part, 3);
    cr_expect_eq(d.verdict, ASSAY_DIAGNOSIS_MATCH, "%s, '%s', 3 floors", golden, part);
    assay_diagnosis_free(&d);
    static const double floors[] = {12, 30, 100, 1000};
    for (size_t i = 0; i < sizeof floors / sizeof *floors; i++) {
        d = diagnose_shaken(part, floors[i]);
        bool nameless = d.verdict == ASSAY_DIAGNOSIS_UNKNOWN || d.verdict == ASSAY_DIAGNOSIS_ROUNDING;
        cr_expect(nameless, "%s, '%s', %g floors: %s", golden, part, floors[i],
                  assay_diagnosis_verdict_name(d.verdict));
        cr_expect_eq(d.verdict == ASSAY_DIAGNOSIS_ROUNDING, floors[i] < 64, "8 tolerances are 64 floors");
        assay_diagnosis_free(&d);
    }
    run_fixture_close(&f);
    f = (run_fixture){0};
}

Test(diagnose, noise_has_no_name) {
    expect_no_name("windows-3-all", "");
    expect_no_name("windows-3-all", "/logits");
    expect_no_name("decode-flip", "/logits");
    expect_no_name("left-pads", "");
}

/* ---- what cannot be explained ---- */

static void expect_unexplained(const char *why) {
    assay_diagnosis d = diagnose(&f.dump, 0.2);
    cr_expect(d.verdict == ASSAY_DIAGNOSIS_UNKNOWN, "%s: %s by %s", why, assay_diagnosis_verdict_name(d.verdict),
              d.ranking_count ? d.ranking[0].mistakes[0]->name : "nothing");
    cr_expect(isinf(d.original.worst), "%s", why);
    assay_diagnosis_free(&d);
}

static void spoil(const char *golden, const char *part, const char *path, int64_t first, int64_t count, float value) {
    f = run_fixture_open(golden);
    run_fixture_run(&f, "");
    run_fixture_pick(&f, part);
    int64_t all = assay_tensor_count(assay_tensor_map_get(f.picked, path));
    float *x = run_fixture_values(&f, path);
    for (int64_t i = first; i < all && i < first + count; i++) x[i] = value;
}

Test(diagnose, nan_is_not_explained) {
    static const char *const goldens[] = {"windows-3-all", "left-pads", "one-window"};
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        spoil(goldens[i], "", "steps/0/logits", 0, 1, NAN);
        expect_unexplained("one NaN among all stages");
        run_fixture_close(&f);
        spoil(goldens[i], "/logits", "steps/0/logits", 7, 1, NAN);
        expect_unexplained("one NaN among logits");
        run_fixture_close(&f);
        spoil(goldens[i], "/logits", "steps/0/logits", 0, INT64_MAX, NAN);
        expect_unexplained("NaN alone");
        run_fixture_close(&f);
        spoil(goldens[i], "/logits", "steps/0/logits", 3, 1, INFINITY);
        expect_unexplained("an infinity");
        run_fixture_close(&f);
    }
    f = (run_fixture){0};
}

/* A mistake and a NaN: the mistake is nearest, and does not explain the NaN. */
Test(diagnose, nan_beside_a_mistake_is_not_explained) {
    f = run_fixture_open("windows-3-all");
    run_fixture_run(&f, "memory-keys-at-position-ids");
    run_fixture_pick(&f, "");
    run_fixture_values(&f, "steps/0/logits")[5] = NAN;
    assay_diagnosis d = diagnose(&f.dump, 0.2);
    cr_assert_neq(d.verdict, ASSAY_DIAGNOSIS_EXPLAINED);
    cr_assert_str_eq(d.ranking[0].mistakes[0]->name, "memory-keys-at-position-ids");
    cr_assert_not(d.ranking[0].explains);
    cr_assert_str_eq(d.ranking[0].distance.worst_path, "steps/0/logits");
    assay_diagnosis_free(&d);
}

/* A mistake that makes NaN is told by where they are. */
Test(diagnose, nan_of_a_mistake_is_named) {
    f = run_fixture_open("left-pads");
    expect_named("masked-rows-nan", "", ASSAY_EVIDENCE_STAGES);
}

Test(diagnose, another_shape_is_not_explained) {
    f = run_fixture_open("windows-3-all");
    run_fixture_run(&f, "");
    run_fixture_pick(&f, "/logits");
    assay_tensor logits = *assay_tensor_map_get(f.picked, "steps/0/logits");
    logits.shape[1]--;
    assay_source_close(&f.dump);
    assay_tensor_map *map = assay_tensor_map_create();
    cr_assert_eq(assay_tensor_map_put_copy(map, "steps/0/logits", &logits, NULL), ASSAY_OK);
    const assay_source_info info = assay_source_info_init("a dump of fewer tokens");
    cr_assert_eq(assay_source_of_map(&f.dump, map, &info, NULL, 0, NULL), ASSAY_OK);
    expect_unexplained("a token less");
    assay_source_close(&f.dump);
    assay_tensor_map_destroy(map);
}

/* ---- refusals ---- */

static void expect_refused(const assay_source *dump, const char *text) {
    assay_diagnosis d, untouched;
    memset(&d, 0x5a, sizeof d);
    untouched = d;
    assay_error err = {0};
    const assay_diagnose_options options = {.seconds = 1};
    cr_assert_eq(assay_diagnose(&d, &f.golden, f.path, dump, &options, &err), ASSAY_EINPUT);
    cr_assert(strstr(err.message, text), "%s", err.message);
    cr_assert_eq(memcmp(&d, &untouched, sizeof d), 0);
}

Test(diagnose, a_golden_without_a_case_is_refused) {
    f = run_fixture_open("one-window");
    run_fixture_run(&f, "");
    run_fixture_pick(&f, "");
    f.golden.has_case = false;
    expect_refused(&f.dump, "golden/data/one-window.h5: the file holds no case");
    f.golden.has_case = true;
}

Test(diagnose, a_dump_of_nothing_is_refused) {
    f = run_fixture_open("windows-3-all");
    run_fixture_run(&f, "");
    expect_refused(run_fixture_pick(&f, "no such path"), "a port's dump: holds no tensor");
}

Test(diagnose, a_dump_of_another_case_is_refused) {
    f = run_fixture_open("one-window");
    run_fixture_run(&f, "scale-of-d");
    run_fixture_pick(&f, "");
    f.dump.info.case_sha256 = "00000000000000000000000000000000000000000000000000000000000000ff";
    expect_refused(&f.dump, "case");
}

static void count_progress(void *context, size_t done, size_t count) {
    size_t *last = context;
    cr_expect_eq(done, *last + 1);
    cr_expect_leq(done, count);
    *last = done;
}

Test(diagnose, progress_counts_every_run) {
    f = run_fixture_open("one-window");
    run_fixture_run(&f, "scale-of-d");
    size_t last = 0;
    const assay_diagnose_options options = {.context = &last, .progress = count_progress};
    assay_diagnosis d;
    cr_assert_eq(assay_diagnose(&d, &f.golden, f.path, run_fixture_pick(&f, ""), &options, NULL), ASSAY_OK);
    cr_assert_eq(last, assay_variant_count());
    assay_diagnosis_free(&d);
}
