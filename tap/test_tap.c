#include "tap/assay_tap.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "golden/dump_refusals.h"
#include "golden/npy.h"
#include "golden/npy_folder.h"
#include "golden/test_scratch.h"

static scratch s;
static assay_tap tap;

static void setup(void) {
    scratch_make(&s);
    tap = assay_tap_open_at(scratch_path(&s, "dump"), NULL, 0);
    cr_assert(assay_tap_on(&tap));
}
static void teardown(void) {
    assay_tap_close(&tap);
    scratch_remove(&s);
}

TestSuite(tap, .init = setup, .fini = teardown);

/* The tensor of a stage below dump/, of a type and these sizes. */
static assay_tensor read_back(const char *stage, assay_dtype dtype, int rank, const int64_t *sizes) {
    assay_tensor t;
    char name[128];
    snprintf(name, sizeof name, "dump/%s.npy", stage);
    EXPECT_OK(assay_npy_read(scratch_path(&s, name), &t, &expect_err));
    cr_assert_eq(t.dtype, dtype, "%s has the type %d", stage, (int)t.dtype);
    cr_assert_eq(t.rank, rank);
    for (int i = 0; i < rank; i++) cr_assert_eq(t.shape[i], sizes[i]);
    return t;
}

static size_t files(void) {
    assay_npy_folder f;
    EXPECT_OK(assay_npy_folder_list(&f, scratch_path(&s, "dump"), &expect_err));
    size_t count = f.count;
    assay_npy_folder_free(&f);
    return count;
}

/* Runs with stderr in a file; gives back what was written. */
static char *told(void (*action)(void)) {
    fflush(stderr);
    int old = dup(2);
    cr_assert_not_null(freopen(scratch_path(&s, "stderr"), "w", stderr));
    action();
    fflush(stderr);
    dup2(old, 2);
    close(old);
    size_t nbytes;
    char *text = scratch_read(scratch_path(&s, "stderr"), &nbytes);
    char *line = calloc(nbytes + 1, 1);
    memcpy(line, text, nbytes);
    free(text);
    return line;
}

Test(tap, writes_every_type) {
    assay_tap at = assay_tap_step(&tap, 0);
    const float f32[] = {1.5F, -2};
    const double f64[] = {0.1, 3};
    const uint16_t half[] = {0x3c00, 0xc000}, bf16[] = {0x3fc0, 0x7f80};
    const int32_t i32[] = {-7, 8};
    const int64_t i64[] = {INT64_MIN, 9};
    const unsigned char truth[] = {0, 2};
    cr_assert_eq(assay_tap_f32(&at, "f32", f32, assay_tap_1d(2)), 0);
    cr_assert_eq(assay_tap_f64(&at, "f64", f64, assay_tap_1d(2)), 0);
    cr_assert_eq(assay_tap_f16(&at, "f16", half, assay_tap_1d(2)), 0);
    cr_assert_eq(assay_tap_bf16(&at, "bf16", bf16, assay_tap_1d(2)), 0);
    cr_assert_eq(assay_tap_i32(&at, "i32", i32, assay_tap_1d(2)), 0);
    cr_assert_eq(assay_tap_i64(&at, "i64", i64, assay_tap_1d(2)), 0);
    cr_assert_eq(assay_tap_put(&at, "bool", ASSAY_TAP_BOOL, truth, assay_tap_1d(2)), 0);
    const int64_t two[] = {2};
    assay_tensor t = read_back("steps/0/f32", ASSAY_F32, 1, two);
    cr_assert_eq(memcmp(t.data, f32, sizeof f32), 0);
    assay_tensor_free(&t);
    t = read_back("steps/0/f64", ASSAY_F64, 1, two);
    cr_assert_eq(memcmp(t.data, f64, sizeof f64), 0);
    assay_tensor_free(&t);
    t = read_back("steps/0/f16", ASSAY_F16, 1, two);
    cr_assert_eq(memcmp(t.data, half, sizeof half), 0);
    assay_tensor_free(&t);
    t = read_back("steps/0/bf16", ASSAY_F32, 1, two);
    cr_assert_float_eq(((float *)t.data)[0], 1.5F, 0);
    cr_assert(((float *)t.data)[1] > 3e38F);
    assay_tensor_free(&t);
    t = read_back("steps/0/i32", ASSAY_I32, 1, two);
    cr_assert_eq(memcmp(t.data, i32, sizeof i32), 0);
    assay_tensor_free(&t);
    t = read_back("steps/0/i64", ASSAY_I64, 1, two);
    cr_assert_eq(memcmp(t.data, i64, sizeof i64), 0);
    assay_tensor_free(&t);
    t = read_back("steps/0/bool", ASSAY_BOOL, 1, two);
    assay_tensor_free(&t);
    size_t nbytes; /* the reader takes any byte but 0 for true; NumPy does not */
    unsigned char *file = scratch_read(scratch_path(&s, "dump/steps/0/bool.npy"), &nbytes);
    cr_assert_eq(file[nbytes - 2], 0);
    cr_assert_eq(file[nbytes - 1], 1);
    free(file);
}

Test(tap, places_stages_by_step_window_and_layer) {
    const float x = 4;
    assay_tap step = assay_tap_step(&tap, 2), window = assay_tap_window(&step, 1), layer = assay_tap_layer(&window, 3);
    assay_tap past = assay_tap_past(&layer, 5);
    assay_tap_f32(&step, "loss", &x, assay_tap_0d());
    assay_tap_f32(&window, "norm", &x, assay_tap_1d(1));
    assay_tap_f32(&layer, "self_attn.q_proj", &x, assay_tap_1d(1));
    assay_tap_f32(&past, "key", &x, assay_tap_1d(1));
    const int64_t one[] = {1};
    assay_tensor t = read_back("steps/2/loss", ASSAY_F32, 0, NULL);
    cr_assert_float_eq(*(float *)t.data, 4, 0);
    assay_tensor_free(&t);
    static const char *const names[] = {"steps/2/windows/1/norm", "steps/2/windows/1/layers/3/self_attn.q_proj",
                                        "steps/2/past/5/key"};
    for (size_t i = 0; i < 3; i++) {
        t = read_back(names[i], ASSAY_F32, 1, one);
        assay_tensor_free(&t);
    }
    cr_assert_eq(files(), 4);
}

/* A buffer [T][B][H][D] as (B, H, T, D), and one that is larger than a chunk of the writer. */
Test(tap, writes_strided_buffers_in_their_logical_order) {
    enum { T = 37, B = 2, H = 3, D = 31 };
    static float x[T][B][H][D];
    for (int i = 0; i < T * B * H * D; i++) (&x[0][0][0][0])[i] = (float)i;
    assay_tap_shape shape = assay_tap_strides(assay_tap_4d(B, H, T, D), H * D, D, B * H * D, 1);
    cr_assert_eq(assay_tap_f32(&tap, "x", &x[0][0][0][0], shape), 0);
    cr_assert_eq(
        assay_tap_f32(&tap, "back", &x[T - 1][0][0][0], assay_tap_strides(assay_tap_1d(T), -B * H * D, 0, 0, 0)), 0);
    const int64_t sizes[] = {B, H, T, D}, back[] = {T};
    assay_tensor t = read_back("x", ASSAY_F32, 4, sizes);
    for (int i = 0; i < T * B * H * D; i++) {
        int d = i % D, at = i / D % T, h = i / D / T % H, b = i / D / T / H;
        cr_assert_float_eq(((float *)t.data)[i], x[at][b][h][d], 0);
    }
    assay_tensor_free(&t);
    t = read_back("back", ASSAY_F32, 1, back);
    for (int i = 0; i < T; i++) cr_assert_float_eq(((float *)t.data)[i], x[T - 1 - i][0][0][0], 0);
    assay_tensor_free(&t);
    const int64_t none[] = {0, 7};
    cr_assert_eq(assay_tap_f32(&tap, "none", NULL, assay_tap_2d(0, 7)), 0);
    t = read_back("none", ASSAY_F32, 2, none);
    assay_tensor_free(&t);
}

static void *tap_many(void *which) {
    const int thread = *(const int *)which;
    assay_tap at = assay_tap_step(&tap, 0);
    float x[64];
    for (int i = 0; i < 64; i++) x[i] = (float)(thread * 64 + i);
    for (int i = 0; i < 50; i++) {
        char name[32];
        snprintf(name, sizeof name, "x%d.%d", thread, i);
        cr_assert_eq(assay_tap_f32(&at, name, x, assay_tap_2d(8, 8)), 0);
    }
    return NULL;
}

Test(tap, lets_threads_write_at_once) {
    pthread_t threads[8];
    int numbers[8];
    for (int i = 0; i < 8; i++) {
        numbers[i] = i;
        cr_assert_eq(pthread_create(&threads[i], NULL, tap_many, &numbers[i]), 0);
    }
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    cr_assert_eq(files(), 400);
    const int64_t sizes[] = {8, 8};
    for (int i = 0; i < 8; i++) {
        char name[32];
        snprintf(name, sizeof name, "steps/0/x%d.49", i);
        assay_tensor t = read_back(name, ASSAY_F32, 2, sizes);
        cr_assert_eq((int)((float *)t.data)[63], i * 64 + 63);
        assay_tensor_free(&t);
    }
    cr_assert_eq(tap.sink->next, 400, "a number was given out twice");
}

Test(tap, is_off_unless_the_environment_names_a_folder) {
    const float x = 1;
    unsetenv("ASSAY_TAP");
    assay_tap off = assay_tap_open();
    cr_assert_not(assay_tap_on(&off));
    cr_assert_eq(assay_tap_f32(&off, "../bad", &x, assay_tap_1d(1)), 0);
    const assay_tap_facts facts = {.producer = "p"};
    cr_assert_eq(assay_tap_say(&off, &facts), 0);
    assay_tap_close(&off);
    setenv("ASSAY_TAP", scratch_path(&s, "named/deep"), 1);
    setenv("ASSAY_TAP_ONLY", "self_attn.?_proj,steps/*/logits", 1);
    assay_tap on = assay_tap_open();
    assay_tap step = assay_tap_step(&on, 0), layer = assay_tap_layer(&step, 0);
    assay_tap_f32(&step, "logits", &x, assay_tap_1d(1));
    assay_tap_f32(&step, "loss", &x, assay_tap_1d(1));
    assay_tap_f32(&layer, "self_attn.q_proj", &x, assay_tap_1d(1));
    assay_tap_f32(&layer, "self_attn.attn_probs", &x, assay_tap_1d(1));
    assay_tap_close(&on);
    assay_npy_folder f;
    EXPECT_OK(assay_npy_folder_list(&f, scratch_path(&s, "named/deep"), &expect_err));
    cr_assert_eq(f.count, 2);
    cr_assert_str_eq(f.names[0], "steps/0/layers/0/self_attn.q_proj");
    cr_assert_str_eq(f.names[1], "steps/0/logits");
    assay_npy_folder_free(&f);
}

static int results[8];
static void tap_badly(void) {
    static const char *const bad[] = {"", "/abs", "a/../b", "..", ".hidden", "a//b", "a/", "a\nb"};
    const float x = 1;
    for (int i = 0; i < 8; i++) results[i] = assay_tap_f32(&tap, bad[i], &x, assay_tap_1d(1));
}

Test(tap, refuses_names_that_leave_the_folder_and_says_so_once) {
    char *text = told(tap_badly);
    for (int i = 0; i < 8; i++) cr_assert_eq(results[i], -1, "name %d", i);
    cr_assert_not_null(strstr(text, "a stage needs a name"));
    cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1, "'%s'", text);
    free(text);
    cr_assert_eq(files(), 0);
    cr_assert_eq(scratch_count(&s), 2);
}

static void tap_shapes(void) {
    const float x = 1;
    assay_tap_shape five = assay_tap_1d(1);
    five.rank = 5;
    results[0] = assay_tap_f32(&tap, "a", &x, assay_tap_1d(-1));
    results[1] = assay_tap_f32(&tap, "b", NULL, assay_tap_1d(1));
    results[2] = assay_tap_f32(&tap, "c", &x, assay_tap_3d(INT64_MAX / 2, 4, 4));
    results[3] = assay_tap_f32(&tap, "d", &x, five);
    results[4] = assay_tap_put(&tap, "e", (assay_tap_type)99, &x, assay_tap_1d(1));
    results[5] =
        assay_tap_f32(&tap, "f", &x, assay_tap_3d(0, INT64_MAX, 2)); /* no element, and no reader has such sizes */
}

Test(tap, refuses_shapes_that_cannot_be) {
    free(told(tap_shapes));
    for (int i = 0; i < 6; i++) cr_assert_eq(results[i], -1, "shape %d", i);
    cr_assert_eq(files(), 0);
}

static void tap_twice(void) {
    const float x[] = {1, 2};
    results[0] = assay_tap_f32(&tap, "twice", &x[0], assay_tap_1d(1));
    results[1] = assay_tap_f32(&tap, "twice", &x[1], assay_tap_1d(1));
}

Test(tap, keeps_the_first_of_two_under_one_name) {
    char *text = told(tap_twice);
    cr_assert_eq(results[0], 0);
    cr_assert_eq(results[1], -1);
    cr_assert_not_null(strstr(text, "dump/twice.npy: is there already"));
    free(text);
    const int64_t one[] = {1};
    assay_tensor t = read_back("twice", ASSAY_F32, 1, one);
    cr_assert_float_eq(*(float *)t.data, 1, 0);
    assay_tensor_free(&t);
}

static void tap_into_a_file(void) {
    const float x = 1;
    scratch_write_text(&s, "dump/steps", "in the way");
    assay_tap at = assay_tap_step(&tap, 0);
    results[0] = assay_tap_f32(&at, "logits", &x, assay_tap_1d(1));
    results[1] = assay_tap_f32(&tap, "fine", &x, assay_tap_1d(1));
}

Test(tap, goes_on_when_a_file_cannot_be_written) {
    char *text = told(tap_into_a_file);
    cr_assert_eq(results[0], -1);
    cr_assert_eq(results[1], 0);
    cr_assert_not_null(strstr(text, "logits.npy: Not a directory"), "%s", text);
    free(text);
    cr_assert_eq(files(), 1);
}

static void tap_on_a_full_disk(void) {
    static const float x[4096];
    const struct rlimit small = {1000, RLIM_INFINITY};
    struct rlimit old;
    getrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    results[0] = assay_tap_f32(&tap, "large", x, assay_tap_1d(4096));
    results[1] = assay_tap_f32(&tap, "small", x, assay_tap_1d(8));
    setrlimit(RLIMIT_FSIZE, &old);
}

Test(tap, leaves_nothing_of_a_file_that_is_not_whole) {
    free(told(tap_on_a_full_disk));
    cr_assert_eq(results[0], -1);
    cr_assert_eq(results[1], 0);
    cr_assert_eq(files(), 1);
    DIR *dir = opendir(scratch_path(&s, "dump"));
    int entries = 0;
    while (readdir(dir) != NULL) entries++;
    closedir(dir);
    cr_assert_eq(entries, 3, "besides . and .. there is more than one file");
}

static assay_tap again[3];
static void open_again(void) {
    again[0] = assay_tap_open_at(scratch_path(&s, "dump"), NULL, 0);
    again[1] = assay_tap_open_at(scratch_path(&s, "dump"), NULL, 1);
    again[2] = assay_tap_open_at(scratch_path(&s, "dump/x.npy"), NULL, 0);
}

Test(tap, opens_no_folder_that_holds_a_dump) {
    const float x = 1;
    assay_tap at = assay_tap_step(&tap, 0);
    assay_tap_f32(&at, "logits", &x, assay_tap_1d(1));
    assay_tap_f32(&tap, "x", &x, assay_tap_1d(1));
    char *text = told(open_again);
    cr_assert_not(assay_tap_on(&again[0]));
    cr_assert(assay_tap_on(&again[1]));
    cr_assert_not(assay_tap_on(&again[2]));
    cr_assert_not_null(strstr(text, "holds a dump already"));
    cr_assert_not_null(strstr(text, "x.npy: Not a directory; nothing is dumped"), "%s", text);
    free(text);
    assay_tap_close(&again[1]);
}

Test(tap, says_where_the_dump_comes_from) {
    const float x = 1;
    const assay_tap_refusal refused[] = {{1, "MEM-11 ERR-1", "a \"quoted\"\tword\\"}, {2, NULL, NULL}};
    assay_tap_facts facts = {.producer = "my port 1.0", .dtype = "float32", .refused = refused, .refused_count = 2};
    assay_tap at = assay_tap_step(&tap, 0);
    assay_tap_f32(&at, "logits", &x, assay_tap_1d(1));
    cr_assert_eq(assay_tap_say(&tap, &facts), 0);
    facts.case_sha256 = "0123";
    cr_assert_eq(assay_tap_say(&tap, &facts), 0);
    size_t nbytes;
    char *text = scratch_read(scratch_path(&s, "dump/dump.json"), &nbytes);
    cJSON *json = cJSON_ParseWithLength(text, nbytes);
    cr_assert_not_null(json);
    cr_assert_str_eq(cJSON_GetObjectItem(json, "producer")->valuestring, "my port 1.0");
    cr_assert_str_eq(cJSON_GetObjectItem(json, "case_sha256")->valuestring, "0123");
    cJSON *list = cJSON_GetObjectItem(json, "refused");
    cr_assert_str_eq(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "message")->valuestring, refused[0].message);
    cr_assert_null(cJSON_GetObjectItem(json, "unsupported"));
    assay_dump_refusals read;
    EXPECT_OK(assay_dump_refusals_read(&read, list, "dump.json", &expect_err));
    cr_assert_eq(read.count, 2);
    assay_dump_refusals_free(&read);
    cJSON_Delete(json);
    free(text);
}

Test(tap, says_that_a_case_is_unsupported) {
    const assay_tap_facts facts = {.unsupported = "this port has no classify"};
    cr_assert_eq(assay_tap_say(&tap, &facts), 0);
    size_t nbytes;
    char *text = scratch_read(scratch_path(&s, "dump/dump.json"), &nbytes);
    cJSON *json = cJSON_ParseWithLength(text, nbytes);
    cr_assert_str_eq(cJSON_GetObjectItem(json, "unsupported")->valuestring, facts.unsupported);
    cJSON_Delete(json);
    free(text);
}

/* In tap/test_tap_off.c: the header in a second translation unit, compiled out. */
int tap_that_is_compiled_out(const char *dir);

Test(tap, can_be_compiled_out) {
    cr_assert_eq(tap_that_is_compiled_out(scratch_path(&s, "never")), 0);
    cr_assert_neq(access(scratch_path(&s, "never"), F_OK), 0);
}
