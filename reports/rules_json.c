#include "reports/rules_json.h"

#include <string.h>

#include "core/rules.h"
#include "engine/variants.h"
#include "reports/json_builder.h"

static void add_summary(json_builder *b, cJSON *root, const assay_rule_matrix *matrix) {
    assay_matrix_summary s = assay_rule_matrix_summary(matrix);
    json_add_text(b, root, "verdict", s.passed ? "pass" : "fail");
    cJSON *object = json_add_object(b, root, "summary");
    json_add_integer(b, object, "goldens", (int64_t)matrix->case_count);
    json_add_integer(b, object, "rules", (int64_t)s.rules);
    json_add_integer(b, object, "rules_with_case", (int64_t)s.rules_with_case);
    json_add_integer(b, object, "rules_exempt", (int64_t)s.rules_exempt);
    json_add_integer(b, object, "rules_with_mistake", (int64_t)s.rules_with_variant);
    json_add_integer(b, object, "mistakes", (int64_t)s.variants);
    json_add_integer(b, object, "caught_by_stages", (int64_t)s.caught);
    json_add_integer(b, object, "invisible", (int64_t)s.invisible);
    json_add_integer(b, object, "caught_by_results", (int64_t)s.caught_in_results);
    json_add_integer(b, object, "invisible_in_results", (int64_t)s.hidden_in_results);
    json_add_integer(b, object, "false_alarms", (int64_t)s.false_alarms);
}

static void add_rule(json_builder *b, cJSON *rules, const assay_rule_matrix *matrix, const assay_rule_info *rule) {
    cJSON *object = json_add_object(b, rules, NULL);
    if (!object) return;
    json_add_text(b, object, "id", rule->id);
    json_add_text(b, object, "summary", rule->summary);
    json_add_text(b, object, "original", rule->original);
    json_add_words(b, object, "engine", rule->engine);
    cJSON *goldens = json_add_array(b, object, "goldens");
    for (size_t i = 0; i < matrix->case_count; i++)
        if (assay_rule_case_names(&matrix->cases[i], rule->id)) json_add_text(b, goldens, NULL, matrix->cases[i].name);
    const char *exempt = assay_rule_exempt(rule->id);
    if (exempt) json_add_text(b, object, "exempt", exempt);
}

static void add_catches(json_builder *b, cJSON *mistake, const assay_rule_matrix *matrix, size_t index) {
    cJSON *catches = json_add_array(b, mistake, "caught_by");
    for (size_t i = 0; catches && i < matrix->case_count; i++) {
        const assay_rule_cell *cell = &matrix->cases[i].cells[index];
        if (!cell->stages.differs) continue;
        cJSON *object = json_add_object(b, catches, NULL);
        json_add_text(b, object, "golden", matrix->cases[i].name);
        json_add_text(b, object, "first_stage", assay_rule_sign_name(&cell->stages));
        if (cell->results.differs) json_add_text(b, object, "first_result", assay_rule_sign_name(&cell->results));
    }
}

static void add_mistake(json_builder *b, cJSON *mistakes, const assay_rule_matrix *matrix, size_t index) {
    const assay_variant *v = assay_variant_at(index);
    cJSON *object = json_add_object(b, mistakes, NULL);
    if (!object) return;
    json_add_text(b, object, "name", v->name);
    json_add_text(b, object, "rule", v->rule);
    json_add_text(b, object, "original", v->original);
    json_add_text(b, object, "mistake", v->mistake);
    json_add_text(b, object, "place", v->place);
    if (v->proof) json_add_text(b, object, "proof", v->proof);
    json_add_text(b, object, "verdict", assay_variant_verdict_name(assay_rule_matrix_variant(matrix, index).verdict));
    add_catches(b, object, matrix, index);
}

static cJSON *build(const assay_rule_matrix *matrix) {
    json_builder b = {false};
    cJSON *root = cJSON_CreateObject();
    if (!root) return NULL;
    json_add_text(&b, root, "format", "assay-rules/1");
    add_summary(&b, root, matrix);
    cJSON *rules = json_add_array(&b, root, "rules");
    for (size_t i = 0; rules && i < assay_rule_count(); i++) add_rule(&b, rules, matrix, assay_rule_at(i));
    cJSON *mistakes = json_add_array(&b, root, "mistakes");
    for (size_t i = 0; mistakes && i < assay_variant_count(); i++) add_mistake(&b, mistakes, matrix, i);
    return json_finish(&b, root);
}

assay_status assay_report_rules_json(const char *path, const assay_rule_matrix *matrix, assay_error *err) {
    return json_write(path, build(matrix), err);
}
