/* The oracle against the original: every golden of the suite that is not about half-precision arithmetic. */
#include <criterion/criterion.h>
#include <glob.h>

#include "compare/compare.h"
#include "compare/source_file.h"
#include "compare/source_memory.h"
#include "fuzz/oracle_floor.h"
#include "golden/golden_file.h"

/* A golden, all in memory. */
typedef struct {
    assay_golden file;
    assay_source of_file;
    assay_source_memory loaded;
    assay_tensor_map *weights;
} fixture;

/* Only what the oracle has: it shows no stages inside the computation. */
static void keep_results(assay_source *source) {
    size_t n = 0;
    for (size_t i = 0; i < source->item_count; i++) {
        assay_stage_scope scope = assay_stage_get(source->items[i].place.stage)->scope;
        if (scope == ASSAY_PER_STEP || scope == ASSAY_PER_PAST) source->items[n++] = source->items[i];
    }
    source->item_count = n;
}

static void open_golden(fixture *f, const char *path) {
    assay_error err = {0};
    cr_assert_eq(assay_golden_open(&f->file, path, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(assay_source_of_file(&f->of_file, &f->file, path, &err), ASSAY_OK, "%s", err.message);
    if (assay_dtype_is_half(f->file.config.mem_dtype)) assay_source_use_replayed_floors(&f->of_file);
    keep_results(&f->of_file);
    cr_assert_eq(assay_source_memory_load(&f->loaded, &f->of_file, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(assay_golden_weights(&f->file, NULL, ASSAY_F32, &f->weights, &err), ASSAY_OK, "%s", err.message);
}

static void close_golden(fixture *f) {
    assay_tensor_map_destroy(f->weights);
    assay_source_memory_free(&f->loaded);
    assay_source_close(&f->of_file);
    assay_golden_close(&f->file);
}

static void check(fixture *f, const char *path, assay_dtype run) {
    assay_error err = {0};
    assay_oracle_run oracle;
    assay_case_result result;
    const assay_oracle_options options = {.run = run, .follow = &f->loaded.source};
    const assay_compare_options compare = {.name = path, .require_all = true};
    cr_assert_eq(assay_oracle_run_case(&oracle, &f->file.test_case, &f->file.config, f->weights, &options, &err),
                 ASSAY_OK, "%s: %s", path, err.message);
    assay_oracle_settle_tokens(&oracle, NULL, 0, ASSAY_F32, ASSAY_DEFAULT_FACTOR); /* it followed the golden's */
    oracle.source.info.is_golden = false;
    oracle.source.info.dtype = run;
    cr_assert_eq(assay_compare(&result, &f->loaded.source, &oracle.source, &compare, &err), ASSAY_OK, "%s",
                 err.message);
    const assay_entry *e = result.first_divergence < 0 ? NULL : &result.entries[result.first_divergence];
    cr_expect_eq(result.verdict, ASSAY_CASE_PASS, "%s in %s: %s: %s", path, assay_dtype_name(run), e ? e->path : "",
                 e ? e->reason : result.note);
    assay_case_result_free(&result);
    assay_oracle_run_free(&oracle);
}

static bool is_judged(const char *path) {
    assay_golden g;
    assay_error err = {0};
    cr_assert_eq(assay_golden_open(&g, path, &err), ASSAY_OK, "%s", err.message);
    bool judged = !assay_dtype_is_half(g.dtype) && g.has_config && !g.config_refused;
    assay_golden_close(&g);
    return judged;
}

Test(oracle_goldens, agree_with_the_original) {
    glob_t paths;
    size_t judged = 0;
    cr_assert_eq(glob("golden/data/*.h5", 0, NULL, &paths), 0);
    for (size_t i = 0; i < paths.gl_pathc; i++) {
        fixture f;
        const char *path = paths.gl_pathv[i];
        if (!is_judged(path)) continue;
        open_golden(&f, path);
        check(&f, path, ASSAY_F32);
        check(&f, path, ASSAY_F64);
        close_golden(&f);
        judged++;
    }
    /* Left out: what computes in half precision, and configurations that are refused when they are read. */
    cr_expect_eq(judged, 77);
    globfree(&paths);
}
