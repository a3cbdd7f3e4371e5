#include <criterion/criterion.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/digest.h"
#include "golden/dump_writer.h"
#include "golden/golden_file.h"
#include "golden/hf_config.h"
#include "golden/recipe.h"
#include "golden/test_scratch.h"

#define MODEL                                                                                      \
    "{\"vocab_size\": 7, \"hidden_size\": 4, \"intermediate_size\": 6, \"num_hidden_layers\": 2, " \
    "\"num_attention_heads\": 2}"
#define CASE(model, steps)                                              \
    "{\"format\": \"assay-case/1\", \"name\": \"n\", \"model\": " model \
    ", \"weights\": {\"seed\": 3}, \"steps\": [" steps "]}"
#define FORWARD "{\"op\": \"forward\", \"input_ids\": [[1]]}"

static scratch s;

static void setup(void) { scratch_make(&s); }

static void teardown(void) {
    cr_expect_eq(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
    scratch_remove(&s);
}

TestSuite(golden_file, .init = setup, .fini = teardown);

static const float values[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const int64_t schedule[2] = {0, 1};

static assay_tensor logits(void) { return assay_tensor_view(ASSAY_F32, 3, (const int64_t[]){1, 1, 7}, values); }

static assay_config small_config(void) {
    assay_config c;
    EXPECT_OK(assay_hf_config_parse(&c, MODEL, strlen(MODEL), "model", &expect_err));
    return c;
}

static void weights_digest(assay_dtype dtype, char hex[33]) {
    assay_config c = small_config();
    assay_tensor_map *map;
    EXPECT_OK(assay_recipe_weights(&map, &c, 3, 1, dtype, &expect_err));
    EXPECT_OK(assay_weights_xxh128(&c, map, hex, &expect_err));
    assay_tensor_map_destroy(map);
}

/* ---- dumps ---- */

static const char *write_dump(const char *name) {
    static const char text[] = CASE(MODEL, FORWARD ", " FORWARD);
    const char *path = scratch_path(&s, name);
    assay_config config = small_config();
    char digest[33];
    weights_digest(ASSAY_F32, digest);
    const assay_dump_metadata metadata = {.producer = "test 1",
                                          .dtype = ASSAY_F32,
                                          .case_text = text,
                                          .case_nbytes = sizeof text - 1,
                                          .config_text = MODEL,
                                          .config_nbytes = strlen(MODEL),
                                          .config = &config,
                                          .weights_xxh128 = digest};
    assay_dump_writer *w;
    EXPECT_OK(assay_dump_create(&w, path, &metadata, &expect_err));
    assay_tensor t = logits(), spans = assay_tensor_view(ASSAY_I64, 2, (const int64_t[]){1, 2}, schedule);
    const assay_place at_logits = {0, -1, -1, ASSAY_STAGE_LOGITS}, at_spans = {0, -1, -1, ASSAY_STAGE_SCHEDULE};
    const assay_place at_output = {0, 10, 1, ASSAY_STAGE_LAYER_OUTPUT}, at_gate = {0, 9, 1, ASSAY_STAGE_GATE_PROJ};
    EXPECT_OK(assay_dump_put(w, &at_logits, &t, &expect_err));
    EXPECT_OK(assay_dump_put(w, &at_output, &t, &expect_err));
    EXPECT_OK(assay_dump_step(w, 0, "forward", &expect_err));
    EXPECT_OK(assay_dump_put(w, &at_gate, &t, &expect_err));
    EXPECT_OK(assay_dump_put(w, &at_spans, &spans, &expect_err));
    EXPECT_REFUSED(assay_dump_put(w, &at_spans, &spans, &expect_err), "written twice");
    const assay_error refusal = {.status = ASSAY_EINPUT, .rules = "ERR-1 POS-3", .message = "a gap"};
    EXPECT_OK(assay_dump_refused_step(w, 1, "forward", &refusal, &expect_err));
    EXPECT_OK(assay_dump_commit(w, &expect_err));
    return path;
}

Test(golden_file, dump_round_trip) {
    assay_golden g;
    EXPECT_OK(assay_golden_open(&g, write_dump("d.h5"), &expect_err));
    cr_expect(g.kind == ASSAY_FILE_DUMP && g.has_dtype && g.dtype == ASSAY_F32);
    cr_expect_str_eq(g.producer, "test 1");
    cr_expect_str_eq(g.provenance, "");
    cr_expect_str_eq(g.config_text, MODEL);
    cr_expect(g.has_case && g.test_case.step_count == 2 && g.has_config && !g.config_refused &&
              g.config.vocab_size == 7);
    cr_expect(strlen(g.case_sha256) == 64 && strlen(g.config_sha256) == 64 && strlen(g.weights_xxh128) == 32);
    cr_assert_eq(g.step_count, 2u);
    cr_expect_str_eq(g.steps[0].op, "forward");
    cr_expect_str_eq(g.steps[0].refused, "");
    cr_expect_str_eq(g.steps[1].refused, "ERR-1 POS-3");
    cr_expect_str_eq(g.steps[1].refused_message, "a gap");
    static const assay_stage order[] = {ASSAY_STAGE_SCHEDULE, ASSAY_STAGE_GATE_PROJ, ASSAY_STAGE_LAYER_OUTPUT,
                                        ASSAY_STAGE_LOGITS};
    cr_assert_eq(g.tensor_count, 4u);
    for (size_t i = 0; i < 4; i++) cr_expect_eq(g.tensors[i].place.stage, order[i], "%zu", i);
    cr_expect(g.float64_count == 0 && g.unknown.count == 0 && !g.has_weights);
    const assay_place place = {0, 10, 1, ASSAY_STAGE_LAYER_OUTPUT}, other = {0, 9, 1, ASSAY_STAGE_LAYER_OUTPUT};
    const assay_golden_tensor *found = assay_golden_find(&g, &place);
    cr_assert(found && !assay_golden_find(&g, &other) && !assay_golden_find_float64(&g, &place));
    cr_expect(isnan(found->noise_floor) && found->kept_axis == -1 && !found->has_unrounded && found->xxh128[0] == '\0');
    assay_tensor t;
    EXPECT_OK(assay_golden_read(&g, found, &t, &expect_err));
    cr_expect(t.rank == 3 && t.shape[2] == 7 && memcmp(t.data, values, 28) == 0);
    assay_tensor_free(&t);
    assay_golden_close(&g);
}

Test(golden_file, discarded_dump_leaves_nothing) {
    const assay_dump_metadata metadata = {.dtype = ASSAY_F64};
    assay_dump_writer *w;
    EXPECT_OK(assay_dump_create(&w, scratch_path(&s, "d.h5"), &metadata, &expect_err));
    cr_expect_eq(scratch_count(&s), 1);
    assay_dump_discard(w);
    cr_expect_eq(scratch_count(&s), 0);
    EXPECT_REFUSED(assay_dump_create(&w, scratch_path(&s, "no/d.h5"), &metadata, &expect_err), "cannot create");
    assay_dump_discard(NULL);
}

Test(golden_file, reads_a_bare_dump) {
    assay_h5_writer *w;
    assay_tensor t = logits();
    EXPECT_OK(assay_h5_writer_create(&w, scratch_path(&s, "d.h5"), &expect_err));
    EXPECT_OK(assay_h5_put(w, "steps/3/logits", &t, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put(w, "steps/03/logits", &t, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put(w, "steps/3/logit", &t, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put(w, "steps/3/loss_unrounded", &t, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_writer_commit(w, &expect_err));
    assay_golden g;
    EXPECT_OK(assay_golden_open(&g, scratch_path(&s, "d.h5"), &expect_err));
    cr_expect(g.kind == ASSAY_FILE_DUMP && !g.has_dtype && !g.has_case && !g.has_config && g.step_count == 4);
    cr_expect_eq(g.tensor_count, 1u);
    cr_assert_eq(g.unknown.count, 3u);
    cr_expect_str_eq(g.unknown.names[0], "steps/3/logit");
    assay_tensor_map *map;
    EXPECT_REFUSED(assay_golden_weights(&g, NULL, ASSAY_F32, &map, &expect_err), "holds no configuration");
    assay_golden_close(&g);
}

/* ---- goldens, written piece by piece so that each piece can be wrong ---- */

typedef struct {
    const char *format, *case_text, *config_text, *case_sha256, *config_sha256, *weights_xxh128, *dtype;
} parts;

static char right_case_sum[65], right_config_sum[65], right_weights_sum[33];

static parts good_parts(void) {
    static const char text[] = CASE(MODEL, FORWARD);
    assay_config c = small_config();
    EXPECT_OK(assay_sha256_hex(text, sizeof text - 1, right_case_sum, &expect_err));
    EXPECT_OK(assay_config_sha256(&c, right_config_sum, &expect_err));
    weights_digest(ASSAY_F32, right_weights_sum);
    return (parts){"assay-golden/1", text, MODEL, right_case_sum, right_config_sum, right_weights_sum, "float32"};
}

/* The same as a dump, whose tensors need neither floor nor digest. */
static parts good_dump_parts(void) {
    parts p = good_parts();
    p.format = "assay-dump/1";
    return p;
}

static void put_root(assay_h5_writer *w, const parts *p) {
    const struct {
        const char *name, *text;
    } attributes[] = {{"format", p->format},
                      {"case_sha256", p->case_sha256},
                      {"config_sha256", p->config_sha256},
                      {"weights_xxh128", p->weights_xxh128},
                      {"dtype", p->dtype},
                      {"provenance", "{}"}};
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if (attributes[i].text)
            EXPECT_OK(assay_h5_put_attr_text(w, "/", attributes[i].name, attributes[i].text, &expect_err));
    if (p->case_text) EXPECT_OK(assay_h5_put_text(w, "case", p->case_text, strlen(p->case_text), &expect_err));
    if (p->config_text) EXPECT_OK(assay_h5_put_text(w, "config", p->config_text, strlen(p->config_text), &expect_err));
    EXPECT_OK(assay_h5_put_group(w, "steps/0", &expect_err));
}

static assay_h5_writer *start(const parts *p) {
    assay_h5_writer *w;
    EXPECT_OK(assay_h5_writer_create(&w, scratch_path(&s, "g.h5"), &expect_err));
    put_root(w, p);
    return w;
}

static const char *finish(assay_h5_writer *w) {
    EXPECT_OK(assay_h5_writer_commit(w, &expect_err));
    return scratch_path(&s, "g.h5");
}

static void expect_bad_root(const parts *p, const char *part) {
    assay_golden g;
    const char *path = finish(start(p));
    EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), part);
}

Test(golden_file, checks_the_root) {
    parts p = good_parts();
    assay_golden g;
    EXPECT_OK(assay_golden_open(&g, finish(start(&p)), &expect_err));
    cr_expect(g.kind == ASSAY_FILE_GOLDEN && strcmp(g.provenance, "{}") == 0);
    assay_golden_close(&g);
    static const char zeros[65] = "0000000000000000000000000000000000000000000000000000000000000000";
#define WITH(member, value, part)    \
    do {                             \
        parts bad = p;               \
        bad.member = value;          \
        expect_bad_root(&bad, part); \
    } while (0)
    WITH(format, "assay-golden/2", "format is 'assay-golden/2'");
    WITH(dtype, "int64", "dtype is 'int64'");
    WITH(dtype, NULL, "a golden needs the attribute dtype");
    WITH(case_text, NULL, "a golden needs the dataset /case");
    WITH(config_text, NULL, "a golden needs the dataset /config");
    WITH(case_sha256, NULL, "a golden needs the attribute case_sha256");
    WITH(case_sha256, zeros, "/case does not have the digest");
    WITH(case_sha256, "abc", "is not 64 lower-case hexadecimal digits");
    WITH(config_sha256, NULL, "a golden needs the attribute config_sha256");
    WITH(config_sha256, zeros, "the configuration does not have the digest");
    WITH(config_text, "{}", "the configuration does not have the digest");
    WITH(config_text, "{", "g.h5: /config: line 1");
    WITH(weights_xxh128, NULL, "a golden needs the attribute weights_xxh128");
    WITH(weights_xxh128, zeros, "is not 32 lower-case");
    parts broken = p;
    broken.case_text = "{\"format\": \"assay-case/1\"}";
    char sum[65];
    EXPECT_OK(assay_sha256_hex(broken.case_text, strlen(broken.case_text), sum, &expect_err));
    broken.case_sha256 = sum;
    expect_bad_root(&broken, "g.h5: /case: the key 'steps' is missing");
}

Test(golden_file, keeps_a_refused_config) {
    static const char text[] = CASE("{\"mem_layers\": [99]}", "{\"op\": \"forward\", \"expect_error\": \"ERR-1\"}");
    char sum[65];
    EXPECT_OK(assay_sha256_hex(text, sizeof text - 1, sum, &expect_err));
    parts p = {"assay-golden/1", text, "{\"mem_layers\": [99]}", sum, NULL, NULL, "float32"};
    assay_golden g;
    EXPECT_OK(assay_golden_open(&g, finish(start(&p)), &expect_err));
    cr_expect(g.has_config && g.config_refused && assay_error_has_rule(&g.config_error, "MEM-11"));
    assay_tensor_map *map;
    EXPECT_REFUSED(assay_golden_weights(&g, NULL, ASSAY_F32, &map, &expect_err), "mem_layers");
    assay_golden_close(&g);
}

Test(golden_file, reads_attributes_of_tensors) {
    static const int64_t kept[4] = {2, 0, 3, 9};
    static const uint16_t stored[6] = {0x3f80, 1, 2, 3, 4, 5};
    parts p = good_dump_parts();
    assay_h5_writer *w = start(&p);
    assay_tensor t = assay_tensor_view(ASSAY_F32, 3, (const int64_t[]){1, 2, 3}, values);
    assay_tensor narrow = assay_tensor_view(ASSAY_BF16, 4, (const int64_t[]){1, 2, 3, 1}, stored);
    assay_tensor wide = assay_tensor_view(ASSAY_F32, 4, (const int64_t[]){1, 2, 3, 1}, values);
    char sum[33];
    EXPECT_OK(assay_h5_put(w, "steps/0/logits", &t, ASSAY_H5_PLAIN, &expect_err));
    assay_tensor_xxh128(&t, sum);
    EXPECT_OK(assay_h5_put_attr_text(w, "steps/0/logits", "xxh128", sum, &expect_err));
    EXPECT_OK(assay_h5_put_attr_f64(w, "steps/0/logits", "noise_floor", 0.25, &expect_err));
    EXPECT_OK(assay_h5_put_attr_i64s(w, "steps/0/logits", "kept", kept, 4, &expect_err));
    EXPECT_OK(assay_h5_put(w, "steps/0/past/1/mem_key", &narrow, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put(w, "steps/0/past/1/mem_key_unrounded", &wide, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put_attr_f64(w, "steps/0/past/1/mem_key_unrounded", "noise_floor", 0.5, &expect_err));
    EXPECT_OK(assay_h5_put(w, "float64/steps/0/logits", &t, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_h5_put_attr_f64(w, "float64/steps/0/logits", "noise_floor", 0.125, &expect_err));
    assay_golden g;
    EXPECT_OK(assay_golden_open(&g, finish(w), &expect_err));
    cr_assert(g.tensor_count == 2 && g.float64_count == 1 && g.unknown.count == 0);
    const assay_place at_logits = {0, -1, -1, ASSAY_STAGE_LOGITS}, at_key = {0, -1, 1, ASSAY_STAGE_PAST_MEM_KEY};
    const assay_golden_tensor *l = assay_golden_find(&g, &at_logits), *k = assay_golden_find(&g, &at_key);
    const assay_golden_tensor *d = assay_golden_find_float64(&g, &at_logits);
    cr_assert(l && k && d);
    cr_expect(l->noise_floor == 0.25 && l->kept_axis == 2 && l->kept_count == 3 && l->kept[1] == 3 && l->kept[2] == 9);
    cr_expect_str_eq(l->xxh128, sum);
    cr_expect_str_eq(d->path, "float64/steps/0/logits");
    cr_expect_eq(d->noise_floor, 0.125);
    cr_expect(k->has_unrounded && k->unrounded_floor == 0.5 && isnan(k->noise_floor) && k->info.dtype == ASSAY_BF16);
    assay_tensor got;
    EXPECT_OK(assay_golden_read(&g, k, &got, &expect_err));
    cr_expect(got.dtype == ASSAY_BF16 && memcmp(got.data, stored, sizeof stored) == 0);
    assay_tensor_free(&got);
    EXPECT_OK(assay_golden_read_unrounded(&g, k, &got, &expect_err));
    cr_expect(got.dtype == ASSAY_F32 && ((float *)got.data)[5] == 5);
    assay_tensor_free(&got);
    EXPECT_OK(assay_golden_read(&g, l, &got, &expect_err));
    assay_tensor_free(&got);
    assay_golden_close(&g);
}

/* A golden whose logits have one attribute. */
static assay_h5_writer *start_with_logits(const parts *p) {
    assay_h5_writer *w = start(p);
    assay_tensor t = assay_tensor_view(ASSAY_F32, 2, (const int64_t[]){2, 3}, values);
    EXPECT_OK(assay_h5_put(w, "steps/0/logits", &t, ASSAY_H5_PLAIN, &expect_err));
    return w;
}

Test(golden_file, refuses_bad_attributes) {
    static const int64_t bad_kept[][4] = {{2, 0, 1, 2}, {-1, 0, 1, 2}, {0, 0, 1, 2},
                                          {1, 0, 2, 2}, {1, 2, 1, 3},  {1, -1, 0, 1}};
    parts p = good_dump_parts();
    assay_golden g;
    for (size_t i = 0; i < sizeof bad_kept / sizeof *bad_kept; i++) {
        assay_h5_writer *w = start_with_logits(&p);
        EXPECT_OK(assay_h5_put_attr_i64s(w, "steps/0/logits", "kept", bad_kept[i], 4, &expect_err));
        const char *path = finish(w);
        EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), "the attribute kept of steps/0/logits");
    }
    assay_h5_writer *w = start_with_logits(&p);
    EXPECT_OK(assay_h5_put_attr_i64s(w, "steps/0/logits", "kept", NULL, 0, &expect_err));
    const char *path = finish(w);
    EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), "kept");
    w = start_with_logits(&p);
    EXPECT_OK(assay_h5_put_attr_f64(w, "steps/0/logits", "noise_floor", -1, &expect_err));
    path = finish(w);
    EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), "noise_floor");
    w = start_with_logits(&p);
    EXPECT_OK(assay_h5_put_attr_text(w, "steps/0/logits", "noise_floor", "1", &expect_err));
    path = finish(w);
    EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), "must be one number");
    w = start_with_logits(&p);
    EXPECT_OK(assay_h5_put_attr_text(w, "steps/0/logits", "xxh128", "XYZ", &expect_err));
    path = finish(w);
    EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), "xxh128");
}

Test(golden_file, refuses_bad_tensors) {
    parts p = good_dump_parts();
    assay_golden g;
    assay_tensor t = logits();
    assay_h5_writer *w = start(&p);
    EXPECT_OK(assay_h5_put_text(w, "steps/0/logits", "abc", 3, &expect_err));
    const char *path = finish(w);
    EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), "steps/0/logits does not hold numbers");
    w = start(&p);
    EXPECT_OK(assay_h5_put(w, "steps/1/logits", &t, ASSAY_H5_PLAIN, &expect_err));
    path = finish(w);
    EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), "/steps/1 is not in the case, which has 1 steps");
    w = start_with_logits(&p);
    EXPECT_OK(assay_h5_put(w, "steps/0/logits_unrounded", &t, ASSAY_H5_PLAIN, &expect_err));
    path = finish(w);
    EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), "has another shape");
    EXPECT_OK(assay_h5_writer_create(&w, scratch_path(&s, "g.h5"), &expect_err));
    EXPECT_OK(assay_h5_put(w, "logits", &t, ASSAY_H5_PLAIN, &expect_err));
    path = finish(w);
    EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), "has no group /steps");
}

Test(golden_file, notices_changed_values) {
    parts p = good_dump_parts();
    assay_h5_writer *w = start_with_logits(&p);
    EXPECT_OK(assay_h5_put_attr_text(w, "steps/0/logits", "xxh128", "99aa06d3014798d86001c324468d497f", &expect_err));
    assay_golden g;
    EXPECT_OK(assay_golden_open(&g, finish(w), &expect_err));
    assay_tensor t;
    EXPECT_REFUSED(assay_golden_read(&g, &g.tensors[0], &t, &expect_err), "steps/0/logits does not have the digest");
    assay_golden_close(&g);
}

/* ---- weights ---- */

static void expect_recipe_weights(const assay_golden *g, assay_dtype dtype) {
    assay_config c = small_config();
    assay_tensor_map *expected, *got;
    EXPECT_OK(assay_recipe_weights(&expected, &c, 3, 1, dtype, &expect_err));
    EXPECT_OK(assay_golden_weights(g, NULL, dtype, &got, &expect_err));
    cr_assert_eq(assay_tensor_map_count(got), assay_tensor_map_count(expected));
    for (size_t i = 0; i < assay_tensor_map_count(expected); i++) {
        const assay_tensor *a = assay_tensor_map_at(expected, i);
        const assay_tensor *b = assay_tensor_map_get(got, assay_tensor_map_name(expected, i));
        cr_assert(b && b->dtype == dtype && assay_tensor_same_shape(a, b));
        cr_expect_eq(memcmp(a->data, b->data, assay_tensor_nbytes(a)), 0);
    }
    assay_tensor_map_destroy(expected);
    assay_tensor_map_destroy(got);
}

Test(golden_file, makes_weights_from_the_recipe) {
    parts p = good_parts();
    assay_golden g;
    EXPECT_OK(assay_golden_open(&g, finish(start(&p)), &expect_err));
    expect_recipe_weights(&g, ASSAY_F32);
    expect_recipe_weights(&g, ASSAY_F64);
    expect_recipe_weights(&g, ASSAY_BF16);
    expect_recipe_weights(&g, ASSAY_F16);
    assay_golden_close(&g);
}

static void put_weights(assay_h5_writer *w, uint64_t seed, const char *left_out) {
    assay_config c = small_config();
    assay_tensor_map *map;
    EXPECT_OK(assay_recipe_weights(&map, &c, seed, 1, ASSAY_F32, &expect_err));
    for (size_t i = 0; i < assay_tensor_map_count(map); i++) {
        char path[128];
        if (left_out && strcmp(assay_tensor_map_name(map, i), left_out) == 0) continue;
        snprintf(path, sizeof path, "weights/%s", assay_tensor_map_name(map, i));
        EXPECT_OK(assay_h5_put(w, path, assay_tensor_map_at(map, i), ASSAY_H5_PLAIN, &expect_err));
    }
    assay_tensor_map_destroy(map);
}

Test(golden_file, prefers_embedded_weights) {
    parts p = good_parts();
    assay_golden g;
    assay_tensor_map *map;
    assay_h5_writer *w = start(&p);
    put_weights(w, 3, NULL);
    EXPECT_OK(assay_golden_open(&g, finish(w), &expect_err));
    cr_expect(g.has_weights);
    expect_recipe_weights(&g, ASSAY_F64);
    expect_recipe_weights(&g, ASSAY_BF16);
    assay_golden_close(&g);
    w = start(&p);
    put_weights(w, 4, NULL);
    EXPECT_OK(assay_golden_open(&g, finish(w), &expect_err));
    EXPECT_REFUSED(assay_golden_weights(&g, NULL, ASSAY_F32, &map, &expect_err), "was made with other weights");
    EXPECT_REFUSED(assay_golden_weights(&g, NULL, ASSAY_BF16, &map, &expect_err), "was made with other weights");
    assay_golden_close(&g);
    w = start(&p);
    put_weights(w, 3, "model.norm.weight");
    EXPECT_OK(assay_golden_open(&g, finish(w), &expect_err));
    EXPECT_REFUSED(assay_golden_weights(&g, NULL, ASSAY_F32, &map, &expect_err),
                   "there is no /weights/model.norm.weight");
    assay_golden_close(&g);
    w = start(&p);
    put_weights(w, 3, "model.norm.weight");
    assay_tensor wrong = logits();
    EXPECT_OK(assay_h5_put(w, "weights/model.norm.weight", &wrong, ASSAY_H5_PLAIN, &expect_err));
    EXPECT_OK(assay_golden_open(&g, finish(w), &expect_err));
    EXPECT_REFUSED(assay_golden_weights(&g, NULL, ASSAY_F32, &map, &expect_err),
                   "has the shape (1, 1, 7); the configuration needs (4)");
    assay_golden_close(&g);
}

/* A bfloat16 run may give the digest of its weights before the cast or after it. */
Test(golden_file, takes_the_digest_of_cast_weights) {
    parts p = good_parts();
    char narrow_sum[33];
    weights_digest(ASSAY_BF16, narrow_sum);
    cr_assert_str_neq(narrow_sum, right_weights_sum);
    assay_golden g;
    p.weights_xxh128 = narrow_sum;
    assay_tensor_map *map;
    EXPECT_OK(assay_golden_open(&g, finish(start(&p)), &expect_err));
    EXPECT_REFUSED(assay_golden_weights(&g, NULL, ASSAY_F32, &map, &expect_err), "was made with other weights");
    assay_golden_close(&g);
    p.dtype = "bfloat16";
    EXPECT_OK(assay_golden_open(&g, finish(start(&p)), &expect_err));
    expect_recipe_weights(&g, ASSAY_BF16);
    EXPECT_OK(assay_golden_weights(&g, NULL, ASSAY_F32, &map, &expect_err)); /* the values that the run used */
    const assay_tensor *t = assay_tensor_map_get(map, "model.embed_tokens.weight");
    cr_assert_eq(t->dtype, ASSAY_F32);
    for (int i = 0; i < 28; i++) {
        float value = ((float *)t->data)[i];
        cr_expect_eq(value, assay_bf16_to_f32(assay_f32_to_bf16(value)));
    }
    assay_tensor_map_destroy(map);
    assay_golden_close(&g);
}

Test(golden_file, a_golden_needs_floors_and_digests) {
    static const char *const lacks[] = {"noise_floor", "xxh128"};
    parts p = good_parts();
    for (int missing = 0; missing < 2; missing++) {
        assay_h5_writer *w = start_with_logits(&p);
        if (missing != 0) EXPECT_OK(assay_h5_put_attr_f64(w, "steps/0/logits", "noise_floor", 0.5, &expect_err));
        if (missing != 1)
            EXPECT_OK(
                assay_h5_put_attr_text(w, "steps/0/logits", "xxh128", "99aa06d3014798d86001c324468d497f", &expect_err));
        const char *path = finish(w);
        assay_golden g;
        EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), lacks[missing]);
    }
}

Test(golden_file, a_floor_that_is_no_number_is_refused) {
    parts p = good_dump_parts();
    assay_h5_writer *w = start_with_logits(&p);
    EXPECT_OK(assay_h5_put_attr_f64(w, "steps/0/logits", "noise_floor", NAN, &expect_err));
    const char *path = finish(w);
    assay_golden g;
    EXPECT_REFUSED(assay_golden_open(&g, path, &expect_err), "not finite");
}

Test(golden_file, reads_replayed_floors_and_captured_pasts) {
    parts p = good_dump_parts();
    assay_h5_writer *w = start_with_logits(&p);
    const int64_t captured = 1;
    EXPECT_OK(assay_h5_put_attr_f64(w, "steps/0/logits", "noise_floor_replayed", 0.25, &expect_err));
    EXPECT_OK(assay_h5_put_attr_i64s(w, "steps/0", "past_captured", &captured, 1, &expect_err));
    assay_golden g;
    EXPECT_OK(assay_golden_open(&g, finish(w), &expect_err));
    cr_expect(isnan(g.tensors[0].noise_floor) && g.tensors[0].replayed_floor == 0.25);
    cr_expect_eq(g.steps[0].past_captured, 1);
    assay_golden_close(&g);
}
