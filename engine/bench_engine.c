/*
 * How fast the engine is, against what this machine's BLAS can do: `make bench`. Prints one line a figure, "name value unit".
 *
 * Model: hidden 1024, 8 layers of which 3 with memory, 16 heads, W 512, float32, random weights. The same figures of the
 * original in PyTorch come from assay_export.bench.
 */
#include <cblas.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/random.h"
#include "engine/engine.h"

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n) {
    qsort(values, (size_t)n, sizeof *values, by_size);
    return values[n / 2];
}

static void must(assay_status status, const assay_error *err) {
    if (!status) return;
    fprintf(stderr, "bench: %s\n", err->message);
    exit((int)status);
}

static void put_random(assay_tensor_map *map, const char *name, int rank, const int64_t shape[2]) {
    assay_error err;
    assay_tensor t;
    must(assay_tensor_alloc(&t, ASSAY_F32, rank, shape, name, &err), &err);
    uint64_t key = assay_random_key(1, name);
    float scale = rank == 1 ? 0.25f : 1.5f / (float)(shape[1] > 1000 ? 32 : 8);
    for (int64_t i = 0; i < assay_tensor_count(&t); i++)
        ((float *)t.data)[i] = (rank == 1) + scale * assay_random_symmetric_f32(key, (uint64_t)i);
    must(assay_tensor_map_put(map, name, t, &err), &err);
}

static assay_tensor_map *random_weights(const assay_config *c) {
    assay_tensor_map *map = assay_tensor_map_create();
    int64_t h = c->hidden_size, inner = c->intermediate_size;
    put_random(map, "model.embed_tokens.weight", 2, (int64_t[]){c->vocab_size, h});
    put_random(map, "lm_head.weight", 2, (int64_t[]){c->vocab_size, h});
    put_random(map, "model.norm.weight", 1, (int64_t[]){h, 0});
    const struct {
        const char *name;
        int rank;
        int64_t shape[2];
    } parts[] = {
        {"input_layernorm", 1, {h, 0}},   {"post_attention_layernorm", 1, {h, 0}}, {"self_attn.q_proj", 2, {h, h}},
        {"self_attn.k_proj", 2, {h, h}},  {"self_attn.v_proj", 2, {h, h}},         {"self_attn.o_proj", 2, {h, h}},
        {"mlp.gate_proj", 2, {inner, h}}, {"mlp.up_proj", 2, {inner, h}},          {"mlp.down_proj", 2, {h, inner}}};
    for (int64_t layer = 0; layer < c->num_hidden_layers; layer++)
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            char name[96];
            snprintf(name, sizeof name, "model.layers.%lld.%s.weight", (long long)layer, parts[i].name);
            put_random(map, name, parts[i].rank, parts[i].shape);
        }
    return map;
}

static double sgemm_peak(int threads) {
    enum { n = 1024, runs = 7 };
    float *a = calloc((size_t)(n * n), sizeof *a), *b = calloc((size_t)(n * n), sizeof *b);
    float *c = calloc((size_t)(n * n * threads), sizeof *c);
    double seconds[runs];
    for (int i = 0; i < n * n; i++) a[i] = b[i] = (float)(i % 7) * 0.25f;
    for (int run = 0; run < runs; run++) {
        double start = assay_clock_seconds();
#pragma omp parallel for
        for (int t = 0; t < threads; t++)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, n, 1, a, n, b, n, 0, c + (size_t)t * n * n, n);
        seconds[run] = assay_clock_seconds() - start;
    }
    free(a);
    free(b);
    free(c);
    return 2.0 * n * n * n * threads / median(seconds, runs) * 1e-9;
}

static void call_tokens(const assay_model *model, assay_past *past, int64_t tokens, int64_t last_context) {
    assay_error err;
    assay_tensor ids;
    must(assay_tensor_alloc(&ids, ASSAY_I64, 2, (int64_t[]){1, tokens}, "ids", &err), &err);
    for (int64_t i = 0; i < tokens; i++)
        ((int64_t *)ids.data)[i] =
            (int64_t)(assay_random_at(7, (uint64_t)i) % (uint64_t)assay_model_config(model)->vocab_size);
    assay_call call = {
        .input_ids = &ids, .use_cache = 1, .has_last_context_length = true, .last_context_length = last_context};
    assay_output out;
    must(assay_forward(model, past, &call, NULL, &out, &err), &err);
    assay_output_free(&out);
    assay_tensor_free(&ids);
}

static double bench_prefill(const assay_model *model, int64_t tokens) {
    enum { runs = 5 };
    double seconds[runs];
    for (int run = 0; run < runs; run++) {
        assay_error err;
        assay_past *past;
        must(assay_past_create(&past, model, &err), &err);
        double start = assay_clock_seconds();
        call_tokens(model, past, tokens, 256);
        seconds[run] = assay_clock_seconds() - start;
        assay_past_destroy(past);
    }
    return median(seconds, runs);
}

static double bench_decode(const assay_model *model, assay_past *past) {
    enum { steps = 41 };
    double seconds[steps];
    for (int step = 0; step < steps; step++) {
        double start = assay_clock_seconds();
        call_tokens(model, past, 1, 256);
        seconds[step] = assay_clock_seconds() - start;
    }
    return median(seconds, steps);
}

/* A past of `m` random tokens in memory. */
static assay_past *past_with_memory(const assay_model *model, int64_t m) {
    const assay_config *c = assay_model_config(model);
    assay_error err;
    assay_past *past;
    must(assay_past_create(&past, model, &err), &err);
    assay_past_layer *layers = calloc((size_t)c->num_hidden_layers, sizeof *layers);
    assay_tensor stored, mask;
    const int64_t shape[] = {1, c->num_attention_heads, m, assay_config_head_dim(c)};
    must(assay_tensor_alloc(&stored, ASSAY_BF16, 4, shape, "memory", &err), &err);
    must(assay_tensor_alloc(&mask, ASSAY_F32, 2, (int64_t[]){1, m}, "mask", &err), &err);
    for (int64_t i = 0; i < assay_tensor_count(&stored); i++)
        ((uint16_t *)stored.data)[i] = assay_f32_to_bf16(assay_random_symmetric_f32(3, (uint64_t)i));
    for (int64_t i = 0; i < c->num_hidden_layers; i++)
        if (c->is_memory_layer[i])
            layers[i] = (assay_past_layer){.mem_key = stored, .mem_value = stored, .mem_mask = mask};
    must(assay_past_import(past, layers, &err), &err);
    free(layers);
    assay_tensor_free(&stored);
    assay_tensor_free(&mask);
    return past;
}

int main(int argc, char **argv) {
    assay_engine_init(argc > 1 ? atoi(argv[1]) : 0);
    assay_config c;
    assay_config_set_defaults(&c);
    c.vocab_size = 32000;
    c.hidden_size = 1024;
    c.intermediate_size = 2752;
    c.num_hidden_layers = 8;
    c.num_attention_heads = 16;
    c.max_position_embeddings = 512;
    c.last_context_length = 256;
    c.is_memory_layer[2] = c.is_memory_layer[4] = c.is_memory_layer[6] = true;
    assay_tensor_map *weights = random_weights(&c);
    assay_model *model;
    assay_error err;
    must(assay_model_create(&model, &c, ASSAY_F32, weights, &err), &err);

    int threads = omp_get_max_threads();
    double peak = sgemm_peak(threads);
    printf("engine.blas_kernel %s\nengine.threads %d\nengine.sgemm_peak %.1f GFLOP/s\n", openblas_get_corename(),
           threads, peak);
    enum { prompt = 1280 };
    double prefill = bench_prefill(model, prompt);
    double linear_flops = 2.0 * prompt * (8.0 * (4.0 * 1024 * 1024 + 3.0 * 1024 * 2752) + 32000.0 * 1024);
    printf("engine.prefill_1280 %.4f s\nengine.prefill_share_of_peak %.2f\n", prefill,
           linear_flops / prefill * 1e-9 / peak);
    assay_past *past;
    must(assay_past_create(&past, model, &err), &err);
    call_tokens(model, past, 256, 256);
    printf("engine.decode %.5f s/token\n", bench_decode(model, past));
    assay_past_destroy(past);
    past = past_with_memory(model, 16384);
    call_tokens(model, past, 64, 256);
    printf("engine.decode_memory_16k %.5f s/token\n", bench_decode(model, past));
    assay_past_destroy(past);
    assay_model_destroy(model);
    assay_tensor_map_destroy(weights);
    return 0;
}
