/*
 * How fast `assay compare` is on a dump of gigabytes, and how much memory it takes: `make bench-compare SIZE=4G DIR=/tmp`. Prints one line
 * a figure, "name value unit"; exits 1 when a comparison takes more memory than it may.
 *
 * The reference has the stages that a 3B model's layers have (hidden size 3200, 32 heads, 512 tokens, 1024 keys), with noise floors and
 * digests; the candidate differs from it by rounding noise nearly everywhere. Both are in the page cache.
 */
#include <fcntl.h>
#include <omp.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/random.h"
#include "golden/byte_file.h"
#include "golden/digest.h"
#include "golden/h5_file.h"
#include "golden/safetensors.h"

#define RUNS 7
#define MAX_RESIDENT_MIB 200
#define TOKENS 512
#define KEYS 1024
#define HIDDEN 3200
#define HEADS 32
#define INNER 8640
#define VOCAB 32000

extern char **environ;

/* ---- the dump ---- */

/* A tensor that the dump has for each layer, or once. */
typedef struct {
    const char *name;
    assay_dtype dtype;
    int rank;
    int64_t shape[4];
} stage_plan;

static const stage_plan layer_stages[] = {
    {"input_layernorm", ASSAY_F32, 3, {1, TOKENS, HIDDEN}},
    {"self_attn.q_proj", ASSAY_F32, 3, {1, TOKENS, HIDDEN}},
    {"self_attn.k_proj", ASSAY_F32, 3, {1, TOKENS, HIDDEN}},
    {"self_attn.v_proj", ASSAY_F32, 3, {1, TOKENS, HIDDEN}},
    {"self_attn.mem_read.key", ASSAY_BF16, 4, {1, HEADS, KEYS - TOKENS, HIDDEN / HEADS}},
    {"self_attn.mem_read.value", ASSAY_BF16, 4, {1, HEADS, KEYS - TOKENS, HIDDEN / HEADS}},
    {"self_attn.rotate_one.query", ASSAY_F32, 4, {1, HEADS, TOKENS, HIDDEN / HEADS}},
    {"self_attn.rotate_one.key", ASSAY_F32, 4, {1, HEADS, TOKENS, HIDDEN / HEADS}},
    {"self_attn.attn_scores", ASSAY_F32, 4, {1, HEADS, TOKENS, KEYS}},
    {"self_attn.attn_probs", ASSAY_F32, 4, {1, HEADS, TOKENS, KEYS}},
    {"self_attn.attn_output", ASSAY_F32, 3, {1, TOKENS, HIDDEN}},
    {"self_attn.o_proj", ASSAY_F32, 3, {1, TOKENS, HIDDEN}},
    {"attn_residual", ASSAY_F32, 3, {1, TOKENS, HIDDEN}},
    {"post_attention_layernorm", ASSAY_F32, 3, {1, TOKENS, HIDDEN}},
    {"mlp.gate_proj", ASSAY_F32, 3, {1, TOKENS, INNER}},
    {"mlp.act_fn", ASSAY_F32, 3, {1, TOKENS, INNER}},
    {"mlp.up_proj", ASSAY_F32, 3, {1, TOKENS, INNER}},
    {"mlp.down_proj", ASSAY_F32, 3, {1, TOKENS, HIDDEN}},
    {"output", ASSAY_F32, 3, {1, TOKENS, HIDDEN}},
};
static const stage_plan logits_stage = {"steps/0/logits", ASSAY_F32, 3, {1, TOKENS, VOCAB}};
#define LAYER_STAGES (sizeof layer_stages / sizeof *layer_stages)

/* One tensor of the dump: its path, and what it is. */
typedef struct {
    char path[128];
    assay_tensor info;
    bool is_scores;
} planned;

typedef struct {
    planned *tensors;
    size_t count;
    uint64_t nbytes;
} plan;

static void must(assay_status status, const assay_error *err) {
    if (!status) return;
    fprintf(stderr, "bench: %s\n", err->message);
    exit((int)status);
}

static void fail(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(3);
}

static void add(plan *p, const char *path, const stage_plan *stage) {
    planned *t = &p->tensors[p->count++];
    snprintf(t->path, sizeof t->path, "%s", path);
    t->info = assay_tensor_view(stage->dtype, stage->rank, stage->shape, NULL);
    t->is_scores = strstr(path, "attn_scores") != NULL;
    p->nbytes += assay_tensor_nbytes(&t->info);
}

/* Logits, and layers until the size is reached. */
static plan make_plan(uint64_t nbytes) {
    plan p = {.tensors = calloc(nbytes / 1000000 + 2 * LAYER_STAGES, sizeof *p.tensors)};
    if (!p.tensors) fail("out of memory");
    add(&p, logits_stage.name, &logits_stage);
    for (int layer = 0; p.nbytes < nbytes; layer++)
        for (size_t i = 0; i < LAYER_STAGES && p.nbytes < nbytes; i++) {
            char path[128];
            snprintf(path, sizeof path, "steps/0/windows/0/layers/%d/%s", layer, layer_stages[i].name);
            add(&p, path, &layer_stages[i]);
        }
    return p;
}

/* Noise of a few units in the last place, in all but one of 64 elements. */
static float noisy(float value, uint64_t bits) {
    return bits % 64 == 0 ? value : value * (1 + (float)((int)(bits % 15) - 7) * 0x1p-23f);
}

/* Half of the scores are hidden, as causal ones are. */
static void fill(assay_tensor *t, const planned *what, bool is_candidate) {
    uint64_t key = assay_random_key(1, what->path);
    int64_t n = assay_tensor_count(t);
#pragma omp parallel for
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = assay_random_at(key, (uint64_t)i);
        float value = assay_random_symmetric_f32(key ^ 1, (uint64_t)i) * (1 + (float)(bits >> 60));
        if (what->is_scores && i % KEYS < KEYS / 2 && i % KEYS > i / KEYS % TOKENS) value = -1e6f;
        else if (is_candidate) value = noisy(value, bits);
        if (t->dtype == ASSAY_F32) ((float *)t->data)[i] = value;
        else ((uint16_t *)t->data)[i] = assay_f32_to_bf16(value);
    }
}

static assay_tensor make(const planned *what, bool is_candidate) {
    assay_error err;
    assay_tensor t;
    must(assay_tensor_alloc(&t, what->info.dtype, what->info.rank, what->info.shape, what->path, &err), &err);
    fill(&t, what, is_candidate);
    return t;
}

static void write_hdf5(const char *path, const plan *p, bool is_candidate) {
    assay_error err;
    assay_h5_writer *w;
    must(assay_h5_writer_create(&w, path, &err), &err);
    for (size_t i = 0; i < p->count; i++) {
        const planned *what = &p->tensors[i];
        char digest[ASSAY_XXH128_TEXT];
        assay_tensor t = make(what, is_candidate);
        assay_tensor_xxh128(&t, digest);
        must(assay_h5_put(w, what->path, &t, ASSAY_H5_PLAIN, &err), &err);
        must(assay_h5_put_attr_text(w, what->path, "xxh128", digest, &err), &err);
        must(assay_h5_put_attr_f64(w, what->path, "noise_floor", 1e-5, &err), &err);
        assay_tensor_free(&t);
    }
    must(assay_h5_put_attr_text(w, "/", "dtype", "float32", &err), &err);
    must(assay_h5_writer_commit(w, &err), &err);
}

/* Tensor after tensor: the project's own writer takes them all at once. */
static void write_safetensors(const char *path, const plan *p) {
    FILE *f = fopen(path, "wb");
    char *header = malloc(p->count * 400 + 64);
    if (!f || !header) fail("cannot write the .safetensors file");
    size_t at = (size_t)sprintf(header, "{\"__metadata__\":{\"dtype\":\"float32\"}");
    uint64_t begin = 0;
    for (size_t i = 0; i < p->count; i++) {
        const assay_tensor *t = &p->tensors[i].info;
        uint64_t end = begin + assay_tensor_nbytes(t);
        at += (size_t)sprintf(header + at, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", p->tensors[i].path,
                              assay_safetensors_type(t->dtype));
        for (int axis = 0; axis < t->rank; axis++)
            at += (size_t)sprintf(header + at, axis ? ",%lld" : "%lld", (long long)t->shape[axis]);
        at += (size_t)sprintf(header + at, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)begin,
                              (unsigned long long)end);
        begin = end;
    }
    header[at++] = '}';
    while (at % 8) header[at++] = ' ';
    bool ok = fwrite(&(uint64_t){at}, 8, 1, f) == 1 && fwrite(header, at, 1, f) == 1;
    for (size_t i = 0; i < p->count && ok; i++) {
        assay_tensor t = make(&p->tensors[i], true);
        ok = fwrite(t.data, assay_tensor_nbytes(&t), 1, f) == 1;
        assay_tensor_free(&t);
    }
    if (fclose(f) != 0 || !ok) fail("cannot write the .safetensors file");
    free(header);
}

/* ---- measuring ---- */

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How a program went. */
typedef struct {
    double seconds;
    double resident_mib; /* at most */
    int code;
} outcome;

static outcome run_program(char *const *arguments) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child;
    int status;
    struct rusage usage;
    double start = assay_clock_seconds();
    if (posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ) != 0) fail("cannot start a program");
    if (wait4(child, &status, 0, &usage) != child) fail("a program was lost");
    posix_spawn_file_actions_destroy(&actions);
    return (outcome){assay_clock_seconds() - start, (double)usage.ru_maxrss / 1024,
                     WIFEXITED(status) ? WEXITSTATUS(status) : -1};
}

/* Reads a file once, as fast as the page cache gives it. */
static double seconds_to_read(const char *path) {
    enum { PIECE = 1 << 18 };
    assay_byte_file f;
    assay_error err;
    must(assay_byte_file_open(&f, path, &err), &err);
    int64_t pieces = (int64_t)(f.nbytes / PIECE);
    double start = assay_clock_seconds();
#pragma omp parallel
    {
        char *buffer = malloc(PIECE);
        if (!buffer) fail("out of memory");
#pragma omp for
        for (int64_t i = 0; i < pieces; i++)
            must(assay_byte_file_read(&f, buffer, PIECE, (uint64_t)i * PIECE, NULL), &err);
        free(buffer);
    }
    double seconds = assay_clock_seconds() - start;
    assay_byte_file_close(&f);
    return seconds;
}

/* One comparison, several times; false when it took too much memory. */
static bool measure(const char *name, char *const *arguments, uint64_t nbytes) {
    double seconds[RUNS], resident = 0;
    for (int i = 0; i < RUNS; i++) {
        outcome o = run_program(arguments);
        if (o.code != 0) fail("the comparison did not match");
        seconds[i] = o.seconds;
        resident = o.resident_mib > resident ? o.resident_mib : resident;
    }
    qsort(seconds, RUNS, sizeof *seconds, by_size);
    double gb = (double)nbytes / 1e9;
    printf("%s best %.2f GB/s of the dump, %.2f of both files\n", name, gb / seconds[0], 2 * gb / seconds[0]);
    printf("%s median %.2f GB/s of the dump\n", name, gb / seconds[RUNS / 2]);
    printf("%s resident %.1f MiB\n", name, resident);
    fflush(stdout);
    return resident < MAX_RESIDENT_MIB;
}

static void measure_reading(const char *path, uint64_t nbytes) {
    double best = seconds_to_read(path);
    for (int i = 1; i < RUNS; i++) {
        double seconds = seconds_to_read(path);
        best = seconds < best ? seconds : best;
    }
    printf("page_cache best %.2f GB/s with %d threads\n", (double)nbytes / 1e9 / best, omp_get_max_threads());
}

/* Once: it takes its time. */
static void measure_h5diff(const char *golden, const char *candidate, uint64_t nbytes) {
    char *const arguments[] = {"h5diff", "-q", "-d", "0.001", (char *)golden, (char *)candidate, NULL};
    outcome o = run_program(arguments);
    if (o.code != 0 && o.code != 1) return;
    printf("h5diff once %.2f GB/s of the dump, resident %.1f MiB\n", (double)nbytes / 1e9 / o.seconds, o.resident_mib);
}

static uint64_t size_of_text(const char *text) {
    char *end;
    double value = strtod(text, &end);
    uint64_t unit = *end == 'G' ? UINT64_C(1) << 30 : *end == 'M' ? UINT64_C(1) << 20 : 1;
    if (end == text || value <= 0 || value * (double)unit > 1e12) fail("SIZE is a number such as 4G or 512M");
    return (uint64_t)(value * (double)unit);
}

/* The program to time, the size of the dump, and where it is written. */
int main(int argc, char **argv) {
    if (argc != 4) fail("usage: bench-compare PROGRAM SIZE FOLDER");
    plan p = make_plan(size_of_text(argv[2]));
    char golden[512], candidate[512], safetensors[512];
    snprintf(golden, sizeof golden, "%s/bench-golden.h5", argv[3]);
    snprintf(candidate, sizeof candidate, "%s/bench-candidate.h5", argv[3]);
    snprintf(safetensors, sizeof safetensors, "%s/bench-candidate.safetensors", argv[3]);
    char *const hdf5_run[] = {argv[1], "compare", golden, candidate, NULL};
    char *const safetensors_run[] = {argv[1], "compare", golden, safetensors, NULL};
    printf("dump %.2f GB in %zu tensors, differs by rounding noise\n", (double)p.nbytes / 1e9, p.count);
    write_hdf5(golden, &p, false);
    write_hdf5(candidate, &p, true);
    measure_reading(golden, p.nbytes);
    bool fits = measure("hdf5", hdf5_run, p.nbytes);
    measure_h5diff(golden, candidate, p.nbytes);
    unlink(candidate);
    write_safetensors(safetensors, &p);
    fits = measure("safetensors", safetensors_run, p.nbytes) && fits;
    unlink(safetensors);
    unlink(golden);
    free(p.tensors);
    if (!fits) fail("more than 200 MiB of memory was resident");
    return 0;
}
