#include "golden/tensor_dump.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "golden/npy.h"
#include "golden/safetensors_writer.h"
#include "golden/test_scratch.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define HEX64 HEX32 HEX32

static scratch s;

static void setup(void) { scratch_make(&s); }
static void teardown(void) { scratch_remove(&s); }

TestSuite(tensor_dump, .init = setup, .fini = teardown);

static assay_tensor number(float value) {
    static float kept[1];
    kept[0] = value;
    return assay_tensor_view(ASSAY_F32, 0, NULL, kept);
}

/* Writes t.safetensors of tensors 0, 1, 2 ... with these names. */
static const char *write_file(const char *const *names, size_t count, const assay_safetensors_text *texts,
                              size_t text_count) {
    const char *path = scratch_path(&s, "t.safetensors");
    assay_tensor_map *map = assay_tensor_map_create();
    for (size_t i = 0; i < count; i++) {
        assay_tensor t = number((float)i);
        EXPECT_OK(assay_tensor_map_put_copy(map, names[i], &t, &expect_err));
    }
    EXPECT_OK(assay_safetensors_write(path, map, texts, text_count, &expect_err));
    assay_tensor_map_destroy(map);
    return path;
}

/* A file of the folder; a name that ends in .npy becomes a number. */
static void write_in_folder(const char *name, const char *text, float value) {
    const char *path = scratch_write_text(&s, name, text ? text : "");
    assay_tensor t = number(value);
    if (!text) EXPECT_OK(assay_npy_write(path, &t, &expect_err));
}

static void expect_number(const assay_tensor_dump *d, const char *name, float value) {
    const assay_tensor *held = assay_tensor_map_get(d->tensors, name);
    assay_tensor t;
    assay_stored_values stored;
    bool found;
    float read;
    cr_assert(held, "%s", name);
    cr_assert_null(held->data);
    EXPECT_OK(assay_tensor_dump_read(d, held, &t, &expect_err));
    cr_assert(t.dtype == ASSAY_F32 && t.rank == 0);
    cr_assert_eq(*(float *)t.data, value, "%s", name);
    assay_tensor_free(&t);
    EXPECT_OK(assay_tensor_dump_locate(d, held, &stored, &found, &expect_err));
    cr_assert(found);
    EXPECT_OK(assay_stored_values_read(&stored, &read, sizeof read, 0, &expect_err));
    cr_assert_eq(read, value, "%s", name);
    assay_stored_values_close(&stored);
}

static void expect_facts(const assay_tensor_dump *d) {
    cr_expect_str_eq(d->facts.producer, "port 1");
    cr_expect(d->facts.has_dtype && d->facts.dtype == ASSAY_BF16);
    cr_expect_str_eq(d->facts.case_sha256, HEX64);
    cr_expect_str_eq(d->facts.config_sha256, HEX64);
    cr_expect_str_eq(d->facts.weights_xxh128, HEX32);
}

static void expect_no_facts(const assay_tensor_dump *d) {
    cr_expect_str_eq(d->facts.producer, "");
    cr_expect(!d->facts.has_dtype && d->facts.dtype == ASSAY_F32);
    cr_expect(!d->facts.case_sha256[0] && !d->facts.config_sha256[0] && !d->facts.weights_xxh128[0]);
}

Test(tensor_dump, tells_by_the_path) {
    cr_expect(assay_tensor_dump_is_at(s.dir));
    cr_expect(assay_tensor_dump_is_at("none.safetensors"));
    cr_expect(!assay_tensor_dump_is_at(".safetensors"));
    cr_expect(!assay_tensor_dump_is_at(scratch_write_text(&s, "a.h5", "")));
    cr_expect(!assay_tensor_dump_is_at(scratch_path(&s, "none")));
}

Test(tensor_dump, reads_a_safetensors_file) {
    static const char *const names[] = {"steps/0/logits", "/steps/1/logits", "stray"};
    static const assay_safetensors_text texts[] = {
        {"format", "pt"},         {"producer", "port 1"},    {"dtype", "bfloat16"}, {"case_sha256", HEX64},
        {"config_sha256", HEX64}, {"weights_xxh128", HEX32}, {"other", "x"}};
    assay_tensor_dump d;
    EXPECT_OK(assay_tensor_dump_open(&d, write_file(names, 3, texts, 7), &expect_err));
    cr_assert_eq(assay_tensor_map_count(d.tensors), 3);
    expect_number(&d, "steps/0/logits", 0);
    expect_number(&d, "steps/1/logits", 1);
    expect_number(&d, "stray", 2);
    expect_facts(&d);
    assay_tensor_dump_close(&d);
    cr_assert(!d.tensors && !d.facts.producer);
    EXPECT_OK(assay_tensor_dump_open(&d, write_file(names, 1, NULL, 0), &expect_err));
    expect_no_facts(&d);
    assay_tensor_dump_close(&d);
}

Test(tensor_dump, reads_a_folder) {
    assay_tensor_dump d;
    write_in_folder("d/steps/0/logits.npy", NULL, 3);
    write_in_folder("d/stray.npy", NULL, 4);
    EXPECT_OK(assay_tensor_dump_open(&d, scratch_path(&s, "d"), &expect_err));
    cr_assert_eq(assay_tensor_map_count(d.tensors), 2);
    expect_number(&d, "steps/0/logits", 3);
    expect_number(&d, "stray", 4);
    expect_no_facts(&d);
    assay_tensor_dump_close(&d);
    write_in_folder("d/dump.json",
                    "{\"format\": \"assay-dump/1\", \"producer\": \"port 1\", \"dtype\": \"bfloat16\",\n"
                    " \"case_sha256\": \"" HEX64 "\", \"config_sha256\": \"" HEX64 "\", \"weights_xxh128\": \"" HEX32
                    "\"}\n",
                    0);
    EXPECT_OK(assay_tensor_dump_open(&d, scratch_path(&s, "d/"), &expect_err));
    expect_facts(&d);
    assay_tensor_dump_close(&d);
}

/* A folder may be called anything. */
Test(tensor_dump, a_folder_is_one_by_any_name) {
    assay_tensor_dump d;
    write_in_folder("d.safetensors/steps/0/loss.npy", NULL, 3);
    EXPECT_OK(assay_tensor_dump_open(&d, scratch_path(&s, "d.safetensors"), &expect_err));
    expect_number(&d, "steps/0/loss", 3);
    assay_tensor_dump_close(&d);
}

static void expect_bad_file(const char *const *names, size_t count, assay_safetensors_text text, const char *part) {
    assay_tensor_dump d;
    const char *path = write_file(names, count, &text, 1);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, path, &expect_err), part);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, path, &expect_err), "t.safetensors: ");
}

Test(tensor_dump, refuses_bad_safetensors_files) {
    static const char *const names[] = {"steps/0/logits", "/steps/0/logits"};
    static const char *const weights[] = {"model.norm.weight", "//steps/0/logits"};
    assay_tensor_dump d;
    expect_bad_file(names, 2, (assay_safetensors_text){"a", "b"}, "'steps/0/logits' occurs twice");
    expect_bad_file(weights, 2, (assay_safetensors_text){"a", "b"}, "of its 2 tensors (names in the header) none has");
    expect_bad_file(NULL, 0, (assay_safetensors_text){"a", "b"}, "of its 0 tensors");
    expect_bad_file(names, 1, (assay_safetensors_text){"format", "assay-golden/1"}, "format is 'assay-golden/1'");
    expect_bad_file(names, 1, (assay_safetensors_text){"dtype", "F32"}, "dtype is 'F32'; it must be");
    expect_bad_file(names, 1, (assay_safetensors_text){"dtype", "int64"}, "dtype is 'int64'; it must be");
    expect_bad_file(names, 1, (assay_safetensors_text){"case_sha256", HEX32}, "not 64 lower-case hexadecimal digits");
    expect_bad_file(names, 1, (assay_safetensors_text){"weights_xxh128", HEX64}, "not 32 lower-case");
    EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_path(&s, "none.safetensors"), &expect_err), "No such file");
    EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_write_text(&s, "t.safetensors", "short"), &expect_err),
                   "too few");
}

static void expect_bad_facts(const char *text, const char *part) {
    assay_tensor_dump d;
    write_in_folder("d/dump.json", text, 0);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_path(&s, "d"), &expect_err), part);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_path(&s, "d"), &expect_err), "d/dump.json: ");
}

Test(tensor_dump, refuses_bad_facts) {
    write_in_folder("d/steps/0/logits.npy", NULL, 3);
    expect_bad_facts("", "line 1");
    expect_bad_facts("[]", "must be an object");
    expect_bad_facts("{\"dtype\": \"float32\", \"x\": 1}", "unknown key 'x'");
    expect_bad_facts("{\"producer\": 1}", "producer: must be a string");
    expect_bad_facts("{\"producer\": null}", "producer: must be a string");
    expect_bad_facts("{\"format\": \"pt\"}", "format is 'pt'; of such a dump this program reads assay-dump/1");
    expect_bad_facts("{\"format\": \"assay-dump/2\"}", "format is 'assay-dump/2'");
    expect_bad_facts("{\"dtype\": \"fp32\"}", "dtype is 'fp32'; it must be");
    expect_bad_facts("{\"config_sha256\": \"0\"}", "config_sha256 is not 64 lower-case");
    cr_assert_eq(unlink(scratch_path(&s, "d/dump.json")), 0);
    cr_assert_eq(mkdir(scratch_path(&s, "d/dump.json"), 0777), 0);
    assay_tensor_dump d;
    EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_path(&s, "d"), &expect_err), "dump.json: not a regular file");
}

Test(tensor_dump, refuses_bad_folders) {
    assay_tensor_dump d;
    EXPECT_REFUSED(assay_tensor_dump_open(&d, s.dir, &expect_err), "of its 0 tensors (.npy files) none has a name");
    write_in_folder("logits.npy", NULL, 1);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, s.dir, &expect_err), "of its 1 tensors (.npy files) none has a name");
    write_in_folder("steps/0/loss.npy", "damaged", 1);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, s.dir, &expect_err), "steps/0/loss.npy: not a .npy file");
}

static void expect_refusal(const assay_tensor_dump *d, size_t index, int64_t step, const char *rules) {
    cr_assert_lt(index, d->facts.refusals.count);
    cr_expect_eq(d->facts.refusals.items[index].step, step);
    cr_expect_str_eq(d->facts.refusals.items[index].rules, rules);
}

Test(tensor_dump, a_file_says_which_steps_were_refused) {
    static const char *const names[] = {"steps/0/logits"};
    static const assay_safetensors_text texts[] = {
        {"refused", "[{\"step\": 2, \"rules\": \"POS-3\"}, {\"step\": 1, \"message\": \"why\"}]"}};
    assay_tensor_dump d;
    EXPECT_OK(assay_tensor_dump_open(&d, write_file(names, 1, texts, 1), &expect_err));
    cr_assert_eq(d.facts.refusals.count, 2);
    expect_refusal(&d, 0, 1, "");
    expect_refusal(&d, 1, 2, "POS-3");
    cr_expect_str_eq(d.facts.refusals.items[0].message, "why");
    assay_tensor_dump_close(&d);
    cr_expect_null(d.facts.refusals.items);
    expect_bad_file(names, 1, (assay_safetensors_text){"refused", "[{\"step\": 0}]"},
                    "step 0 is refused and has tensors (steps/0/logits)");
    expect_bad_file(names, 1, (assay_safetensors_text){"refused", "MEM-11"}, "__metadata__: refused: line 1");
}

Test(tensor_dump, a_port_says_that_it_cannot_run_the_case) {
    static const char *const names[] = {"steps/0/logits"};
    static const assay_safetensors_text texts[] = {{"unsupported", "batch 2"}, {"refused", "[{\"step\": 0}]"}};
    assay_tensor_dump d;
    EXPECT_OK(assay_tensor_dump_open(&d, write_file(NULL, 0, texts, 1), &expect_err));
    cr_expect_str_eq(d.facts.unsupported, "batch 2");
    assay_tensor_dump_close(&d);
    write_in_folder("d/dump.json", "{\"unsupported\": \"no masks\"}", 0);
    EXPECT_OK(assay_tensor_dump_open(&d, scratch_path(&s, "d"), &expect_err));
    cr_expect_str_eq(d.facts.unsupported, "no masks");
    assay_tensor_dump_close(&d);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, write_file(names, 1, texts, 1), &expect_err),
                   "says that the case is unsupported and has tensors (steps/0/logits)");
    EXPECT_REFUSED(assay_tensor_dump_open(&d, write_file(NULL, 0, texts, 2), &expect_err),
                   "and that step 0 is refused");
    expect_bad_file(names, 1, (assay_safetensors_text){"unsupported", ""}, "unsupported is empty");
    write_in_folder("d/dump.json", "{\"unsupported\": true}", 0);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_path(&s, "d"), &expect_err), "unsupported: must be a string");
}

Test(tensor_dump, a_dump_of_refusals_needs_no_tensors) {
    assay_tensor_dump d;
    write_in_folder("d/dump.json", "{\"refused\": [{\"step\": 0, \"rules\": \"MEM-11\"}]}", 0);
    EXPECT_OK(assay_tensor_dump_open(&d, scratch_path(&s, "d"), &expect_err));
    cr_assert_eq(assay_tensor_map_count(d.tensors), 0);
    expect_refusal(&d, 0, 0, "MEM-11");
    assay_tensor_dump_close(&d);
    static const assay_safetensors_text texts[] = {{"refused", "[{\"step\": 0, \"rules\": \"MEM-11\"}]"}};
    EXPECT_OK(assay_tensor_dump_open(&d, write_file(NULL, 0, texts, 1), &expect_err));
    expect_refusal(&d, 0, 0, "MEM-11");
    assay_tensor_dump_close(&d);
    write_in_folder("d/dump.json", "{\"refused\": []}", 0);
    EXPECT_REFUSED(assay_tensor_dump_open(&d, scratch_path(&s, "d"), &expect_err), "of its 0 tensors");
}
