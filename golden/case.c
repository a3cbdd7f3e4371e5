#include "golden/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden/case_step.h"
#include "golden/hf_config.h"
#include "golden/json_scan.h"
#include "golden/json_strict.h"
#include "golden/text_file.h"

#define MAX_CASE_NBYTES ((size_t)1 << 30)

typedef struct {
    const cJSON *object;
    const char *where;
    assay_case *out;
    assay_error *err;
} reader;

static assay_status read_format(reader *r) {
    const cJSON *value;
    const char *format;
    assay_status st = assay_json_require(r->object, "format", r->where, &value, r->err);
    if (!st) st = assay_json_get_string(r->object, "format", r->where, &format, r->err);
    if (st || strcmp(format, "assay-case/1") == 0) return st;
    return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: format is '%.40s'; this program reads 'assay-case/1'", r->where,
                      format);
}

static assay_status read_name(reader *r) {
    const char *name = "";
    assay_status st = assay_json_get_string(r->object, "name", r->where, &name, r->err);
    if (st) return st;
    r->out->name = strdup(name);
    return r->out->name ? ASSAY_OK : assay_fail_nomem(r->err, "a case's name");
}

static assay_status read_rules(reader *r) {
    char text[512];
    const cJSON *list = assay_json_member(r->object, "rules");
    if (!list) return ASSAY_OK;
    snprintf(text, sizeof text, "%.400s: rules", r->where);
    assay_status st = assay_json_as_array(list, text, r->err);
    if (st || !list->child) return st;
    r->out->rules = calloc((size_t)cJSON_GetArraySize(list), sizeof *r->out->rules);
    if (!r->out->rules) return assay_fail_nomem(r->err, "a case's rules");
    for (const cJSON *entry = list->child; entry; entry = entry->next) {
        const char *rule;
        st = assay_json_as_string(entry, text, &rule, r->err);
        if (st) return st;
        char *copy = strdup(rule);
        if (!copy) return assay_fail_nomem(r->err, "a case's rules");
        r->out->rules[r->out->rule_count++] = copy;
    }
    return ASSAY_OK;
}

/* The text itself is kept, not what cJSON would print: that loses the last digits of some numbers. */
static assay_status keep_model_text(assay_case *c, const char *where, assay_error *err) {
    const char *span;
    size_t nbytes;
    if (!assay_json_member_span(c->text, c->text_nbytes, "model", &span, &nbytes))
        return assay_fail(err, ASSAY_EINPUT, NULL, "%s: the key \"model\" must be written without escapes", where);
    c->model_json = strndup(span, nbytes);
    return c->model_json ? ASSAY_OK : assay_fail_nomem(err, "a case's model");
}

static assay_status read_model(reader *r) {
    char text[512];
    assay_case *c = r->out;
    const cJSON *model = assay_json_member(r->object, "model");
    if (!model) return ASSAY_OK;
    snprintf(text, sizeof text, "%.400s: model", r->where);
    assay_status st = keep_model_text(c, r->where, r->err);
    if (st) return st;
    c->has_config = true;
    assay_error error = {0};
    st = assay_hf_config_from_json(&c->config, model, text, &error);
    if (!st) return ASSAY_OK;
    if (st == ASSAY_EINPUT && error.rules[0]) {
        c->config_refused = true;
        c->config_error = error;
        return ASSAY_OK;
    }
    if (r->err) *r->err = error;
    return st;
}

static assay_status read_weights(reader *r) {
    static const char *const keys[] = {"seed", "gain", NULL};
    char text[512];
    const cJSON *weights = assay_json_member(r->object, "weights"), *value;
    if (!weights) return ASSAY_OK;
    int64_t seed = 0;
    double gain = 1;
    snprintf(text, sizeof text, "%.400s: weights", r->where);
    assay_status st = assay_json_as_object(weights, text, r->err);
    if (!st) st = assay_json_known_keys(weights, keys, text, r->err);
    if (!st) st = assay_json_require(weights, "seed", text, &value, r->err);
    if (!st) st = assay_json_get_int(weights, "seed", text, &seed, r->err);
    if (!st) st = assay_json_get_double(weights, "gain", text, &gain, r->err);
    if (st) return st;
    if (seed < 0) return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: seed must not be negative", text);
    if (!(gain > 0)) return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: gain must be greater than 0", text);
    r->out->has_weights = true;
    r->out->weights_seed = (uint64_t)seed;
    r->out->weights_gain = gain;
    return ASSAY_OK;
}

static assay_status read_dtype(reader *r) {
    static const assay_dtype dtypes[] = {ASSAY_F32, ASSAY_F64, ASSAY_BF16, ASSAY_F16};
    const char *name = "float32";
    assay_status st = assay_json_get_string(r->object, "dtype", r->where, &name, r->err);
    if (st) return st;
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(name, assay_dtype_name(dtypes[i])) != 0) continue;
        r->out->dtype = dtypes[i];
        return ASSAY_OK;
    }
    return assay_fail(r->err, ASSAY_EINPUT, NULL,
                      "%s: dtype: '%.40s' is not one of float32, float64, bfloat16, float16", r->where, name);
}

static assay_status read_steps(reader *r) {
    char text[512];
    const cJSON *list;
    assay_case *c = r->out;
    snprintf(text, sizeof text, "%.400s: steps", r->where);
    assay_status st = assay_json_require(r->object, "steps", r->where, &list, r->err);
    if (!st) st = assay_json_as_array(list, text, r->err);
    if (st) return st;
    if (!list->child) return assay_fail(r->err, ASSAY_EINPUT, NULL, "%s: must not be empty", text);
    c->steps = calloc((size_t)cJSON_GetArraySize(list), sizeof *c->steps);
    if (!c->steps) return assay_fail_nomem(r->err, "a case's steps");
    for (const cJSON *step = list->child; step; step = step->next) {
        snprintf(text, sizeof text, "%.400s: step %zu", r->where, c->step_count);
        st = assay_case_step_read(&c->steps[c->step_count], step, text, r->err);
        if (st) return st;
        c->step_count++;
    }
    return ASSAY_OK;
}

static assay_status read_case(reader *r) {
    static const char *const keys[] = {"format", "name", "rules", "model", "weights", "dtype", "steps", NULL};
    assay_status (*const readers[])(reader *) = {read_format,  read_name,  read_rules, read_model,
                                                 read_weights, read_dtype, read_steps};
    assay_status st = assay_json_as_object(r->object, r->where, r->err);
    if (!st) st = assay_json_known_keys(r->object, keys, r->where, r->err);
    for (size_t i = 0; i < sizeof readers / sizeof *readers && !st; i++) st = readers[i](r);
    return st;
}

/* As assay_case_parse, but takes over `text` (NUL-terminated, from malloc). */
static assay_status parse_owned(assay_case *out, char *text, size_t text_nbytes, const char *where, assay_error *err) {
    cJSON *object = NULL;
    assay_case c = {.text = text, .text_nbytes = text_nbytes};
    assay_status st = assay_json_parse(&object, text, text_nbytes, where, err);
    reader r = {.object = object, .where = where, .out = &c, .err = err};
    if (!st) st = read_case(&r);
    cJSON_Delete(object);
    if (st) assay_case_free(&c);
    else *out = c;
    return st;
}

assay_status assay_case_parse(assay_case *out, const char *text, size_t text_nbytes, const char *where,
                              assay_error *err) {
    char *copy = malloc(text_nbytes + 1);
    if (!copy) return assay_fail_nomem(err, where);
    if (text_nbytes > 0) memcpy(copy, text, text_nbytes);
    copy[text_nbytes] = '\0';
    return parse_owned(out, copy, text_nbytes, where, err);
}

assay_status assay_case_read(assay_case *out, const char *path, assay_error *err) {
    char *text;
    size_t nbytes;
    assay_status st = assay_text_file_read(path, MAX_CASE_NBYTES, &text, &nbytes, err);
    return st ? st : parse_owned(out, text, nbytes, path, err);
}

void assay_case_free(assay_case *c) {
    for (size_t i = 0; i < c->step_count; i++) assay_case_step_free(&c->steps[i]);
    for (size_t i = 0; i < c->rule_count; i++) free(c->rules[i]);
    free(c->steps);
    free(c->rules);
    free(c->name);
    free(c->model_json);
    free(c->text);
    *c = (assay_case){0};
}
