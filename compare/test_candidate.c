#include "compare/candidate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "compare/compare_fixture.h"
#include "golden/h5_file.h"
#include "golden/npy.h"
#include "golden/safetensors_writer.h"
#include "golden/test_scratch.h"

#define CASE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static scratch s;
static assay_tensor_map *map;

/* What the golden holds: a schedule, logits, a mask, a stored key and its unrounded values. */
static void setup(void) {
    scratch_make(&s);
    map = assay_tensor_map_create();
    const assay_tensor tensors[] = {
        assay_tensor_view(ASSAY_I64, 2, (int64_t[]){1, 2}, (int64_t[]){0, 2}),
        assay_tensor_view(ASSAY_F32, 3, (int64_t[]){1, 2, 2}, (float[]){1, 2, 3, 4}),
        assay_tensor_view(ASSAY_BF16, 4, (int64_t[]){1, 1, 1, 2}, (uint16_t[]){0x3f80, 0x4000}),
        assay_tensor_view(ASSAY_F32, 4, (int64_t[]){1, 1, 1, 2}, (float[]){1, 2}),
    };
    static const char *const names[] = {"steps/0/schedule", "steps/0/logits", "steps/0/past/0/mem_key",
                                        "steps/0/past/0/mem_key_unrounded"};
    for (size_t i = 0; i < 4; i++) EXPECT_OK(assay_tensor_map_put_copy(map, names[i], &tensors[i], &expect_err));
}

static void teardown(void) {
    assay_tensor_map_destroy(map);
    scratch_remove(&s);
}

TestSuite(candidate, .init = setup, .fini = teardown);

static const char *write_hdf5(void) {
    const char *path = scratch_path(&s, "dump.h5");
    assay_h5_writer *w;
    EXPECT_OK(assay_h5_writer_create(&w, path, &expect_err));
    for (size_t i = 0; i < assay_tensor_map_count(map); i++)
        EXPECT_OK(
            assay_h5_put(w, assay_tensor_map_name(map, i), assay_tensor_map_at(map, i), ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put_attr_f64(w, "steps/0/logits", "noise_floor", 0x1p-20, &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, "/", "case_sha256", CASE, &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, "/", "dtype", "float32", &expect_err));
    EXPECT_OK(assay_h5_writer_commit(w, &expect_err));
    return path;
}

static const char *write_safetensors(const char *case_sha256) {
    const char *path = scratch_path(&s, "dump.safetensors");
    const assay_safetensors_text texts[] = {{"dtype", "float32"}, {"producer", "port 1"}, {"case_sha256", case_sha256}};
    EXPECT_OK(assay_safetensors_write(path, map, texts, 3, &expect_err));
    return path;
}

static const char *write_folder(void) {
    for (size_t i = 0; i < assay_tensor_map_count(map); i++) {
        char name[96];
        snprintf(name, sizeof name, "folder/%s.npy", assay_tensor_map_name(map, i));
        const char *path = scratch_write_text(&s, name, "");
        EXPECT_OK(assay_npy_write(path, assay_tensor_map_at(map, i), &expect_err));
    }
    scratch_write_text(&s, "folder/dump.json", "{\"case_sha256\": \"" CASE "\", \"producer\": \"port 1\"}");
    return scratch_path(&s, "folder");
}

/* Compares two paths; closes both. */
static assay_case_result compare_paths(const char *golden_path, const char *candidate_path) {
    assay_candidate *golden, *candidate;
    assay_case_result r;
    const assay_compare_options options = {.name = "a case", .require_all = true};
    EXPECT_OK(assay_candidate_open(&golden, golden_path, &expect_err));
    EXPECT_OK(assay_candidate_open(&candidate, candidate_path, &expect_err));
    cr_assert_str_eq(assay_candidate_source(candidate)->info.name, candidate_path);
    EXPECT_OK(
        assay_compare(&r, assay_candidate_source(golden), assay_candidate_source(candidate), &options, &expect_err));
    assay_candidate_close(golden);
    assay_candidate_close(candidate);
    return r;
}

static void expect_match(const char *candidate) {
    assay_case_result r = compare_paths(scratch_path(&s, "dump.h5"), candidate);
    cr_expect_eq(r.verdict, ASSAY_CASE_PASS, "%s", candidate);
    cr_expect_eq(r.counts[ASSAY_VERDICT_PASS], 3, "%s", candidate);
    cr_expect_eq(r.entry_count, 3, "%s", candidate);
    assay_case_result_free(&r);
}

static void expect_mismatch(const char *candidate, const char *path) {
    assay_case_result r = compare_paths(scratch_path(&s, "dump.h5"), candidate);
    cr_expect_eq(r.verdict, ASSAY_CASE_FAIL, "%s", candidate);
    cr_expect_eq(r.counts[ASSAY_VERDICT_FAIL], 1, "%s", candidate);
    cr_expect_eq(entry_of(&r, path)->verdict, ASSAY_VERDICT_FAIL, "%s", candidate);
    assay_case_result_free(&r);
}

Test(candidate, the_same_tensors_match_in_every_format) {
    expect_match(write_hdf5());
    expect_match(write_safetensors(CASE));
    expect_match(write_folder());
}

Test(candidate, a_value_that_differs_fails_in_every_format) {
    write_hdf5();
    ((float *)assay_tensor_map_get(map, "steps/0/logits")->data)[2] += 0x1p-10f;
    expect_mismatch(write_safetensors(CASE), "steps/0/logits");
    expect_mismatch(write_folder(), "steps/0/logits");
    ((float *)assay_tensor_map_get(map, "steps/0/logits")->data)[2] -= 0x1p-10f;
    ((uint16_t *)assay_tensor_map_get(map, "steps/0/past/0/mem_key")->data)[0] = 0x3f81;
    expect_mismatch(write_safetensors(CASE), "steps/0/past/0/mem_key");
    expect_mismatch(write_folder(), "steps/0/past/0/mem_key");
}

Test(candidate, facts_and_unknown_names_show_in_the_source) {
    assay_candidate *c;
    assay_tensor t = assay_tensor_view(ASSAY_F32, 0, NULL, (float[]){1});
    EXPECT_OK(assay_tensor_map_put_copy(map, "steps/0/stray", &t, &expect_err));
    EXPECT_OK(assay_candidate_open(&c, write_safetensors(CASE), &expect_err));
    const assay_source *source = assay_candidate_source(c);
    cr_expect_str_eq(source->info.producer, "port 1");
    cr_expect_str_eq(source->info.case_sha256, CASE);
    cr_expect_str_eq(source->info.weights_xxh128, "");
    cr_expect(source->info.has_dtype && !source->info.has_mem_dtype && !source->info.is_golden);
    cr_assert_eq(source->unknown_count, 1);
    cr_expect_str_eq(source->unknown[0], "steps/0/stray");
    assay_candidate_close(c);
    EXPECT_OK(assay_candidate_open(&c, write_folder(), &expect_err));
    source = assay_candidate_source(c);
    cr_expect(!source->info.has_dtype);
    cr_assert_eq(source->unknown_count, 1);
    assay_candidate_close(c);
}

Test(candidate, another_case_does_not_belong) {
    assay_candidate *golden, *candidate;
    assay_case_result r;
    char other[] = CASE;
    other[0] = 'f';
    EXPECT_OK(assay_candidate_open(&golden, write_hdf5(), &expect_err));
    EXPECT_OK(assay_candidate_open(&candidate, write_safetensors(other), &expect_err));
    EXPECT_REFUSED(assay_compare(&r, assay_candidate_source(golden), assay_candidate_source(candidate),
                                 &(assay_compare_options){.name = "a case"}, &expect_err),
                   "do not belong together");
    assay_candidate_close(golden);
    assay_candidate_close(candidate);
}

Test(candidate, what_cannot_be_opened_is_named) {
    assay_candidate *c;
    EXPECT_REFUSED(assay_candidate_open(&c, scratch_path(&s, "none.h5"), &expect_err), "none.h5");
    EXPECT_REFUSED(assay_candidate_open(&c, scratch_path(&s, "none.safetensors"), &expect_err), "none.safetensors");
    EXPECT_REFUSED(assay_candidate_open(&c, scratch_write_text(&s, "a.npy", "x"), &expect_err), "a.npy");
    EXPECT_REFUSED(assay_candidate_open(&c, s.dir, &expect_err), "of its 1 tensors");
    assay_candidate_close(NULL);
}

/* A port without HDF5 that refuses what the golden refuses, and one that says nothing of it. */
Test(candidate, refusals_of_other_formats_are_compared) {
    fixture golden = fixture_new("golden.h5", true);
    fixture_refuse(&golden, 1, "POS-3", "a gap");
    fixture_put_f32(&golden, "steps/0/logits", 3, (int64_t[]){1, 2, 2}, (float[]){1, 2, 3, 4});
    fixture_open(&golden);
    static const struct {
        const char *json;
        assay_verdict verdict;
    } dumps[] = {{"{\"refused\": [{\"step\": 1, \"rules\": \"POS-3\"}]}", ASSAY_VERDICT_PASS},
                 {"{\"refused\": [{\"step\": 1, \"rules\": \"POS-5\"}]}", ASSAY_VERDICT_FAIL},
                 {"{\"refused\": [{\"step\": 1}]}", ASSAY_VERDICT_PASS},
                 {"{}", ASSAY_VERDICT_MISSING}};
    const char *folder = write_folder();
    for (size_t i = 0; i < sizeof dumps / sizeof *dumps; i++) {
        assay_candidate *c;
        scratch_write_text(&s, "folder/dump.json", dumps[i].json);
        EXPECT_OK(assay_candidate_open(&c, folder, &expect_err));
        assay_case_result r;
        EXPECT_OK(assay_compare(&r, &golden.source, assay_candidate_source(c), &(assay_compare_options){.name = "a"},
                                &expect_err));
        cr_expect_eq(entry_of(&r, "steps/1")->verdict, dumps[i].verdict, "%s", dumps[i].json);
        assay_case_result_free(&r);
        assay_candidate_close(c);
    }
    fixture_free(&golden);
}

/* dump.h5 with the attribute unsupported, and with tensors unless there are to be none. */
static const char *write_unsupported(const char *why, bool tensors) {
    const char *path = scratch_path(&s, "unsupported.h5");
    assay_h5_writer *w;
    EXPECT_OK(assay_h5_writer_create(&w, path, &expect_err));
    if (tensors) EXPECT_OK(assay_h5_put(w, "steps/0/logits", assay_tensor_map_at(map, 0), ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, "/", "unsupported", why, &expect_err));
    EXPECT_OK(assay_h5_writer_commit(w, &expect_err));
    return path;
}

Test(candidate, a_port_that_cannot_run_the_case_is_told_apart) {
    assay_candidate *golden, *c;
    assay_case_result r;
    assay_result run = {0};
    EXPECT_OK(assay_candidate_open(&golden, write_hdf5(), &expect_err));
    EXPECT_OK(assay_candidate_open(&c, write_unsupported("no masks", false), &expect_err));
    const assay_compare_options options = {.name = "a case", .require_all = true};
    EXPECT_OK(assay_compare(&r, assay_candidate_source(golden), assay_candidate_source(c), &options, &expect_err));
    cr_expect_eq(r.verdict, ASSAY_CASE_UNSUPPORTED);
    cr_expect_str_eq(r.unsupported, "no masks");
    cr_expect_str_eq(r.name, "a case");
    cr_expect_eq(r.entry_count, 0);
    EXPECT_OK(assay_result_add_case(&run, &r, &expect_err));
    cr_expect(!assay_result_passed(&run), "nothing was compared");
    EXPECT_OK(assay_compare(&r, assay_candidate_source(golden), assay_candidate_source(golden), &options, &expect_err));
    EXPECT_OK(assay_result_add_case(&run, &r, &expect_err));
    cr_expect(assay_result_passed(&run), "beside a pass it is no failure");
    EXPECT_REFUSED(assay_compare(&r, assay_candidate_source(c), assay_candidate_source(golden), &options, &expect_err),
                   "says that a port cannot run the case, so nothing can be held against it");
    assay_result_free(&run);
    assay_candidate_close(c);
    assay_candidate_close(golden);
    EXPECT_REFUSED(assay_candidate_open(&c, write_unsupported("no masks", true), &expect_err),
                   "says that the case is unsupported and has tensors (");
    EXPECT_REFUSED(assay_candidate_open(&c, write_unsupported("", false), &expect_err), "unsupported is empty");
}

/* With names of its own a dump is opened for a mapping only; what holds no numbers is no tensor. */
Test(candidate, any_names_are_for_a_mapping) {
    assay_candidate *c;
    const char *path = scratch_path(&s, "own.h5");
    float values[] = {1, 2};
    const assay_tensor t = assay_tensor_view(ASSAY_F32, 1, (int64_t[]){2}, values);
    assay_h5_writer *w;
    EXPECT_OK(assay_h5_writer_create(&w, path, &expect_err));
    EXPECT_OK(assay_h5_put(w, "model/lm_head", &t, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put_text(w, "notes", "text", 4, &expect_err));
    EXPECT_OK(assay_h5_writer_commit(w, &expect_err));
    EXPECT_REFUSED(assay_candidate_open(&c, path, &expect_err), "has no group /steps");
    EXPECT_OK(assay_candidate_open_any(&c, path, &expect_err));
    const assay_source *source = assay_candidate_source(c);
    cr_assert_eq(source->unknown_count, 2);
    cr_expect_str_eq(source->unknown[0], "model/lm_head");
    assay_source_tensor read;
    EXPECT_OK(assay_source_read_unknown(source, 0, false, &read, &expect_err));
    cr_expect(read.tensor.rank == 1 && read.tensor.shape[0] == 2 && !read.tensor.data);
    EXPECT_OK(assay_source_read_unknown(source, 0, true, &read, &expect_err));
    cr_expect_eq(((float *)read.tensor.data)[1], 2);
    assay_source_release(&read);
    EXPECT_REFUSED(assay_source_read_unknown(source, 1, false, &read, &expect_err), "own.h5");
    assay_candidate_close(c);
    EXPECT_OK(assay_candidate_open_any(&c, write_hdf5(), &expect_err));
    cr_expect_eq(assay_candidate_source(c)->item_count, 3);
    cr_expect_eq(assay_candidate_source(c)->unknown_count, 0);
    assay_candidate_close(c);
}

/* ---- dumps of several blocks ---- */

#define LARGE (3 * 131072 + 5)

/* Logits of LARGE numbers with a digest, right or wrong; in every other format without one. */
static void make_large(void) {
    assay_tensor_map_destroy(map);
    map = assay_tensor_map_create();
    assay_tensor t;
    EXPECT_OK(assay_tensor_alloc(&t, ASSAY_F32, 3, (int64_t[]){1, LARGE, 1}, "logits", &expect_err));
    fill_random(t.data, LARGE, 5);
    EXPECT_OK(assay_tensor_map_put(map, "steps/0/logits", t, &expect_err));
}

static const char *write_large_golden(bool has_right_digest) {
    const assay_tensor *t = assay_tensor_map_get(map, "steps/0/logits");
    const char *path = scratch_path(&s, "dump.h5");
    char digest[ASSAY_XXH128_TEXT];
    assay_tensor_xxh128(t, digest);
    if (!has_right_digest) digest[0] = digest[0] == '0' ? '1' : '0';
    assay_h5_writer *w;
    EXPECT_OK(assay_h5_writer_create(&w, path, &expect_err));
    EXPECT_OK(assay_h5_put(w, "steps/0/logits", t, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put_attr_text(w, "steps/0/logits", "xxh128", digest, &expect_err));
    EXPECT_OK(assay_h5_put_attr_f64(w, "steps/0/logits", "noise_floor", 0x1p-20, &expect_err));
    EXPECT_OK(assay_h5_writer_commit(w, &expect_err));
    return path;
}

static void expect_error(const char *golden_path, const char *candidate_path, int64_t cut_nbytes, const char *part) {
    assay_candidate *golden, *candidate;
    assay_case_result r;
    EXPECT_OK(assay_candidate_open(&golden, golden_path, &expect_err));
    EXPECT_OK(assay_candidate_open(&candidate, candidate_path, &expect_err));
    if (cut_nbytes) cr_assert_eq(truncate(candidate_path, cut_nbytes), 0);
    EXPECT_REFUSED(assay_compare(&r, assay_candidate_source(golden), assay_candidate_source(candidate),
                                 &(assay_compare_options){.name = "large"}, &expect_err),
                   part);
    assay_candidate_close(golden);
    assay_candidate_close(candidate);
}

Test(candidate, a_nan_in_the_last_element_of_a_large_dump_fails_in_every_format) {
    make_large();
    const char *golden = write_large_golden(true);
    float *values = assay_tensor_map_get(map, "steps/0/logits")->data;
    values[LARGE - 1] = NAN;
    const char *formats[] = {write_safetensors(""), write_folder()};
    for (size_t i = 0; i < 2; i++) {
        assay_case_result r = compare_paths(golden, formats[i]);
        const assay_entry *e = entry_of(&r, "steps/0/logits");
        cr_expect_eq(e->verdict, ASSAY_VERDICT_FAIL);
        cr_expect_eq(e->worst.index, LARGE - 1);
        cr_expect_eq(e->metrics.candidate_nan, 1);
        cr_expect_eq(e->metrics.finite, LARGE - 1);
        assay_case_result_free(&r);
    }
}

Test(candidate, a_digest_that_does_not_match_is_an_error_and_never_a_verdict) {
    make_large();
    const char *good = write_safetensors(""), *bad = write_large_golden(false);
    expect_error(bad, good, 0, "steps/0/logits does not have the digest");
    expect_error(bad, bad, 0, "steps/0/logits does not have the digest");
}

Test(candidate, a_file_that_shrinks_while_it_is_compared_is_an_error) {
    make_large();
    const char *golden = write_large_golden(true);
    expect_error(golden, write_safetensors(""), 2 * 131072 * 4, "the file ends early");
}
