/* Runs the steps of a case. */
#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/port/port.h"

#define MAX_STEPS 1024

/* A case that is running. */
typedef struct {
    const port_job *job;
    port_model model;
    port_past past; /* of the step before */
    assay_tap_refusal refused[MAX_STEPS];
    size_t refused_count;
    bool unexpected; /* a step was refused that should not have been */
} run;

/* Before anything runs: one line for what this port does not do. */
static void check_case(const cJSON *json, const char *path) {
    const cJSON *step, *steps = cJSON_GetObjectItemCaseSensitive(json, "steps");
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(json, "dtype");
    if (!cJSON_IsArray(steps) || cJSON_GetArraySize(steps) > MAX_STEPS)
        port_stop("%s: is no case, or has more than %d steps", path, MAX_STEPS);
    if (cJSON_IsString(dtype) && strcmp(dtype->valuestring, "float32") != 0)
        port_decline("%s: this port computes in float32 alone", path);
    cJSON_ArrayForEach(step, steps) {
        const cJSON *op = cJSON_GetObjectItemCaseSensitive(step, "op");
        const char *name = cJSON_IsString(op) ? op->valuestring : "";
        if (strcmp(name, "forward") != 0 && strcmp(name, "reorder") != 0 && strcmp(name, "generate") != 0)
            port_decline("%s: this port runs the operations forward, reorder and generate alone", path);
    }
}

static void note_refusal(run *r, int step, port_refusal why, bool expected) {
    r->refused[r->refused_count++] = (assay_tap_refusal){step, why.rule, why.why};
    if (expected) return;
    fprintf(stderr, "longllama_port: %s: step %d: %s (%s)\n", r->job->case_path, step, why.why, why.rule);
    r->unexpected = true;
}

static void read_step(const cJSON *json, port_step *s) {
    const cJSON *use_cache = cJSON_GetObjectItemCaseSensitive(json, "use_cache");
    const cJSON *context = cJSON_GetObjectItemCaseSensitive(json, "last_context_length");
    s->use_cache = cJSON_IsBool(use_cache) ? cJSON_IsTrue(use_cache) : -1;
    s->has_last_context = cJSON_IsNumber(context);
    s->last_context = s->has_last_context ? context->valueint : 0;
    port_read_array(json, "input_ids", &s->input_ids);
    port_read_array(json, "inputs_embeds", &s->inputs_embeds);
    port_read_array(json, "attention_mask", &s->attention_mask);
    port_read_array(json, "position_ids", &s->position_ids);
    port_read_array(json, "labels", &s->labels);
}

static void free_step(port_step *s) {
    port_array *arrays[] = {&s->input_ids, &s->inputs_embeds, &s->attention_mask, &s->position_ids, &s->labels};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]->data);
}

/* A forward: the past that the next step may keep is `past` when it is not refused. */
static port_refusal forward(const run *r, const port_step *s, port_past *past, const assay_tap *at) {
    port_plan plan;
    port_refusal refused = port_plan_call(&plan, &r->model, s, past);
    if (refused.rule == NULL) {
        float *logits = port_run_call(&r->model, &plan, s, past, at, 0);
        port_tap_schedule(&plan, at);
        port_tap_results(&r->model, &plan, s, logits, at);
        free(logits);
    }
    port_plan_free(&plan);
    return refused;
}

/* A past that holds no token is none. */
static bool holds_tokens(const port_past *past, const port_model *m) {
    int tokens = past->cached;
    for (int l = 0; l < m->layers; l++) tokens += past->memory[l].count;
    return past->batch > 0 && tokens > 0;
}

static port_refusal generate(run *r, port_step *s, const cJSON *json, port_past *past, const assay_tap *at) {
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(json, "eos_token_id");
    return port_generate(&r->model, s, cJSON_GetObjectItemCaseSensitive(json, "max_new_tokens")->valueint,
                         cJSON_IsNumber(end) ? end->valueint : -1, past, at);
}

/* A generation may be refused in the middle, when a dump would hold a part of it: one that is expected to be is tried without. */
static port_refusal try_generate(run *r, port_step *s, const cJSON *json, const port_past *past) {
    port_past copy = port_past_copy(past, NULL, past->batch, &r->model);
    port_refusal refused = generate(r, s, json, &copy, &(assay_tap){0});
    port_past_free(&copy, r->model.layers);
    return refused;
}

static port_refusal compute(run *r, port_step *s, const cJSON *json, port_past *past, const assay_tap *at) {
    if (!cJSON_HasObjectItem(json, "max_new_tokens")) return forward(r, s, past, at);
    port_refusal refused = {NULL, NULL};
    if (cJSON_HasObjectItem(json, "expect_error")) refused = try_generate(r, s, json, past);
    return refused.rule != NULL ? refused : generate(r, s, json, past, at);
}

/* A forward or a generate, on a copy of the past: a step that is refused leaves it as it was. */
static void call(run *r, const cJSON *json, int number, bool expected) {
    const cJSON *keep = cJSON_GetObjectItemCaseSensitive(json, "past");
    bool keeps = cJSON_IsString(keep) && strcmp(keep->valuestring, "keep") == 0;
    port_step s = {0};
    port_past past = {0};
    port_refusal refused = {"CACHE-5", "there is no past to keep"};
    assay_tap at = assay_tap_step(r->job->tap, number);
    read_step(json, &s);
    if (keeps) past = port_past_copy(&r->past, NULL, r->past.batch, &r->model);
    if (!keeps || holds_tokens(&past, &r->model)) refused = compute(r, &s, json, &past, &at);
    if (refused.rule != NULL) {
        note_refusal(r, number, refused, expected);
        port_past_free(&past, r->model.layers);
    } else {
        port_past_free(&r->past, r->model.layers);
        r->past = past;
        port_past_tap(&r->past, &r->model, &at);
    }
    free_step(&s);
}

/* CACHE-7: every row of the past becomes a copy of the row that beam_idx names. */
static void reorder(run *r, const cJSON *json, int number, bool expected) {
    port_array rows;
    port_read_array(json, "beam_idx", &rows);
    int batch = rows.data != NULL && rows.rank == 1 ? (int)rows.size[0] : 0;
    int64_t *from = port_alloc((size_t)batch, sizeof(int64_t));
    bool bad = batch == 0 || !holds_tokens(&r->past, &r->model);
    for (int b = 0; b < batch; b++) {
        from[b] = (int64_t)rows.data[b];
        bad = bad || from[b] < 0 || from[b] >= r->past.batch;
    }
    if (bad) {
        note_refusal(r, number, (port_refusal){"CACHE-7", "beam_idx names a row that is not there"}, expected);
    } else {
        port_past past = port_past_copy(&r->past, from, batch, &r->model);
        assay_tap at = assay_tap_step(r->job->tap, number);
        port_past_free(&r->past, r->model.layers);
        r->past = past;
        port_past_tap(&r->past, &r->model, &at);
    }
    free(from);
    free(rows.data);
}

static void run_steps(run *r, const cJSON *json) {
    const cJSON *step;
    int number = 0;
    port_refusal broken = port_load(&r->model, r->job->model_dir);
    cJSON_ArrayForEach(step, cJSON_GetObjectItemCaseSensitive(json, "steps")) {
        bool expected = cJSON_HasObjectItem(step, "expect_error");
        if (broken.rule != NULL) note_refusal(r, number, broken, expected);
        else if (strcmp(cJSON_GetObjectItemCaseSensitive(step, "op")->valuestring, "reorder") == 0)
            reorder(r, step, number, expected);
        else call(r, step, number, expected);
        number++;
    }
}

cJSON *port_read_case(const char *path) {
    cJSON *json = port_read_json(path);
    if (json == NULL) port_stop("%s: cannot be read, or is no JSON", path);
    check_case(json, path);
    return json;
}

bool port_run_case(const port_job *job) {
    run *r = port_alloc(1, sizeof *r);
    r->job = job;
    run_steps(r, job->json);
    assay_tap_facts facts = {.producer = "longllama_port", .dtype = "float32", .refused = r->refused};
    facts.refused_count = r->refused_count;
    facts.case_sha256 = job->case_sha256;
    assay_tap_say(job->tap, &facts);
    bool expected = !r->unexpected;
    port_past_free(&r->past, r->model.layers);
    port_unload(&r->model);
    free(r);
    return expected;
}
