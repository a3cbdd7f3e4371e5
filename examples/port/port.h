/*
 * A small port of LongLLaMA, written from docs/semantics.md alone: an example of how a port dumps its stages with
 * tap/assay_tap.h. It shares no code with the reference engine, and is made to be read: float arithmetic, plain loops, no threads.
 *
 * All activations are token-major: element (t, b, c) of a window of T tokens lies at (t * B + b) * C + c. So the caches are lists
 * of tokens that grow at their end, and a tap says by strides where (B, T, C) or (B, H, T, D) is found.
 */
#ifndef ASSAY_EXAMPLE_PORT_H
#define ASSAY_EXAMPLE_PORT_H

#include <cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tap/assay_tap.h"

#define PORT_MAX_LAYERS 64

/* ---- files (port_files.c) ---- */

/* An array of the inputs, as numbers whatever its type: ids are small enough to be exact. */
typedef struct {
    int rank;
    int64_t size[4];
    double *data; /* NULL: the array is absent */
} port_array;

/* Ends the program: one line, exit code 2. For input that is missing or damaged; the other for what this port does not do. */
_Noreturn void port_stop(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void port_decline(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on these two call a function first, with their line. */
void port_at_early_end(void (*call)(bool declined, const char *why));

/* Memory that is never NULL, cleared. The caller frees it. */
void *port_alloc(size_t count, size_t nbytes);

/* The bytes of a file and a 0 after them; NULL when there is none. The caller frees them. */
char *port_read_file(const char *path, size_t *nbytes);

/* The JSON of a file; NULL when there is none. The caller releases it with cJSON_Delete. */
cJSON *port_read_json(const char *path);

/* Reads nested lists of a step of a case; `out->data` is NULL when it has no such key. The caller frees `out->data`. */
void port_read_array(const cJSON *step, const char *key, port_array *out);

/* One float32 tensor of a .safetensors file that was read whole, as an own copy of `count` elements; NULL when it has none. */
float *port_safetensor(const char *file, size_t nbytes, const char *name, int64_t count);

/* ---- the model (port_model.c) ---- */

typedef enum { PORT_MEM_F32, PORT_MEM_F64, PORT_MEM_F16, PORT_MEM_BF16 } port_mem_dtype;

typedef struct {
    float *input_norm, *post_norm; /* (C) */
    float *q, *k, *v, *o;          /* (C, C), a row an output */
    float *gate, *up, *down;       /* (I, C), (I, C), (C, I) */
    bool memory;                   /* MEM-11 */
} port_layer;

typedef struct {
    int vocab, hidden, inner, layers, heads, head_size, window, last_context;
    int pad; /* token id, or -1 */
    float eps, theta;
    float (*activation)(float);
    bool use_cache, mem_positionals, torch_attention, any_memory;
    port_mem_dtype mem_dtype;
    float *embed, *norm, *head; /* (V, C), (C), (V, C); head is embed where they are tied */
    port_layer layer[PORT_MAX_LAYERS];
} port_model;

/* Why the original refuses: the id of the rule and a sentence. `rule` is NULL where nothing is refused. */
typedef struct {
    const char *rule, *why;
} port_refusal;

/* Reads config.json and model.safetensors of a folder. Returns what the original would refuse to build, and then loads nothing. */
port_refusal port_load(port_model *m, const char *dir);
void port_unload(port_model *m);

/* The activation of a hidden_act, or NULL (port_ops.c). */
float (*port_activation(const char *name))(float);

/* ---- arithmetic (port_ops.c) ---- */

/* y (rows, out) = x (rows, in) times the transpose of w (out, in). */
void port_linear(float *y, const float *x, const float *w, int rows, int in, int out);

/* y (rows, n) = x / root(mean of squares + eps) * w. */
void port_norm(float *y, const float *x, const float *w, int rows, int n, float eps);

/* cos and sin (count, D) of the positions 0..count-1. */
void port_rotary_table(float *cos_table, float *sin_table, int count, int head_size, float theta);

/* y (D) = x turned by one row of the table. */
void port_rotate(float *y, const float *x, const float *cos_row, const float *sin_row, int head_size);

/* A value as it comes back from memory. */
float port_stored(float x, port_mem_dtype dtype);

/* ---- caches (port_cache.c) ---- */

/* Keys and values of tokens, oldest first. */
typedef struct {
    int count;
    float *key, *value; /* (count, B, C), keys unrotated */
    float *mask;        /* (count, B), additive; of memory only */
} port_tokens;

typedef struct {
    int batch;         /* 0: there is no past */
    int cached;        /* tokens in every layer's local cache */
    int64_t *position; /* (cached, B) */
    port_tokens local[PORT_MAX_LAYERS];
    port_tokens memory[PORT_MAX_LAYERS];
} port_past;

/* Appends `n` tokens: `key` and `value` (n, batch, width), `mask` (n, batch) or NULL. */
void port_append(port_tokens *list, const float *key, const float *value, const float *mask, int n, int width,
                 int batch);
void port_forget(port_tokens *list);
void port_past_free(port_past *past, int layers);

/* A copy in which row b is row rows[b] of the original; all rows in order where `rows` is NULL. */
port_past port_past_copy(const port_past *past, const int64_t *rows, int batch, const port_model *m);

/* Dumps steps/<n>/past (port_cache.c). */
void port_past_tap(const port_past *past, const port_model *m, const assay_tap *step);

/* Dumps (B, H, n, D) of tokens, of memory in mem_dtype. */
void port_tap_heads(const assay_tap *at, const char *name, const float *x, int n, int batch, const port_model *m,
                    bool memory);

/* ---- one call (port_call.c) ---- */

/* What a step gives. Arrays whose data is NULL were not given. */
typedef struct {
    port_array input_ids, inputs_embeds, attention_mask, position_ids, labels;
    int use_cache;    /* 1, 0, or -1: as the config says */
    int last_context; /* as the config says where `has_last_context` is false */
    bool has_last_context;
} port_step;

/* One window of a call. The columns of a call are its cached tokens and then its own. */
typedef struct {
    int first, end;     /* columns of the window's own tokens */
    int cached;         /* columns before `first` that are in the local cache when the window comes */
    int kept;           /* ... and after a drop: `cached` or 0 (CACHE-1) */
    bool keep_local;    /* its keys go to the local cache */
    bool write_memory;  /* ... or to memory */
    bool write_dropped; /* what is dropped goes to memory */
} port_window;

/* A call that was checked: its windows, and for each column its position and whether it is kept. */
typedef struct {
    int batch, tokens, columns, windows;
    bool keeps_cache;
    port_window *window; /* (windows) */
    int64_t *position;   /* (columns, B) */
    int64_t *keep;       /* (columns, B), 1 or 0 */
} port_plan;

/* Makes the plan of a call, or says why it is refused (port_plan.c). Release with port_plan_free in either case. */
port_refusal port_plan_call(port_plan *plan, const port_model *m, const port_step *s, const port_past *past);
void port_plan_free(port_plan *plan);

/* Runs a planned call: `past` becomes the call's, and stages are dumped at `step`, windows counted from `first_window`. Returns the
 * logits (T, B, vocab), which the caller frees (port_call.c). */
float *port_run_call(const port_model *m, const port_plan *plan, const port_step *s, port_past *past,
                     const assay_tap *step, int first_window);

/* Dumps the windows of a call; logits and, where there are labels, the loss (port_call.c). */
void port_tap_schedule(const port_plan *plan, const assay_tap *step);
void port_tap_results(const port_model *m, const port_plan *plan, const port_step *s, const float *logits,
                      const assay_tap *step);

/* Generates up to `count` tokens after the prompt s->input_ids (GEN-1), and dumps them; a negative `end` never ends a row
 * (port_generate.c). `past` becomes that of the last call. */
port_refusal port_generate(const port_model *m, port_step *s, int count, int end, port_past *past,
                           const assay_tap *step);

/* One layer of one window: x (T, B, C) becomes the layer's output (port_layer.c). */
void port_run_layer(const port_model *m, int layer, const port_plan *plan, const port_window *w, port_past *past,
                    float *x, const assay_tap *at);

/* ---- a case (port_case.c) ---- */

/* Reads a case, and ends the program before anything runs where it asks for what this port does not do. The caller releases it with
 * cJSON_Delete. */
cJSON *port_read_case(const char *path);

typedef struct {
    const char *case_path; /* for messages */
    const cJSON *json;     /* of port_read_case */
    const char *model_dir;
    const char *case_sha256; /* or NULL: what dump.json says of it */
    const assay_tap *tap;
} port_job;

/* Runs a case, and dumps what the tap asks for. Returns whether all steps that were refused had an expect_error. */
bool port_run_case(const port_job *job);

/* Answers requests of assay-port-protocol/1 from stdin until it ends (port_serve.c). Returns the exit code. */
int port_serve(void);

#endif
