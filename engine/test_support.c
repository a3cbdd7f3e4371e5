#include "engine/test_support.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "engine/variants.h"

assay_config test_config(void) {
    assay_config c;
    assay_config_set_defaults(&c);
    c.vocab_size = 29;
    c.hidden_size = 12;
    c.intermediate_size = 20;
    c.num_hidden_layers = 3;
    c.num_attention_heads = 2;
    c.max_position_embeddings = 8;
    c.last_context_length = 4;
    c.is_memory_layer[1] = true;
    c.mem_dtype = ASSAY_F32;
    return c;
}

/* ---- weights ---- */

static void put_weight(assay_tensor_map *map, const char *name, int64_t rows, int64_t columns) {
    assay_tensor t;
    const int64_t shape[] = {rows, columns};
    bool is_norm = columns == 0;
    cr_assert_eq(assay_tensor_alloc(&t, ASSAY_F32, is_norm ? 1 : 2, shape, name, NULL), ASSAY_OK);
    uint64_t key = assay_random_key(7, name);
    float *data = t.data;
    /* Norms near 1; matrices with a gain that keeps the residual stream at its size. */
    float scale = is_norm ? 0.25f : 1.7f * 1.5f / sqrtf((float)columns);
    if (strstr(name, "embed")) scale = 1.7f;
    for (int64_t i = 0; i < assay_tensor_count(&t); i++)
        data[i] = (is_norm ? 1.0f : 0.0f) + scale * assay_random_symmetric_f32(key, (uint64_t)i);
    cr_assert_eq(assay_tensor_map_put(map, name, t, NULL), ASSAY_OK);
}

static void put_layer(assay_tensor_map *map, const assay_config *c, int64_t layer) {
    const struct {
        const char *name;
        int64_t rows, columns;
    } parts[] = {
        {"input_layernorm", c->hidden_size, 0},
        {"post_attention_layernorm", c->hidden_size, 0},
        {"self_attn.q_proj", c->hidden_size, c->hidden_size},
        {"self_attn.k_proj", c->hidden_size, c->hidden_size},
        {"self_attn.v_proj", c->hidden_size, c->hidden_size},
        {"self_attn.o_proj", c->hidden_size, c->hidden_size},
        {"mlp.gate_proj", c->intermediate_size, c->hidden_size},
        {"mlp.up_proj", c->intermediate_size, c->hidden_size},
        {"mlp.down_proj", c->hidden_size, c->intermediate_size},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char name[128];
        snprintf(name, sizeof name, "model.layers.%lld.%s.weight", (long long)layer, parts[i].name);
        put_weight(map, name, parts[i].rows, parts[i].columns);
    }
}

assay_tensor_map *test_weights(const assay_config *c) {
    assay_tensor_map *map = assay_tensor_map_create();
    cr_assert_not_null(map);
    put_weight(map, "model.embed_tokens.weight", c->vocab_size, c->hidden_size);
    put_weight(map, "model.norm.weight", c->hidden_size, 0);
    put_weight(map, "lm_head.weight", c->vocab_size, c->hidden_size);
    put_weight(map, "score.weight", c->num_labels, c->hidden_size);
    for (int64_t i = 0; i < c->num_hidden_layers; i++) put_layer(map, c, i);
    return map;
}

void test_rig_start(test_rig *rig, const assay_config *config, assay_dtype dtype) {
    assay_error err = {0};
    assay_engine_init(0);
    rig->weights = test_weights(config);
    cr_assert_eq(assay_model_create(&rig->model, config, dtype, rig->weights, &err), ASSAY_OK, "%s", err.message);
    cr_assert_eq(assay_past_create(&rig->past, rig->model, &err), ASSAY_OK, "%s", err.message);
}

void test_rig_start_variant(test_rig *rig, const assay_config *config, const char *mistakes, assay_dtype dtype) {
    assay_error err = {0};
    assay_semantics semantics;
    assay_engine_init(0);
    rig->weights = test_weights(config);
    cr_assert_eq(assay_variants_parse(mistakes, &semantics, &err), ASSAY_OK, "%s", err.message);
    assay_status st = assay_model_create_variant(&rig->model, config, &semantics, dtype, rig->weights, &err);
    cr_assert_eq(st, ASSAY_OK, "%s", err.message);
    cr_assert_eq(assay_past_create(&rig->past, rig->model, &err), ASSAY_OK, "%s", err.message);
}

void test_rig_end(test_rig *rig) {
    assay_past_destroy(rig->past);
    assay_model_destroy(rig->model);
    assay_tensor_map_destroy(rig->weights);
}

/* ---- tensors ---- */

static assay_tensor new_matrix(assay_dtype dtype, int64_t rows, int64_t columns) {
    assay_tensor t;
    cr_assert_eq(assay_tensor_alloc(&t, dtype, 2, (int64_t[]){rows, columns}, "a test's tensor", NULL), ASSAY_OK);
    return t;
}

assay_tensor test_ids(int64_t batch, int64_t tokens, uint64_t seed) {
    assay_tensor t = new_matrix(ASSAY_I64, batch, tokens);
    for (int64_t i = 0; i < batch * tokens; i++)
        ((int64_t *)t.data)[i] = 1 + (int64_t)(assay_random_at(seed, (uint64_t)i) % 28);
    return t;
}

assay_tensor test_i64(int64_t rows, int64_t columns, const int64_t *values) {
    assay_tensor t = new_matrix(ASSAY_I64, rows, columns);
    memcpy(t.data, values, (size_t)(rows * columns) * sizeof *values);
    return t;
}

assay_tensor test_f64(int64_t rows, int64_t columns, const double *values) {
    assay_tensor t = new_matrix(ASSAY_F64, rows, columns);
    memcpy(t.data, values, (size_t)(rows * columns) * sizeof *values);
    return t;
}

assay_tensor test_left_pads(int64_t rows, int64_t columns, int64_t pads) {
    assay_tensor t = new_matrix(ASSAY_F64, rows, columns);
    for (int64_t i = 0; i < rows * columns; i++) ((double *)t.data)[i] = i < pads ? 0 : 1;
    return t;
}

assay_tensor test_columns(const assay_tensor *t, int64_t begin, int64_t end) {
    assay_tensor part = new_matrix(ASSAY_I64, t->shape[0], end - begin);
    for (int64_t b = 0; b < t->shape[0]; b++)
        memcpy((int64_t *)part.data + b * (end - begin), (const int64_t *)t->data + b * t->shape[1] + begin,
               (size_t)(end - begin) * sizeof(int64_t));
    return part;
}

void test_fill_f32(float *out, size_t n, uint64_t seed, float scale) {
    for (size_t i = 0; i < n; i++) out[i] = scale * assay_random_symmetric_f32(seed, i);
}

void test_fill_f64(double *out, size_t n, uint64_t seed, double scale) {
    for (size_t i = 0; i < n; i++) out[i] = scale * (2 * assay_random_unit(seed, i) - 1);
}

/* ---- calls ---- */

assay_output test_run(const test_rig *rig, const assay_call *call, const assay_taps *taps) {
    assay_error err = {0};
    assay_output out = {0};
    cr_assert_eq(assay_forward(rig->model, rig->past, call, taps, &out, &err), ASSAY_OK, "%s", err.message);
    return out;
}

assay_tensor test_feed(const test_rig *rig, const assay_tensor *ids, int use_cache) {
    assay_call call = {.input_ids = ids, .use_cache = use_cache};
    assay_output out = test_run(rig, &call, NULL);
    assay_tensor logits;
    cr_assert_eq(assay_tensor_copy(&logits, &out.logits, out.logits.dtype, NULL), ASSAY_OK);
    assay_output_free(&out);
    return logits;
}

void test_is_refusal(assay_status status, const assay_error *err, const char *rule, const char *text) {
    cr_assert_eq(status, ASSAY_EINPUT, "expected a refusal for %s, got status %d", rule, (int)status);
    cr_assert_eq(err->status, ASSAY_EINPUT);
    cr_assert(assay_error_has_rule(err, rule), "expected %s; rules '%s': %s", rule, err->rules, err->message);
    cr_assert(assay_error_has_rule(err, "ERR-1"), "any refusal with a rule is one of ERR-1");
    cr_assert(strstr(err->message, text), "'%s' is not in '%s'", text, err->message);
    cr_assert_null(strchr(err->message, '\n'));
}

void test_refused(const test_rig *rig, const assay_call *call, const char *rule, const char *text) {
    test_snapshot before = test_snapshot_take(rig->past);
    assay_output out, untouched;
    memset(&out, 0x5a, sizeof out);
    memset(&untouched, 0x5a, sizeof untouched);
    assay_error err = {0};
    assay_status status = assay_forward(rig->model, rig->past, call, NULL, &out, &err);
    test_is_refusal(status, &err, rule, text);
    cr_assert_eq(memcmp(&out, &untouched, sizeof out), 0, "a refusal leaves the output alone");
    cr_assert_eq(assay_forward(rig->model, rig->past, call, NULL, &out, NULL), ASSAY_EINPUT, "err may be NULL");
    test_snapshot after = test_snapshot_take(rig->past);
    cr_assert(test_snapshot_equal(&before, &after), "a refusal for %s changed the past", rule);
    test_snapshot_free(&before);
    test_snapshot_free(&after);
}

/* ---- comparisons ---- */

bool test_same_bits(const assay_tensor *a, const assay_tensor *b) {
    return a->dtype == b->dtype && assay_tensor_same_shape(a, b) &&
           memcmp(a->data, b->data, assay_tensor_nbytes(a)) == 0;
}

double test_difference(const assay_tensor *a, const assay_tensor *b) {
    double largest = 0, difference = 0;
    for (size_t i = 0; i < (size_t)assay_tensor_count(b); i++) {
        double x = assay_load_f64(a->data, a->dtype, i), y = assay_load_f64(b->data, b->dtype, i);
        if (isnan(x) || isnan(y)) return INFINITY;
        largest = fmax(largest, fabs(y));
        if (x != y) difference = fmax(difference, fabs(x - y));
    }
    return difference == 0 ? 0 : difference / largest;
}

bool test_close(const assay_tensor *a, const assay_tensor *b, double tolerance) {
    return assay_tensor_same_shape(a, b) && test_difference(a, b) <= tolerance;
}

/* ---- snapshots ---- */

test_snapshot test_snapshot_take(const assay_past *past) {
    test_snapshot s = {.local = assay_past_local_length(past),
                       .memory = assay_past_memory_length(past),
                       .batch = assay_past_batch(past)};
    if (s.batch == 0) return s;
    assay_past_layer layer;
    /* A past does not tell its number of layers; all rigs have three. */
    s.layers = 3;
    s.layer = calloc((size_t)s.layers, sizeof *s.layer);
    for (int64_t i = 0; i < s.layers; i++) {
        cr_assert_eq(assay_past_export(past, i, &layer, NULL), ASSAY_OK);
        s.layer[i] = layer;
    }
    return s;
}

void test_snapshot_free(test_snapshot *s) {
    for (int64_t i = 0; i < s->layers; i++) assay_past_layer_free(&s->layer[i]);
    free(s->layer);
    *s = (test_snapshot){0};
}

static bool same_layer(const assay_past_layer *a, const assay_past_layer *b) {
    return test_same_bits(&a->key, &b->key) && test_same_bits(&a->value, &b->value) &&
           test_same_bits(&a->position, &b->position) && test_same_bits(&a->mem_key, &b->mem_key) &&
           test_same_bits(&a->mem_value, &b->mem_value) && test_same_bits(&a->mem_mask, &b->mem_mask);
}

bool test_snapshot_equal(const test_snapshot *a, const test_snapshot *b) {
    bool equal = a->layers == b->layers && a->local == b->local && a->memory == b->memory && a->batch == b->batch;
    for (int64_t i = 0; equal && i < a->layers; i++) equal = same_layer(&a->layer[i], &b->layer[i]);
    return equal;
}

/* ---- taps ---- */

static assay_status record_event(void *context, const assay_tap_event *event, assay_error *err) {
    (void)err;
    test_record *record = context;
    if (record->count == record->capacity) {
        record->capacity = record->capacity ? 2 * record->capacity : 64;
        record->events = realloc(record->events, record->capacity * sizeof *record->events);
        cr_assert_not_null(record->events);
    }
    test_event *e = &record->events[record->count++];
    e->place = (assay_place){.window = event->window, .layer = event->layer, .stage = event->stage};
    cr_assert_eq(assay_tensor_copy(&e->tensor, event->tensor, event->tensor->dtype, NULL), ASSAY_OK);
    return ASSAY_OK;
}

assay_taps test_record_taps(test_record *record) { return (assay_taps){.context = record, .emit = record_event}; }

void test_record_free(test_record *record) {
    for (size_t i = 0; i < record->count; i++) assay_tensor_free(&record->events[i].tensor);
    free(record->events);
    *record = (test_record){0};
}

const assay_tensor *test_record_find(const test_record *record, assay_stage stage, int64_t window, int64_t layer) {
    for (size_t i = 0; i < record->count; i++) {
        const assay_place *p = &record->events[i].place;
        if (p->stage == stage && p->window == window && p->layer == layer) return &record->events[i].tensor;
    }
    return NULL;
}
