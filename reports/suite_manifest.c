#include "reports/suite_manifest.h"

#include <stdio.h>
#include <string.h>

#include "core/rules.h"
#include "core/version.h"
#include "reports/json_builder.h"
#include "run/rule_matrix.h"

/* "cases/<case>/<file>" under `key`. */
static void add_file(json_builder *b, cJSON *files, const char *key, const assay_suite_case *c, const char *file) {
    char path[512];
    snprintf(path, sizeof path, "cases/%.400s/%s", c->name, file);
    json_add_text(b, files, key, path);
}

static void add_files(json_builder *b, cJSON *object, const assay_suite_case *c, const assay_suite_options *options) {
    cJSON *files = json_add_object(b, object, "files");
    add_file(b, files, "case", c, "case.json");
    add_file(b, files, "config", c, "config.json");
    add_file(b, files, "golden_hdf5", c, "golden.h5");
    if (!c->has_model) return;
    add_file(b, files, "tolerances", c, "tolerances.json");
    if (options->safetensors) {
        add_file(b, files, "weights", c, "model.safetensors");
        add_file(b, files, "inputs", c, "inputs.safetensors");
        add_file(b, files, "golden", c, "golden.safetensors");
    }
    if (options->npy) add_file(b, files, "npy", c, "npy");
}

static void add_refusals(json_builder *b, cJSON *object, const assay_suite_case *c) {
    cJSON *list = json_add_array(b, object, "refused");
    for (size_t i = 0; list && i < c->refusals.count; i++) {
        cJSON *refusal = json_add_object(b, list, NULL);
        json_add_integer(b, refusal, "step", c->refusals.items[i].step);
        json_add_text(b, refusal, "rules", c->refusals.items[i].rules);
    }
}

static void add_case(json_builder *b, cJSON *cases, const assay_suite_case *c, const assay_suite_options *options) {
    cJSON *object = json_add_object(b, cases, NULL);
    if (!object) return;
    json_add_text(b, object, "name", c->name);
    json_add_text(b, object, "title", c->title);
    json_add_words(b, object, "rules", c->rules);
    json_add_words(b, object, "ops", c->ops);
    json_add_integer(b, object, "steps", (int64_t)c->step_count);
    json_add_text(b, object, "dtype", assay_dtype_name(c->dtype));
    json_add_bool(b, object, "has_model", c->has_model);
    if (*c->unsupported) json_add_text(b, object, "unsupported", c->unsupported);
    add_refusals(b, object, c);
    add_files(b, object, c, options);
    json_add_text(b, object, "case_sha256", c->case_sha256);
    json_add_text(b, object, "golden_sha256", c->golden_sha256);
    if (!c->has_model) return;
    json_add_text(b, object, "config_sha256", c->config_sha256);
    json_add_text(b, object, "weights_xxh128", c->weights_xxh128);
}

static void add_rule(json_builder *b, cJSON *rules, const assay_rule_info *rule, const assay_suite_export *e) {
    cJSON *object = json_add_object(b, rules, NULL);
    if (!object) return;
    json_add_text(b, object, "id", rule->id);
    json_add_text(b, object, "summary", rule->summary);
    cJSON *cases = json_add_array(b, object, "cases");
    for (size_t i = 0; cases && i < e->case_count; i++)
        if (assay_rules_have(e->cases[i].rules, rule->id)) json_add_text(b, cases, NULL, e->cases[i].name);
    const char *exempt = assay_rule_exempt(rule->id);
    if (exempt) json_add_text(b, object, "exempt", exempt);
}

static cJSON *build(const assay_suite_export *e) {
    json_builder b = {false};
    cJSON *root = cJSON_CreateObject();
    if (!root) return NULL;
    json_add_text(&b, root, "format", "assay-suite/1");
    if (*e->options.version) json_add_text(&b, root, "version", e->options.version);
    json_add_text(&b, root, "assay", ASSAY_VERSION);
    if (e->options.port) json_add_text(&b, root, "port", e->options.port->name);
    cJSON *cases = json_add_array(&b, root, "cases");
    for (size_t i = 0; cases && i < e->case_count; i++) add_case(&b, cases, &e->cases[i], &e->options);
    cJSON *rules = json_add_array(&b, root, "rules");
    for (size_t i = 0; rules && i < assay_rule_count(); i++) add_rule(&b, rules, assay_rule_at(i), e);
    return json_finish(&b, root);
}

assay_status assay_report_suite_manifest(const char *path, const assay_suite_export *e, assay_error *err) {
    return json_write(path, build(e), err);
}
